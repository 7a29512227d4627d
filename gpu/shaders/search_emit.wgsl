// Pattern search, last step, after the scan of counts: where matches end, and of which patterns (Aho and Corasick, 1975).
//
// Bindings
//   0  uniform  Params       size: bytes of the window; first: those that only lead in; chunk: bytes a chunk; chunks: how
//                            many; base: where the window begins in the arena; bounds: how many; longest: bytes of the
//                            longest pattern; shift: log2 of entries a row; begin: the first match to write; room: how
//                            many are written at most
//   1  read     array<u32>   data: the window, 4 bytes a word
//   2  read     array<u32>   bounds: where files begin in the arena, ascending, all that the window touches
//   3  read     array<u32>   states: classes of bytes (64 words), then where each state's patterns begin in `found`
//   4  read     array<u32>   moves: the row of the next state, for each state and class
//   5  read     array<u32>   found: the patterns that end in each state
//   6  read     array<u32>   offsets: the matches that end before each chunk, `chunks` entries
//   7  write    array<u32>   matches: `room` ends in the arena, then `room` patterns
// One invocation a chunk, in workgroups of `lanes`. Time O(chunk + longest + matches + log
// bounds).

override lanes: u32 = 64;

struct Params {
    size: u32, first: u32, chunk: u32, chunks: u32, base: u32, bounds: u32, longest: u32, shift: u32,
    begin: u32, room: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> bounds: array<u32>;
@group(0) @binding(3) var<storage, read> states: array<u32>;
@group(0) @binding(4) var<storage, read> moves: array<u32>;
@group(0) @binding(5) var<storage, read> found: array<u32>;
@group(0) @binding(6) var<storage, read> offsets: array<u32>;
@group(0) @binding(7) var<storage, read_write> matches: array<u32>;

// The place of the first file that begins at a byte of the window or behind it.
fn first_file(at: u32) -> u32 {
    let wanted = params.base + at;
    var low = 0u;
    var high = params.bounds;
    while (low < high) {
        let middle = (low + high) / 2u;
        if (bounds[middle] < wanted) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

// Whether that file begins at a byte.
fn begins(file: u32, at: u32) -> bool {
    return file < params.bounds && bounds[file] == params.base + at;
}

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let place = id.x + id.y * groups.x * lanes;
    if (place >= params.chunks) {
        return;
    }
    let begin = params.first + place * params.chunk;
    let end = min(begin + params.chunk, params.size);
    var row = 0u;
    var number = offsets[place];
    let lead = params.longest - 1u;
    var file = first_file(begin - min(begin, lead) + 1u);
    // Invocations that lead in less wait for the others, so that all are at bytes of their own together.
    for (var step = 0u; begin + step < end + lead; step++) {
        if (begin + step < lead) {
            continue;
        }
        let at = begin + step - lead;
        if (begins(file, at + 1u)) {
            // What closes a file is no part of it.
            file++;
            row = 0u;
            continue;
        }
        let byte = (data[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu;
        row = moves[row + ((states[byte >> 2u] >> ((byte & 3u) * 8u)) & 0xffu)];
        if (at >= begin) {
            let state = 64u + (row >> params.shift);
            for (var each = states[state]; each < states[state + 1u]; each++) {
                if (number >= params.begin && number - params.begin < params.room) {
                    matches[number - params.begin] = params.base + at + 1u;
                    matches[params.room + number - params.begin] = found[each];
                }
                number++;
            }
        }
    }
}
