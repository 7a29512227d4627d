// Cutting, step 4: the state in which each chunk is entered.
//
// Bindings
//   0  uniform  Params       chunks: how many; span: chunks a group; partners: where these begin in `table`
//   1  read     array<u32>   table: of each state its partner, among others
//   2  read     array<u32>   maps: states * chunks entries, as step 1 gives them
//   3  read     array<u32>   entered: the state in which each group is entered, ceil(chunks / span) entries
//   4  write    array<u32>   states: `chunks` entries
// One invocation a group, in workgroups of `lanes`. Time O(span) an invocation,
// times the length of a chain of partners.

override lanes: u32 = 64;

const SAME = 0xffffffffu;

struct Params { chunks: u32, span: u32, partners: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<u32>;
@group(0) @binding(2) var<storage, read> maps: array<u32>;
@group(0) @binding(3) var<storage, read> entered: array<u32>;
@group(0) @binding(4) var<storage, read_write> states: array<u32>;

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let place = id.x + id.y * groups.x * lanes;
    let begin = place * params.span;
    if (begin >= params.chunks) {
        return;
    }
    let end = min(begin + params.span, params.chunks);
    var state = entered[place];
    for (var chunk = begin; chunk < end; chunk++) {
        states[chunk] = state;
        var onward = maps[state * params.chunks + chunk];
        while (onward == SAME) {
            state = table[params.partners + state];
            onward = maps[state * params.chunks + chunk];
        }
        state = onward;
    }
}
