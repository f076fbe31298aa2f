"""Kernels of lidfast.random."""

from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t, uint64_t

cdef extern from "core/module.h":
    ctypedef int64_t lf_status
    int lf_import_core() except -1
    int lf_raise(lf_status status) except -1

cdef extern from "random/pool.h":
    ctypedef struct lf_table:
        pass
    ctypedef struct lf_single_table:
        pass
    ctypedef struct lf_tables:
        lf_table table
        lf_single_table single
    lf_tables *lf_tables_take()
    void lf_tables_give_back(lf_tables *tables)

cdef extern from "random/random.h":
    ctypedef int lf_law
    ctypedef int lf_dtype
    ctypedef int lf_family
    ctypedef int lf_transform
    ctypedef struct lf_param:
        const double *value
        int64_t step
    ctypedef struct lf_draw:
        lf_law law
        lf_dtype dtype
        lf_param a, b, loc, scale
        const lf_table *table
        const lf_single_table *single
        const lf_table *normal
        const lf_table *exponential
    ctypedef struct lf_side:
        lf_family family
        lf_transform transform
        double a, b, c, sign, x0, q0, shift, scale
    ctypedef struct lf_random_kernels:
        lf_status (*fill)(const lf_draw *draw, const uint64_t *key, uint64_t call, int64_t n, void *out) nogil
        double (*build)(const lf_side *sides, lf_table *table, lf_single_table *single) nogil
        void (*quantiles)(const lf_table *table, int64_t n, const uint64_t *words, double *out) nogil
        void (*vecmath)(int function, int64_t n, const double *x, double *out) nogil
    const lf_random_kernels *lf_random_select()
    const int LF_BLOCK

cdef extern from *:
    """
    static inline uint64_t lf_take(uint64_t *counter, uint64_t count)
    {
        return __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
    }
    """
    uint64_t lf_take(uint64_t *counter, uint64_t count)

lf_import_core()
cdef const lf_random_kernels *kernels = lf_random_select()

BLOCK = LF_BLOCK
kernel_table = PyCapsule_New(<void *>kernels, "lidfast._random.kernel_table", NULL)  # for cython_random


cdef class Table:
    """The quantile function of a law: `error` is the worst one of v found at the cells' centers."""

    cdef lf_tables *tables
    cdef readonly double error

    def __cinit__(self, lower, upper):
        """Build from two sides (family, transform, a, b, c, sign, x0, q0, shift, scale)."""
        cdef lf_side sides[2]
        for i, side in enumerate((lower, upper)):
            family, transform, a, b, c, sign, x0, q0, shift, scale = side
            sides[i] = lf_side(family, transform, a, b, c, sign, x0, q0, shift, scale)
        self.tables = lf_tables_take()
        if self.tables == NULL:
            raise MemoryError
        with nogil:
            self.error = kernels.build(sides, &self.tables.table, &self.tables.single)

    def __dealloc__(self):
        if self.tables != NULL:
            lf_tables_give_back(self.tables)

    def quantiles(self, const uint64_t[::1] words, double[::1] out):
        """Write the variates that words (a multiple of 8) give."""
        with nogil:
            kernels.quantiles(&self.tables.table, words.shape[0], &words[0], &out[0])


cdef Table normal, exponential


def set_basis(Table the_normal, Table the_exponential):
    """Take the tables of which the other laws are made. Once: plans point to them."""
    global normal, exponential
    if normal is not None:
        raise RuntimeError("the basis is set")
    normal = the_normal
    exponential = the_exponential


cdef class Plan:
    """What to draw: a law and its parameters: None, a float, or a float64 array of one or of all values."""

    cdef lf_draw draw
    cdef double values[4]
    cdef object keep
    cdef readonly bint integer

    def __cinit__(self, int law, bint integer, Table table, a, b, loc, scale):
        self.keep = table, a, b, loc, scale
        self.integer = integer
        self.draw.law = law
        if table is not None:
            self.draw.table = &table.tables.table
            self.draw.single = &table.tables.single
        if normal is not None:
            self.draw.normal = &normal.tables.table
            self.draw.exponential = &exponential.tables.table
        self.draw.a = self.parameter(0, a)
        self.draw.b = self.parameter(1, b)
        self.draw.loc = self.parameter(2, loc)
        self.draw.scale = self.parameter(3, scale)

    def capsule(self):
        """Return the lf_draw for C; it lives as long as this plan."""
        return PyCapsule_New(&self.draw, "lidfast.draw", NULL)

    cdef lf_param parameter(self, int i, value):
        cdef const double[::1] values
        if value is None:
            return lf_param(NULL, 0)
        if isinstance(value, float):
            self.values[i] = value
            return lf_param(&self.values[i], 0)
        values = value
        if values.shape[0] == 0:
            return lf_param(NULL, 1)
        return lf_param(&values[0], values.shape[0] > 1)


cdef class Streams:
    """The key of a generator and the counter of its calls."""

    cdef uint64_t key[4]
    cdef uint64_t calls

    def _rekey(self, const uint64_t[::1] key, uint64_t calls):
        """Start again from a key (4 words) and a number of calls."""
        for i in range(4):
            self.key[i] = key[i]
        self.calls = calls

    def _count(self):
        """Return the number of calls that drew."""
        return self.calls

    def _take(self, uint64_t count=1):
        """Take numbers of calls for fills elsewhere: the key's four words and the first number."""
        return self.key[0], self.key[1], self.key[2], self.key[3], lf_take(&self.calls, count)

    def _one(self, Plan plan):
        """Draw a scalar."""
        cdef lf_draw draw = plan.draw
        cdef int64_t whole
        cdef double real
        if plan.integer:
            draw.dtype = 2
            lf_raise(kernels.fill(&draw, self.key, lf_take(&self.calls, 1), 1, &whole))
            return whole
        draw.dtype = 0
        lf_raise(kernels.fill(&draw, self.key, lf_take(&self.calls, 1), 1, &real))
        return real

    def _fill(self, Plan plan, int dtype, out, int64_t n):
        """Write n variates of dtype (0 float64, 1 float32, 2 int64) to out, an array of them."""
        cdef lf_draw draw = plan.draw
        cdef Py_buffer view
        cdef lf_status status
        cdef uint64_t call = lf_take(&self.calls, 1)
        draw.dtype = dtype
        # not a typed memoryview: that takes as long as a draw of a hundred
        PyObject_GetBuffer(out, &view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        with nogil:
            status = kernels.fill(&draw, self.key, call, n, view.buf)
        PyBuffer_Release(&view)
        lf_raise(status)


def vecmath(int function, const double[::1] x, double[::1] out):
    """Evaluate exp, log, log1p, expm1, sin 2 pi x or cos 2 pi x (functions 0 to 5)."""
    with nogil:
        kernels.vecmath(function, x.shape[0], &x[0], &out[0])
