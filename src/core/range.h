#ifndef LF_RANGE_H
#define LF_RANGE_H

#include <stdint.h>

/* The values that an argument may take; NaN is never among them. */
typedef struct {
    double low, high;
    int low_open, high_open;
    int signed_zero; /* whether -0.0 counts as 0; if not, low is at least 0 */
} lf_range;

/* Index of the first x (n,) outside; n: there is none; LF_INTERRUPTED. */
int64_t lf_range_first_outside(const lf_range *range, int64_t n, const double *x);

#endif
