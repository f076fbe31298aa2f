/* The way from lidfast.cython_random to a kernel, for callers of whose threads nothing is known. */
#ifndef LF_DOOR_H
#define LF_DOOR_H

#ifdef _OPENMP
#    include <omp.h>
#endif

#include "random/random.h"

/* The caller may be a thread of an OpenMP team, perhaps of another copy of the OpenMP library,
 * where omp_in_parallel tells nothing. So only one fill at a time has a team; the others, which
 * would multiply the threads, run where they are. The bits are the same. */
static inline int lf_door_is_nested(void)
{
#ifdef _OPENMP
    return omp_in_parallel();
#else
    return 1;
#endif
}

/* As the kernel's fill, on at most `threads` threads (0: as many as lidfast uses). */
static inline lf_status lf_door_fill(const lf_random_kernels *kernels, const lf_draw *draw,
                                     const uint64_t *key, uint64_t call, int64_t n, void *out,
                                     int threads)
{
    static int has_team = 0;
    const int wants = threads != 1 && n > LF_BLOCK && !lf_door_is_nested();
    const int team = wants && !__atomic_exchange_n(&has_team, 1, __ATOMIC_ACQUIRE);
    const int before = lf_core->set_local(1);
    if (team)
        lf_core->set_local(threads ? threads : before);
    const lf_status status = kernels->fill(draw, key, call, n, out);
    lf_core->set_local(before);
    if (team)
        __atomic_store_n(&has_team, 0, __ATOMIC_RELEASE);
    return status;
}

#endif
