/* Mean failure rates of instances with known success probabilities. */
#include "passk/cells.h"
#include "passk/kernels.h"

#define BLOCK LF_CELL_BLOCK /* logarithms stay in the first-level cache */

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

/* An exponential for each instance and k. nk <= SOME_K; part (LF_STRIPES, rows, nk): scratch; out
 * (rows, nk) */
static lf_status one_by_one(int64_t n, const double *s, int is_log, const double *w, int64_t nk,
                            const double *k, int rows, double *part, double *out)
{
    lf_status status = LF_OK;
#pragma omp parallel for schedule(dynamic) num_threads(lf_team(LF_MIN(LF_STRIPES, n / BLOCK)))
    for (int64_t t = 0; t < LF_STRIPES; t++) {
        double x[BLOCK], ones[BLOCK], *own = part + rows * t * nk;
        for (int64_t b = 0; b < BLOCK; b++)
            ones[b] = 1;
        memset(own, 0, (size_t)(rows * nk) * sizeof *own);
        const int64_t end = n * (t + 1) / LF_STRIPES;
        for (int64_t i = n * t / LF_STRIPES; i < end && !lf_poll(&status); i += BLOCK) {
            const int64_t m = LF_MIN(BLOCK, end - i);
            const double *weight = w ? w + i : ones;
            rates_of(m, s + i, is_log, x);
            for (int64_t j = 0; j < nk && !lf_poll(&status); j++) {
                double sum = 0, slope_sum = 0, passed = 0;
#pragma omp simd reduction(+ : sum, slope_sum)
                for (int64_t b = 0; b < m; b++) {
                    const double term = weight[b] * lf_exp(-k[j] * x[b]);
                    sum += term;
                    slope_sum -= term * x[b];
                }
                own[j] += sum;
                own[nk + j] += slope_sum;
                if (rows < 3)
                    continue;
#pragma omp simd reduction(- : passed)
                for (int64_t b = 0; b < m; b++)
                    passed -= weight[b] * lf_expm1(-k[j] * x[b]);
                own[2 * nk + j] += passed;
            }
        }
    }
    for (int64_t j = 0; j < rows * nk; j++) {
        out[j] = 0;
        for (int64_t t = 0; t < LF_STRIPES; t++)
            out[j] += part[rows * nk * t + j];
    }
    return status;
}

/* ---------------------------------------------------------------- by moments, for many k */

#define PARTS 16 /* stripes, each with its own cells */

/* The sums by moments, and for which k these serve; the others are done one by one.
 * moments (PARTS, LF_CELLS, LF_ORDER): zeros; cells: work space */
static lf_status by_moments(int64_t n, const double *s, int is_log, const double *w, int64_t nk,
                            const double *k, const double allowed[2], int rows, double *moments,
                            lf_cells *cells, double *out, int8_t *served)
{
    lf_status status = LF_OK;
#pragma omp parallel for schedule(dynamic) num_threads(lf_team(PARTS))
    for (int64_t t = 0; t < PARTS; t++) {
        double x[BLOCK];
        const int64_t end = n * (t + 1) / PARTS;
        for (int64_t i = n * t / PARTS; i < end && !lf_poll(&status); i += BLOCK) {
            const int64_t m = LF_MIN(BLOCK, end - i);
            rates_of(m, s + i, is_log, x);
            lf_add_moments(m, x, w ? w + i : NULL, moments + t * LF_CELLS * LF_ORDER);
        }
    }
    for (int64_t i = 0; i < LF_CELLS * LF_ORDER; i++)
        for (int64_t t = 1; t < PARTS; t++)
            moments[i] += moments[t * LF_CELLS * LF_ORDER + i];
    lf_gather_cells(moments, cells);
#pragma omp parallel for schedule(static) num_threads(lf_team(nk))
    for (int64_t j = 0; j < nk; j++) {
        double sums[3];
        served[j] =
            (int8_t)(!lf_poll(&status) && lf_sum_of_cells(cells, k[j], allowed, rows > 2, sums));
        for (int row = 0; row < rows; row++)
            out[row * nk + j] = sums[row];
    }
    return status;
}

/* Below these an exponential each is quicker. */
#define MANY 4096
#define MANY_K 4

/* out[0, j] = sum_i w[i] (1 - s[i])^k[j]
 * out[1, j] = sum_i w[i] (1 - s[i])^k[j] ln(1 - s[i]), the derivative in k
 * out[2, j] = sum_i w[i] (1 - (1 - s[i])^k[j]), with all its digits
 * IN   s (n,): s[i] in [0, 1], or where is_log ln(1 - s[i]) <= 0; w (n,), NULL means ones;
 *      k (nk,) >= 0; rows 2 or 3; allowed: what may be lost of a sum beside roundings, and sums of
 *      out[0] below which the columns may be wrong
 * OUT  out (rows, nk) */
lf_status LF_NAME(failure_curve)(int64_t n, const double *s, int is_log, const double *w,
                                 int64_t nk, const double *k, const double allowed[2], int rows,
                                 double *out)
{
    const int moments = n >= MANY && nk >= MANY_K;
    const int64_t scratch =
        LF_MAX(LF_STRIPES * rows * LF_MIN(nk, SOME_K), moments * PARTS * LF_CELLS * LF_ORDER);
    double *part = calloc((size_t)(scratch + (1 + rows) * LF_MIN(nk, SOME_K)), sizeof *part);
    double *rest = part + scratch, *sums = rest + LF_MIN(nk, SOME_K); /* of k that are left */
    int8_t *served = calloc((size_t)nk, 1);
    lf_cells *cells = malloc(sizeof *cells);
    lf_status status = part && served && cells ? LF_OK : LF_NO_MEMORY;
    if (status == LF_OK && moments)
        status = by_moments(n, s, is_log, w, nk, k, allowed, rows, part, cells, out, served);
    for (int64_t j = 0, first = 0, left = 0; j < nk && status == LF_OK; j++) {
        if (!served[j])
            rest[left++] = k[j];
        if (left < SOME_K && j < nk - 1)
            continue;
        if (left)
            status = one_by_one(n, s, is_log, w, left, rest, rows, part, sums);
        for (int64_t i = first, at = 0; i <= j; i++)
            for (int row = 0; row < rows && !served[i]; row++) {
                out[row * nk + i] = sums[row * left + at];
                at += row == rows - 1;
            }
        first = j + 1;
        left = 0;
    }
    free(part);
    free(served);
    free(cells);
    return status;
}
