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

/* ---------------------------------------------------------------- by moments, for many k */

#define PARTS 16     /* stripes, each with its own cells */
#define ENOUGH 1e-15 /* of a sum: more must not be lost; where it is, the k is done one by one */

/* The sums by moments, and for which k these serve.
 * moments (PARTS, LF_CELLS, LF_ORDER): zeros; cells: work space */
static lf_status by_moments(int64_t n, const double *s, int is_log, const double *w, int64_t nk,
                            const double *k, double *moments, lf_cells *cells, double *out,
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
            lf_add_moments(m, x, w ? w + i : NULL, moments + t * LF_CELLS * LF_ORDER);
        }
    }
    for (int64_t i = 0; i < LF_CELLS * LF_ORDER; i++)
        for (int64_t t = 1; t < PARTS; t++)
            moments[i] += moments[t * LF_CELLS * LF_ORDER + i];
    lf_gather_cells(moments, cells);
#pragma omp parallel for schedule(static) num_threads(lf_team(nk))
    for (int64_t j = 0; j < nk; j++)
        served[j] = (int8_t)(!lf_poll(&status) &&
                             lf_sum_of_cells(cells, k[j], ENOUGH, out + j, out + nk + j));
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
        LF_MAX(LF_STRIPES * 2 * LF_MIN(nk, SOME_K), moments * PARTS * LF_CELLS * LF_ORDER);
    double *part = calloc((size_t)(scratch + 3 * nk), sizeof *part);
    int8_t *served = calloc((size_t)nk, 1);
    lf_cells *cells = malloc(sizeof *cells);
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
