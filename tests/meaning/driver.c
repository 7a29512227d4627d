/* Runs kernels of aarch64 for a process on another machine: no C library, only the calls of Linux.
 *
 * It writes where its memory lies, then answers requests: the number of a function and the words of its arguments (eight in
 * registers of whole numbers, eight of floats, the others on the stack), and memory with the places of addresses in it. It
 * writes the result and the part of memory that is asked for. */

typedef unsigned long word;
typedef long (*function)(word, word, word, word, word, word, word, word, double, double, double, double, double,
    double, double, double, word, word, word, word, word, word, word, word, word, word, word, word, word, word, word,
    word, word, word, word, word, word, word, word, word, word, word, word, word, word, word, word, word);

struct request {
    word function, size, pointers, from, to;
    word whole[8];
    double floats[8];
    word stack[32];
};

extern const function kernel_table[];
static unsigned char memory[1 << 26] __attribute__((aligned(16)));

static long ask(long number, long a, long b, long c) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}

static void leave(long code) {
    for (;;) ask(93, code, 0, 0);
}

static void take(void *to, word size) {
    for (unsigned char *at = to; size;) {
        long got = ask(63, 0, (long)at, (long)size);
        if (got <= 0) leave(size != sizeof(struct request));
        at += got;
        size -= (word)got;
    }
}

static void give(const void *from, word size) {
    for (const unsigned char *at = from; size;) {
        long put = ask(64, 1, (long)at, (long)size);
        if (put <= 0) leave(2);
        at += put;
        size -= (word)put;
    }
}

void *memset(void *to, int byte, word size) {
    for (volatile unsigned char *at = to; size; size--) *at++ = (unsigned char)byte;
    return to;
}

void *memcpy(void *to, const void *from, word size) {
    const unsigned char *given = from;
    for (volatile unsigned char *at = to; size; size--) *at++ = *given++;
    return to;
}

void *memmove(void *to, const void *from, word size) {
    if ((word)to <= (word)from) return memcpy(to, from, size);
    while (size--) ((volatile unsigned char *)to)[size] = ((const unsigned char *)from)[size];
    return to;
}

void _start(void) {
    word base = (word)memory;
    give(&base, sizeof base);
    for (;;) {
        struct request r;
        word pair[2];
        take(&r, sizeof r);
        if (r.size > sizeof memory) leave(3);
        take(memory, r.size);
        while (r.pointers--) {
            take(pair, sizeof pair);
            *(word *)(memory + pair[0]) = base + pair[1];
        }
        const word *w = r.whole, *s = r.stack;
        const double *f = r.floats;
        long result = kernel_table[r.function](w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], f[0], f[1], f[2], f[3],
            f[4], f[5], f[6], f[7], s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11], s[12],
            s[13], s[14], s[15], s[16], s[17], s[18], s[19], s[20], s[21], s[22], s[23], s[24], s[25], s[26], s[27],
            s[28], s[29], s[30], s[31]);
        give(&result, sizeof result);
        give(memory + r.from, r.to - r.from);
    }
}
