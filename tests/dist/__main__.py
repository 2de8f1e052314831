"""Builds sdist and wheel, rates them, installs them, and runs tests from the unpacked sdist."""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"

OWNERS = "AuthorEmail,Url"
"""What pyroma asks for and nobody but the owner of the project can give (CONTRIBUTING.md)."""

MADE_BY_THE_BUILD = {"PKG-INFO"}
TESTS = "tests/core tests/test_architecture.py tests/test_middleware.py tests/test_storage.py"
"""Quick ones, which meet files, templates and all of the package's modules."""

SETTINGS = """
INSTALLED_APPS += ["s3rewrite"]
MIDDLEWARE += ["s3rewrite.middleware.S3RewriteMiddleware"]
S3REWRITE = {}
"""


def run(*command: object, cwd: Path = ROOT) -> str:
    """The output of a command; whatever it imports is in `cwd`, or installed."""
    names = "PYTHONPATH", "DJANGO_SETTINGS_MODULE"
    env = {name: value for name, value in os.environ.items() if name not in names}
    print("$", *command, flush=True)
    found = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if found.returncode:
        raise SystemExit(found.stdout)
    return found.stdout


def build() -> tuple[Path, Path]:
    """The sdist, and the wheel that is built from it."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST)
    return next(DIST.glob("*.tar.gz")), next(DIST.glob("*.whl"))


def rate(sdist: Path, wheel: Path) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
    rating = run(sys.executable, "-m", "pyroma", "--min", "10", "--skip-tests", OWNERS, sdist)
    print(rating.strip(), f"(without what the owner fills in: {OWNERS})")


def unpack(sdist: Path, folder: Path) -> Path:
    """The unpacked sdist; it holds every file of the repository, and no other."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    root = folder / sdist.name.removesuffix(".tar.gz")
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    files = {name for name in files if ".egg-info/" not in name} - MADE_BY_THE_BUILD
    if (ROOT / ".git").exists():
        tracked = set(run("git", "ls-files", "-z").split("\0")) - {""}
        if files != tracked:
            raise SystemExit(f"MANIFEST.in: the sdist and git differ in {sorted(files ^ tracked)}")
    print(f"{len(files)} files in the sdist")
    return root


def install(wheel: Path, folder: Path) -> Path:
    """A new environment with the wheel alone, in which a new project passes Django's checks."""
    run(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv/bin/python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    run(python, "-m", "django", "startproject", "site_", folder)
    with (folder / "site_/settings.py").open("a") as settings:
        settings.write(SETTINGS)
    said = run(python, "-W", "error", "manage.py", "check", cwd=folder)
    print(said.strip().splitlines()[-1])
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="install nothing and run no test")
    is_quick = parser.parse_args().quick
    sdist, wheel = build()
    rate(sdist, wheel)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpacked = unpack(sdist, folder)
        if is_quick:
            return
        python = install(wheel, folder)
        run(python, "-m", "pip", "install", "--quiet", f"{wheel}[test]")
        said = run(python, "-m", "pytest", "-q", *TESTS.split(), cwd=unpacked)
        print(said.strip().splitlines()[-1])


main()
