"""Make the logs of Inspect in this folder, by Inspect and its mock model; made with inspect_ai 0.3.285.

    pip install inspect_ai && python make_inspect_logs.py    # in a folder outside the repository, and copy

Four sums, three attempts each: 3, 2, 2 and 1 of them are right, or by the scorer includes 3, 2, 2 and 2.
"""

import tempfile
from pathlib import Path

import tiktoken


class Words:
    """Stands for the encoding by which the mock model counts tokens, which would be downloaded."""

    name = "words"

    def encode(self, text, **_):
        return text.split()


tiktoken.get_encoding = tiktoken.encoding_for_model = lambda *_: Words()

from inspect_ai import Task, eval, task  # noqa: E402
from inspect_ai.dataset import Sample  # noqa: E402
from inspect_ai.model import ModelOutput, get_model  # noqa: E402
from inspect_ai.scorer import includes, match  # noqa: E402

SUMS = ((2, 2), (2, 3), (3, 3), (4, 4))
ANSWERS = ["4", "5", "6", "8", "4", "6", "6", "81", "4", "5", "7", "7"]  # epoch by epoch, sum by sum


@task
def sums(scorers):
    samples = [Sample(id=f"{a}+{b}", input=f"{a}+{b}=", target=str(a + b)) for a, b in SUMS]
    return Task(dataset=samples, scorer=scorers, epochs=3)


def main():
    here = Path(__file__).parent
    for name, ending, scorers in (
        ("inspect.eval", "eval", [match()]),
        ("inspect.json", "json", [match()]),
        ("inspect_two_scorers.eval", "eval", [match(), includes()]),
    ):
        outputs = [ModelOutput.from_content("mockllm/model", answer) for answer in ANSWERS]
        with tempfile.TemporaryDirectory() as folder:
            eval(
                sums(scorers),
                model=get_model("mockllm/model", custom_outputs=outputs),
                log_dir=folder,
                log_format=ending,
                max_samples=1,
                display="none",
            )
            (made,) = Path(folder).glob(f"*.{ending}")
            (here / name).write_bytes(made.read_bytes())


if __name__ == "__main__":
    main()
