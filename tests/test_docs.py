"""The documentation is true: its names, defaults, tests and figures are those of the code.

`make docs` builds it, with broken links as errors.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class
from django.core.management.base import BaseCommand

from benchmarks.plots import FOLDER, charts
from s3rewrite.core.kept_local import ALLOW_WORDS
from s3rewrite.core.mounts import OPTIONS, Mount
from s3rewrite.core.presets import PRESETS
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *DOCS.rglob("*.md")])
TYPES: dict[Any, str] = {
    str: "text",
    bool: "bool",
    int: "whole number",
    (int, float): "number",
    (int, str): "whole number or text",
    (str, list, tuple): "list of text, or text",
    (list, tuple): "list of text",
    Mapping: "dict",
}
WORKED_OUT = {"BUCKET", "PREFIX", "PUBLIC_URL", "CHECKSUMS", "PROBE_SECONDS"}
"""Options whose default depends on other options."""


def page(name: str) -> str:
    return (DOCS / name).read_text()


def sections(text: str, mark: str) -> dict[str, str]:
    """Heading in code -> what stands below it, up to the next heading."""
    parts = re.split(rf"^{mark} `(\w+)`\n", text, flags=re.MULTILINE)[1:]
    return {
        name: re.split(r"^#", body, flags=re.MULTILINE)[0]
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


def table(text: str, above: str) -> set[str]:
    """The words in code in the first column of the table below a line that begins so."""
    rows = text[text.index(above) :].partition("\n|---")[2].split("\n\n")[0].splitlines()[1:]
    cells = (row.removeprefix("| ").partition(" |")[0] for row in rows)
    return {word for cell in cells for word in re.findall(r"`\"?(--[\w-]+|[\w-]+)\"?`", cell)}


# Settings


def settings_page() -> dict[str, str]:
    return sections(page("reference/settings.md"), "###")


def test_each_setting_has_a_section_and_none_is_invented() -> None:
    assert settings_page().keys() == OPTIONS.keys()


@pytest.mark.parametrize("name", OPTIONS)
def test_a_setting_s_type_is_the_code_s(name: str) -> None:
    assert (
        re.search(r"^Type: ([\w, ]+)\.", settings_page()[name], re.MULTILINE)[1]
        == (TYPES[OPTIONS[name]])
    )


def defaults() -> dict[str, str]:
    """Option -> its default, as Python writes it."""
    values = {
        field.name.upper(): field.default_factory() if field.default is MISSING else field.default
        for field in fields(Mount)
        if field.default is not MISSING or field.default_factory is not MISSING
    }
    texts = {name: repr(value).replace("'", '"') for name, value in values.items()}
    return {name: "[]" if text == "()" else text for name, text in texts.items()}


@pytest.mark.parametrize("name", OPTIONS.keys() - WORKED_OUT)
def test_a_setting_s_default_is_the_code_s(name: str) -> None:
    shown = re.search(r"Default: `([^`]*)`", settings_page()[name])
    assert shown
    assert shown[1] == defaults()[name]


def test_each_preset_is_named() -> None:
    assert table(page("reference/settings.md"), "## Presets") == PRESETS.keys()


def test_each_word_of_contexts_is_named() -> None:
    assert table(page("reference/rewritten.md"), "## What you have") == OPTIONAL_CONTEXTS


def test_each_word_of_allow_is_named() -> None:
    rows = re.findall(r"\| `\"(\w+)\"` \|$", page("reference/kept-local.md"), re.MULTILINE)
    assert rows == list(ALLOW_WORDS)


# Commands

COMMANDS = sorted(path.stem for path in (ROOT / "s3rewrite/management/commands").glob("s3*.py"))


def commands_page() -> dict[str, str]:
    return sections(page("reference/commands.md"), "##")


def options_of(command: BaseCommand) -> set[str]:
    parser = command.create_parser("manage.py", "")
    return {text for action in parser._actions for text in action.option_strings}


def test_each_command_has_a_section_and_none_is_invented() -> None:
    assert sorted(commands_page()) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_s_options_are_named_and_none_is_invented(name: str) -> None:
    body = commands_page()[name]
    shown = table(body, "| option") if "| option" in body else set()
    assert shown == options_of(load_command_class("s3rewrite", name)) - options_of(BaseCommand())


# Guarantees, and whatever else names a test, a file, a check or code


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_each_test_that_is_named_exists(path: Path) -> None:
    for file, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", path.read_text()):
        definition = f"def {name}(" if name else "def test"
        assert definition in (ROOT / file).read_text(), f"{file}::{name}"


def test_each_guarantee_names_a_test() -> None:
    text = page("reference/guarantees.md")
    promises = text.partition("## The promises")[2].partition("\n## ")[0].split("\n### ")[1:]
    rows = text.partition("| what fails |")[2].partition("\n\n")[0].splitlines()[2:]
    tests = text.partition("The tests, by")[2].partition("\n\n")[2].partition("\n\n")[0]
    named = re.split(r"^\d+\. ", tests, flags=re.MULTILINE)[1:]
    assert len(promises) == 12
    assert len(rows) == len(named) == 16
    assert all("`tests/" in text for text in promises + named)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_each_file_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"`((?:docs|s3rewrite|benchmarks)/[\w./-]+|[A-Z]+\.md)`", path.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


def known_checks() -> set[str]:
    checks = "".join(file.read_text() for file in (ROOT / "s3rewrite/checks").glob("*.py"))
    return set(re.findall(r"\b[EWI]0\d\d\b", checks))


def test_each_check_that_is_named_exists() -> None:
    named = {code for path in PAGES for code in re.findall(r"\b[EWI]0\d\d\b", path.read_text())}
    assert named <= known_checks()


def test_each_check_has_one_row() -> None:
    rows = re.findall(r"^\| `s3rewrite\.(\w+)` \|", page("reference/checks.md"), re.MULTILINE)
    assert sorted(rows) == sorted(known_checks())


def python_blocks() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), re.sub(r"^ +(?=\S)", "", block, count=1))
        for path in PAGES
        for block in re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL)
        if not block.lstrip().startswith('"')  # an option alone
    ]


BLOCKS = python_blocks()


@pytest.mark.parametrize("block", [block for _, block in BLOCKS], ids=[name for name, _ in BLOCKS])
def test_python_in_the_documents_is_python_of_this_package(block: str) -> None:
    tree = ast.parse(re.sub(r"^   ", "", block, flags=re.MULTILINE))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("s3rewrite"):
            module = import_module(str(node.module))
            assert all(hasattr(module, alias.name) for alias in node.names)


# README and plots


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_plots_are_of_what_the_benchmarks_printed() -> None:
    """`python -m benchmarks.plots` draws them."""
    drawn = charts(FOLDER)
    assert drawn
    assert {name: (FOLDER / name).read_text() for name in drawn} == drawn
