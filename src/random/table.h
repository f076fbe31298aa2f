/* A law as a table of its quantile function.
 *
 * A word w is folded to its distance from the nearer end, f = min(w, 2^64 - 1 - w) and
 * v = (f + 1/2) 2^-64 in [2^-65, 1/2]; the variate is Q(v) on the lower side (w < 2^63), Q(1 - v)
 * on the upper. v's floating exponent and its next LF_CELL_BITS bits name a cell, in which the
 * variate is a cubic of the rest of the mantissa: cells shrink in proportion to v, so both tails
 * are as exact as the middle, without a branch. */
#ifndef LF_TABLE_H
#define LF_TABLE_H

#include "core/vector.h"
#include "random/random.h"

#define LF_CHUNK 256 /* variates treated at a time: they stay in the first-level cache */
#define LF_CELL_BITS 7
#define LF_CELLS (1 << LF_CELL_BITS) /* in an octave of v */
#define LF_OCTAVES 64                /* [2^-65, 2^-64) to [2^-2, 2^-1) */
/* Rows of a side: the octaves, and a last one for v that was rounded to 1/2. Padded to even lines
 * of the cache. */
#define LF_SIDE_ROWS (LF_OCTAVES * LF_CELLS + 2)

/* Two sides, the lower first, of rows {c0, c1, c2, c3}: the variate is c0 + t (c1 + t (c2 + t c3)),
 * where t is the mantissa less that of the cell's center, |t| <= 2^-(LF_CELL_BITS + 1). */
struct lf_table {
    double row[2 * LF_SIDE_ROWS][4];
};

/* The same for 32-bit words and float: v = (f + 1/2) 2^-32, so 32 octaves. */
#define LF_SINGLE_OCTAVES 32
#define LF_SINGLE_SIDE_ROWS (LF_SINGLE_OCTAVES * LF_CELLS + 2)
struct lf_single_table {
    float row[2 * LF_SINGLE_SIDE_ROWS][4];
};

/* In two passes, so that the loads of rows do not wait for the arithmetic that finds them. The
 * first: where the rows of four words stand (in bytes, from the base below), and t. */
static inline void lf_table_find(lf_word4 word, uint64_t offset[4], double t[4])
{
    const lf_word4 upper = (lf_word4)((lf_int4)word < 0);
    const lf_word4 v = (lf_word4)(lf_from_words(word ^ upper) + 0.5);
    const lf_word4 row =
        ((v >> (52 - LF_CELL_BITS - 5)) & ~31ull) + (upper & (LF_SIDE_ROWS * sizeof(double[4])));
    const lf_word4 rest = v & ((1ull << (52 - LF_CELL_BITS)) - 1);
    lf_store_words(row, offset);
    lf_store_reals((lf_real4)(rest | 0x3ff0000000000000u) - (1 + 0.5 / LF_CELLS), t);
}

/* The second: values (count,), count a multiple of 4. */
static inline void lf_table_look_up(const lf_table *table, int64_t count, const uint64_t *offset,
                                    const double *t, double *restrict out)
{
    /* f + 1/2 has exponents from -1 on; as doubles carry them, with the bias */
    const char *const base =
        (const char *)table - ((1023 - 1) << LF_CELL_BITS) * sizeof table->row[0];
    for (int64_t i = 0; i < count; i += 4) {
        const lf_real4 a = lf_load_reals((const double *)(base + offset[i]));
        const lf_real4 b = lf_load_reals((const double *)(base + offset[i + 1]));
        const lf_real4 c = lf_load_reals((const double *)(base + offset[i + 2]));
        const lf_real4 d = lf_load_reals((const double *)(base + offset[i + 3]));
        const lf_real4 x = lf_load_reals(t + i);
        const lf_real4 ab02 = LF_SHUFFLE(a, b, 0, 4, 2, 6), ab13 = LF_SHUFFLE(a, b, 1, 5, 3, 7);
        const lf_real4 cd02 = LF_SHUFFLE(c, d, 0, 4, 2, 6), cd13 = LF_SHUFFLE(c, d, 1, 5, 3, 7);
        const lf_real4 c0 = LF_SHUFFLE(ab02, cd02, 0, 1, 4, 5);
        const lf_real4 c1 = LF_SHUFFLE(ab13, cd13, 0, 1, 4, 5);
        const lf_real4 c2 = LF_SHUFFLE(ab02, cd02, 2, 3, 6, 7);
        const lf_real4 c3 = LF_SHUFFLE(ab13, cd13, 2, 3, 6, 7);
        /* not fused: the same bits on every level */
        lf_store_reals(((c3 * x + c2) * x + c1) * x + c0, out + i);
    }
}

/* words (count,) -> variates (count,), count a multiple of 4 and at most LF_CHUNK. */
static inline void lf_table_values(const lf_table *table, int64_t count, const uint64_t *words,
                                   double *restrict out)
{
    uint64_t offset[LF_CHUNK];
    double t[LF_CHUNK];
    for (int64_t i = 0; i < count; i += 4)
        lf_table_find(lf_load_words(words + i), offset + i, t + i);
    lf_table_look_up(table, count, offset, t, out);
}

/* The same in float. Two variates come from a word, the low half first: eight from four words. */
static inline void lf_single_find(lf_word4 words, uint32_t offset[8], float t[8])
{
    const lf_half8 word = (lf_half8)words, upper = (lf_half8)((lf_short8)word < 0);
    const lf_half8 v =
        (lf_half8)(__builtin_convertvector((lf_short8)(word ^ upper), lf_single8) + 0.5f);
    const lf_half8 row = ((v >> (23 - LF_CELL_BITS - 4)) & ~15u) +
                         (upper & (uint32_t)(LF_SINGLE_SIDE_ROWS * sizeof(float[4])));
    const lf_half8 rest = v & ((1u << (23 - LF_CELL_BITS)) - 1);
    const lf_single8 from_center = (lf_single8)(rest | 0x3f800000u) - (1 + 0.5f / LF_CELLS);
    memcpy(offset, &row, sizeof row);
    memcpy(t, &from_center, sizeof from_center);
}

/* count a multiple of 8 */
static inline void lf_single_look_up(const lf_single_table *table, int64_t count,
                                     const uint32_t *offset, const float *t, float *restrict out)
{
    const char *const base =
        (const char *)table - ((127 - 1) << LF_CELL_BITS) * sizeof table->row[0];
#define ROWS(i, j) lf_join(base + offset[i], base + offset[j])
    for (int64_t i = 0; i < count; i += 8) {
        const lf_single8 ae = ROWS(i, i + 4), bf = ROWS(i + 1, i + 5);
        const lf_single8 cg = ROWS(i + 2, i + 6), dh = ROWS(i + 3, i + 7);
        const lf_single8 ab01 = LF_SHUFFLE(ae, bf, 0, 8, 1, 9, 4, 12, 5, 13);
        const lf_single8 ab23 = LF_SHUFFLE(ae, bf, 2, 10, 3, 11, 6, 14, 7, 15);
        const lf_single8 cd01 = LF_SHUFFLE(cg, dh, 0, 8, 1, 9, 4, 12, 5, 13);
        const lf_single8 cd23 = LF_SHUFFLE(cg, dh, 2, 10, 3, 11, 6, 14, 7, 15);
        const lf_single8 c0 = LF_SHUFFLE(ab01, cd01, 0, 1, 8, 9, 4, 5, 12, 13);
        const lf_single8 c1 = LF_SHUFFLE(ab01, cd01, 2, 3, 10, 11, 6, 7, 14, 15);
        const lf_single8 c2 = LF_SHUFFLE(ab23, cd23, 0, 1, 8, 9, 4, 5, 12, 13);
        const lf_single8 c3 = LF_SHUFFLE(ab23, cd23, 2, 3, 10, 11, 6, 7, 14, 15);
        lf_single8 x;
        memcpy(&x, t + i, sizeof x);
        const lf_single8 y = ((c3 * x + c2) * x + c1) * x + c0;
        memcpy(out + i, &y, sizeof y);
    }
#undef ROWS
}

#endif
