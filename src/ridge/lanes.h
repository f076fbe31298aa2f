/* Cholesky factorization of LF_WIDTH matrices at once, one in each lane of the vectors: for small
 * ones, whose loops are too short to be vectors themselves. What happens in a lane does not depend
 * on the others. */
#ifndef LF_RIDGE_LANES_H
#define LF_RIDGE_LANES_H

#include "ridge/real.h"

#define LF_LANES_MAX 64 /* up to here it beats the tiles of wide.h */

/* The pivot of a singular matrix comes out as a few epsilon of the diagonal, for all sizes and
 * precisions (at most 7 in trials): one up to this many is zero to working precision. */
#define LF_LOST 10

/* Bit l: what holds in lane l. */
LF_INLINE int lf_lanes_where(lf_mask mask)
{
#ifdef __AVX__
    return sizeof(real) == sizeof(double) ? _mm256_movemask_pd((__m256d)mask)
                                          : _mm256_movemask_ps((__m256)mask);
#else
    int bits = 0;
    for (int l = 0; l < LF_WIDTH; l++)
        bits |= (mask[l] != 0) << l;
    return bits;
#endif
}

/* Numbers at the same place of each lane's source. */
LF_INLINE lf_vec lf_gather(const real *const from[LF_WIDTH], int64_t at)
{
    lf_vec x;
#pragma GCC unroll 8
    for (int l = 0; l < LF_WIDTH; l++)
        x[l] = from[l][at];
    return x;
}

/* The factor is made four columns at a time, each square and each row below it in registers. F
 * (size, size) holds columns, F[c * size + r] for r >= c, and of finished ones the inverses of the
 * diagonal on the diagonal. */

/* Columns first.. of the square on the diagonal. Returns the lanes where no pivot is lost.
 * IN   bound (columns,): what the pivots must exceed */
LF_INLINE lf_mask lf_lanes_square(const int columns, int64_t size, int64_t first,
                                  const lf_vec *bound, lf_vec *F)
{
    lf_vec a[4][4];
    lf_mask sound = ~(lf_mask){0};
    lf_vec *corner = F + first * (size + 1);
#pragma GCC unroll 4
    for (int c = 0; c < columns; c++)
#pragma GCC unroll 4
        for (int r = c; r < columns; r++)
            a[r][c] = corner[c * size + r];
    const lf_vec *from = F + first;
    for (int64_t k = 0; k < first; k++, from += size)
#pragma GCC unroll 4
        for (int c = 0; c < columns; c++)
#pragma GCC unroll 4
            for (int r = c; r < columns; r++)
                a[r][c] = lf_fnma_vec(from[r], from[c], a[r][c]);
#pragma GCC unroll 4
    for (int c = 0; c < columns; c++) {
        sound &= a[c][c] > bound[c];
        const lf_vec inverse = lf_all(1) / lf_sqrt_vec(a[c][c]);
        corner[c * (size + 1)] = inverse;
#pragma GCC unroll 4
        for (int r = c + 1; r < columns; r++) {
            a[r][c] *= inverse;
            corner[c * size + r] = a[r][c];
        }
#pragma GCC unroll 4
        for (int k = c + 1; k < columns; k++)
#pragma GCC unroll 4
            for (int r = k; r < columns; r++)
                a[r][k] = lf_fnma_vec(a[r][c], a[k][c], a[r][k]);
    }
    return sound;
}

/* Four columns first.. of some rows below their square. */
LF_INLINE void lf_lanes_rows(const int rows, int64_t size, int64_t first, int64_t row, lf_vec *F)
{
    lf_vec a[3][4];
    lf_vec *columns = F + first * size;
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++)
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++)
            a[r][c] = columns[c * size + row + r];
    const lf_vec *across = F + first, *along = F + row;
    for (const lf_vec *end = columns + first; across != end; across += size, along += size)
#pragma GCC unroll 4
        for (int c = 0; c < 4; c++)
#pragma GCC unroll 4
            for (int r = 0; r < rows; r++)
                a[r][c] = lf_fnma_vec(along[r], across[c], a[r][c]);
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++)
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
            for (int k = 0; k < c; k++)
                a[r][c] = lf_fnma_vec(a[r][k], columns[k * size + first + c], a[r][c]);
            a[r][c] *= columns[c * size + first + c];
            columns[c * size + row + r] = a[r][c];
        }
}

/* F = Cholesky factor of F. Returns the lanes where no pivot is lost. bound (size,): work space. */
LF_INLINE lf_mask lf_lanes_factorize(const int64_t size, lf_vec *F, lf_vec *bound)
{
    lf_mask sound = ~(lf_mask){0};
    int64_t first = 0;
    for (int64_t j = 0; j < size; j++)
        bound[j] = F[j * (size + 1)] * (real)(LF_LOST * LF_EPSILON);
    for (; first + 4 <= size; first += 4) {
        sound &= lf_lanes_square(4, size, first, bound + first, F);
        int64_t row = first + 4;
        for (; row + 3 <= size; row += 3)
            lf_lanes_rows(3, size, first, row, F);
        if (row + 2 == size)
            lf_lanes_rows(2, size, first, row, F);
        else if (row + 1 == size)
            lf_lanes_rows(1, size, first, row, F);
    }
    if (first + 3 == size)
        sound &= lf_lanes_square(3, size, first, bound + first, F);
    else if (first + 2 == size)
        sound &= lf_lanes_square(2, size, first, bound + first, F);
    else if (first + 1 == size)
        sound &= lf_lanes_square(1, size, first, bound + first, F);
    return sound;
}

/* Forward through `columns` columns from first on. */
LF_INLINE void lf_lanes_forward(const int columns, int64_t size, int64_t first, const lf_vec *F,
                                lf_vec *z)
{
    lf_vec x[4];
    const lf_vec *own = F + first * size;
#pragma GCC unroll 4
    for (int c = 0; c < columns; c++) {
        x[c] = z[first + c];
#pragma GCC unroll 4
        for (int k = 0; k < c; k++)
            x[c] = lf_fnma_vec(own[k * size + first + c], x[k], x[c]);
        z[first + c] = x[c] *= own[c * size + first + c];
    }
    for (int64_t i = first + columns; i < size; i++) {
        lf_vec sum = z[i];
#pragma GCC unroll 4
        for (int c = 0; c < columns; c++)
            sum = lf_fnma_vec(own[c * size + i], x[c], sum);
        z[i] = sum;
    }
}

/* Backward through `columns` columns from first on. */
LF_INLINE void lf_lanes_backward(const int columns, int64_t size, int64_t first, const lf_vec *F,
                                 lf_vec *z)
{
    lf_vec x[4];
#pragma GCC unroll 4
    for (int c = columns - 1; c >= 0; c--) {
        const lf_vec *own = F + (first + c) * size + first;
        x[c] = z[first + c];
#pragma GCC unroll 4
        for (int k = columns - 1; k > c; k--)
            x[c] = lf_fnma_vec(own[k], x[k], x[c]);
        z[first + c] = x[c] *= own[c];
    }
    for (int64_t i = 0; i < first; i++) {
        lf_vec sum = z[i];
#pragma GCC unroll 4
        for (int c = 0; c < columns; c++)
            sum = lf_fnma_vec(F[i * size + first + c], x[c], sum);
        z[i] = sum;
    }
}

/* z = (F F')^-1 z, z (size,) */
LF_INLINE void lf_lanes_solve(const int64_t size, const lf_vec *F, lf_vec *z)
{
    const int64_t whole = size / 4 * 4;
    for (int64_t first = 0; first < whole; first += 4)
        lf_lanes_forward(4, size, first, F, z);
    for (int64_t j = whole; j < size; j++)
        lf_lanes_forward(1, size, j, F, z);
    for (int64_t j = size - 1; j >= whole; j--)
        lf_lanes_backward(1, size, j, F, z);
    for (int64_t first = whole - 4; first >= 0; first -= 4)
        lf_lanes_backward(4, size, first, F, z);
}

#endif
