/* What every kernel includes: its name at this level, its status, threads and polling.
 *
 * A kernel source is compiled once for each instruction-set level (LF_LEVEL is v2, v3, ...), and
 * those of CMake's REAL_KERNELS also once for each precision (LF_REAL is float or double). */
#ifndef LF_KERNEL_H
#define LF_KERNEL_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#    include <omp.h>
#endif

#include "core/api.h"

#define LF_PASTE_(a, b) a##_##b
#define LF_PASTE(a, b) LF_PASTE_(a, b)
#ifdef LF_REAL
#    define LF_NAME(name) LF_PASTE(LF_PASTE(lf_##name, LF_REAL), LF_LEVEL)
#else
#    define LF_NAME(name) LF_PASTE(lf_##name, LF_LEVEL)
#endif

#define LF_MIN(a, b) ((a) < (b) ? (a) : (b))
#define LF_MAX(a, b) ((a) > (b) ? (a) : (b))

/* A sum over many items is cut into this many stripes whatever the thread count, and the stripes
 * are added in order: the bits do not depend on the threads. */
#define LF_STRIPES 64

/* a*b + c, in one rounding where the level has the instruction. The compiler may not contract
 * (-ffp-contract=off), so this is the only place where levels differ. */
#ifdef __FMA__
#    define LF_FMA 1
#elif defined(__aarch64__)
#    define LF_FMA 1
#else
#    define LF_FMA 0
#endif
static inline double lf_fma(double a, double b, double c)
{
    return LF_FMA ? fma(a, b, c) : a * b + c;
}

static inline int lf_thread_index(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

/* Size of the team for a number of independent pieces of work. */
static inline int lf_team(int64_t pieces)
{
    const int threads = lf_core->threads();
    return (int)LF_MAX(1, LF_MIN(pieces, threads));
}

/* True when the kernel should stop. Call it every few milliseconds from every thread: the thread
 * that holds the Python call looks for Ctrl-C now and then, the others see what it found. */
static inline int lf_poll(lf_status *status)
{
    lf_status now = __atomic_load_n(status, __ATOMIC_RELAXED);
    if (now == LF_OK && lf_thread_index() == 0 && lf_core->interrupted()) {
        now = LF_INTERRUPTED;
        __atomic_store_n(status, now, __ATOMIC_RELAXED);
    }
    return now != LF_OK;
}

#endif
