// Where each file first is no UTF-8 (The Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences").
//
// Each byte is judged from itself, the three before it and the three behind it: a byte that begins no character, or one
// that is cut short, is a fault; so is one that continues a character where none of the three before begins one that
// long. Where all before it is well formed, the first fault is the byte at which a decoder stops.
//
// Bindings
//   0  uniform     Params               size: bytes of the window; begin, end: which of them are judged; base: where the
//                                       window begins in the arena; bounds: how many
//   1  read        array<u32>           data: the window, 4 bytes a word
//   2  read        array<u32>           bounds: where files begin in the arena, ascending: that of the file that has the
//                                       window's first byte, and all up to the window's end
//   3  read_write  array<atomic<u32>>   faults: for each of `bounds` the least offset from there of a fault, 0xffffffff
//                                       before
// One invocation for each 4 bytes, in workgroups of `lanes`. Time O(1), and O(log bounds) for each byte 0xFF and fault.

override lanes: u32 = 64;

struct Params { size: u32, begin: u32, end: u32, base: u32, bounds: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> bounds: array<u32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>>;

fn byte_at(at: u32) -> u32 {
    if (at >= params.size) {
        return 0u;
    }
    return (data[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu;
}

// How many files begin at a byte of the window or before.
fn begun(at: u32) -> u32 {
    let wanted = params.base + at;
    var low = 0u;
    var high = params.bounds;
    while (low < high) {
        let middle = (low + high) / 2u;
        if (bounds[middle] <= wanted) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

// How many bytes a character has that begins with a byte, 0 where none does.
fn extent(byte: u32) -> u32 {
    if (byte < 0x80u) {
        return 1u;
    }
    if (byte < 0xc2u || byte > 0xf4u) {
        return 0u;
    }
    return 2u + u32(byte >= 0xe0u) + u32(byte >= 0xf0u);
}

fn continues(byte: u32) -> bool {
    return (byte & 0xc0u) == 0x80u;
}

fn faulty(at: u32, byte: u32) -> bool {
    if (continues(byte)) {
        for (var back = 1u; back <= 3u && back <= at; back++) {
            let before = byte_at(at - back);
            if (!continues(before)) {
                return extent(before) <= back;
            }
        }
        return true;
    }
    let long = extent(byte);
    if (long == 0u) {
        return true;
    }
    for (var onward = 1u; onward < long; onward++) {
        if (!continues(byte_at(at + onward))) {
            return true;
        }
    }
    let second = byte_at(at + 1u);
    return (byte == 0xe0u && second < 0xa0u) || (byte == 0xedu && second > 0x9fu)
        || (byte == 0xf0u && second < 0x90u) || (byte == 0xf4u && second > 0x8fu);
}

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let word = id.x + id.y * groups.x * lanes;
    if (word * 4u >= params.end || (data[word] & 0x80808080u) == 0u) {
        return;
    }
    let end = min(word * 4u + 4u, params.end);
    for (var at = max(word * 4u, params.begin); at < end; at++) {
        let byte = byte_at(at);
        if (byte >= 0x80u && faulty(at, byte)) {
            let file = begun(at) - 1u;
            if (byte == 0xffu && file + 1u < params.bounds && bounds[file + 1u] == params.base + at + 1u) {
                continue;
            }
            atomicMin(&faults[file], params.base + at - bounds[file]);
        }
    }
}
