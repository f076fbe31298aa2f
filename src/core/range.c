/* Checking of long arguments, about as fast as memory gives them. */
#ifdef __SSE2__
#    include <emmintrin.h>
#endif

#include "core/kernel.h"
#include "core/range.h"

#define BLOCK 8192

/* Compiled for the oldest machine, whose registers hold two. */
typedef double real2 __attribute__((vector_size(16)));
typedef int64_t int2 __attribute__((vector_size(16)));

static inline int2 is_between(real2 x, real2 low, real2 high)
{
#ifdef __SSE2__ /* where gcc takes such comparisons apart */
    return (int2)_mm_and_pd(_mm_cmpgt_pd(x, low), _mm_cmplt_pd(x, high));
#else
    return (x > low) & (x < high);
#endif
}

static int is_inside(const lf_range *range, double x)
{
    const int above = range->low_open ? x > range->low : x >= range->low;
    const int below = range->high_open ? x < range->high : x <= range->high;
    return above && below && (range->signed_zero || !signbit(x));
}

/* Most blocks lie between the ends, which takes two comparisons to see. */
static int64_t first_in_block(const lf_range *range, int64_t n, const double *x)
{
    const real2 low = {range->low, range->low}, high = {range->high, range->high};
    int2 between = {-1, -1};
    int64_t i = 0;
    for (; i + 2 <= n; i += 2) {
        real2 two;
        memcpy(&two, x + i, sizeof two);
        between &= is_between(two, low, high);
    }
    if (!(between[0] & between[1]))
        i = 0;
    while (i < n && is_inside(range, x[i]))
        i++;
    return i;
}

int64_t lf_range_first_outside(const lf_range *range, int64_t n, const double *x)
{
    const int64_t blocks = (n + BLOCK - 1) / BLOCK;
    int64_t first = INT64_MAX;
    lf_status status = LF_OK;
#pragma omp parallel for schedule(static) num_threads(lf_team(blocks)) reduction(min : first)
    for (int64_t b = 0; b < blocks; b++) {
        if (first < INT64_MAX || lf_poll(&status)) /* a thread's blocks go up */
            continue;
        const int64_t start = b * BLOCK, count = LF_MIN(BLOCK, n - start);
        const int64_t found = first_in_block(range, count, x + start);
        first = found < count ? start + found : first;
    }
    return status == LF_OK ? LF_MIN(first, n) : status;
}
