// XXH64 (Collet, "xxHash fast digest algorithm", 2021) of many ranges of bytes; 64-bit numbers are pairs of 32-bit ones.
//
// A range that ends behind the window is hashed as far as whole stripes of 32 bytes go, and goes on in the next window.
//
// Bindings
//   0  uniform     Params             jobs: how many; low, high: the seed
//   1  read        array<u32>         data: the window, 4 bytes a word
//   2  read        array<Job>         jobs: begin, end: bytes of the window; low, high: the whole range's bytes; flags: 1
//                                     where it goes on from a state, 2 where it leaves one; slot: where that state is
//   3  write       array<vec2<u32>>   digests: of each job that leaves no state, low half first
//   4  read_write  array<vec2<u32>>   states: four accumulators for each slot
// One invocation a job, in workgroups of `lanes`. Time O(bytes) of its range.

override lanes: u32 = 64;

struct Params { jobs: u32, low: u32, high: u32 }
struct Job { begin: u32, end: u32, low: u32, high: u32, flags: u32, slot: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> jobs: array<Job>;
@group(0) @binding(3) var<storage, read_write> digests: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read_write> states: array<vec2<u32>>;

const PRIME_1 = vec2<u32>(0x85EBCA87u, 0x9E3779B1u);
const PRIME_2 = vec2<u32>(0x27D4EB4Fu, 0xC2B2AE3Du);
const PRIME_3 = vec2<u32>(0x9E3779F9u, 0x165667B1u);
const PRIME_4 = vec2<u32>(0xC2B2AE63u, 0x85EBCA77u);
const PRIME_5 = vec2<u32>(0x165667C5u, 0x27D4EB2Fu);

fn add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + u32(low < a.x));
}

fn multiply(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = (a.x & 0xffffu) * (b.x & 0xffffu);
    let across = (a.x >> 16u) * (b.x & 0xffffu);
    let other = (a.x & 0xffffu) * (b.x >> 16u);
    let middle = (low >> 16u) + (across & 0xffffu) + (other & 0xffffu);
    let high = (a.x >> 16u) * (b.x >> 16u) + (across >> 16u) + (other >> 16u) + (middle >> 16u);
    return vec2<u32>((low & 0xffffu) | (middle << 16u), high + a.x * b.y + a.y * b.x);
}

// Rotated left by 1 to 31.
fn rotated(a: vec2<u32>, by: u32) -> vec2<u32> {
    return (a << vec2<u32>(by)) | (a.yx >> vec2<u32>(32u - by));
}

// Shifted right by 1 to 31.
fn shifted(a: vec2<u32>, by: u32) -> vec2<u32> {
    return vec2<u32>((a.x >> by) | (a.y << (32u - by)), a.y >> by);
}

fn word_at(at: u32) -> u32 {
    let word = data[at >> 2u];
    let by = (at & 3u) * 8u;
    if (by == 0u) {
        return word;
    }
    return (word >> by) | (data[(at >> 2u) + 1u] << (32u - by));
}

fn pair_at(at: u32) -> vec2<u32> {
    return vec2<u32>(word_at(at), word_at(at + 4u));
}

fn mixed(sum: vec2<u32>, input: vec2<u32>) -> vec2<u32> {
    return multiply(rotated(add(sum, multiply(input, PRIME_2)), 31u), PRIME_1);
}

fn merged(hash: vec2<u32>, sum: vec2<u32>) -> vec2<u32> {
    return add(multiply(hash ^ mixed(vec2<u32>(0u), sum), PRIME_1), PRIME_4);
}

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let place = id.x + id.y * groups.x * lanes;
    if (place >= params.jobs) {
        return;
    }
    let job = jobs[place];
    let seed = vec2<u32>(params.low, params.high);
    let first = job.slot * 4u;
    var at = job.begin;
    var a = add(add(seed, PRIME_1), PRIME_2);
    var b = add(seed, PRIME_2);
    var c = seed;
    // Less the first prime: plus its complement and one.
    var d = add(seed, add(~PRIME_1, vec2<u32>(1u, 0u)));
    if ((job.flags & 1u) != 0u) {
        a = states[first];
        b = states[first + 1u];
        c = states[first + 2u];
        d = states[first + 3u];
    }
    while (job.end - at >= 32u) {
        a = mixed(a, pair_at(at));
        b = mixed(b, pair_at(at + 8u));
        c = mixed(c, pair_at(at + 16u));
        d = mixed(d, pair_at(at + 24u));
        at += 32u;
    }
    if ((job.flags & 2u) != 0u) {
        states[first] = a;
        states[first + 1u] = b;
        states[first + 2u] = c;
        states[first + 3u] = d;
        return;
    }
    var hash = add(seed, PRIME_5);
    if (job.high > 0u || job.low >= 32u) {
        hash = add(add(rotated(a, 1u), rotated(b, 7u)), add(rotated(c, 12u), rotated(d, 18u)));
        hash = merged(merged(merged(merged(hash, a), b), c), d);
    }
    hash = add(hash, vec2<u32>(job.low, job.high));
    while (job.end - at >= 8u) {
        hash ^= mixed(vec2<u32>(0u), pair_at(at));
        hash = add(multiply(rotated(hash, 27u), PRIME_1), PRIME_4);
        at += 8u;
    }
    if (job.end - at >= 4u) {
        hash ^= multiply(vec2<u32>(word_at(at), 0u), PRIME_1);
        hash = add(multiply(rotated(hash, 23u), PRIME_2), PRIME_3);
        at += 4u;
    }
    while (at < job.end) {
        let byte = (data[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu;
        hash ^= multiply(vec2<u32>(byte, 0u), PRIME_5);
        hash = multiply(rotated(hash, 11u), PRIME_1);
        at++;
    }
    // Shifts of 33, 29 and 32.
    hash = multiply(hash ^ vec2<u32>(hash.y >> 1u, 0u), PRIME_2);
    hash = multiply(hash ^ shifted(hash, 29u), PRIME_3);
    digests[place] = hash ^ vec2<u32>(hash.y, 0u);
}
