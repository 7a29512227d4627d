// Cutting, step 3: the state in which each group of chunks is entered.
//
// Bindings
//   0  uniform     Params       groups: how many
//   1  read        array<u32>   group_maps: states * groups entries, those of a state together
//   2  write       array<u32>   entered: `groups` states
//   3  read_write  array<u32>   carried: entry 0 is the state at the start of the window, and becomes that at its end
// One invocation of one workgroup works, in all. Time O(groups).

override lanes: u32 = 64;

struct Params { groups: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> group_maps: array<u32>;
@group(0) @binding(2) var<storage, read_write> entered: array<u32>;
@group(0) @binding(3) var<storage, read_write> carried: array<u32>;

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x + id.y > 0u) {
        return;
    }
    var state = carried[0];
    for (var place = 0u; place < params.groups; place++) {
        entered[place] = state;
        state = group_maps[state * params.groups + place];
    }
    carried[0] = state;
}
