"""scikit-learn's own tests of Ridge, run on ours: python bench/sklearn_conformance.py [-v] [--break]

The tests are the installed scikit-learn's linear_model/tests/test_ridge.py, as they are. While they are
imported and run, lidfast solves whatever scikit-learn would solve by Cholesky or SVD for a dense array
of NumPy's: the whole of Ridge's fit and of ridge_regression, with weights and intercept, and the single
solvers that tests call. The rest goes on to scikit-learn, and why is kept. A test counts if something in
it was solved by us; the others are left out, with the reason; without one they have failed.
With -v each test is listed, and failures with their traceback. With --break every coefficient is too
large by 1e-4 of itself, and what succeeds is a run in which tests fail.
"""

import os
import sys
from collections import Counter

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # before scipy: scikit-learn's tests of array libraries need it
import numpy as np
import pytest
import sklearn
import sklearn.linear_model._ridge as theirs
from scipy import sparse
from sklearn.utils.validation import _check_sample_weight, check_array

import lidfast

SOLVERS = ("auto", "cholesky", "svd")

# What is left out by its name, with or without parameters, and why.
PARTS = "calls parts of RidgeCV's own leave-one-out, or its checks"
LEFT_OUT = {
    "test_X_CenterStackOp": PARTS,
    "test_compute_gram": PARTS,
    "test_compute_covariance": PARTS,
    "test_check_gcv_mode_choice": PARTS,
    "test_ridgecv_alphas_zero": PARTS,
    "test_ridgecv_alphas_validation": PARTS,
    "test_metadata_routing_with_default_scoring": PARTS,
    "test_ridge_per_target_alpha_array_api[torch-cpu-float32]": (
        "compares float32 with torch's to 1.9e-4 in a sum of terms that add up to 485: 3 eps of it"
    ),
}


class Door:
    """Counts, of the test that runs, what is solved by us and why other things are not."""

    factor = 1.0  # on the coefficients; not 1 with --break
    calls, passed_on, breakdowns = Counter(), Counter(), Counter()


def not_ours(X, solver="auto", positive=False, intercept=False):
    """Why scikit-learn is to solve it, if it is."""
    reason = None
    if sparse.issparse(X):
        reason = "sparse input"
    elif not isinstance(X, np.ndarray):
        reason = "arrays of another library"
    elif positive:
        reason = "coefficients that must be positive"
    elif solver not in SOLVERS:
        reason = "another solver: lsqr, sparse_cg, sag, saga, lbfgs"
    elif intercept and solver != "auto":
        reason = "return_intercept, which scikit-learn refuses but to SAG and to auto"
    Door.passed_on.update([reason] if reason else [])
    return reason


def solved(X, y, alpha, **options):
    Door.calls["ridge_solve"] += 1
    answer = lidfast.ridge_solve(X, y, alpha, **options)
    coef, *intercept = answer if options.get("fit_intercept") else (answer,)
    return (coef.T * coef.dtype.type(Door.factor), *intercept)


def regression(X, y, alpha, sample_weight, solver, fit_intercept):
    """Coefficients, intercept and solver, shaped and checked as in scikit-learn."""
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype)
    alpha, targets = np.ravel(alpha), 1 if y.ndim == 1 else y.shape[1]
    if alpha.size not in (1, targets):
        raise ValueError(
            f"Number of targets and number of penalties do not correspond: {alpha.size} != {targets}"
        )
    options = {"sample_weight": sample_weight, "fit_intercept": fit_intercept}
    y = y.astype(X.dtype)
    try:
        coef, *intercept = solved(X, y, alpha, method=solver, **options)
    except np.linalg.LinAlgError:  # scikit-learn turns to SVD; lidfast leaves that to the caller
        Door.breakdowns["here"] += 1
        solver = "svd"
        coef, *intercept = solved(X, y, alpha, method=solver, **options)
    solver = "cholesky" if solver == "auto" else solver
    return coef.ravel() if targets == 1 else coef, intercept[0][()] if intercept else 0.0, solver


def fit(self, X, y, sample_weight=None):
    if not_ours(X, self.solver, self.positive):
        return KEPT["fit"](self, X, y, sample_weight)
    self.n_iter_ = None
    self.coef_, self.intercept_, self.solver_ = regression(
        X, y, self.alpha, sample_weight, self.solver, self.fit_intercept
    )
    return self


def ridge_regression(X, y, alpha, sample_weight=None, solver="auto", positive=False, **options):
    intercept = options["return_intercept"]
    if not_ours(X, solver, positive, intercept):
        return KEPT["_ridge_regression"](X, y, alpha, sample_weight, solver, positive=positive, **options)
    X = check_array(X, dtype=[np.float64, np.float32])
    y = check_array(y, dtype=X.dtype, ensure_2d=False)
    coef, constant, _ = regression(X, y, alpha, sample_weight, solver, intercept)
    return (coef, constant) if intercept else coef


def solve_cholesky(X, y, alpha):
    if not_ours(X):
        return KEPT["_solve_cholesky"](X, y, alpha)
    return solved(X, y, alpha, method="cholesky")[0]


def solve_svd(X, y, alpha, xp=None):
    if not_ours(X):
        return KEPT["_solve_svd"](X, y, alpha, xp)
    return solved(X, y, alpha, method="svd")[0]


def solve_cholesky_kernel(K, y, alpha):
    Door.calls["ridge_solve_gram"] += 1
    return lidfast.ridge_solve_gram(K, y, alpha) * K.dtype.type(Door.factor)


def leave_one_out(self, *args, **kwargs):
    Door.passed_on["RidgeCV's own leave-one-out, by its own decompositions"] += 1
    return KEPT["leave_one_out"](self, *args, **kwargs)


DOORS = {
    (theirs._BaseRidge, "fit"): fit,
    (theirs._RidgeGCV, "fit"): leave_one_out,
    (theirs, "_ridge_regression"): ridge_regression,
    (theirs, "_solve_cholesky"): solve_cholesky,
    (theirs, "_solve_svd"): solve_svd,
    (theirs, "_solve_cholesky_kernel"): solve_cholesky_kernel,
}
KEPT = {name: getattr(owner, name) for owner, name in DOORS if owner is not theirs._RidgeGCV}
KEPT["leave_one_out"] = theirs._RidgeGCV.fit


class Conformance:
    """Keeps the results, and what was solved by us."""

    def __init__(self):
        self.results, self.reasons, self.skipped, self.breakdowns = {}, {}, {}, []
        self.total = Counter()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = (yield).get_result()
        if call.when != "call" and report.passed:
            return
        name = item.nodeid.split("::")[-1]
        calls, passed_on = Counter(Door.calls), list(Door.passed_on)
        if Door.breakdowns:
            self.breakdowns.append(name)
        for counter in (Door.calls, Door.passed_on, Door.breakdowns):
            counter.clear()
        reason = LEFT_OUT.get(name) or LEFT_OUT.get(name.split("[")[0])
        if report.skipped and not hasattr(report, "wasxfail"):
            half = ", half-way" if calls else " for sparse input" if has_sparse(item) else ""
            reason = f"scikit-learn skips it{half}: {report.longrepr[2].removeprefix('Skipped: ')}"
        elif report.failed and not reason:
            self.results[name] = "failed"
            self.reasons[name] = str(report.longrepr.reprcrash.message).splitlines()[0]
            return
        elif calls and not reason:
            self.results[name] = "xfailed" if report.skipped else "passed"
            self.total.update(calls)
            return
        elif not reason and passed_on:
            reason = passed_on[0]
        elif not reason and report.skipped:
            reason = f"scikit-learn expects it to fail, and solves nothing: {report.wasxfail}"
        if reason:
            self.skipped[name] = reason
        else:
            self.results[name], self.reasons[name] = "failed", "nothing in it was solved by us"


def has_sparse(item):
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return any(isinstance(x, type) and issubclass(x, (sparse.spmatrix, sparse.sparray)) for x in values)


def main(verbose, broken):
    Door.factor += 1e-4 * broken
    conformance = Conformance()
    with pytest.MonkeyPatch.context() as patch:
        for (owner, name), ours in DOORS.items():
            patch.setattr(owner, name, ours)
        pytest.main(
            ["--pyargs", "sklearn.linear_model.tests.test_ridge", "-W", "ignore"]
            + ["-q", "-c", "/dev/null", "-p", "no:cacheprovider", "--no-header", "--no-summary"]
            + (["-vv", "--tb=short"] if verbose else ["--tb=no"]),
            plugins=[conformance],
        )
    results = Counter(conformance.results.values())
    print(f"\nscikit-learn {sklearn.__version__}, solved by us: ", end="")
    print(", ".join(f"{count} by {name}" for name, count in conformance.total.items()))
    print(f"passed {results['passed']}, and {results['xfailed']} as far as scikit-learn's own xfail")
    print(f"  Cholesky broke down, and SVD followed as in scikit-learn, in {len(conformance.breakdowns)}")
    print("".join(f"         {name}\n" for name in conformance.breakdowns), end="")
    print(f"failed {results['failed']}")
    for name, why in conformance.reasons.items():
        print(f"  {name}: {why}")
    print(f"left out {len(conformance.skipped)}")
    for why, count in Counter(conformance.skipped.values()).most_common():
        print(f"  {count:4d} {why}")
        if verbose or count < 10:
            print(
                "".join(f"         {name}\n" for name, w in conformance.skipped.items() if w == why), end=""
            )
    return not conformance.total["ridge_solve"] or (results["failed"] > 0) != broken


if __name__ == "__main__":
    sys.exit(main("-v" in sys.argv[1:], "--break" in sys.argv[1:]))
