// Cutting, step 1: where each chunk of a window leads from every state of the machine.
//
// An invocation walks one chunk from one state, and from a state that it is likely to meet at the same time: where both
// meet, it stops, since what follows is what follows from that one (Ladner and Fischer, "Parallel Prefix Computation",
// 1980, with the convergence of Mytkowicz et al., "Data-Parallel Finite-State Machines", 2014).
//
// Bindings
//   0  uniform  Params       size: bytes of the window; chunk: bytes a chunk; chunks: how many; states: of the
//                            machine; shift: log2 of entries a row; moves, partners: where these begin in `table`
//   1  read     array<u32>   data: the window, 4 bytes a word
//   2  read     array<u32>   table: classes (64 words), kinds, the moves, 2 a word, and for each state its partner,
//                            which is a lower one; state 0 has itself
//   3  write    array<u32>   maps: states * chunks entries, those of a state together: a state, or SAME for the
//                            one that the partner leads to
// One invocation for each state and chunk, in workgroups of `lanes`. Time O(chunk) an invocation at worst; where
// texts have no long strings or comments, most end after some tens of bytes.

override lanes: u32 = 64;

const SAME = 0xffffffffu;

struct Params {
    size: u32, chunk: u32, chunks: u32, states: u32, shift: u32, moves: u32, partners: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> maps: array<u32>;

fn next(row: u32, at: u32) -> u32 {
    let byte = (data[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu;
    let entry = row + ((table[byte >> 2u] >> ((byte & 3u) * 8u)) & 0xffu);
    return (table[params.moves + (entry >> 1u)] >> ((entry & 1u) * 16u)) & 0x3fffu;
}

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let place = id.x + id.y * groups.x * lanes;
    if (place >= params.states * params.chunks) {
        return;
    }
    let state = place / params.chunks;
    var at = (place % params.chunks) * params.chunk;
    let end = min(at + params.chunk, params.size);
    var row = state << params.shift;
    let partner = table[params.partners + state];
    if (partner == state) {
        for (; at < end; at++) {
            row = next(row, at);
        }
        maps[place] = row >> params.shift;
        return;
    }
    var other = partner << params.shift;
    for (; at < end && row != other; at++) {
        row = next(row, at);
        other = next(other, at);
    }
    maps[place] = select(row >> params.shift, SAME, row == other);
}
