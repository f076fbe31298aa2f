"""Instruction-set level, thread counts and the state that the kernel modules share."""

import os
import threading

from libc.stdint cimport int64_t

cdef extern from "core/isa.h":
    ctypedef int lf_level
    lf_level LF_LEVEL_COUNT
    const char *lf_isa_name(lf_level level)
    lf_level lf_isa_parse(const char *name)
    bint lf_isa_runs(lf_level level)
    lf_level lf_isa_default()

cdef extern from "core/threads.h":
    void lf_threads_set(int n)
    int lf_threads_set_local(int n)
    int lf_threads_get()
    int lf_threads_watch_forks()

cdef extern from "core/state.h":
    object lf_state_capsule(lf_level level)
    void lf_state_set_main(unsigned long ident)

cdef extern from "core/range.h":
    ctypedef struct lf_range:
        double low, high
        int low_open, high_open, signed_zero
    int64_t lf_range_first_outside(const lf_range *range, int64_t n, const double *x) except -1 nogil

cdef extern from *:
    """
    #ifdef _OPENMP
    #    define LF_OPENMP _OPENMP
    #else
    #    define LF_OPENMP 0
    #endif
    """
    const int LF_OPENMP


def levels():
    """Names of the levels that this build has and this machine runs, oldest first."""
    return [lf_isa_name(level).decode() for level in range(LF_LEVEL_COUNT) if lf_isa_runs(level)]


cdef lf_level choose() except *:
    asked = os.environ.get("LIDFAST_ISA", "")
    cdef lf_level level = lf_isa_parse(asked.encode()) if asked else lf_isa_default()
    if level == LF_LEVEL_COUNT and not asked:
        raise ImportError("lidfast needs a machine of level x86-64-v2 or newer")
    if level == LF_LEVEL_COUNT or not lf_isa_runs(level):
        raise ImportError(f"LIDFAST_ISA={asked}: this build on this machine runs {', '.join(levels())}")
    return level


cdef lf_level chosen = choose()
level = lf_isa_name(chosen).decode()
openmp = LF_OPENMP
api = lf_state_capsule(chosen)
lf_state_set_main(threading.main_thread().ident)

if lf_threads_watch_forks():
    raise ImportError("lidfast could not register its fork handler")


def note_main_thread():
    lf_state_set_main(threading.get_ident())


os.register_at_fork(after_in_child=note_main_thread)  # of a child it is the one that forked


def set_threads(int n):
    lf_threads_set(n)


def get_threads():
    return lf_threads_get()


def set_local_threads(int n):
    """Set the calling thread's own count (0: none) and return the one it had."""
    return lf_threads_set_local(n)


def first_outside(const double[::1] x, double low, double high, bint low_open, bint high_open,
                  bint signed_zero):
    """Return the index of the first element outside a range; their number if there is none."""
    cdef lf_range within = lf_range(low, high, low_open, high_open, signed_zero)
    cdef int64_t first = 0
    if x.shape[0]:
        with nogil:
            first = lf_range_first_outside(&within, x.shape[0], &x[0])
    return first
