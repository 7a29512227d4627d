// Exclusive scan, first of three: the sum of each block of counts.
//
// Bindings
//   0  uniform  Params       count: how many counts; block: counts a block
//   1  read     array<u32>   counts: `count` entries
//   2  write    array<u32>   sums: ceil(count / block) entries
// One invocation a block, in workgroups of `lanes`. Time O(block) an invocation.

override lanes: u32 = 64;

struct Params { count: u32, block: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let place = id.x + id.y * groups.x * lanes;
    let begin = place * params.block;
    if (begin >= params.count) {
        return;
    }
    let end = min(begin + params.block, params.count);
    var sum = 0u;
    for (var at = begin; at < end; at++) {
        sum += counts[at];
    }
    sums[place] = sum;
}
