"""Logs of Inspect evaluations (inspect_ai): a sample and an epoch are a problem and an attempt.

A ``.eval`` log is a ZIP archive, compressed by Zstandard or deflate, whose summaries hold all that is asked
here; a ``.json`` log is one object and is read whole.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl

COLUMNS = ("task_id", "epoch", "model", "task")  # before those of the scorers

_ZSTANDARD = 93  # as a method of compression in ZIP
_LOCAL_HEADER = 30  # bytes before the name of an entry
_WORDS = {"C": "1", "I": "0", "N": "0", "true": "1", "false": "0"}  # N: no answer


class LogError(ValueError):
    """A log that cannot be used, in one line."""


def attempts(data: Path | bytes) -> pl.DataFrame:
    """Return an attempt a row: task_id, epoch, model, task, and the value of each scorer, all as text."""
    with data.open("rb") if isinstance(data, Path) else io.BytesIO(data) as file:
        if zipfile.is_zipfile(file):
            about, samples = _archive(file)
        else:
            file.seek(0)
            about, samples = _object(file)
    scorers = list(dict.fromkeys(name for sample in samples for name in sample.get("scores") or {}))
    if samples and not scorers:
        raise LogError("no sample has a score")
    taken = (
        [_text(sample.get("id")) for sample in samples],
        [_text(sample.get("epoch", 1)) for sample in samples],
        *([_text(about.get(name))] * len(samples) for name in COLUMNS[2:]),
    )
    columns = dict(zip(COLUMNS, taken, strict=True))
    for scorer in scorers:
        if scorer in columns:
            raise LogError(f"a scorer is named {scorer!r}, as another column is")
        columns[scorer] = [_value((sample.get("scores") or {}).get(scorer)) for sample in samples]
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _archive(file: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read the header and the summaries; of an evaluation that was cut off those of its journal."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        header = next((name for name in ("header.json", "_journal/start.json") if name in names), None)
        if header is None:
            raise LogError("a ZIP archive, but not a log of Inspect: it has no header.json")
        parts = ["summaries.json"] if "summaries.json" in names else _journal(names)
        about = _json(archive, file, header).get("eval", {})
        return about, [sample for part in parts for sample in _json(archive, file, part)]


def _journal(names: list[str]) -> list[str]:
    parts = [name for name in names if name.startswith("_journal/summaries/")]
    return sorted(parts, key=lambda name: (len(name), name))


def _json(archive: zipfile.ZipFile, file: Any, name: str) -> Any:
    entry = archive.getinfo(name)
    if entry.compress_type != _ZSTANDARD:
        return json.loads(archive.read(name))
    # zipfile knows this method from Python 3.14 on.
    try:
        import zstandard
    except ModuleNotFoundError:
        raise LogError("its compression needs zstandard: pip install 'lidfast[cli]'") from None
    file.seek(entry.header_offset)
    start = file.read(_LOCAL_HEADER)
    skipped = int.from_bytes(start[26:28], "little") + int.from_bytes(start[28:30], "little")
    file.seek(skipped, io.SEEK_CUR)
    try:
        return json.loads(
            zstandard.ZstdDecompressor().decompressobj().decompress(file.read(entry.compress_size))
        )
    except zstandard.ZstdError as error:
        raise LogError(f"{name} in it is damaged: {error}") from None


def _object(file: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    log = json.load(file)
    if not (isinstance(log, dict) and isinstance(log.get("eval"), dict)):
        raise LogError("a JSON file, but not a log of Inspect: it has no object 'eval'")
    if not isinstance(log.get("samples"), list):
        raise LogError("a log of Inspect without samples (log_samples was off?)")
    return log["eval"], log["samples"]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _value(score: Any) -> str | None:
    """1, 0, or what a scorer said instead."""
    if not isinstance(score, dict) or score.get("value") is None:
        return None
    value = score["value"]
    if isinstance(value, bool | int | float):
        return str(int(value)) if value in (0, 1) else str(value)
    return _WORDS.get(str(value), str(value))
