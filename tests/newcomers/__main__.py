"""Builds the wheel, runs each newcomer, and prints minutes, lines written and messages met."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from demo.servers import HOST, SeaweedFS, Valkey, free_ports
from tests.newcomers.projects import PROJECTS, Project

ROOT = Path(__file__).resolve().parents[2]
MESSAGE = re.compile(r"s3rewrite\.[EW]\d+|WRONG|: note|stopped|failed|does not exist|kept local")
ENDPOINT = '"endpoint_url": "{url}", "region_name": "us-east-1"'


class Newcomer:
    """One new user: a folder, a virtual environment, and what is typed there."""

    def __init__(self, project: Project, folder: Path, servers: tuple[Valkey, SeaweedFS]) -> None:
        self.project, self.folder = project, folder
        self.valkey, self.seaweedfs = servers
        self.python = folder / ".venv/bin/python"
        self.lines = 0
        self.messages: list[str] = []
        self.env = {
            "PATH": f"{folder}/.venv/bin:{os.environ['PATH']}",
            "HOME": str(folder),
            "AWS_ACCESS_KEY_ID": self.seaweedfs.access_key,
            "AWS_SECRET_ACCESS_KEY": self.seaweedfs.secret_key,
            **{k: v for k, v in os.environ.items() if k.lower().startswith(("pip_", "http"))},
            "NO_PROXY": HOST,
        }

    def type(self, *command: str, may_fail: bool = False) -> str:
        """Run a command in the folder; its output, of which messages are kept."""
        found = subprocess.run(
            command, cwd=self.folder, env=self.env, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if found.returncode and not may_fail:
            raise SystemExit(f"{self.project.name}: {' '.join(command)}:\n{found.stdout}")
        name = command[2] if "manage.py" in command else command[0]
        lines = [line.strip() for line in found.stdout.splitlines() if MESSAGE.search(line)]
        self.messages += [f"{name}: {line}" for line in lines]
        return found.stdout

    def manage(self, *arguments: str, may_fail: bool = False) -> str:
        return self.type("python", "manage.py", *arguments, may_fail=may_fail)

    def install(self, wheel: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", self.folder / ".venv"], check=True)
        self.type("python", "-m", "pip", "install", "-q", str(wheel), *self.project.packages)
        self.type(*self.project.start)

    def write(self, file: str, code: str) -> None:
        """Append lines of the README, with the servers that there are here."""
        code = code.replace("uploads-example", f"newcomer-{self.project.name}")
        code = code.replace("redis://127.0.0.1:6379/1", self.valkey.url.replace("/0", "/1"))
        client = ENDPOINT.format(url=self.seaweedfs.url)
        code = code.replace('"region_name": "eu-central-1"', client)
        self.lines += sum(bool(line.strip()) for line in code.splitlines())
        path = self.folder / file
        path.write_text(path.read_text() + "\n\n" + code)

    def prepare(self) -> None:
        """What the project was before: not counted as lines written."""
        for file, code in self.project.before.items():
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            written = path.read_text() if path.exists() else ""
            path.write_text(f"{written}\n\n{code.replace('REDIS_URL', self.valkey.url)}")

    def follow(self, blocks: list[str]) -> None:
        """The README, step by step."""
        settings, urls, static = blocks[:3]
        project = self.project
        if project.init:
            self.write(project.settings, 'INSTALLED_APPS += ["s3rewrite"]\n')
            said = self.manage(
                "s3rewrite_init", "--bucket", f"newcomer-{project.name}", "--offload", "static",
                "--endpoint", self.seaweedfs.url, "--redis", self.valkey.url.replace("/0", "/1"),
                "--yes",
            )  # fmt: skip
            printed = said.partition("behind what is there:\n")[2].partition("S3REWRITE = ")
            body = printed[2][: printed[2].index("}}\n") + 2]
            self.write(project.settings, printed[0] + printed[1] + body)
            # runserver: static files stay local while DEBUG is on, unless the mount says otherwise.
            self.write(project.settings, 'S3REWRITE["static"]["LINK_IN_DEBUG"] = True\n')
        else:
            self.write(project.settings, settings)
            if project.serves_media:
                self.write(project.urls, urls)
            if project.static:
                self.write(project.settings, static)
        self.manage("check")
        self.manage("migrate", "-v", "0")
        if project.save:
            self.manage("shell", "-c", project.save)
        if project.static or project.init:
            self.manage("collectstatic", "--no-input", "-v", "0")
        self.manage("s3rewrite_setup")
        self.manage("s3rewrite_doctor", may_fail=True)
        self.manage("s3rewrite_sync")

    def first_link(self, seconds: float = 60.0) -> str:
        """The first link to S3 in the page, which the development server shows."""
        port = free_ports(1)[0]
        command = ["python", "manage.py", "runserver", "--noreload", f"{HOST}:{port}"]
        with subprocess.Popen(
            command, cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as server:  # fmt: skip
            try:
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    body = fetch(f"http://{HOST}:{port}{self.project.page}")
                    if link := re.search(rf"{self.seaweedfs.url}/newcomer-[^\"\s&>]+", body):
                        assert fetch(link[0]), f"{link[0]} is empty"
                        return link[0]
                    time.sleep(0.5)
            finally:
                server.terminate()
        raise SystemExit(f"{self.project.name}: no link to S3 in {self.project.page}:\n{body}")


def fetch(url: str) -> str:
    """What is at a URL; "" where nobody answers yet."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        return error.read().decode("utf-8", "replace")
    except OSError:
        return ""


def readme_blocks() -> list[str]:
    """The Python of the README's installation: settings, urls.py, static files."""
    text = (ROOT / "README.md").read_text()
    section = text.partition("## Install it by hand")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.newcomers")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PROJECTS)}")
    names = parser.parse_args().names or list(PROJECTS)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", directory, str(ROOT)]
        subprocess.run(pip, check=True)
        (wheel,) = folder.glob("*.whl")
        with Valkey(folder / "valkey") as valkey, SeaweedFS(folder / "seaweedfs") as seaweedfs:
            for name in names:
                run(Newcomer(PROJECTS[name], folder / name, (valkey, seaweedfs)), wheel)


def run(newcomer: Newcomer, wheel: Path) -> None:
    newcomer.folder.mkdir()
    began = time.monotonic()
    newcomer.install(wheel)
    newcomer.prepare()
    installed = time.monotonic()
    newcomer.follow(readme_blocks())
    link = newcomer.first_link()
    ended = time.monotonic()
    print(  # noqa: T201
        f"{newcomer.project.name}: first link after {(ended - began) / 60:.1f} minutes, "
        f"{(installed - began) / 60:.1f} of them to install; {newcomer.lines} lines written; {link}"
    )
    for message in dict.fromkeys(newcomer.messages):
        print(f"    {message}")  # noqa: T201
    sys.stdout.flush()


if __name__ == "__main__":
    main()
