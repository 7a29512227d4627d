// Cutting, step 5: how many pieces each chunk starts.
//
// Bindings
//   0  uniform  Params       size: bytes of the window; chunk: bytes a chunk; chunks: how many; shift: log2 of
//                            entries a row; moves: where moves begin in `table`
//   1  read     array<u32>   data: the window, 4 bytes a word
//   2  read     array<u32>   table: classes (64 words), kinds, and the moves, 2 a word
//   3  read     array<u32>   states: in which each chunk is entered, `chunks` entries
//   4  write    array<u32>   counts: `chunks` entries
// One invocation a chunk, in workgroups of `lanes`. Time O(chunk) an invocation.

override lanes: u32 = 64;

struct Params { size: u32, chunk: u32, chunks: u32, shift: u32, moves: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read> states: array<u32>;
@group(0) @binding(4) var<storage, read_write> counts: array<u32>;

fn move_at(row: u32, at: u32) -> u32 {
    let byte = (data[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu;
    let entry = row + ((table[byte >> 2u] >> ((byte & 3u) * 8u)) & 0xffu);
    return (table[params.moves + (entry >> 1u)] >> ((entry & 1u) * 16u)) & 0xffffu;
}

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let place = id.x + id.y * groups.x * lanes;
    if (place >= params.chunks) {
        return;
    }
    let begin = place * params.chunk;
    let end = min(begin + params.chunk, params.size);
    var row = states[place] << params.shift;
    var count = 0u;
    for (var at = begin; at < end; at++) {
        let entry = move_at(row, at);
        // A piece starts here, one starts a byte before, or both.
        count += (entry >> 15u) + ((entry >> 14u) & 1u);
        row = entry & 0x3fffu;
    }
    counts[place] = count;
}
