"""The rules of ARCHITECTURE.md: imports go down, the wings do not meet, what is public stays."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "s3rewrite"
ARCHITECTURE = (PACKAGE.parent / "ARCHITECTURE.md").read_text()

FLOORS = [
    {"core", "rewriters"},
    {"aws_config"},
    {"conf", "signals"},
    {"registry", "s3", "cdn", "signing"},
    {"disk"},
    {"linking", "sync"},
    {"explain", "outage", "tools", "watch"},
    {"monitoring"},
]
"""From the ground up. Rooms on one floor do not import each other; all others are names that
projects write, on top."""

IN_A_ROOM = {"freed": "disk"}
"""A module whose dotted path is public, and the room that it belongs to."""

PURE = "core", "rewriters"
IMPURE = {"boto3", "botocore", "redis", "django_redis", "obstore", "django.conf"}

PUBLIC = re.findall(r"`(s3rewrite\.[\w.]+)`", ARCHITECTURE.partition("## What is public")[2])


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text())


def imports(tree: ast.Module) -> Iterator[str]:
    """What a module imports of the package, wherever it does so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("s3rewrite"):
            module = (node.module or "").removeprefix("s3rewrite").lstrip(".")
            for alias in node.names:
                yield f"{module}.{alias.name}".lstrip(".")


def room(module: str) -> str:
    top = module.partition(".")[0]
    return IN_A_ROOM.get(top, top)


def floor(name: str) -> int:
    return next((number for number, rooms in enumerate(FLOORS) if name in rooms), len(FLOORS))


def test_imports_go_down_only() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, tree in modules()
        for imported in imports(tree)
        if room(module) != room(imported)
        and floor(room(module)) <= floor(room(imported))
        and floor(room(module)) < len(FLOORS)
    ]
    assert wrong == []


def test_every_room_says_what_it_holds() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_no_folder_is_a_heap() -> None:
    folders = [path for path in [PACKAGE, *PACKAGE.rglob("*")] if path.is_dir()]
    assert max(len(list(folder.glob("*.py"))) for folder in folders) <= 22


def test_the_ground_is_pure() -> None:
    """In a fresh interpreter: what tests have imported does not count."""
    names = [f"s3rewrite.{module}" for module, _ in modules() if module.startswith(PURE)]
    code = f"import sys, {', '.join(names)}; print(*sorted({IMPURE!r} & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == []


@pytest.mark.parametrize("path", PUBLIC)
def test_what_projects_write_is_there(path: str) -> None:
    module, _, name = path.rpartition(".")
    try:
        import_module(path)
    except ImportError:
        assert hasattr(import_module(module), name)


def test_there_is_something_public() -> None:
    assert len(PUBLIC) > 10


@pytest.mark.parametrize(
    "place", sorted(set(re.findall(r"`([\w/]+\.(?:py|lua)):(\w+)`", ARCHITECTURE)))
)
def test_what_architecture_names_is_there(place: tuple[str, str]) -> None:
    path, name = place
    text = (PACKAGE / path).read_text()
    assert re.search(rf"^\s*(?:async )?(?:def|class) {name}\b|^{name}\b", text, re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/]+\.(?:py|lua))`", ARCHITECTURE))))
def test_files_that_architecture_names_are_there(path: str) -> None:
    scripts, tests = PACKAGE / "registry/lua", PACKAGE.parent / "tests"
    assert any((folder / path).exists() for folder in (PACKAGE, scripts, tests, PACKAGE.parent))
