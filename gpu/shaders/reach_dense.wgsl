// Breadth-first search, one level where many nodes are in the frontier: all nodes with edges in `targets` are looked at,
// in their own order, so that neighbours in memory are read together.
//
// Bindings
//   0  uniform     Params               nodes: how many; begin, end: which edges are in `targets`; step: how many nodes at a
//                                       time; first, last: the nodes that these edges begin at
//   1  read        array<u32>           offsets: nodes + 1 entries: where each node's edges begin
//   2  read        array<u32>           targets: where edges begin .. end lead
//   3  read_write  array<atomic<u32>>   levels: for each node, 0xffffffff where it was not found
//   4  read_write  array<u32>           order: nodes as they were found
//   5  read_write  array<atomic<u32>>   state: the level, begin and end of the frontier in `order`, and the end of `order`
// 32 invocations for each of `step` nodes, in workgroups of `lanes`, which go on with as many nodes further on. Time
// O(nodes / step + edges / 32) an invocation at most.

override lanes: u32 = 64;

// Invocations that follow the edges of one node together.
const TOGETHER = 32u;

struct Params { nodes: u32, begin: u32, end: u32, step: u32, first: u32, last: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> levels: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> order: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<atomic<u32>>;

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let invocation = id.x + id.y * groups.x * lanes;
    let place = invocation / TOGETHER;
    let level = atomicLoad(&state[0]);
    let frontier = atomicLoad(&state[2]) - atomicLoad(&state[1]);
    if (place >= params.step || frontier <= params.nodes / 8u) {
        return;
    }
    for (var node = params.first + place; node < params.last; node += params.step) {
        if (atomicLoad(&levels[node]) != level) {
            continue;
        }
        let last = min(offsets[node + 1u], params.end);
        let first = max(offsets[node], params.begin) + invocation % TOGETHER;
        for (var edge = first; edge < last; edge += TOGETHER) {
            let found = targets[edge - params.begin];
            if (atomicMin(&levels[found], level + 1u) == 0xffffffffu) {
                order[atomicAdd(&state[3], 1u)] = found;
            }
        }
    }
}
