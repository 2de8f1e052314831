"""`manage.py s3rewrite_loop`: the daemon beside the site."""

import threading
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.shown import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.monitoring.probes import READY, Health, notify_systemd, serving_all
from s3rewrite.monitoring.server import Address, HttpPage, Pages, address, one_at_a_time
from s3rewrite.sync.health import HUNG_AFTER
from s3rewrite.sync.loop import MountLoop, run_loops
from s3rewrite.sync.reporting.progress import Progress, ProgressLines
from s3rewrite.sync.stopping import stoppable
from s3rewrite.watch.watch import Watch, has_watchfiles


class Command(BaseCommand):
    """Arguments and wiring."""

    help = "Keeps S3 and the published set in step with the files until it is stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts, the interval, and what is served to whom watches."""
        add_mounts(parser)
        add = parser.add_argument
        add("--interval", type=float, default=60.0, metavar="SECONDS", help="between two passes")
        add(
            "--watch", action=BooleanOptionalAction, default=has_watchfiles(),
            help="look at files as soon as they change; where watchfiles is installed",
        )  # fmt: skip
        add(
            "--health", type=_address, metavar="HOST:PORT",
            help="serve /livez and /readyz for probes; on loopback without HOST",
        )  # fmt: skip
        add(
            "--metrics", type=_address, metavar="HOST:PORT",
            help="serve /metrics for Prometheus; may be the address of --health",
        )  # fmt: skip
        add(
            "--patience", type=float, default=HUNG_AFTER, metavar="SECONDS",
            help="without a move after which /livez says that the loop hangs",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT, then end what is under way, or abandon it."""
        self._is_quiet = options["verbosity"] == 0
        with stoppable(0) as stop:
            self._run(options, stop)
        self._say("s3rewrite: stopped")

    def _run(self, options: dict[str, Any], stop: threading.Event) -> None:
        loops = [
            MountLoop(mount, options["interval"], stop, self._say, self._progress(options))
            for mount in chosen_mounts(options)
        ]
        health = Health(loops, options["patience"])
        with _serving(_wanted(options, health)) as urls:
            names = ", ".join(loop.mount.alias for loop in loops) or "none: S3REWRITE is empty"
            self._say(f"s3rewrite: looping over mounts: {names}")
            for url in urls:
                self._say(f"s3rewrite: serves {url}")
            notify_systemd(READY)
            run_loops(loops, stop, health.tick, self._watches(loops, options))

    def _watches(self, loops: Sequence[MountLoop], options: dict[str, Any]) -> list[Watch]:
        if not options["watch"]:
            return []
        if not has_watchfiles():
            raise CommandError("--watch needs watchfiles: pip install 's3rewrite[watch]'")
        return [Watch(loop.mount, loop.stop, self._say) for loop in loops]

    def _progress(self, options: dict[str, Any]) -> Progress:
        return ProgressLines(self.stdout) if options["verbosity"] > 1 else Progress()  # type: ignore[arg-type]

    def _say(self, message: str) -> None:
        if not self._is_quiet:
            self.stdout.write(printable(message))
            self.stdout.flush()


def _address(text: str) -> Address:
    try:
        return address(text)
    except ValueError as problem:
        raise ArgumentTypeError(str(problem)) from problem


def _wanted(options: dict[str, Any], health: Health) -> list[tuple[Address, Pages]]:
    wanted = [(options["health"], health.pages)] if options["health"] else []
    if options["metrics"]:
        wanted.append((options["metrics"], _metrics(health.loops)))
    return wanted


def _metrics(loops: Sequence[MountLoop]) -> Pages:
    """The page for Prometheus; the loops count for it from now on."""
    try:
        from s3rewrite.metrics.loop import CONTENT_TYPE, LoopMetrics  # noqa: PLC0415
    except ImportError as error:
        message = f"--metrics needs prometheus_client: pip install 's3rewrite[metrics]' ({error})"
        raise CommandError(message) from error
    metrics = LoopMetrics([loop.mount for loop in loops])
    for loop in loops:
        loop.count = metrics.count
    made = one_at_a_time(lambda: HttpPage(200, CONTENT_TYPE, metrics.exposition()))
    return {"/metrics": made}


@contextmanager
def _serving(wanted: list[tuple[Address, Pages]]) -> Iterator[list[str]]:
    with ExitStack() as stack:
        try:
            urls = stack.enter_context(serving_all(wanted))
        except OSError as error:
            raise CommandError(f"Nothing can be served there: {error}") from error
        yield urls
