"""What the documentation says is run, and every public name has some."""

import doctest
import functools
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


def members(thing):
    """What a class itself defines for its users."""
    kinds = property, functools.cached_property, classmethod, staticmethod
    for name, value in vars(thing).items():
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, kinds)):
            yield name, value


def public_objects(name):
    """Functions and classes of a module by name, wherever they are defined, and what the classes define."""
    module = importlib.import_module(f"lidfast.{name}")
    for attribute, value in vars(module).items():
        listed = attribute in getattr(module, "__all__", ())
        if attribute.startswith("_") or not (inspect.isfunction(value) or inspect.isclass(value)):
            continue
        if listed or value.__module__ == module.__name__:
            yield f"{name}.{attribute}", value, None
            if inspect.isclass(value):
                for inner, member in members(value):
                    yield f"{name}.{attribute}.{inner}", member, value


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    """Also those of classes that the module only shows, which doctest.testmod passes over."""
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    things = [(name, importlib.import_module(f"lidfast.{name}"), None), *public_objects(name)]
    for label, thing, _ in things:
        for example in finder.find(thing, label, module=False, globs={}):
            runner.run(example)
    assert runner.failures == 0
    assert runner.tries > 0


PAGES = [*sorted(ROOT.glob("docs/*.md")), *ROOT.glob("README.md")]  # none where this is no checkout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_run(page):
    results = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


def test_examples_of_threads_run():
    results = doctest.testmod(importlib.import_module("lidfast._threads"))
    assert results.failed == 0
    assert results.attempted > 5


# The functions of cli document themselves on the command line.
PUBLIC = [each for name in MODULES if name != "cli" for each in public_objects(name)]


@pytest.mark.parametrize(("name", "thing", "owner"), PUBLIC, ids=[name for name, *_ in PUBLIC])
def test_public_names_are_documented(name, thing, owner):
    """With an example, of its own or of its class, and each parameter and what is returned."""
    text = inspect.getdoc(thing)
    assert text
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return
    used = rf"(>>>|\.\.\.) .*\b{name.rpartition('.')[2]}\b"
    others = [owner, *(member for _, member in members(owner))] if owner else []
    assert ">>>" in text or any(re.search(used, inspect.getdoc(other) or "") for other in others)
    if not inspect.isfunction(thing):
        return
    parts = dict(
        re.findall(r"^([A-Z][\w ]+)\n-+\n(.*?)(?=\n\n[A-Z][\w ]+\n-+\n|\Z)", text, re.DOTALL | re.MULTILINE)
    )
    signature = inspect.signature(thing)
    lines = re.findall(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :|$)", parts.get("Parameters", ""), re.MULTILINE)
    named = [each.strip(" *") for line in lines for each in line.split(",")]
    assert sorted(named) == sorted(set(signature.parameters) - {"self", "cls"})
    if signature.return_annotation not in ("None", None, signature.empty):
        assert {"Returns", "Yields"} & set(parts)


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
