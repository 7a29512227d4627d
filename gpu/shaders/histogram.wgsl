// How often each byte is in a window.
//
// A workgroup counts in memory of its own, and adds to what the others found at its end.
//
// Bindings
//   0  uniform     Params               size: bytes of the window
//   1  read        array<u32>           data: the window, 4 bytes a word
//   2  read_write  array<atomic<u32>>   totals: 256 counts, added to
// Any number of invocations, in workgroups of `lanes`: each takes every so many words. Time O(size / invocations), and
// 256 / lanes atomic additions to memory that all share for each.

override lanes: u32 = 64;

struct Params { size: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read_write> totals: array<atomic<u32>>;

var<workgroup> own: array<atomic<u32>, 256>;

@compute @workgroup_size(lanes)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    for (var byte = local; byte < 256u; byte += lanes) {
        atomicStore(&own[byte], 0u);
    }
    workgroupBarrier();
    let step = groups.x * groups.y * lanes;
    let words = (params.size + 3u) / 4u;
    for (var word = id.x + id.y * groups.x * lanes; word < words; word += step) {
        let bytes = data[word];
        let many = min(4u, params.size - word * 4u);
        for (var each = 0u; each < many; each++) {
            atomicAdd(&own[(bytes >> (each * 8u)) & 0xffu], 1u);
        }
    }
    workgroupBarrier();
    for (var byte = local; byte < 256u; byte += lanes) {
        let count = atomicLoad(&own[byte]);
        if (count > 0u) {
            atomicAdd(&totals[byte], count);
        }
    }
}
