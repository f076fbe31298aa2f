/* Streams of random words. docs/streams.md says the same in full, so that it can be written again.
 *
 * The words of block b of call j of a generator with key k (4 words) come from LF_LANES engines
 * xoshiro256++ side by side. The state of engine l is Threefry4x64-20 of the counter (b, j, l, 0)
 * under the key k. Word 8 t + l of the block is output t of engine l. */
#ifndef LF_STREAM_H
#define LF_STREAM_H

#include "core/kernel.h"

#define LF_LANES 8

typedef struct {
    uint64_t s[4][LF_LANES];
} lf_stream;

static inline uint64_t lf_rotl(uint64_t x, int r)
{
    return (x << r) | (x >> (64 - r));
}

/* Threefry4x64-20 (Salmon, Moraes, Dror, Shaw, SC 2011): x (4, LF_LANES) counters in, words out. */
static inline void lf_threefry(const uint64_t key[4], uint64_t x[4][LF_LANES])
{
    static const int rotation[8][2] = {{14, 16}, {52, 57}, {23, 40}, {5, 37},
                                       {25, 33}, {46, 12}, {58, 22}, {32, 32}};
    const uint64_t parity = 0x1bd11bdaa9fc1a22u ^ key[0] ^ key[1] ^ key[2] ^ key[3];
    const uint64_t k[5] = {key[0], key[1], key[2], key[3], parity};
    for (int word = 0; word < 4; word++)
        for (int l = 0; l < LF_LANES; l++)
            x[word][l] += k[word];
    for (int round = 0; round < 20; round++) {
        const int *r = rotation[round % 8];
        const int b = round % 2 ? 3 : 1, d = round % 2 ? 1 : 3; /* the odd words trade places */
        for (int l = 0; l < LF_LANES; l++) {
            x[0][l] += x[b][l];
            x[b][l] = lf_rotl(x[b][l], r[0]) ^ x[0][l];
            x[2][l] += x[d][l];
            x[d][l] = lf_rotl(x[d][l], r[1]) ^ x[2][l];
        }
        if (round % 4 == 3) {
            const int injection = round / 4 + 1;
            for (int word = 0; word < 4; word++)
                for (int l = 0; l < LF_LANES; l++)
                    x[word][l] += k[(injection + word) % 5] + (word == 3 ? (uint64_t)injection : 0);
        }
    }
}

static inline void lf_stream_open(lf_stream *stream, const uint64_t key[4], uint64_t call,
                                  uint64_t block)
{
    for (int l = 0; l < LF_LANES; l++) {
        stream->s[0][l] = block;
        stream->s[1][l] = call;
        stream->s[2][l] = (uint64_t)l;
        stream->s[3][l] = 0;
    }
    lf_threefry(key, stream->s);
}

/* The next LF_LANES * steps words. xoshiro256++ 1.0 (Blackman, Vigna, 2019) in each lane. */
static inline void lf_stream_words(lf_stream *stream, int64_t steps, uint64_t *restrict words)
{
    lf_stream state = *stream;
    uint64_t (*s)[LF_LANES] = state.s;
    for (int64_t t = 0; t < steps; t++) {
        for (int l = 0; l < LF_LANES; l++) {
            words[t * LF_LANES + l] = lf_rotl(s[0][l] + s[3][l], 23) + s[0][l];
            const uint64_t shifted = s[1][l] << 17;
            s[2][l] ^= s[0][l];
            s[3][l] ^= s[1][l];
            s[1][l] ^= s[2][l];
            s[0][l] ^= s[3][l];
            s[2][l] ^= shifted;
            s[3][l] = lf_rotl(s[3][l], 45);
        }
    }
    *stream = state;
}

#endif
