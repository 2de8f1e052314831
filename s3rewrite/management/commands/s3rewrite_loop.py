"""`manage.py s3rewrite_loop`: the daemon beside the site."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.sync.loop import MountLoop, run
from s3rewrite.sync.progress import Lines, Progress


class Command(BaseCommand):
    """Arguments and wiring."""

    help = "Keeps S3 and the published set in step with the files until it is stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts and the interval."""
        add_mounts(parser)
        add = parser.add_argument
        add("--interval", type=float, default=60.0, metavar="SECONDS", help="between two passes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT, then end what is under way."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        loops = [
            MountLoop(mount, options["interval"], stop, self._say, self._progress(options))
            for mount in chosen_mounts(options)
        ]
        names = ", ".join(loop.mount.alias for loop in loops) or "none: S3REWRITE is empty"
        self._say(f"s3rewrite: looping over mounts: {names}")
        run(loops, stop)
        self._say("s3rewrite: stopped")

    def _progress(self, options: dict[str, Any]) -> Progress:
        return Lines(self.stdout) if options["verbosity"] > 1 else Progress()  # type: ignore[arg-type]

    def _say(self, message: str) -> None:
        self.stdout.write(message)
        self.stdout.flush()
