"""The scripts of examples/, at small size."""

import csv
import importlib.util
import math
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import lidfast

pytest.importorskip("matplotlib")
pytest.importorskip("polars")
pytest.importorskip("rich")
FOLDER = Path(__file__).resolve().parents[1] / "examples"


def example(name):
    file = FOLDER / f"{name}.py"
    if not file.exists():
        pytest.skip("not a checkout")
    spec = importlib.util.spec_from_file_location(f"example_{name}", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def is_figure(path):
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 10_000


# ---------------------------------------------------------------- human labels


def people_and_features(rng, images=90, d=4, classes=3):
    features = rng.standard_normal((images, d))
    scores = np.exp(2 * features @ rng.standard_normal((d, classes)))
    chances = scores / scores.sum(axis=1, keepdims=True)
    counts = np.array([rng.multinomial(rng.integers(20, 30), p) for p in chances])
    return features.astype(np.float32), counts.astype(np.int16)


def ridge(X, y, penalty):
    """With a free intercept, by the normal equations of centered data."""
    X0, y0 = X.mean(axis=0), y.mean(axis=0)
    coef = np.linalg.solve((X - X0).T @ (X - X0) + penalty * np.eye(X.shape[1]), (X - X0).T @ (y - y0))
    return coef, y0 - X0 @ coef


def test_heads_against_one_at_a_time():
    module = example("human_labels")
    features, counts = people_and_features(np.random.default_rng(0))
    features, counts = features.astype(float), counts.astype(int)
    found = module.train(features, counts, 30, (20,), (0.5,), 3, 7)[0.5, 20]
    draws = np.random.default_rng(7)
    orders = [draws.permutation(90) for _ in range(3)]
    persons = draws.integers(counts.sum(axis=1)[np.array(orders)])
    best = ridge(features, counts / counts.sum(axis=1, keepdims=True) - 0.1, 0.0)
    for split, order in enumerate(orders):
        labels = [
            np.repeat(np.arange(3), counts[image])[person]
            for image, person in zip(order, persons[split], strict=True)
        ]
        out, on = order[:30], order[30:50]
        coef, intercept = ridge(features[on], np.eye(3)[labels[30:50]] - 0.1, 0.5)
        outputs = features[out] @ coef + intercept
        distance = ((outputs - features[out] @ best[0] - best[1]) ** 2).sum(axis=1)
        np.testing.assert_allclose(found.risk[split], distance.mean(), rtol=1e-9)
        people, agree = counts[out].sum(axis=1), counts[out, outputs.argmax(axis=1)]
        np.testing.assert_array_equal(found.people[split], people)
        np.testing.assert_array_equal(found.agree[split], agree)
        curve = [((1 - agree / people) ** k).mean() for k in module.K]
        np.testing.assert_allclose(found.failure()[split], curve, rtol=1e-12)
        slope = -np.polyfit(np.log(module.K[1:]), np.log(curve[1:]), 1)[0]
        np.testing.assert_allclose(found.slopes()[split], slope, rtol=1e-9)


def test_human_labels_runs(tmp_path, capsys, monkeypatch):
    module = example("human_labels")
    monkeypatch.setattr(module, "COMPARED", 1)
    monkeypatch.setattr(module, "GOF_DRAWS", 1)
    features, counts = people_and_features(np.random.default_rng(1))
    data, out = tmp_path / "labels.npz", tmp_path / "labels.png"
    np.savez(data, features=features, counts=counts)
    call = ["--data", str(data), "--out", str(out), "--splits", "2", "--held-out", "30"]
    heads, _ = module.main([*call, "--sizes", "10", "60"])
    assert is_figure(out)
    printed = capsys.readouterr().out
    assert "is not the file whose figures" in printed
    assert all(size in printed for size in ("  10  ", "  60  "))
    assert heads[10.0, 60].risk.mean() < heads[10.0, 10].risk.mean()
    with pytest.raises(SystemExit):
        module.main([*call, "--sizes", "61"])
    assert "only 60 images" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        module.main([*call, "--out", "labels.txt"])
    assert "the ending must be" in capsys.readouterr().err


def test_human_labels_give_the_known_slopes(shared_data):
    """Both figures are means over 20 splits of sd 0.04: over 0.05 apart one time in 10^4."""
    module = example("human_labels")
    with np.load(shared_data("cifar10h_resnet20.npz")) as arrays:
        features, counts = arrays["features"].astype(float), arrays["counts"].astype(int)
    sizes = (10, 64, 546)
    heads = module.train(features, counts, 300, sizes, module.PENALTIES, 20, 0)
    for size in sizes:
        assert abs(heads[10.0, size].slopes().mean() - module.GIVEN[size]) < 0.05
    free = [heads[1e-3, size] for size in sizes]
    assert free[1].slopes().mean() < 0.8 * free[0].slopes().mean()
    assert free[1].risk.mean() > 3 * free[0].risk.mean()


# ---------------------------------------------------------------- model size


def write_counts(path, rows):
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("model", "benchmark", "problem", "n", "c"))
        table.writerows(rows)


def test_pythia_progress_runs(tmp_path, capsys, monkeypatch):
    module = example("pythia_progress")
    plain = module.Model.fit  # the profile of lid takes a second
    monkeypatch.setattr(
        module.Model, "fit", lambda *a, **options: plain(*a, **options | {"interval": "wald"})
    )
    data, out = tmp_path / "counts.csv", tmp_path / "sizes.png"
    rng = np.random.default_rng(2)
    rows = [
        (f"Tiny {size}", "SUMS", problem, 12, rng.binomial(12, rng.beta(a, 3)))
        for size, a in (("1B", 0.9), ("70M", 0.4))
        for problem in range(20)
    ]
    rows += [("Tiny 10M", "SUMS", problem, 12, 0) for problem in range(20)]
    write_counts(data, rows)
    results = module.main(["--data", str(data), "--out", str(out), "--n-boot", "2"])
    assert is_figure(out)
    models, beta, lid, ends = results["SUMS"]
    assert [model.name for model in models] == ["Tiny 70M", "Tiny 1B"]
    assert [model.size for model in models] == [70e6, 1e9]
    assert ends.shape == (2, 2)
    n, c = np.array([row[3:] for row in rows if row[0] == "Tiny 70M"]).T
    assert beta[0].exponent == pytest.approx(lidfast.difficulty.fit(n, c).exponent, rel=1e-9)
    assert all(0 <= fit.plain_p_value <= 1 for fit in lid)
    assert "Tiny 10M solved nothing" in capsys.readouterr().out
    with pytest.raises(ValueError, match="different problems"):
        module.read("model,benchmark,problem,n,c\nA 1M,X,1,5,2\nA 2M,X,2,5,2\n")


# ---------------------------------------------------------------- distillation


def test_attempts_succeed_as_often_as_they_should():
    """Of 6 z-scores none beyond 4.5: false alarms one in 2e4."""
    module = example("distillation")
    rng = lidfast.random.default_rng(3)
    mean, spread = np.array([10.0, 10.3, 12.0]), np.array([1.0, 0.4, 3.0])
    for answer in (10, 11):
        failed = module.failures(mean, spread, np.full(3, answer), 20_000, rng)[:, 0]
        for i in range(3):
            ends = [(answer + side - mean[i]) / spread[i] / math.sqrt(2) for side in (-0.5, 0.5)]
            s = 0.5 * (math.erf(ends[1]) - math.erf(ends[0]))
            assert abs(1 - failed[i] - s) < 4.5 * math.sqrt(s * (1 - s) / 20_000)


def test_hard_problems_have_the_tail():
    """P(T >= t) = 1.5^(-1.25 t), so P(tau <= x) = x^(beta / 2) at x = 1.5^-t; 4.5 standard errors."""
    module = example("distillation")
    digits, words = module.problems((100_000,), lidfast.random.default_rng(4))
    assert (digits.min(), digits.max()) == (0, 9)
    assert np.unique(module.read(digits[:50]).sum(axis=1)).max() <= 6
    for t in (1, 5, 10):
        p = (1.5**-t) ** 1.25
        assert abs((words >= t).mean() - p) < 4.5 * math.sqrt(p * (1 - p) / words.size)


def test_exact_curves_of_a_student():
    module = example("distillation")
    z, weight = np.polynomial.hermite_e.hermegauss(60)
    for v in (0.0, 2.0):
        expected = np.zeros(module.K.size)
        for words in range(40):
            spread, p = 1.5 ** (0.5 * words), module.MORE**words * (1 - module.MORE)
            for bias, w in zip(math.sqrt(v) * z, weight / weight.sum(), strict=True):
                high, low = ((side - bias) / spread / math.sqrt(2) for side in (0.5, -0.5))
                s = 0.5 * (math.erf(high) - math.erf(low))
                expected += p * w * (1 - s) ** module.K
        np.testing.assert_allclose(module.exact(np.array([v]))[0], expected, rtol=1e-3)


def test_bootstrap_and_exponents():
    module = example("distillation")
    rng = np.random.default_rng(5)
    failed = rng.random((4, 30, module.K.size))
    boot = module.Bootstrap(4, 30, 5, rng)
    curves = boot.curves(failed)
    np.testing.assert_allclose(curves[0], failed.mean(axis=(0, 1)), rtol=1e-12)
    direct = sum(boot.seeds[3, s] * boot.tasks[3, i] * failed[s, i] for s in range(4) for i in range(30))
    np.testing.assert_allclose(curves[3], direct, rtol=1e-12)
    law = lidfast.fit_power_law(module.K, curves[3], window=module.WINDOW)
    assert module.exponents(curves)[3] == pytest.approx(law.exponent, rel=1e-12)


def test_distillation_runs(tmp_path, capsys):
    """With twice the problems the rise was 1.8 to 2.6 in 20 other seeds, the gap left up to 0.35."""
    module = example("distillation")
    out = tmp_path / "students.png"
    call = ["--out", str(out), "--attempts", "64", "--n-boot", "20"]
    teacher, curves, risk, limit, found = module.main(
        [*call, "--sizes", "64", "2048", "--seeds", "3", "--problems", "2000"]
    )
    assert is_figure(out)
    assert "Rise of the exponent from N = 64 to 2048" in capsys.readouterr().out
    assert teacher.shape == (21, module.K.size)
    assert curves["learned"].shape == (2, 21, module.K.size)
    assert risk.shape == (2, 3)
    for name in module.STUDENTS:
        assert found[name][1, 0] - found[name][0, 0] > 1.2
        assert abs(found[name][1, 0] - limit[0]) < 0.6
    with pytest.raises(SystemExit):
        module.main([*call, "--attempts", "63"])


# ---------------------------------------------------------------- phase diagram


def test_phase_diagram_runs(tmp_path, capsys):
    pytest.importorskip("xarray")
    pytest.importorskip("zarr")
    module = example("phase_diagram")
    out, store = tmp_path / "map.png", tmp_path / "run.zarr"
    call = ["--sizes", "3", "--betas", "3", "--runs", "4", "--instances", "500", "--workers", "0"]
    found = module.main([*call, "--store", str(store), "--out", str(out)])
    assert is_figure(out)
    assert dict(found.sizes) == {"N": 3, "beta": 3}
    assert np.isfinite(found["beta_eff_plugin"]).all()
    assert "9 points in " in capsys.readouterr().out


# ---------------------------------------------------------------- memorization


def test_memorization_runs(tmp_path, capsys):
    """Wider coders have larger exponents: with these widths a was 0.15, 0.52 and 1.62."""
    pytest.importorskip("sklearn", reason="the example needs scikit-learn")
    module = example("memorization")
    out = tmp_path / "memorization.png"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that training stops where it is told to
        widths, best = module.main(
            [
                "--widths",
                "8",
                "12",
                "24",
                "--images",
                "600",
                "--attempts",
                "200",
                "--near",
                "0.03",
                "--out",
                str(out),
            ]
        )
    assert is_figure(out)
    exponents = [each.fit.curve.a for each in widths]
    assert exponents == sorted(exponents)
    assert exponents[-1] > 4 * exponents[0]
    assert [now for _, _, now in best.changes][-1] == "width 24"
    assert "noise that remembers, q free" in capsys.readouterr().out


# ---------------------------------------------------------------- frontiers


def test_frontiers_runs(tmp_path, capsys):
    module = example("frontiers")
    losses = tmp_path / "losses.png"
    call = ["--zipf", "1.8", "--largest", "1e3", "--runs", "4"]
    found = module.main([*call, "--losses", str(losses)])
    assert is_figure(losses)
    assert found.D.tolist() == [10, 100, 1000]
    assert "Zipf's exponent from 10^6 tokens: 1.79" in capsys.readouterr().out
