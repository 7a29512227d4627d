// Cutting, step 7, after the scan of counts: where pieces start, and the kind of the piece before each.
//
// Bindings
//   0  uniform     Params               size: bytes of the window; chunk: bytes a chunk; chunks: how many; shift: log2
//                                       of entries a row; ended, alone, moves: where each begins in `table`; base:
//                                       where the window begins in the arena
//   1  read        array<u32>           data: the window, 4 bytes a word
//   2  read        array<u32>           table: classes (64 words), kinds of ended and of lone pieces (4 a word, one a
//                                       state), and the moves, 2 a word
//   3  read        array<u32>           states: in which each chunk is entered, `chunks` entries
//   4  read        array<u32>           offsets: the pieces that start before each chunk, `chunks` entries
//   5  write       array<u32>           starts: of each piece, in the arena
//   6  read_write  array<atomic<u32>>   kinds: of the piece before each, 4 a word, zero before
// One invocation a chunk, in workgroups of `lanes`. Time O(chunk) an invocation.

override lanes: u32 = 64;

struct Params {
    size: u32, chunk: u32, chunks: u32, shift: u32, ended: u32, alone: u32, moves: u32, base: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read> states: array<u32>;
@group(0) @binding(4) var<storage, read> offsets: array<u32>;
@group(0) @binding(5) var<storage, read_write> starts: array<u32>;
@group(0) @binding(6) var<storage, read_write> kinds: array<atomic<u32>>;

fn move_at(row: u32, at: u32) -> u32 {
    let byte = (data[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu;
    let entry = row + ((table[byte >> 2u] >> ((byte & 3u) * 8u)) & 0xffu);
    return (table[params.moves + (entry >> 1u)] >> ((entry & 1u) * 16u)) & 0xffffu;
}

fn kind(begin: u32, row: u32) -> u32 {
    let state = row >> params.shift;
    return (table[begin + (state >> 2u)] >> ((state & 3u) * 8u)) & 0xffu;
}

fn emit(piece: u32, start: u32, before: u32) {
    starts[piece] = params.base + start;
    atomicOr(&kinds[piece >> 2u], before << ((piece & 3u) * 8u));
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
    var piece = offsets[place];
    for (var at = begin; at < end; at++) {
        let entry = move_at(row, at);
        if ((entry & 0x4000u) != 0u) {
            emit(piece, at - 1u, kind(params.ended, row));
            piece++;
            if ((entry & 0x8000u) != 0u) {
                emit(piece, at, kind(params.alone, row));
                piece++;
            }
        } else if ((entry & 0x8000u) != 0u) {
            emit(piece, at, kind(params.ended, row));
            piece++;
        }
        row = entry & 0x3fffu;
    }
}
