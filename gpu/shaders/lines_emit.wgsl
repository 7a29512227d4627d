// Line index, last step, after the scan of counts: where lines start, how far they are indented, and the first of each file.
//
// Bindings
//   0  uniform  Params       size: bytes of the window; chunk: bytes a chunk; chunks: how many; base: where the window
//                            begins in the arena; bounds: how many; opens: 1 where the window begins with a line;
//                            before: how many lines start before the window
//   1  read     array<u32>   data: the window, 4 bytes a word
//   2  read     array<u32>   bounds: where files begin in the arena, ascending, all that the window touches
//   3  read     array<u32>   offsets: the lines that start before each chunk, `chunks` entries
//   4  read     array<u32>   leads: spaces and tabs that each chunk begins with, `chunks` entries
//   5  write    array<u32>   starts: of each line, in the arena
//   6  write    array<u32>   indents: of each line, as far as the window goes
//   7  write    array<u32>   files: for each of `bounds` the place of the line that starts there, from the arena's start
//   8  write    array<u32>   status: entry 1 becomes the number of blanks that the window begins with
// One invocation a chunk, in workgroups of `lanes`. Time O(chunk + log bounds), and one step for each
// chunk that is all blanks behind a line's start.

override lanes: u32 = 64;

struct Params {
    size: u32, chunk: u32, chunks: u32, base: u32, bounds: u32, opens: u32, before: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> bounds: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<u32>;
@group(0) @binding(4) var<storage, read> leads: array<u32>;
@group(0) @binding(5) var<storage, read_write> starts: array<u32>;
@group(0) @binding(6) var<storage, read_write> indents: array<u32>;
@group(0) @binding(7) var<storage, read_write> files: array<u32>;
@group(0) @binding(8) var<storage, read_write> status: array<u32>;

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

// How many spaces and tabs stand from a byte of a chunk on.
fn blanks(begin: u32, chunk: u32) -> u32 {
    let end = min((chunk + 1u) * params.chunk, params.size);
    var at = begin;
    while (at < end) {
        let byte = byte_at(at);
        if (byte != 32u && byte != 9u) {
            return at - begin;
        }
        at++;
    }
    var run = end - begin;
    for (var onward = chunk + 1u; onward < params.chunks; onward++) {
        run += leads[onward];
        if (leads[onward] < params.chunk) {
            break;
        }
    }
    return run;
}

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let place = id.x + id.y * groups.x * lanes;
    if (place >= params.chunks) {
        return;
    }
    let begin = place * params.chunk;
    let end = min(begin + params.chunk, params.size);
    var line = offsets[place];
    var before = 0u;
    var file = first_file(begin);
    if (begin == 0u) {
        let run = blanks(0u, 0u);
        status[1] = run;
        if (params.opens == 1u) {
            starts[line] = params.base;
            indents[line] = run;
            if (begins(file, 0u)) {
                files[file] = params.before;
                file++;
            }
            line++;
        }
    } else {
        before = byte_at(begin - 1u);
    }
    for (var at = begin; at < end; at++) {
        let opens = begins(file, at);
        if (opens) {
            files[file] = params.before + line;
            file++;
        }
        if (opens || before == 10u) {
            starts[line] = params.base + at;
            indents[line] = blanks(at, place);
            line++;
        }
        before = byte_at(at);
    }
}
