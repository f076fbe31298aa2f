/* Streams of random words. docs/streams.md says the same in full, so that it can be written again.
 *
 * The words of block b of call j of a generator with key k (4 words) come from LF_LANES engines
 * xoshiro256++ side by side. The state of engine l is Threefry4x64-20 of the counter (b, j, l, 0)
 * under the key k. Word 8 t + l of the block is output t of engine l. */
#ifndef LF_STREAM_H
#define LF_STREAM_H

#include "core/vector.h"

#define LF_LANES 8
#define LF_HALVES (LF_LANES / 4) /* vectors that hold a word of each lane */

typedef struct {
    lf_word4 s[4][LF_HALVES];
} lf_stream;

static inline lf_word4 lf_rotl(lf_word4 x, int r)
{
    return (x << r) | (x >> (64 - r));
}

/* Threefry4x64-20 (Salmon, Moraes, Dror, Shaw, SC 2011) of LF_LANES counters side by side: x
 * counters in, words out. */
static inline void lf_threefry(const uint64_t key[4], lf_word4 x[4][LF_HALVES])
{
    static const int rotation[8][2] = {{14, 16}, {52, 57}, {23, 40}, {5, 37},
                                       {25, 33}, {46, 12}, {58, 22}, {32, 32}};
    const uint64_t parity = 0x1bd11bdaa9fc1a22u ^ key[0] ^ key[1] ^ key[2] ^ key[3];
    const uint64_t k[5] = {key[0], key[1], key[2], key[3], parity};
    for (int h = 0; h < LF_HALVES; h++) {
        lf_word4 x0 = x[0][h] + k[0], x1 = x[1][h] + k[1], x2 = x[2][h] + k[2], x3 = x[3][h] + k[3];
        for (int four = 0; four < 5; four++) { /* four rounds, then a piece of the key */
            for (int pair = 0; pair < 2; pair++) {
                const int (*r)[2] = rotation + (4 * four + 2 * pair) % 8;
                x0 += x1;
                x1 = lf_rotl(x1, r[0][0]) ^ x0;
                x2 += x3;
                x3 = lf_rotl(x3, r[0][1]) ^ x2;
                x0 += x3; /* the odd words trade places */
                x3 = lf_rotl(x3, r[1][0]) ^ x0;
                x2 += x1;
                x1 = lf_rotl(x1, r[1][1]) ^ x2;
            }
            x0 += k[(four + 1) % 5];
            x1 += k[(four + 2) % 5];
            x2 += k[(four + 3) % 5];
            x3 += k[(four + 4) % 5] + (uint64_t)(four + 1);
        }
        x[0][h] = x0, x[1][h] = x1, x[2][h] = x2, x[3][h] = x3;
    }
}

/* Counters (block, call, first + lane, last). */
static inline void lf_counters(lf_word4 x[4][LF_HALVES], uint64_t block, uint64_t call,
                               uint64_t first, uint64_t last)
{
    for (int h = 0; h < LF_HALVES; h++) {
        x[0][h] = (lf_word4){0} + block;
        x[1][h] = (lf_word4){0} + call;
        x[2][h] = (lf_word4){0, 1, 2, 3} + (first + 4 * (uint64_t)h);
        x[3][h] = (lf_word4){0} + last;
    }
}

static inline void lf_stream_open(lf_stream *stream, const uint64_t key[4], uint64_t call,
                                  uint64_t block)
{
    lf_counters(stream->s, block, call, 0, 0);
    lf_threefry(key, stream->s);
}

/* The next word of each lane. xoshiro256++ 1.0 (Blackman, Vigna, 2019). */
static inline void lf_stream_step(lf_stream *stream, lf_word4 word[LF_HALVES])
{
    for (int h = 0; h < LF_HALVES; h++) {
        lf_word4 s0 = stream->s[0][h], s1 = stream->s[1][h], s2 = stream->s[2][h],
                 s3 = stream->s[3][h];
        word[h] = lf_rotl(s0 + s3, 23) + s0;
        const lf_word4 shifted = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= shifted;
        s3 = lf_rotl(s3, 45);
        stream->s[0][h] = s0, stream->s[1][h] = s1, stream->s[2][h] = s2, stream->s[3][h] = s3;
    }
}

/* The next LF_LANES * steps words. */
static inline void lf_stream_words(lf_stream *stream, int64_t steps, uint64_t *restrict words)
{
    lf_stream state = *stream; /* in registers */
    for (int64_t t = 0; t < steps; t++) {
        lf_word4 word[LF_HALVES];
        lf_stream_step(&state, word);
        for (int h = 0; h < LF_HALVES; h++)
            lf_store_words(word[h], words + t * LF_LANES + 4 * h);
    }
    *stream = state;
}

#endif
