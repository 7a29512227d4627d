// Exclusive scan, third of three: the sum of all counts before each, in place.
//
// Bindings
//   0  uniform     Params       count: how many counts; block: counts a block
//   1  read        array<u32>   sums: of all counts before each block, ceil(count / block) entries
//   2  read_write  array<u32>   counts: `count` entries; each becomes the sum of those before it
// One invocation a block, in workgroups of `lanes`. Time O(block) an invocation.

override lanes: u32 = 64;

struct Params { count: u32, block: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let place = id.x + id.y * groups.x * lanes;
    let begin = place * params.block;
    if (begin >= params.count) {
        return;
    }
    let end = min(begin + params.block, params.count);
    var sum = sums[place];
    for (var at = begin; at < end; at++) {
        let own = counts[at];
        counts[at] = sum;
        sum += own;
    }
}
