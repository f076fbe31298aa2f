/* Sums of w e^(-k x) over many x for many k, by moments: the x are read once. x falls in a cell of
 * an eighth of an octave, with center c and half-width h, of which the moments
 * mu_m = sum w ((x - c) / h)^m are kept. Then sum w e^(-k x) = e^(-k c) sum_m mu_m (-k h)^m / m!,
 * cut off at an order that serves where e^(-k x) is not negligible. Whether it served is known
 * afterwards, from the first order left out. */
#ifndef LF_CELLS_H
#define LF_CELLS_H

#include "core/vecmath.h"
#include "core/vector.h"

#define LF_CELL_BLOCK 1024 /* instances at a time */
#define LF_ORDER 16
#define LF_OCTAVE 8
#define LF_LOWEST (-64) /* x below 2^LF_LOWEST share the first cell, whose c is 0 */
#define LF_HIGHEST 6    /* x from 2^LF_HIGHEST on are not summed at all: in the last cell */
#define LF_CELLS ((LF_HIGHEST - LF_LOWEST) * LF_OCTAVE + 2)

/* The bits of 2^e, cut behind those that name a cell. */
#define LF_CELL_BITS(e) ((uint64_t)((1023 + (e)) * LF_OCTAVE))

static inline double lf_center_of(int64_t cell)
{
    return cell ? lf_double(((LF_CELL_BITS(LF_LOWEST) + (uint64_t)cell - 1) << 49) | 1ull << 48)
                : 0.0;
}

static inline double lf_half_width_of(int64_t cell)
{
    return ldexp(1.0, cell ? LF_LOWEST + (int)(cell - 1) / LF_OCTAVE - 4 : LF_LOWEST);
}

/* To moments (LF_CELLS, LF_ORDER) are added those of n <= LF_CELL_BLOCK instances. */
static inline void lf_add_moments(int64_t n, const double *restrict x, const double *restrict w,
                                  double *restrict moments)
{
    double place[LF_CELL_BLOCK];
    int64_t cell[LF_CELL_BLOCK];
    for (int64_t i = 0; i < n; i++) {
        const double y = LF_MIN(LF_MAX(x[i], 0x1p-64), 0x1p6);
        const uint64_t bits = lf_bits(y) >> 49;
        const double center = lf_double(bits << 49 | 1ull << 48);
        const double inverse = lf_double((2046 + 4 - (bits >> 3)) << 52); /* of the half-width */
        const int tiny = x[i] < 0x1p-64;
        place[i] = tiny ? x[i] * 0x1p64 : x[i] < 0x1p6 ? (y - center) * inverse : 0.0;
        cell[i] = tiny ? 0 : (int64_t)(bits - LF_CELL_BITS(LF_LOWEST) + 1);
    }
    for (int64_t i = 0; i < n; i++) {
        double *own = moments + cell[i] * LF_ORDER;
        const double u = place[i], square = u * u, fourth = square * square;
        lf_real4 power = {1, u, square, square * u};
        if (w)
            power *= w[i];
#pragma GCC unroll 4
        for (int m = 0; m < LF_ORDER; m += 4) {
            lf_store_reals(lf_load_reals(own + m) + power, own + m);
            power *= fourth;
        }
    }
}

/* Cells that hold something, n of them. */
typedef struct {
    int64_t n;
    double center[LF_CELLS], half_width[LF_CELLS], weight[LF_CELLS];
    double terms[LF_ORDER][LF_CELLS]; /* mu_m (-1)^m / m! */
    double last;                      /* the weight of the last cell */
} lf_cells;

/* Cells from their moments (LF_CELLS, LF_ORDER). */
static inline void lf_gather_cells(const double *moments, lf_cells *cells)
{
    cells->n = 0;
    cells->last = moments[(LF_CELLS - 1) * LF_ORDER];
    for (int64_t cell = 0; cell < LF_CELLS - 1; cell++) {
        const double *own = moments + cell * LF_ORDER;
        if (own[0] <= 0)
            continue;
        double factor = 1;
        for (int m = 0; m < LF_ORDER; m++) {
            cells->terms[m][cells->n] = factor * own[m];
            factor /= -(m + 1);
        }
        cells->center[cells->n] = lf_center_of(cell);
        cells->half_width[cells->n] = lf_half_width_of(cell);
        cells->weight[cells->n++] = own[0];
    }
}

/* The sums for one k: of w e^(-k x), of its derivative in k, and of w (1 - e^(-k x)). Returns
 * whether the orders left out are below `enough` of the sums, of the last only where it is asked
 * for: for u in [-1, 1] the rest of e^(-z u) from order m on is at most e^z z^m / m!. */
static inline int lf_sum_of_cells(const lf_cells *cells, double k, const double allowed[2],
                                  int complement, double sums[3])
{
    double sum = 0, slope_sum = 0, passed = 0, lost = 0, slope_lost = 0;
#pragma omp simd reduction(+ : sum, slope_sum, passed, lost, slope_lost)
    for (int64_t i = 0; i < cells->n; i++) {
        const double c = cells->center[i], h = cells->half_width[i];
        const double z = LF_MIN(k * h, 64.0), height = lf_exp(-k * c);
        double value = cells->terms[LF_ORDER - 1][i], derivative = 0;
        double rest = height * cells->weight[i] * lf_exp(z);
        for (int m = LF_ORDER - 1; m > 1; m--) {
            derivative = lf_fma(derivative, z, value);
            value = lf_fma(value, z, cells->terms[m - 1][i]);
            rest *= z / m;
        }
        rest *= z;
        derivative = lf_fma(derivative, z, value);
        value *= z; /* but for the order 0 */
        passed -= lf_fma(cells->weight[i], lf_expm1(-k * c), height * value);
        value += cells->terms[0][i];
        sum += height * value;
        slope_sum += height * (h * derivative - c * value);
        lost += rest * z / LF_ORDER;
        slope_lost += rest * (h + c * z / LF_ORDER);
    }
    sums[0] = sum;
    sums[1] = slope_sum;
    sums[2] = passed + cells->last;
    const double beyond = cells->last * lf_exp(-k * 0x1p6); /* at most */
    if (sum + lost + beyond < allowed[1])
        return 1;
    return lost + beyond <= allowed[0] * (complement ? LF_MIN(sum, sums[2]) : sum) &&
           slope_lost + 0x1p6 * beyond <= -allowed[0] * slope_sum;
}

#endif
