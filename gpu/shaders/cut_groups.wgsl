// Cutting, step 2: where each group of chunks leads from every state.
//
// Bindings
//   0  uniform  Params       chunks: how many; states: of the machine; span: chunks a group; groups: how many;
//                            partners: where these begin in `table`
//   1  read     array<u32>   table: of each state its partner, among others
//   2  read     array<u32>   maps: states * chunks entries, as step 1 gives them
//   3  write    array<u32>   group_maps: states * groups entries, those of a state together: states
// One invocation for each state and group, in workgroups of `lanes`. Time O(span) an invocation,
// times the length of a chain of partners.

override lanes: u32 = 64;

const SAME = 0xffffffffu;

struct Params { chunks: u32, states: u32, span: u32, groups: u32, partners: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<u32>;
@group(0) @binding(2) var<storage, read> maps: array<u32>;
@group(0) @binding(3) var<storage, read_write> group_maps: array<u32>;

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let place = id.x + id.y * groups.x * lanes;
    if (place >= params.states * params.groups) {
        return;
    }
    var state = place / params.groups;
    let begin = (place % params.groups) * params.span;
    let end = min(begin + params.span, params.chunks);
    for (var chunk = begin; chunk < end; chunk++) {
        var onward = maps[state * params.chunks + chunk];
        while (onward == SAME) {
            state = table[params.partners + state];
            onward = maps[state * params.chunks + chunk];
        }
        state = onward;
    }
    group_maps[place] = state;
}
