# cython: language_level=3, boundscheck=False, freethreading_compatible=True
"""How often the mean of n draws of Student's t is above a threshold."""

from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc

from lidfast.cython_random cimport NO_MEMORY, Sampler, check, fill_double, take


cdef int one_mean(Sampler sampler, const uint64_t *key, uint64_t call, int64_t n,
                  double *mean) noexcept nogil:
    cdef double *x = <double *>malloc(n * sizeof(double))
    cdef int64_t i
    cdef int status
    if x == NULL:
        return NO_MEMORY
    status = fill_double(sampler, key, call, n, x, 1)  # one thread: prange has the others
    mean[0] = 0
    for i in range(n):
        mean[0] += x[i] / n
    free(x)
    return status


def means(rng, double df, int64_t n, double[::1] out):
    """Write to out[i] the mean of what the i-th next rng.standard_t(df, n) would return."""
    cdef Sampler sampler = Sampler("standard_t", df)
    cdef uint64_t key[4]
    cdef uint64_t call
    cdef int status = 0
    cdef int64_t i
    take(rng, out.shape[0], key, &call)
    for i in prange(out.shape[0], nogil=True, schedule="dynamic"):
        status |= one_mean(sampler, key, call + i, n, &out[i])
    check(status)
