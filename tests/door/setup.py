"""Build the extensions: python setup.py build_ext --inplace."""

import sys

from Cython.Build import cythonize
from setuptools import Extension, setup

# Apple's compiler has no OpenMP: there prange is a loop.
openmp = [] if sys.platform == "darwin" else ["-fopenmp"]
extensions = [
    Extension(name, [f"{name}.pyx"], extra_compile_args=openmp, extra_link_args=openmp)
    for name in ("tails", "cases")
]
setup(name="lidfast-door", version="0", py_modules=[], ext_modules=cythonize(extensions))
