"""Logs that Inspect wrote (tests/data/make_inspect_logs.py), and broken ones."""

import json
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("polars", reason="needs the extra cli")
pytest.importorskip("zstandard", reason="needs the extra cli")

from lidfast import _inspect_log
from lidfast.io import CountsError, read_counts

DATA = Path(__file__).parent / "data"
MATCH = [(3, 1, 1, 4), (3, 2, 2, 2), (3, 3, 1, 1)]  # n, c, problems, first row


@pytest.mark.parametrize("name", ["inspect.eval", "inspect.json"])
def test_samples_are_problems_and_epochs_attempts(name):
    assert read_counts(DATA / name).rows() == MATCH
    found = read_counts(DATA / name, by=["model", "task"])
    assert found.rows() == [("mockllm/model", "sums", *row) for row in MATCH]


def test_one_of_several_scorers():
    log = DATA / "inspect_two_scorers.eval"
    assert read_counts(log, c_column="match").rows() == MATCH
    assert read_counts(log, c_column="includes").rows() == [(3, 2, 3, 2), (3, 3, 1, 1)]
    with pytest.raises(
        CountsError, match="scorers 'match' and 'includes' both may be meant: choose with c_column"
    ):
        read_counts(log)
    with pytest.raises(CountsError, match="no scorer 'exact': it has 'match', 'includes'"):
        read_counts(log, c_column="exact")
    with pytest.raises(CountsError, match="no column 'n' of attempts: they are its epochs"):
        read_counts(log, n_column="n")


def test_an_evaluation_that_was_cut_off(tmp_path):
    """Before it has ended a log has its journal alone."""
    cut = tmp_path / "cut.eval"
    log = json.loads((DATA / "inspect.json").read_text())
    with zipfile.ZipFile(cut, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_journal/start.json", json.dumps({"eval": log["eval"]}))
        for i, part in enumerate((log["samples"][:9], log["samples"][9:]), 9):
            archive.writestr(f"_journal/summaries/{i}.json", json.dumps(part))
    assert read_counts(cut).rows() == MATCH
    assert _inspect_log.attempts(cut.read_bytes()).equals(_inspect_log.attempts(DATA / "inspect.json"))


def changed(tmp_path, change):
    log = json.loads((DATA / "inspect.json").read_text())
    change(log)
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log))
    return path


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ([1, 0, 1.0, 0.0, True, False, "C", "I", "N", "C", "C", "C"], 7),
        ([0] * 12, 0),
    ],
)
def test_values_that_are_successes(tmp_path, values, counts):
    def change(log):
        log["unknown"] = {"extra": "fields do no harm"}
        for sample, value in zip(log["samples"], values, strict=True):
            sample["scores"]["match"]["value"] = value

    found = read_counts(changed(tmp_path, change))
    assert (found["c"] * found["problems"]).sum() == counts
    assert (found["n"] * found["problems"]).sum() == 12


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("P", r"row 3, column 'match': P is neither true nor false"),
        (0.5, r"row 3, column 'match': 0\.5 is neither true nor false"),
        (None, r"row 3, column 'match': the value is missing"),
        ({"a": 1}, r"row 3, column 'match': \{'a': 1\} is neither"),
    ],
)
def test_values_that_are_no_outcome(tmp_path, value, words):
    def change(log):
        log["samples"][2]["scores"]["match"]["value"] = value

    with pytest.raises(CountsError, match=words):
        read_counts(changed(tmp_path, change))


def test_samples_that_failed(tmp_path):
    path = changed(tmp_path, lambda log: log["samples"][5].update(scores={}))
    with pytest.raises(CountsError, match="row 6, column 'match': the value is missing"):
        read_counts(path)
    path = changed(tmp_path, lambda log: [sample.update(scores=None) for sample in log["samples"]])
    with pytest.raises(CountsError, match="no sample has a score"):
        read_counts(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda log: log.pop("eval"), "not a log of Inspect: it has no object 'eval'"),
        (lambda log: log.pop("samples"), "a log of Inspect without samples"),
        (lambda log: log.update(samples=[]), "has no samples"),
        (lambda log: log.update(samples=[1]), "cannot be read as a log of Inspect"),
    ],
)
def test_logs_that_are_none(tmp_path, change, words):
    with pytest.raises(CountsError, match=words):
        read_counts(changed(tmp_path, change))


def test_damaged_files(tmp_path):
    whole = (DATA / "inspect.eval").read_bytes()
    for data in (whole[:-100], whole[:200], b"{", b"[]", b"{}", b"PK\x03\x04"):
        for ending in ("eval", "json"):
            path = tmp_path / f"log.{ending}"
            path.write_bytes(data)
            with pytest.raises(CountsError, match=r"cannot be read as a log of Inspect"):
                read_counts(path)
    place = whole.index(b"summaries.json", whole.rindex(b"samples/4+4")) + 60
    (tmp_path / "log.eval").write_bytes(whole[:place] + bytes(40) + whole[place + 40 :])
    with pytest.raises(CountsError, match=r"cannot be read as a log of Inspect"):
        read_counts(tmp_path / "log.eval")
    with zipfile.ZipFile(tmp_path / "other.eval", "w") as archive:
        archive.writestr("text.txt", "text")
    with pytest.raises(CountsError, match=r"not a log of Inspect: it has no header\.json"):
        read_counts(tmp_path / "other.eval")
