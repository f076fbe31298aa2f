# Variates for Cython code without the GIL; docs/cython.md of lidfast shows how.
from libc.stdint cimport int64_t, uint64_t


# What the fills return. The bitwise or of several is the gravest of them.
cdef enum:
    OK = 0
    INTERRUPTED = -1  # Ctrl-C, in the main thread: its Python error is set, the array half filled
    NO_MEMORY = -2
    INVALID = -4  # no sampler, a null pointer, n < 0, threads < 0 or a type that the law does not give


# A law with its parameters: Sampler("standard_t", 3.0). Never changes; threads may share it.
cdef class Sampler:
    cdef readonly str method
    cdef readonly tuple parameters
    cdef object plan
    cdef const void *draw
    cdef int types


# Take `count` numbers of calls, atomically: fill number call + i gives the bits of the i-th next call
# of the generator's method. Raises TypeError where it is not a lidfast.random.Generator.
cdef int take(object generator, uint64_t count, uint64_t *key, uint64_t *call) except -1

# Write n variates: out[i] is variate i of call `call` under `key` (4 words). At most `threads` threads
# work; 0 means lidfast.get_num_threads(), 1 the calling thread alone.
cdef int fill_double(Sampler sampler, const uint64_t *key, uint64_t call, int64_t n, double *out,
                     int threads) noexcept nogil
cdef int fill_float(Sampler sampler, const uint64_t *key, uint64_t call, int64_t n, float *out,
                    int threads) noexcept nogil
cdef int fill_int64(Sampler sampler, const uint64_t *key, uint64_t call, int64_t n, int64_t *out,
                    int threads) noexcept nogil

# Raise what a status says; with the GIL.
cdef int check(int status) except -1
