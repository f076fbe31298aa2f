"""Variates for Cython code without the GIL: the functions of cython_random.pxd, see docs/cython.md.

Examples
--------
>>> from lidfast.cython_random import Sampler
>>> Sampler("normal", 1.0).parameters
(1.0, 1.0)
"""

import inspect

from cpython.exc cimport PyErr_Occurred
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_Import
from libc.stdint cimport int64_t, uint64_t

import numpy as np

from lidfast import random

cdef extern from "core/module.h":
    ctypedef int64_t lf_status
    int lf_import_core() except -1

cdef extern from "random/random.h":
    ctypedef int lf_dtype
    const lf_dtype LF_FLOAT64, LF_FLOAT32, LF_INT64
    ctypedef struct lf_draw:
        lf_dtype dtype
    ctypedef struct lf_random_kernels:
        pass

cdef extern from "random/door.h":
    lf_status lf_door_fill(const lf_random_kernels *kernels, const lf_draw *draw, const uint64_t *key,
                           uint64_t call, int64_t n, void *out, int threads) nogil

lf_import_core()
cdef const lf_random_kernels *kernels = <const lf_random_kernels *>PyCapsule_Import(
    "lidfast._random.kernel_table", 0)


class _Arguments(random.Generator):
    """A generator that does not draw: its methods return what they were asked for, defaults filled in."""

    def _draw(self, method, size, dtype=np.float64, out=None, parameters=()):
        if size is not None or dtype is not np.float64 or out is not None:
            raise TypeError(f"{method}: a Sampler takes the law's parameters only")
        return method, tuple(parameters)


_arguments = _Arguments(0)


cdef class Sampler:
    """A law with its parameters, as the fill functions of cython_random.pxd take it.

    Parameters
    ----------
    method : str
        Name of a method of :class:`lidfast.random.Generator` that draws a law.
    *args, **kwargs
        The parameters of the law, each one number, as that method takes them.

    Examples
    --------
    >>> from lidfast.cython_random import Sampler
    >>> Sampler("standard_t", 3.0)
    Sampler('standard_t', 3.0)
    >>> Sampler("standard_t", -1.0)
    Traceback (most recent call last):
    ...
    ValueError: df is -1.0: it must be > 0
    """

    def __cinit__(self, str method not None, /, *args, **kwargs):
        if method not in random._METHODS:
            raise ValueError(f"method is {method!r}: it must be one of {', '.join(random._METHODS)}")
        self.method, self.parameters = getattr(_arguments, method)(*args, **kwargs)
        law = random._METHODS[method]
        for (name, _), value in zip(law.parameters, self.parameters, strict=True):
            if np.ndim(value):
                raise TypeError(f"{name} must be one number, not an array of shape {np.shape(value)}")
        self.plan = random._plan(method, random._values(method, self.parameters, ())[0])
        self.draw = PyCapsule_GetPointer(self.plan.capsule(), "lidfast.draw")
        if law.integer:
            self.types = 1 << LF_INT64
        else:
            self.types = 1 << LF_FLOAT64
            if "dtype" in inspect.signature(getattr(random.Generator, method)).parameters:
                self.types |= 1 << LF_FLOAT32

    def __repr__(self):
        return f"Sampler({', '.join(map(repr, (self.method, *self.parameters)))})"


cdef int take(object generator, uint64_t count, uint64_t *key, uint64_t *call) except -1:
    if not isinstance(generator, random.Generator):
        raise TypeError(f"generator must be a lidfast.random.Generator, not {type(generator).__name__}")
    key[0], key[1], key[2], key[3], call[0] = generator._take(count)
    return 0


cdef inline int fill(Sampler sampler, lf_dtype dtype, const uint64_t *key, uint64_t call, int64_t n,
                     void *out, int threads) noexcept nogil:
    cdef lf_draw draw
    if sampler is None or key == NULL or n < 0 or (n and out == NULL) or threads < 0:
        return INVALID
    if not sampler.types >> dtype & 1:
        return INVALID
    if n == 0:
        return OK
    draw = (<const lf_draw *>sampler.draw)[0]
    draw.dtype = dtype
    return <int>lf_door_fill(kernels, &draw, key, call, n, out, threads)


cdef int fill_double(Sampler sampler, const uint64_t *key, uint64_t call, int64_t n, double *out,
                     int threads) noexcept nogil:
    return fill(sampler, LF_FLOAT64, key, call, n, out, threads)


cdef int fill_float(Sampler sampler, const uint64_t *key, uint64_t call, int64_t n, float *out,
                    int threads) noexcept nogil:
    return fill(sampler, LF_FLOAT32, key, call, n, out, threads)


cdef int fill_int64(Sampler sampler, const uint64_t *key, uint64_t call, int64_t n, int64_t *out,
                    int threads) noexcept nogil:
    return fill(sampler, LF_INT64, key, call, n, out, threads)


cdef int check(int status) except -1:
    if status == INTERRUPTED:
        if PyErr_Occurred() == NULL:  # it was set in another thread, which may have raised it
            raise KeyboardInterrupt
        return -1
    if status == NO_MEMORY:
        raise MemoryError
    if status:
        raise ValueError("a fill function of lidfast.cython_random was given no sampler, a null pointer, a "
                         "negative number or a type that the sampler's law does not give")
    return 0
