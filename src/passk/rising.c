/* Sums of ln Gamma(x+k) - ln Gamma(x) and of its derivatives in x, for likelihoods of counts. */
#include "core/vecmath.h"
#include "passk/kernels.h"

#define BLOCK 4096 /* terms between two looks at the status */
#define SHARED 16  /* factors that all k have in common; from here on Stirling's series holds */

/* ln Gamma(x) = (x - 1/2) ln x - x + ln(2 pi)/2 + sum_j c[j] / x^(2j + 1), j < 6: the rest is below
 * 1e-17 from x = 16 on. The derivatives' series follow from it term by term. */
static const double stirling[6] = {1.0 / 12,    -1.0 / 360, 1.0 / 1260,
                                   -1.0 / 1680, 1.0 / 1188, -691.0 / 360360};
static const double psi[6] = {1.0 / 12,    -3.0 / 360, 5.0 / 1260,
                              -7.0 / 1680, 9.0 / 1188, -11 * 691.0 / 360360};
static const double trigamma[6] = {2.0 / 12,     -12.0 / 360, 30.0 / 1260,
                                   -56.0 / 1680, 90.0 / 1188, -132 * 691.0 / 360360};

static inline double series(const double *c, double z)
{
    return lf_fma(lf_fma(lf_fma(lf_fma(lf_fma(c[5], z, c[4]), z, c[3]), z, c[2]), z, c[1]), z,
                  c[0]);
}

/* out[d, i] = sum over j in [start[i], start[i+1]) of w[j] times the d-th derivative in x[i] of
 *     ln Gamma(z+k[j]) - ln Gamma(z) - k[j] (ln scale - 1), z = x[i] + 16 (the last for d = 0 only)
 * and over j < 16 of low[i, j] times that of ln((x[i] + j) / scale) + 1.
 *
 * IN   start (t+1,); k, w (start[t],), k > 0; low (t, 16); x (t,) > 0; scale > 0
 *
 * OUT  out (3, t); part (LF_STRIPES, 3, t) scratch */
lf_status LF_NAME(rising)(int64_t t, const int64_t *start, const double *k, const double *w,
                          const double *low, const double *x, double scale, double *part,
                          double *out)
{
    const int64_t stripes = LF_MAX(1, LF_MIN(LF_STRIPES, start[t] / BLOCK));
    lf_status status = LF_OK;
#pragma omp parallel for schedule(dynamic) num_threads(lf_team(stripes))
    for (int64_t stripe = 0; stripe < stripes; stripe++) {
        double *sums = part + 3 * t * stripe;
        for (int64_t i = 0; i < t; i++) {
            const int64_t size = start[i + 1] - start[i];
            const int64_t end = start[i] + size * (stripe + 1) / stripes;
            const double z = x[i] + SHARED, inverse_z = 1 / z, square_z = inverse_z * inverse_z;
            const double series_z = series(stirling, square_z) * inverse_z;
            const double psi_z = series(psi, square_z) * square_z;
            const double tri_z = series(trigamma, square_z) * square_z * inverse_z;
            double value = 0, first = 0, second = 0;
            for (int64_t from = start[i] + size * stripe / stripes; from < end && !lf_poll(&status);
                 from += BLOCK) {
                const int64_t to = LF_MIN(end, from + BLOCK);
#pragma omp simd reduction(+ : value, first, second)
                for (int64_t j = from; j < to; j++) {
                    const double y = z + k[j], inverse = 1 / y, square = inverse * inverse;
                    const double ratio = k[j] * inverse_z, log_ratio = lf_log1p(ratio);
                    const double tail = series(stirling, square) * inverse - series_z;
                    value +=
                        w[j] * (k[j] * lf_log_normal(y / scale) + (z - 0.5) * log_ratio + tail);
                    first += w[j] * (log_ratio + 0.5 * ratio * inverse +
                                     (psi_z - series(psi, square) * square));
                    second += w[j] * (series(trigamma, square) * square * inverse - tri_z -
                                      ratio * inverse * (1 + 0.5 * (inverse_z + inverse)));
                }
            }
            sums[i] = value;
            sums[t + i] = first;
            sums[2 * t + i] = second;
        }
    }
    for (int64_t i = 0; i < t; i++) {
        double value = 0, first = 0, second = 0;
        for (int64_t j = 0; j < SHARED; j++) {
            const double y = x[i] + (double)j, share = low[SHARED * i + j] / y;
            value += low[SHARED * i + j] * (lf_log(y / scale) + 1);
            first += share;
            second -= share / y;
        }
        for (int64_t stripe = 0; stripe < stripes; stripe++) {
            value += part[3 * t * stripe + i];
            first += part[3 * t * stripe + t + i];
            second += part[3 * t * stripe + 2 * t + i];
        }
        out[i] = value;
        out[t + i] = first;
        out[2 * t + i] = second;
    }
    return status;
}
