"""Samples that lm-evaluation-harness wrote (tests/data/make_lm_eval_samples.py), joined, broken and large."""

import json
from pathlib import Path

import pytest

pytest.importorskip("polars", reason="needs the extra cli")

from lidfast import io
from lidfast.io import CountsError, read_counts

DATA = Path(__file__).parent / "data"
WORDS = DATA / "lm_eval_words.jsonl"


def samples(name):
    return [json.loads(line) for line in (DATA / f"lm_eval_{name}.jsonl").read_text().splitlines()]


def written(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_a_sample_is_an_attempt_at_its_document():
    assert read_counts(WORDS).rows() == [(1, 0, 1, 2), (1, 1, 2, 1)]


def test_joined_runs_are_attempts(tmp_path):
    records = [dict(sample) for sample in samples("words") * 3]
    records[3]["exact_match"] = 0.0
    assert read_counts(written(tmp_path / "all.jsonl", records)).rows() == [
        (3, 0, 1, 2),
        (3, 2, 1, 1),
        (3, 3, 1, 3),
    ]


def test_one_of_several_metrics():
    log = DATA / "lm_eval_choices.jsonl"
    expected = sorted(sample["acc"] for sample in samples("choices"))
    for metric in ("acc", "acc_norm"):
        found = read_counts(log, c_column=metric)
        solved = [c for c, problems in found.select("c", "problems").rows() for _ in range(problems)]
        assert solved == expected
        assert found["n"].to_list() == [1] * len(found)
    with pytest.raises(CountsError, match="'acc' and 'acc_norm' may be meant: choose with c_column"):
        read_counts(log)
    with pytest.raises(CountsError, match="no metric 'bleu': it has 'acc', 'acc_norm'"):
        read_counts(log, c_column="bleu")
    with pytest.raises(CountsError, match="samples have no column 'n' of attempts"):
        read_counts(log, n_column="n")


def test_filters_are_groups():
    log = DATA / "lm_eval_filtered.jsonl"
    both = [(1, 0, 1), (1, 1, 2)]
    found = read_counts(log, by=["filter"]).drop("row").rows()
    assert found == [("strict", *row) for row in both] + [("lower", *row) for row in both]
    with pytest.raises(CountsError, match="filters 'strict' and 'lower' both may be meant: group by filter"):
        read_counts(log)


def test_repeats_whose_results_are_not_kept():
    with pytest.raises(
        CountsError, match=r"row 1, column 'resps': 4 responses to a sample, of which .* no single results"
    ):
        read_counts(DATA / "lm_eval_repeated.jsonl")


def test_extra_fields_do_no_harm(tmp_path):
    records = [{**sample, "new": {"deep": [1]}, "more": None} for sample in samples("words")]
    assert read_counts(written(tmp_path / "all.jsonl", records)).equals(read_counts(WORDS))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"exact_match": 0.5}, r"row 2, column 'exact_match': 0\.5 is neither true nor false"),
        ({"exact_match": None}, "row 2, column 'exact_match': the value is missing"),
        ({"doc_id": None}, "row 2, column 'doc_id': the value is missing"),
        ({"resps": [["a"], ["b", "c"]]}, "row 2, column 'resps': 2 responses to a sample"),
    ],
)
def test_samples_that_cannot_be_used(tmp_path, change, words):
    records = samples("words")
    records[1] |= change
    with pytest.raises(CountsError, match=words):
        read_counts(written(tmp_path / "all.jsonl", records))


def test_large_files_are_read_in_parts(tmp_path, monkeypatch):
    records = [
        {**samples("words")[0], "doc_id": i % 40, "exact_match": float(i % 7 == 0)} for i in range(200)
    ]
    whole = written(tmp_path / "all.jsonl", records)
    expected = read_counts(whole)
    for part in (1, 1000, 5000):
        monkeypatch.setattr(io, "_PART", part)
        assert read_counts(whole).equals(expected)
        assert read_counts(whole, by=["filter"]).drop("filter").equals(expected)
    records[150]["exact_match"] = 2.0
    with pytest.raises(CountsError, match="row 151, column 'exact_match': 2 is neither"):
        read_counts(written(tmp_path / "all.jsonl", records))
    records[150]["resps"] = [["a", "b"]]
    with pytest.raises(CountsError, match="row 151, column 'resps': 2 responses"):
        read_counts(written(tmp_path / "all.jsonl", records))
    with whole.open("a") as file:
        file.write("{broken\n")
    with pytest.raises(CountsError, match=r"row (151|201)"):
        read_counts(whole)
    counts = tmp_path / "counts.jsonl"
    counts.write_text("".join(f'{{"n": 5, "c": {i % 3}}}\n\n' for i in range(300)).rstrip())
    assert read_counts(counts)["problems"].to_list() == [100] * 3
    counts.write_text(counts.read_text() + '\n{"n": 5, "c": 6}')
    with pytest.raises(CountsError, match="row 301, column 'c': 6 is more than the 5 attempts"):
        read_counts(counts)
