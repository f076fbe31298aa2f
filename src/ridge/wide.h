/* Cholesky factorization of one matrix by a team of threads, for matrices that fill vectors by
 * themselves. */
#ifndef LF_RIDGE_WIDE_H
#define LF_RIDGE_WIDE_H

#include "ridge/lanes.h"
#include "ridge/tile.h"

/* Threads that work on one problem together; what each of them does decides no bits. */
typedef struct {
    int index, size;
} lf_crew;

/* Whether an item is this thread's, when items get cheaper (or dearer) one after the other. */
static inline int lf_mine(lf_crew crew, int64_t item)
{
    const int64_t round = item / crew.size, place = item % crew.size;
    return crew.index == (round % 2 ? crew.size - 1 - place : place);
}

/* A part of `count` items, in whole multiples of `step`. */
static inline int64_t lf_share(lf_crew crew, int64_t count, int64_t step, int index)
{
    const int64_t steps = (count + step - 1) / step;
    return LF_MIN(count, steps * index / crew.size * step);
}

static inline void lf_meet(lf_crew crew)
{
    if (crew.size > 1) {
#pragma omp barrier
    }
}

#define LF_PANEL 64 /* columns that are factorized before the others are updated */

/* The strip of columns from `column` on of the factor, in rows from..to: less what the columns of
 * the panel before them, from `first` on, have given, over its own triangle. */
static inline void lf_wide_rows(int64_t first, int64_t column, int64_t from, int64_t to, int64_t ld,
                                real *F)
{
    const lf_block_view panel = {F + first * ld, LF_WIDTH, ld};
    if (column > first)
        lf_strip_below(panel, column - first, column, from, to, LF_SUBTRACT, F, ld);
    for (int64_t row = from; row < to; row += LF_WIDTH)
#pragma GCC unroll 8
        for (int c = 0; c < LF_STRIP; c++) {
            real *own = F + (column + c) * ld;
            lf_vec x = lf_load(own + row);
#pragma GCC unroll 8
            for (int k = 0; k < c; k++) {
                const real *other = F + (column + k) * ld;
                x = lf_fnma_vec(lf_load(other + row), lf_all(other[column + c]), x);
            }
            lf_store(x * own[column + c], own + row);
        }
}

/* The square of a strip on the diagonal. Returns whether no pivot is lost. */
static inline int lf_wide_square(int64_t first, int64_t column, int64_t ld,
                                 const real *restrict diagonal, real *F)
{
    const lf_block_view panel = {F + first * ld, LF_WIDTH, ld};
    real *corner = F + column * (ld + 1);
    if (column > first)
        lf_diagonal_tile(panel, column - first, column, corner, 0, LF_SUBTRACT, corner, ld);
    int sound = 1;
    for (int64_t j = 0; j < LF_STRIP; j++) {
        real *own = corner + j * ld;
        for (int64_t k = 0; k < j; k++)
            for (int64_t i = j; i < LF_STRIP; i++)
                own[i] -= corner[k * ld + i] * corner[k * ld + j];
        sound &= own[j] > (real)(LF_LOST * LF_EPSILON) * diagonal[column + j];
        own[j] = 1 / (real)sqrt(own[j]);
        for (int64_t i = j + 1; i < LF_STRIP; i++)
            own[i] *= own[j];
    }
    return sound;
}

/* F = Cholesky factor of F (size, size), by columns, ld >= size, size a multiple of LF_STRIP, as
 * lf_lanes_factorize gives it. All threads of the crew come here together.
 * IN   diagonal (size,): that of the matrix
 * OUT  sound: 0 where a pivot is lost; the thread with index 0 writes it */
static inline void lf_wide_factorize(lf_crew crew, int64_t size, int64_t ld,
                                     const real *restrict diagonal, real *F, int *sound,
                                     lf_status *status)
{
    for (int64_t first = 0; first < size; first += LF_PANEL) {
        const int64_t end = LF_MIN(first + LF_PANEL, size);
        if (crew.index == 0)
            for (int64_t column = first; column < end; column += LF_STRIP) {
                *sound &= lf_wide_square(first, column, ld, diagonal, F);
                lf_wide_rows(first, column, column + LF_STRIP, end, ld, F);
            }
        lf_meet(crew);
        const int64_t from = end + lf_share(crew, size - end, LF_STRIP, crew.index);
        const int64_t to = end + lf_share(crew, size - end, LF_STRIP, crew.index + 1);
        for (int64_t column = first; column < end; column += LF_STRIP)
            lf_wide_rows(first, column, from, to, ld, F);
        lf_meet(crew);
        const lf_block_view panel = {F + first * ld, LF_WIDTH, ld};
        for (int64_t column = end; column < size; column += LF_STRIP) {
            if (!lf_mine(crew, column / LF_STRIP) || lf_poll(status))
                continue;
            real *corner = F + column * (ld + 1);
            lf_diagonal_tile(panel, end - first, column, corner, 0, LF_SUBTRACT, corner, ld);
            lf_strip_below(panel, end - first, column, column + LF_STRIP, size, LF_SUBTRACT, F, ld);
        }
        lf_meet(crew);
    }
}

/* z = (F F')^-1 z */
static inline void lf_wide_solve(int64_t size, int64_t ld, const real *restrict F, real *restrict z)
{
    for (int64_t j = 0; j < size; j++) {
        const real *own = F + j * ld, x = z[j] = z[j] * own[j];
        for (int64_t i = j + 1; i < size; i++)
            z[i] -= own[i] * x;
    }
    for (int64_t j = size - 1; j >= 0; j--) {
        const real *own = F + j * ld;
        real sum[LF_STRIP] = {0};
        int64_t i = j + 1;
        for (; i % LF_STRIP && i < size; i++)
            sum[0] += own[i] * z[i];
        for (; i < size; i += LF_STRIP) /* size is a multiple of it */
            for (int64_t l = 0; l < LF_STRIP; l++)
                sum[l] += own[i + l] * z[i + l];
        for (int64_t l = 1; l < LF_STRIP; l++)
            sum[0] += sum[l];
        z[j] = (z[j] - sum[0]) * own[j];
    }
}

#endif
