// Exclusive scan, second of three: what comes before each block, and the total.
//
// Bindings
//   0  uniform     Params       blocks: how many blocks
//   1  read_write  array<u32>   sums: of `blocks` blocks; becomes the sum of all before each
//   2  write       array<u32>   status: entry 0 becomes the sum of all
// One invocation of one workgroup works, in all. Time O(blocks): blocks are as many as the counts in each, so it is the root of their number.

override lanes: u32 = 64;

struct Params { blocks: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> sums: array<u32>;
@group(0) @binding(2) var<storage, read_write> status: array<u32>;

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x + id.y > 0u) {
        return;
    }
    var sum = 0u;
    for (var at = 0u; at < params.blocks; at++) {
        let own = sums[at];
        sums[at] = sum;
        sum += own;
    }
    status[0] = sum;
}
