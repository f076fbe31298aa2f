"""What the documentation says is run, and every public name has some."""

import doctest
import importlib
import inspect
import pkgutil
import re
import runpy
from pathlib import Path

import pytest

import lidfast

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    module.name for module in pkgutil.iter_modules(lidfast.__path__) if not module.name.startswith("_")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(f"lidfast.{name}")
    results = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0
    assert results.attempted > 0


PAGES = [*sorted(ROOT.glob("docs/*.md")), *ROOT.glob("README.md")]  # none where this is no checkout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_run(page):
    results = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


@pytest.mark.parametrize("name", ["_ready_sweeps", "_threads"])
def test_examples_of_what_other_modules_show_run(name):
    results = doctest.testmod(importlib.import_module(f"lidfast.{name}"))
    assert results.failed == 0
    assert results.attempted > 5


def public_objects():
    for name in MODULES:
        if name == "cli":  # its functions document themselves on the command line
            continue
        module = importlib.import_module(f"lidfast.{name}")
        for attribute, value in vars(module).items():
            if attribute.startswith("_") or getattr(value, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(value) or inspect.isclass(value):
                yield pytest.param(value, id=f"{name}.{attribute}")


@pytest.mark.parametrize("thing", list(public_objects()))
def test_public_names_are_documented_with_an_example(thing):
    assert thing.__doc__
    if inspect.isabstract(thing) or (inspect.isclass(thing) and issubclass(thing, Exception)):
        return
    methods = [value for value in vars(thing).values() if inspect.isfunction(value)]
    assert any(">>>" in (documented.__doc__ or "") for documented in [thing, *methods])


def test_all_is_what_is_there():
    assert sorted(lidfast.__all__) == list(lidfast.__all__)
    assert all(hasattr(lidfast, name) for name in lidfast.__all__)


def test_readme_shows_what_the_command_prints(tmp_path, monkeypatch, capsys):
    cli = pytest.importorskip("lidfast.cli", reason="needs the extra cli")
    if not (ROOT / "README.md").exists():
        pytest.skip("not a checkout")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(ROOT / "examples" / "counts.py"))
    ((command, shown),) = re.findall(
        r"```console\n\$ lidfast ([^\n]*)\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL
    )
    assert cli.main(command.split()) == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == shown.splitlines()


def test_readme_begins_with_its_two_commands():
    """The script of the continuous integration takes them from there."""
    if not (ROOT / "README.md").exists():
        pytest.skip("not a checkout")
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    commands = blocks[0].strip().splitlines()
    assert len(commands) == 2
    assert "pip install '.[cli,plot]'" in commands[0]
    assert commands[0].endswith("lidfast simulate --plot lid.png")
    assert "pip install '.[test]'" in commands[1]
    assert commands[1].endswith("pytest")


def test_stored_figures_can_be_remade_and_are_shown():
    path = ROOT / "docs" / "remake.py"
    if not path.exists():
        pytest.skip("not a checkout")
    listed = set(re.findall(r'^    "([\w-]+\.png)": ', path.read_text(), flags=re.MULTILINE))
    assert {figure.name for figure in path.parent.glob("*.png")} == listed
    pages = [*ROOT.glob("docs/*.md"), *ROOT.glob("examples/gallery/*/*.py")]
    text = "".join(page.read_text() for page in pages)
    assert all(f"{figure})" in text or f":: /{figure}" in text for figure in listed)
