# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""What the tests ask of lidfast.cython_random."""

from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint64_t

from lidfast.cython_random cimport (
    INVALID,
    OK,
    Sampler,
    check,
    fill_double,
    fill_float,
    fill_int64,
    take,
)


def next_call(generator, uint64_t count):
    """Take count calls: the key and the number of the first."""
    cdef uint64_t key[4]
    cdef uint64_t call
    take(generator, count, key, &call)
    return [key[0], key[1], key[2], key[3]], call


def fill(generator, Sampler sampler, out, int threads=0):
    """Fill out, an array of any of the three types, with the next call."""
    cdef uint64_t key[4]
    cdef uint64_t call
    cdef double[::1] doubles
    cdef float[::1] floats
    cdef int64_t[::1] integers
    cdef int status
    take(generator, 1, key, &call)
    if out.dtype == "float64":
        doubles = out
        with nogil:
            status = fill_double(sampler, key, call, doubles.shape[0], &doubles[0], threads)
    elif out.dtype == "float32":
        floats = out
        with nogil:
            status = fill_float(sampler, key, call, floats.shape[0], &floats[0], threads)
    else:
        integers = out
        with nogil:
            status = fill_int64(sampler, key, call, integers.shape[0], &integers[0], threads)
    check(status)
    return out


def statuses(Sampler sampler):
    """What mistakes return."""
    cdef uint64_t key[4]
    cdef double x
    key[:] = [0, 0, 0, 0]
    return {
        "right": (fill_double(sampler, key, 0, 1, &x, 0), OK),
        "nothing to do": (fill_double(sampler, key, 0, 0, NULL, 0), OK),
        "no sampler": (fill_double(None, key, 0, 1, &x, 0), INVALID),
        "no key": (fill_double(sampler, NULL, 0, 1, &x, 0), INVALID),
        "no array": (fill_double(sampler, key, 0, 1, NULL, 0), INVALID),
        "negative n": (fill_double(sampler, key, 0, -1, &x, 0), INVALID),
        "negative threads": (fill_double(sampler, key, 0, 1, &x, -1), INVALID),
        "another type": (fill_int64(sampler, key, 0, 1, <int64_t *>&x, 0), INVALID),
    }


cdef int fill_rows(Sampler sampler, const uint64_t *key, uint64_t call, double[:, ::1] out,
                   int threads) noexcept nogil:
    cdef int64_t i
    cdef int status = 0
    for i in prange(out.shape[0], schedule="static", chunksize=1, num_threads=4):
        status |= fill_double(sampler, key, call + i, out.shape[1], &out[i, 0], threads)
    return status


def rows(generator, Sampler sampler, double[:, ::1] out, int threads=0):
    """Row i is the i-th next call, from a team of OpenMP."""
    cdef uint64_t key[4]
    cdef uint64_t call
    cdef int status
    take(generator, out.shape[0], key, &call)
    with nogil:
        status = fill_rows(sampler, key, call, out, threads)
    check(status)


cdef extern from *:
    """
    static void run_team(int n, void (*work)(int, void *), void *argument)
    {
        int i;
        #ifdef _OPENMP
        #pragma omp parallel for num_threads(4) schedule(static, 1)
        #endif
        for (i = 0; i < n; i++)
            work(i, argument);
    }
    """
    void run_team(int n, void (*work)(int, void *) noexcept nogil, void *argument) nogil

cdef struct Job:
    void *sampler
    uint64_t key[4]
    uint64_t call
    int64_t n
    double *out


cdef void one_row(int i, void *argument) noexcept nogil:
    cdef Job *job = <Job *>argument
    fill_double(<Sampler>job.sampler, job.key, job.call + i, job.n, job.out + i * job.n, 0)


def rows_under_the_gil(generator, Sampler sampler, double[:, ::1] out):
    """As rows, from a team that runs while its first thread holds the GIL: prange would release it."""
    cdef Job job
    job.sampler = <void *>sampler
    job.n = out.shape[1]
    job.out = &out[0, 0]
    take(generator, out.shape[0], job.key, &job.call)
    run_team(<int>out.shape[0], one_row, &job)


def fill_for_ever(Sampler sampler, double[::1] out):
    """Fill out again and again until a status is not OK, and raise it."""
    cdef uint64_t key[4]
    cdef uint64_t call = 0
    cdef int status = OK
    key[:] = [1, 2, 3, 4]
    with nogil:
        while status == OK:
            status = fill_double(sampler, key, call, out.shape[0], &out[0], 0)
            call += 1
    check(status)


def raise_status(int status):
    """Raise what a status means."""
    check(status)
