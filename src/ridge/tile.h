/* Products of a block with itself and with targets, in tiles that stay in registers.
 *
 * A block holds rows k of columns r in panels of LF_WIDTH columns: column r of row k stands at
 * block[(r / LF_WIDTH) * panel + k * step + r % LF_WIDTH]. So do the columns of a matrix that is
 * stored by columns, with panel = LF_WIDTH and step = its leading dimension. Symmetric results are
 * stored by columns too, and only below the diagonal; entries above it, within the diagonal
 * squares of LF_STRIP, are left undefined. */
#ifndef LF_RIDGE_TILE_H
#define LF_RIDGE_TILE_H

#include "ridge/real.h"

#define LF_STRIP 8                     /* columns of a symmetric result that are made together */
#define LF_DEPTH (LF_STRIP / LF_WIDTH) /* their panels */
#define LF_MAX_ROWS 4                  /* vectors of rows in a tile */

#define LF_ROWS 128 /* rows of a block: a strip of it, and three vectors' columns, fit in L1 */

/* Numbers of a block's panel, with a line more than its rows have: panels whole pages apart would
 * share their places in L1. */
#define LF_SPAN ((LF_ROWS + 64 / 32) * LF_WIDTH)

typedef struct {
    const real *at;
    int64_t panel, step;
} lf_block_view;

typedef enum { LF_SET, LF_ADD, LF_SUBTRACT } lf_mode;

static inline int64_t lf_whole(int64_t count, int64_t step)
{
    return (count + step - 1) / step * step;
}

LF_INLINE const real *lf_column(lf_block_view block, int64_t column)
{
    return block.at + column / LF_WIDTH * block.panel + column % LF_WIDTH;
}

LF_INLINE void lf_settle(lf_vec sum, lf_mode mode, real *to)
{
    if (mode == LF_ADD)
        sum = lf_load(to) + sum;
    else if (mode == LF_SUBTRACT)
        sum = lf_load(to) - sum;
    lf_store(sum, to);
}

/* C[c][r] = sum_k a[k][row + r] b[k][column + c], for `vectors` vectors of rows, `apart` in C, and
 * `columns` columns, which stand in one panel of b. */
LF_INLINE void lf_tile(const int vectors, const int columns, lf_block_view a, lf_block_view b,
                       int64_t count, int64_t row, int64_t column, lf_mode mode, real *C,
                       int64_t ld, int64_t apart)
{
    lf_vec sum[LF_MAX_ROWS][LF_STRIP];
    const real *rows = lf_column(a, row), *one = lf_column(b, column);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++)
            sum[v][c] = (lf_vec){0};
    for (int64_t k = 0; k < count; k++) {
        lf_vec x[LF_MAX_ROWS];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            x[v] = lf_load(rows + v * a.panel);
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++) {
            const lf_vec factor = lf_all(one[c]);
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++)
                sum[v][c] = lf_fma_vec(x[v], factor, sum[v][c]);
        }
        rows += a.step;
        one += b.step;
    }
#pragma GCC unroll 8
    for (int c = 0; c < columns; c++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            lf_settle(sum[v][c], mode, C + c * ld + v * apart);
}

/* The diagonal square of a strip, without the vectors that lie above the diagonal. Meanwhile the
 * line at `ahead` is fetched, and so on for each row. */
LF_INLINE void lf_diagonal_tile(lf_block_view block, int64_t count, int64_t column,
                                const real *ahead, int64_t ahead_step, lf_mode mode, real *C,
                                int64_t ld)
{
    lf_vec sum[LF_DEPTH][LF_STRIP];
    const real *rows = lf_column(block, column);
#pragma GCC unroll 8
    for (int v = 0; v < LF_DEPTH; v++)
#pragma GCC unroll 8
        for (int c = 0; c < LF_STRIP; c++)
            sum[v][c] = (lf_vec){0};
    for (int64_t k = 0; k < count; k++) {
        lf_vec x[LF_DEPTH];
        __builtin_prefetch(ahead);
        ahead += ahead_step;
#pragma GCC unroll 8
        for (int v = 0; v < LF_DEPTH; v++)
            x[v] = lf_load(rows + v * block.panel);
#pragma GCC unroll 8
        for (int c = 0; c < LF_STRIP; c++) {
            const lf_vec factor = lf_all(rows[c / LF_WIDTH * block.panel + c % LF_WIDTH]);
#pragma GCC unroll 8
            for (int v = c / LF_WIDTH; v < LF_DEPTH; v++)
                sum[v][c] = lf_fma_vec(x[v], factor, sum[v][c]);
        }
        rows += block.step;
    }
#pragma GCC unroll 8
    for (int c = 0; c < LF_STRIP; c++)
#pragma GCC unroll 8
        for (int v = c / LF_WIDTH; v < LF_DEPTH; v++)
            lf_settle(sum[v][c], mode, C + c * ld + v * LF_WIDTH);
}

/* C[c][r] for the strip of columns from `column` on, and rows from..to below it (multiples of
 * LF_WIDTH): three vectors of rows at a time, as far as they go. C is the whole result's. */
static inline void lf_strip_below(lf_block_view block, int64_t count, int64_t column, int64_t from,
                                  int64_t to, lf_mode mode, real *C, int64_t ld)
{
    const int half = LF_STRIP / 2;
    int64_t row = from;
    while (row < to) {
        const int64_t left = (to - row) / LF_WIDTH;
        real *low = C + column * ld + row, *high = low + half * ld;
        if (left == 1) {
            lf_tile(1, half, block, block, count, row, column, mode, low, ld, LF_WIDTH);
            lf_tile(1, half, block, block, count, row, column + half, mode, high, ld, LF_WIDTH);
            row += LF_WIDTH;
        } else if (left == 2 || left == 4) {
            lf_tile(2, half, block, block, count, row, column, mode, low, ld, LF_WIDTH);
            lf_tile(2, half, block, block, count, row, column + half, mode, high, ld, LF_WIDTH);
            row += 2 * LF_WIDTH;
        } else {
            lf_tile(3, half, block, block, count, row, column, mode, low, ld, LF_WIDTH);
            lf_tile(3, half, block, block, count, row, column + half, mode, high, ld, LF_WIDTH);
            row += 3 * LF_WIDTH;
        }
    }
}

/* out[r] = sum_k block[k][column + r] y[k] for the strip of columns from `column` on. Four sums
 * run side by side: one would wait for itself. */
static inline void lf_strip_times(lf_block_view block, int64_t count, int64_t column, const real *y,
                                  lf_mode mode, real *out)
{
    lf_vec sum[4][LF_DEPTH] = {{{0}}};
    const real *rows = lf_column(block, column);
    int64_t k = 0;
    for (; k + 4 <= count; k += 4)
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++)
#pragma GCC unroll 2
            for (int v = 0; v < LF_DEPTH; v++)
                sum[i][v] = lf_fma_vec(lf_load(rows + v * block.panel + (k + i) * block.step),
                                       lf_all(y[k + i]), sum[i][v]);
    for (; k < count; k++)
#pragma GCC unroll 2
        for (int v = 0; v < LF_DEPTH; v++)
            sum[0][v] = lf_fma_vec(lf_load(rows + v * block.panel + k * block.step), lf_all(y[k]),
                                   sum[0][v]);
#pragma GCC unroll 2
    for (int v = 0; v < LF_DEPTH; v++)
        lf_settle((sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]), mode, out + v * LF_WIDTH);
}

#endif
