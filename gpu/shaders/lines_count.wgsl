// Line index, first step: how many lines each chunk starts, and how many blanks it begins with.
//
// Bindings
//   0  uniform  Params       size: bytes of the window; chunk: bytes a chunk; chunks: how many; base: where the window
//                            begins in the arena; bounds: how many; opens: 1 where the window begins with a line
//   1  read     array<u32>   data: the window, 4 bytes a word
//   2  read     array<u32>   bounds: where files begin in the arena, ascending, all that the window touches
//   3  write    array<u32>   counts: lines that start in each chunk, `chunks` entries
//   4  write    array<u32>   leads: spaces and tabs that each chunk begins with, `chunks` entries
// One invocation a chunk, in workgroups of `lanes`. Time O(chunk + log bounds).

override lanes: u32 = 64;

struct Params { size: u32, chunk: u32, chunks: u32, base: u32, bounds: u32, opens: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> bounds: array<u32>;
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;
@group(0) @binding(4) var<storage, read_write> leads: array<u32>;

fn byte_at(at: u32) -> u32 {
    return (data[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu;
}

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
    let begin = place * params.chunk;
    let end = min(begin + params.chunk, params.size);
    var count = 0u;
    var lead = 0u;
    var blank = true;
    var before = 0u;
    if (begin == 0u) {
        count = params.opens;
    } else {
        before = byte_at(begin - 1u);
    }
    var file = first_file(max(begin, 1u));
    for (var at = begin; at < end; at++) {
        if (begins(file, at)) {
            file++;
            count++;
        } else if (before == 10u) {
            count++;
        }
        before = byte_at(at);
        blank = blank && (before == 32u || before == 9u);
        lead += u32(blank);
    }
    counts[place] = count;
    leads[place] = lead;
}
