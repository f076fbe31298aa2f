"""A progress bar on standard error, with rate and time left, by rich, where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

Advance = Callable[[int, int], None]


@contextmanager
def bar(what: str) -> Iterator[Advance]:
    """Open a bar; call what it yields as advance(done, total)."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.3g}/s" if task.speed else "-/s", style="progress.data.speed")

    errors = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(what)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def shown(progress: bool | Advance, what: str) -> Any:
    """Context of what the argument `progress` of a long call asks for: a bar, nothing, or a callable."""
    if callable(progress):
        return nullcontext(progress)
    if not progress:
        return nullcontext(lambda *_: None)
    try:
        import rich  # noqa: F401
    except ModuleNotFoundError:
        raise ModuleNotFoundError("progress=True needs rich: pip install 'lidfast[cli]'") from None
    return bar(what)
