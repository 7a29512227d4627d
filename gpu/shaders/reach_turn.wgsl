// Breadth-first search, between two levels: what was found becomes the frontier.
//
// Bindings
//   0  read_write  array<u32>   state: the level, begin and end of the frontier, and the end of what was found
// One invocation of one workgroup works, in all. Time O(1).

override lanes: u32 = 64;

@group(0) @binding(0) var<storage, read_write> state: array<u32>;

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x + id.y > 0u) {
        return;
    }
    state[0] += 1u;
    state[1] = state[2];
    state[2] = state[3];
}
