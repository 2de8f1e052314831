"""A process that changes files in every way there is, and writes down when and to what.

python -m tests.history.writer NUMBER SECONDS LOG
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile

from tests.history import site  # noqa: F401 - configures Django
from tests.history.contents import content_of


class Writer:
    """Changes its own files only, one change at a time."""

    def __init__(self, number: int, log: Any) -> None:
        from django.conf import settings
        from django.core.files.storage import default_storage

        self.number = number
        self.storage = default_storage
        self.root = Path(settings.MEDIA_ROOT)
        self.log = log
        self.versions: dict[str, int] = {}
        self.random = random.Random(number)

    def change(self) -> None:
        """One change of one file, written down."""
        name = f"{self.number}/{self.random.randrange(8)}.txt"
        version = self.versions[name] = self.versions.get(name, 0) + 1
        action: Callable[[str, bytes], bytes | None] = self.random.choice(
            [
                self.save,
                self.save,
                self.rename,
                self.overwrite,
                self.append,
                self.delete,
                self.again,
            ]
        )
        before = time.monotonic()
        content = action(name, content_of(name, version))
        self._note(name, version, content, before)

    def save(self, name: str, content: bytes) -> bytes:
        """Through the storage."""
        self.storage.save(name, ContentFile(content))
        return content

    def rename(self, name: str, content: bytes) -> bytes:
        """Another file takes its place, behind the storage's back."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_bytes(content)
        beside.replace(path)
        return content

    def overwrite(self, name: str, content: bytes) -> bytes:
        """In place: it is empty for a moment."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return content

    def append(self, name: str, content: bytes) -> bytes:
        """In two pieces, with a pause between."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb", buffering=0) as file:
            file.write(content[:100])
            time.sleep(self.random.random() / 5)
            file.write(content[100:])
            os.fsync(file.fileno())
        return content

    def delete(self, name: str, content: bytes) -> None:
        """Through the storage."""
        self.storage.delete(name)

    def again(self, name: str, content: bytes) -> bytes:
        """Deleted and saved at once."""
        self.storage.delete(name)
        return self.save(name, content)

    def _note(self, name: str, version: int, content: bytes | None, before: float) -> None:
        told = {
            "name": name, "version": version, "before": before, "after": time.monotonic(),
            "gone": content is None,
        }  # fmt: skip
        self.log.write(json.dumps(told) + "\n")
        self.log.flush()


def main() -> None:
    number, seconds, log = int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    until = time.monotonic() + seconds
    with log.open("w") as file:
        writer = Writer(number, file)
        while time.monotonic() < until:
            writer.change()
            time.sleep(writer.random.random() / 2)


if __name__ == "__main__":
    main()
