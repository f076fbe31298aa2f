"""Make the lm_eval_*.jsonl of this folder, by lm-evaluation-harness 0.4.13 (lm_eval) and its dummy model.

    pip install lm_eval && python make_lm_eval_samples.py

The dummy model answers "lol", which is right for two documents of three, and to choices by chance.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

DOCUMENTS = [
    {"question": "first", "answer": "lol"},
    {"question": "second", "answer": "other"},
    {"question": "third", "answer": "lol"},
]
COMMON = """
dataset_path: json
dataset_kwargs: {data_files: {test: documents.jsonl}}
test_split: test
doc_to_text: "{{question}}"
"""
WORDS = (
    COMMON
    + 'output_type: generate_until\ndoc_to_target: "{{answer}}"\nmetric_list: [{metric: exact_match}]\n'
)
FILTERS = """
filter_list:
  - {name: strict, filter: [{function: take_first}]}
  - {name: lower, filter: [{function: lowercase}, {function: take_first}]}
"""
TASKS = {
    "words": WORDS,
    "repeated": WORDS + "repeats: 4\n",
    "filtered": WORDS + FILTERS,
    "choices": COMMON
    + "output_type: multiple_choice\ndoc_to_choice: [lol, other]\ndoc_to_target: answer\n"
    + "metric_list: [{metric: acc}, {metric: acc_norm}]\n",
}


def main():
    here = Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as folder:
        documents = "".join(json.dumps(document) + "\n" for document in DOCUMENTS)
        Path(folder, "documents.jsonl").write_text(documents)
        for name, task in TASKS.items():
            Path(folder, f"{name}.yaml").write_text(f"task: {name}\n{task}")
        command = ["lm_eval", "--model", "dummy", "--tasks", ",".join(TASKS), "--include_path", "."]
        subprocess.run(
            [*command, "--output_path", "out", "--log_samples"],
            cwd=folder,
            env=os.environ | {"HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"},
            check=True,
        )
        for name in TASKS:
            (made,) = Path(folder, "out").glob(f"*/samples_{name}_2*.jsonl")
            (here / f"lm_eval_{name}.jsonl").write_bytes(made.read_bytes())


if __name__ == "__main__":
    main()
