/* Mean failure rates of instances with known success probabilities. */
#include "core/vecmath.h"
#include "core/vector.h"
#include "passk/kernels.h"

#define BLOCK 1024 /* logarithms stay in the first-level cache */

/* x = -ln(1 - s) of some instances, finite: 0 times it is 0. */
static void rates_of(int64_t n, const double *s, int is_log, double *restrict x)
{
    if (is_log)
        for (int64_t i = 0; i < n; i++)
            x[i] = LF_MIN(-s[i], DBL_MAX);
    else
        for (int64_t i = 0; i < n; i++)
            x[i] = LF_MIN(-lf_log1p(-s[i]), DBL_MAX);
}

#define SOME_K 4096 /* what is done one by one at a time: it needs so much scratch */

/* An exponential for each instance and k. nk <= SOME_K; part (LF_STRIPES, 2, nk): scratch */
static lf_status one_by_one(int64_t n, const double *s, int is_log, const double *w, int64_t nk,
                            const double *k, double *part, double *rate_out, double *slope_out)
{
    lf_status status = LF_OK;
#pragma omp parallel for schedule(dynamic) num_threads(lf_team(LF_MIN(LF_STRIPES, n / BLOCK)))
    for (int64_t t = 0; t < LF_STRIPES; t++) {
        double x[BLOCK], ones[BLOCK], *rate = part + 2 * t * nk, *slope = rate + nk;
        for (int64_t b = 0; b < BLOCK; b++)
            ones[b] = 1;
        memset(rate, 0, (size_t)(2 * nk) * sizeof *rate);
        const int64_t end = n * (t + 1) / LF_STRIPES;
        for (int64_t i = n * t / LF_STRIPES; i < end && !lf_poll(&status); i += BLOCK) {
            const int64_t m = LF_MIN(BLOCK, end - i);
            const double *weight = w ? w + i : ones;
            rates_of(m, s + i, is_log, x);
            for (int64_t j = 0; j < nk && !lf_poll(&status); j++) {
                double sum = 0, slope_sum = 0;
#pragma omp simd reduction(+ : sum, slope_sum)
                for (int64_t b = 0; b < m; b++) {
                    const double term = weight[b] * lf_exp(-k[j] * x[b]);
                    sum += term;
                    slope_sum -= term * x[b];
                }
                rate[j] += sum;
                slope[j] += slope_sum;
            }
        }
    }
    for (int64_t j = 0; j < nk; j++)
        rate_out[j] = slope_out[j] = 0;
    for (int64_t t = 0; t < LF_STRIPES; t++)
        for (int64_t j = 0; j < nk; j++) {
            rate_out[j] += part[2 * t * nk + j];
            slope_out[j] += part[2 * t * nk + nk + j];
        }
    return status;
}

/* ---------------------------------------------------------------- moments in cells
 * For many k the instances are read once: x falls in a cell of an eighth of an octave, with center
 * c and half-width h, of which the moments mu_m = sum w ((x - c) / h)^m are kept. Then
 * sum w e^(-k x) = e^(-k c) sum_m mu_m (-k h)^m / m!, cut off at an order that serves where
 * e^(-k x) is not negligible. Whether it served is known afterwards, from the first order left
 * out: where it did not, the k is done one by one. */

#define ORDER 16
#define OCTAVE 8
#define LOWEST (-64) /* x below 2^LOWEST share the first cell, whose c is 0 */
#define HIGHEST 6    /* x from 2^HIGHEST on are not summed at all: in the last cell */
#define CELLS ((HIGHEST - LOWEST) * OCTAVE + 2)
#define PARTS 16     /* stripes, each with its own cells */
#define ENOUGH 1e-15 /* of a sum: more must not be lost */

/* The bits of 2^e, cut behind those that name a cell. */
#define CELL_BITS(e) ((uint64_t)((1023 + (e)) * OCTAVE))

static double center_of(int64_t cell)
{
    return cell ? lf_double(((CELL_BITS(LOWEST) + (uint64_t)cell - 1) << 49) | 1ull << 48) : 0.0;
}

static double half_width_of(int64_t cell)
{
    return ldexp(1.0, cell ? LOWEST + (int)(cell - 1) / OCTAVE - 4 : LOWEST);
}

/* To moments (CELLS, ORDER) are added those of n <= BLOCK instances. */
static void add_moments(int64_t n, const double *restrict x, const double *restrict w,
                        double *restrict moments)
{
    double place[BLOCK];
    int64_t cell[BLOCK];
    for (int64_t i = 0; i < n; i++) {
        const double y = LF_MIN(LF_MAX(x[i], 0x1p-64), 0x1p6);
        const uint64_t bits = lf_bits(y) >> 49;
        const double center = lf_double(bits << 49 | 1ull << 48);
        const double inverse = lf_double((2046 + 4 - (bits >> 3)) << 52); /* of the half-width */
        const int tiny = x[i] < 0x1p-64;
        place[i] = tiny ? x[i] * 0x1p64 : x[i] < 0x1p6 ? (y - center) * inverse : 0.0;
        cell[i] = tiny ? 0 : (int64_t)(bits - CELL_BITS(LOWEST) + 1);
    }
    for (int64_t i = 0; i < n; i++) {
        double *own = moments + cell[i] * ORDER;
        const double u = place[i], square = u * u, fourth = square * square;
        lf_real4 power = {1, u, square, square * u};
        if (w)
            power *= w[i];
#pragma GCC unroll 4
        for (int m = 0; m < ORDER; m += 4) {
            lf_store_reals(lf_load_reals(own + m) + power, own + m);
            power *= fourth;
        }
    }
}

/* Cells that hold something, n of them. */
typedef struct {
    int64_t n;
    double center[CELLS], half_width[CELLS], weight[CELLS];
    double terms[ORDER][CELLS]; /* mu_m (-1)^m / m! */
    double last;                /* the weight of the last cell */
} cells;

/* Both sums for one k. Returns whether the orders left out are negligible: for u in [-1, 1] the
 * rest of e^(-z u) from order m on is at most e^z z^m / m!. */
static int sum_of_cells(const cells *cells, double k, double *rate, double *slope)
{
    double sum = 0, slope_sum = 0, lost = 0, slope_lost = 0;
#pragma omp simd reduction(+ : sum, slope_sum, lost, slope_lost)
    for (int64_t i = 0; i < cells->n; i++) {
        const double c = cells->center[i], h = cells->half_width[i];
        const double z = LF_MIN(k * h, 64.0), height = lf_exp(-k * c);
        double value = cells->terms[ORDER - 1][i], derivative = 0;
        double rest = height * cells->weight[i] * lf_exp(z);
        for (int m = ORDER - 1; m > 0; m--) {
            derivative = lf_fma(derivative, z, value);
            value = lf_fma(value, z, cells->terms[m - 1][i]);
            rest *= z / m;
        }
        sum += height * value;
        slope_sum += height * (h * derivative - c * value);
        lost += rest * z / ORDER;
        slope_lost += rest * (h + c * z / ORDER);
    }
    *rate = sum;
    *slope = slope_sum;
    const double beyond = cells->last * lf_exp(-k * 0x1p6); /* at most */
    return lost + beyond <= ENOUGH * sum && slope_lost + 0x1p6 * beyond <= -ENOUGH * slope_sum;
}

/* The sums by moments, and for which k these serve.
 * moments (PARTS, CELLS, ORDER): zeros; cells: work space */
static lf_status by_moments(int64_t n, const double *s, int is_log, const double *w, int64_t nk,
                            const double *k, double *moments, cells *cells, double *out,
                            int8_t *served)
{
    lf_status status = LF_OK;
#pragma omp parallel for schedule(dynamic) num_threads(lf_team(PARTS))
    for (int64_t t = 0; t < PARTS; t++) {
        double x[BLOCK];
        const int64_t end = n * (t + 1) / PARTS;
        for (int64_t i = n * t / PARTS; i < end && !lf_poll(&status); i += BLOCK) {
            const int64_t m = LF_MIN(BLOCK, end - i);
            rates_of(m, s + i, is_log, x);
            add_moments(m, x, w ? w + i : NULL, moments + t * CELLS * ORDER);
        }
    }
    for (int64_t i = 0; i < CELLS * ORDER; i++)
        for (int64_t t = 1; t < PARTS; t++)
            moments[i] += moments[t * CELLS * ORDER + i];
    cells->n = 0;
    cells->last = moments[(CELLS - 1) * ORDER];
    for (int64_t cell = 0; cell < CELLS - 1; cell++) {
        const double *own = moments + cell * ORDER;
        if (own[0] <= 0)
            continue;
        double factor = 1;
        for (int m = 0; m < ORDER; m++) {
            cells->terms[m][cells->n] = factor * own[m];
            factor /= -(m + 1);
        }
        cells->center[cells->n] = center_of(cell);
        cells->half_width[cells->n] = half_width_of(cell);
        cells->weight[cells->n++] = own[0];
    }
#pragma omp parallel for schedule(static) num_threads(lf_team(nk))
    for (int64_t j = 0; j < nk; j++)
        served[j] = (int8_t)(!lf_poll(&status) && sum_of_cells(cells, k[j], out + j, out + nk + j));
    return status;
}

/* Below these an exponential each is quicker. */
#define MANY 4096
#define MANY_K 4

/* out[0, j] = sum_i w[i] (1 - s[i])^k[j]
 * out[1, j] = sum_i w[i] (1 - s[i])^k[j] ln(1 - s[i]), the derivative in k
 * IN   s (n,): s[i] in [0, 1], or where is_log ln(1 - s[i]) <= 0; w (n,), NULL means ones;
 *      k (nk,) >= 0
 * OUT  out (2, nk) */
lf_status LF_NAME(failure_curve)(int64_t n, const double *s, int is_log, const double *w,
                                 int64_t nk, const double *k, double *out)
{
    const int moments = n >= MANY && nk >= MANY_K;
    const int64_t scratch =
        LF_MAX(LF_STRIPES * 2 * LF_MIN(nk, SOME_K), moments * PARTS * CELLS * ORDER);
    double *part = calloc((size_t)(scratch + 3 * nk), sizeof *part);
    int8_t *served = calloc((size_t)nk, 1);
    cells *cells = malloc(sizeof *cells);
    double *rest = part + scratch, *rate = rest + nk, *slope = rate + nk; /* where they do not */
    lf_status status = part && served && cells ? LF_OK : LF_NO_MEMORY;
    if (status == LF_OK && moments)
        status = by_moments(n, s, is_log, w, nk, k, part, cells, out, served);
    int64_t left = 0, next = 0;
    for (int64_t j = 0; j < nk && status == LF_OK; j++)
        if (!served[j])
            rest[left++] = k[j];
    for (int64_t j = 0; j < left && status == LF_OK; j += SOME_K)
        status = one_by_one(n, s, is_log, w, LF_MIN(SOME_K, left - j), rest + j, part, rate + j,
                            slope + j);
    for (int64_t j = 0; j < nk && left; j++)
        if (!served[j]) {
            out[j] = rate[next];
            out[nk + j] = slope[next++];
        }
    free(part);
    free(served);
    free(cells);
    return status;
}
