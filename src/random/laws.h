/* What the laws of one block share: words, parameters, and variates by rejection. */
#ifndef LF_LAWS_H
#define LF_LAWS_H

#include "core/stream.h"
#include "core/vecmath.h"
#include "random/random.h"
#include "random/table.h"

/* Integer laws write int64, the others double. */
typedef union {
    double real;
    int64_t integer;
} lf_variate;

/* A block of a draw: where its words come from and what it has to write. */
typedef struct {
    const lf_draw *draw;
    const uint64_t *key;
    uint64_t call, block;
    int64_t start, m; /* variates start .. start + m - 1 of the draw, m <= LF_BLOCK */
    int past;         /* whether the law may write past the caches */
    lf_stream stream;
} lf_block;

/* Writes the m variates of the block. The first m - 1 of them do not depend on m. */
typedef void lf_law_block(lf_block *block, lf_variate *restrict out);

lf_law_block *LF_NAME(law_block)(lf_law law);
lf_law_block LF_NAME(law_stable), LF_NAME(law_binomial), LF_NAME(law_poisson), LF_NAME(law_zipf);

/* Whole steps of the stream, and whole vectors: the least multiple of LF_LANES from count on. */
static inline int64_t lf_padded(int64_t count)
{
    return (count + LF_LANES - 1) / LF_LANES * LF_LANES;
}

/* words[j][i]: word j of variate i. Variate 8 g + l takes lane l of `per_variate` steps, one after
 * the other. count a multiple of LF_LANES. */
static inline void lf_words(lf_block *block, int per_variate, int64_t count,
                            uint64_t words[][LF_CHUNK])
{
    lf_stream state = block->stream;
    for (int64_t i = 0; i < count; i += LF_LANES)
        for (int j = 0; j < per_variate; j++) {
            lf_word4 word[LF_HALVES];
            lf_stream_step(&state, word);
            for (int h = 0; h < LF_HALVES; h++)
                lf_store_words(word[h], &words[j][i + 4 * h]);
        }
    block->stream = state;
}

/* After lf_words: goes on to where a whole chunk would have ended. */
static inline void lf_finish_chunk(lf_block *block, int per_variate, int64_t count)
{
    lf_word4 word[LF_HALVES];
    for (int64_t i = count * per_variate; i < LF_CHUNK * per_variate; i += LF_LANES)
        lf_stream_step(&block->stream, word);
}

static inline uint64_t lf_low_bits(int64_t count)
{
    return count < 64 ? ((uint64_t)1 << count) - 1 : UINT64_MAX;
}

/* Places of the variates of a chunk that are left for a slower way, in any order, the first one
 * repeated up to whole vectors. */
typedef struct {
    int64_t count, place[LF_CHUNK + LF_LANES];
} lf_list;

static inline void lf_list_pad(lf_list *list)
{
    for (int64_t i = list->count; i < lf_padded(list->count); i++)
        list->place[i] = list->place[0];
}

/* Those whose flag is 0, of the first `count` of flags (lf_padded(count),) that are 0 or 1. Bit k
 * of lane l stands for flag 4 k + l: there is a branch for each that is listed, not for each flag.
 */
static inline void lf_list_zeros(lf_list *list, int64_t count, const int64_t *flags)
{
    lf_word4 ones = {0};
    _Static_assert(LF_CHUNK == 4 * 64, "a bit for each flag");
    for (int64_t k = 0; k < lf_padded(count) / 4; k++)
        ones |= lf_load_words((const uint64_t *)flags + 4 * k) << k;
    int64_t zeros = 0;
    for (int64_t lane = 0; lane < 4; lane++) {
        const int64_t length = (count + 3 - lane) / 4;
        for (uint64_t left = ~ones[lane] & lf_low_bits(length); left; left &= left - 1)
            list->place[zeros++] = 4 * __builtin_ctzll(left) + lane;
    }
    list->count = zeros;
    lf_list_pad(list);
}

static inline void lf_pick(const lf_list *list, const double *restrict from, double *restrict to)
{
    for (int64_t i = 0; i < lf_padded(list->count); i++)
        to[i] = from[list->place[i]];
}

/* A chunk of the block: variates first .. first + count - 1, in whole vectors `padded`. */
#define FOR_EACH_CHUNK                                                               \
    for (int64_t first = 0, count, padded;                                           \
         first < block->m &&                                                         \
         (count = LF_MIN(LF_CHUNK, block->m - first), padded = lf_padded(count), 1); \
         first += LF_CHUNK)

/* Values of a parameter for variates first .. first + count - 1 of the block: where they lie, if in
 * whole vectors, else in `room`, the last one repeated up to whole vectors. */
static inline const double *lf_values(const lf_block *block, lf_param parameter, int64_t first,
                                      int64_t count, double room[LF_CHUNK])
{
    if (parameter.step) {
        const double *from = parameter.value + block->start + first;
        if (count % LF_LANES == 0)
            return from;
        memcpy(room, from, (size_t)count * sizeof *room);
        for (int64_t i = count; i < lf_padded(count); i++)
            room[i] = from[count - 1];
    } else {
        const double value = parameter.value[0];
        for (int64_t i = 0; i < lf_padded(count); i++)
            room[i] = value;
    }
    return room;
}

/* out = x (count,) */
static inline void lf_write(const lf_block *block, int64_t count, const double *restrict x,
                            lf_variate *restrict out)
{
    if (block->past && count == LF_CHUNK)
        for (int64_t i = 0; i < LF_CHUNK; i += 4)
            lf_store_past(lf_load_reals(x + i), &out[i].real);
    else
        memcpy(out, x, (size_t)count * sizeof *out);
}

/* out = more + floor(x), x >= 0; what int64 cannot hold is its largest value. */
static inline void lf_floors(int64_t count, const double *restrict x, int64_t more,
                             lf_variate *restrict out)
{
    int large = 0;
    for (int64_t i = 0; i < count; i++)
        large |= !(x[i] < 0x1p51);
    if (large) {
        for (int64_t i = 0; i < count; i++)
            out[i].integer = x[i] < 0x1p63 - 1024 ? more + (int64_t)x[i] : INT64_MAX;
    } else { /* by the digits of x + 2^52: vector units before AVX-512 do not convert to int64 */
        for (int64_t i = 0; i < count; i++) {
            const double nearest = (x[i] + 0x1p52) - 0x1p52;
            const double below = nearest > x[i] ? nearest - 1 : nearest;
            out[i].integer = (int64_t)(lf_bits(below + 0x1p52) - lf_bits(0x1p52)) + more;
        }
    }
}

/* out = k (count,), whole and >= 0; what int64 cannot hold is its largest value. */
static inline void lf_write_whole(const lf_block *block, int64_t count, const double *restrict k,
                                  lf_variate *restrict out)
{
    int large = 0;
    for (int64_t i = 0; i < count; i++)
        large |= !(k[i] < 0x1p51);
    if (large) {
        for (int64_t i = 0; i < count; i++)
            out[i].integer = k[i] < 0x1p63 ? (int64_t)k[i] : INT64_MAX;
    } else { /* by the digits of k + 2^52, as above */
        double digits[LF_CHUNK];
        for (int64_t i = 0; i < count; i++)
            digits[i] = lf_double(lf_bits(k[i] + 0x1p52) - lf_bits(0x1p52));
        lf_write(block, count, digits, out);
    }
}

/* [0, 1): the upper 53 bits. */
static inline double lf_unit(uint64_t word)
{
    return lf_from_u64(word >> 11) * 0x1p-53;
}

/* (0, 1], even in its logarithm down to 2^-65: a 64-bit word at the middle of its cell. */
static inline double lf_unit_open_below(uint64_t word)
{
    return (lf_from_u64(word) + 0.5) * 0x1p-64;
}

#define LF_TRY_WORDS 4 /* what a try may use: what one Threefry gives */

/* One try for each of count variates (a multiple of LF_LANES) with parameters a, b (count,):
 * value (count,), and whether it is accepted. */
typedef void lf_try(const lf_draw *draw, int64_t count, uint64_t words[][LF_CHUNK], const double *a,
                    const double *b, double *restrict value, int64_t *restrict accepted);

/* count <= LF_CHUNK values by rejection, of variates first, first + 1, ... of the block. The first
 * try takes the words given; retry r = 0, 1, ... of variate i those of Threefry4x64-20 of the
 * counter (block, call, LF_LANES + tag * LF_BLOCK + i, r): it does not depend on what the others
 * do. */
static inline void lf_reject(const lf_block *block, lf_try *attempt, int tag, int64_t first,
                             int64_t count, uint64_t words[][LF_CHUNK], const double *a,
                             const double *b, double *restrict value)
{
    int64_t accepted[LF_CHUNK];
    lf_list left;
    attempt(block->draw, lf_padded(count), words, a, b, value, accepted);
    lf_list_zeros(&left, count, accepted);
    for (uint64_t retry = 0; left.count; retry++) {
        uint64_t again[LF_TRY_WORDS][LF_CHUNK];
        double again_a[LF_CHUNK], again_b[LF_CHUNK], again_value[LF_CHUNK];
        const int64_t tries = lf_padded(left.count);
        const uint64_t base = (uint64_t)(LF_LANES + tag * LF_BLOCK + first);
        for (int64_t i = 0; i < tries; i += LF_LANES) {
            lf_word4 x[4][LF_HALVES];
            lf_counters(x, block->block, block->call, 0, retry);
            for (int h = 0; h < LF_HALVES; h++)
                x[2][h] = lf_load_words((const uint64_t *)left.place + i + 4 * h) + base;
            lf_threefry(block->key, x);
            for (int w = 0; w < LF_TRY_WORDS; w++)
                for (int h = 0; h < LF_HALVES; h++)
                    lf_store_words(x[w][h], &again[w][i + 4 * h]);
        }
        lf_pick(&left, a, again_a);
        lf_pick(&left, b, again_b);
        attempt(block->draw, tries, again, again_a, again_b, again_value, accepted);
        int64_t kept = 0;
        for (int64_t i = 0; i < left.count; i++) {
            const int64_t variate = left.place[i];
            if (accepted[i])
                value[variate] = again_value[i];
            else
                left.place[kept++] = variate;
        }
        left.count = kept;
        lf_list_pad(&left);
    }
}

#endif
