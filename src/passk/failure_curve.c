/* Mean failure rates of instances with known success probabilities. */
#include "core/vecmath.h"
#include "passk/counts.h"
#include "passk/passk.h"

#define BLOCK 1024 /* logarithms stay in the first-level cache */

/* out[0, j] = sum_i w[i] (1 - s[i])^k[j]
 * out[1, j] = sum_i w[i] (1 - s[i])^k[j] ln(1 - s[i]), the derivative in k
 * IN   s (n,): s[i] in [0, 1], or where is_log ln(1 - s[i]) <= 0; w (n,), NULL means ones; k (nk,)
 * >= 0 OUT  out (2, nk); part (LF_STRIPES, 2, nk) scratch */
static lf_status failure_curve(int64_t n, const double *s, int is_log, const double *w, int64_t nk,
                               const double *k, double *part, double *out)
{
    lf_status status = LF_OK;
#pragma omp parallel for schedule(dynamic) num_threads(lf_team(LF_MIN(LF_STRIPES, n / BLOCK)))
    for (int64_t t = 0; t < LF_STRIPES; t++) {
        double log_fail[BLOCK], *rate = part + 2 * t * nk, *slope = rate + nk;
        memset(rate, 0, (size_t)(2 * nk) * sizeof *rate);
        const int64_t end = n * (t + 1) / LF_STRIPES;
        for (int64_t i = n * t / LF_STRIPES; i < end && !lf_poll(&status); i += BLOCK) {
            const int64_t m = LF_MIN(BLOCK, end - i);
            for (int64_t b = 0; b < m; b++) /* finite: 0 ln 0 is 0 */
                log_fail[b] = fmax(is_log ? s[i + b] : lf_log1p(-s[i + b]), -DBL_MAX);
            for (int64_t j = 0; j < nk && !lf_poll(&status); j++) {
                double sum = 0, slope_sum = 0;
#pragma omp simd reduction(+ : sum, slope_sum)
                for (int64_t b = 0; b < m; b++) {
                    const double term = (w ? w[i + b] : 1.0) * lf_exp(k[j] * log_fail[b]);
                    sum += term;
                    slope_sum += term > 0 ? term * log_fail[b] : 0;
                }
                rate[j] += sum;
                slope[j] += slope_sum;
            }
        }
    }
    memset(out, 0, (size_t)(2 * nk) * sizeof *out);
    for (int64_t t = 0; t < LF_STRIPES; t++)
        for (int64_t j = 0; j < 2 * nk; j++)
            out[j] += part[2 * t * nk + j];
    return status;
}

const lf_passk_kernels LF_NAME(passk_kernels) = {.failure_curve = failure_curve,
                                                 .count_rates = LF_NAME(count_rates)};
