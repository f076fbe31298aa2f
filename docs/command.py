"""The directive {command}: a shell command of a page, run while the site is built, and what it prints."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx


def words(text: str) -> list[str]:
    """Split a command that begins with lidfast or python, which are those of this Python."""
    first, *rest = shlex.split(text)
    ours = {
        "lidfast": [sys.executable, "-c", "import sys, lidfast.cli; sys.exit(lidfast.cli.main())"],
        "python": [sys.executable],
    }
    return [*ours.get(first, [first]), *rest]


class Command(Directive):
    """Show a command with its output. It runs in a folder that the pages share; a failure stops the build."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True  # the rest of a long command, or the file that `cat` shows

    def run(self) -> list[nodes.Node]:
        """Run the command, by the lidfast of the Python that builds the site."""
        environment = self.state.document.settings.env
        folder = Path(environment.app.doctreedir) / "commands"
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / "examples").symlink_to(Path(environment.srcdir).parent / "examples")
        text = " ".join([self.arguments[0], *self.content])
        variables = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            words(text), cwd=folder, env=variables, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise self.error(f"{text}: exit status {done.returncode}\n{done.stderr}")
        shown = nodes.literal_block(text="$ " + text + "\n" + done.stdout.rstrip())
        shown["language"] = "console"
        return [shown]


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx know of it; pages may not be read in parallel, as one may use another's files."""
    app.add_directive("command", Command)
    return {"parallel_read_safe": False}
