/* Learning curves on data that are drawn as they are needed. */
#ifndef LF_RIDGE_RISK_H
#define LF_RIDGE_RISK_H

#include "core/api.h"
#include "random/random.h"

/* x_j = root_j times a standard normal, y = x.theta + noise; w = (X'X + alpha I)^-1 X'y of the
 * first `size` samples, with alpha = ridge size.
 *
 * A curve has sizes size[first[c]] .. size[first[c + 1] - 1], which rise, and all of them the first
 * samples of one stream; run r of it takes its features from call 2 r of the generator with its
 * key, its noise from call 2 r + 1. Feature j of sample i is variate 16 (i mod 128) + j mod 16 of
 * block floor(i / 128) ceil(d / 16) + floor(j / 16) of the call, the noise of sample i variate i.
 */
typedef struct lf_risk_job {
    int64_t d, curves, runs;
    const int64_t *first, *size; /* (curves + 1,), (first[curves],) */
    const uint64_t *key;         /* (curves, 4) */
    const double *root, *theta;  /* (d,) */
    double ridge;
    const lf_random_kernels *random;
    const lf_draw *normal, *noise; /* doubles, with one value for each parameter */
} lf_risk_job;

#endif
