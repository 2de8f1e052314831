"""`manage.py s3rewrite_loop`: the daemon beside the site."""

import threading
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.mounts import Mount
from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts, showing_errors
from s3rewrite.monitoring.probes import READY, Health, notify_systemd, serving_all
from s3rewrite.monitoring.server import HttpPage, Pages, address, one_at_a_time
from s3rewrite.outage.prober import Prober
from s3rewrite.sync.health import HUNG_AFTER
from s3rewrite.sync.loop import MountLoop, run_loops
from s3rewrite.sync.reporting.progress import Progress, ProgressLines
from s3rewrite.sync.reporting.report import Observer
from s3rewrite.sync.stopping import stoppable
from s3rewrite.watch.watch import Watch, has_watchfiles


class Command(BaseCommand):
    """Arguments and wiring."""

    help = "Keeps S3 and the published set in step with the files until it is stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the mounts, the interval, and the addresses of what is served."""
        add_mounts(parser)
        add = parser.add_argument
        add("--interval", type=float, default=60.0, metavar="SECONDS", help="between two passes")
        add(
            "--watch", action=BooleanOptionalAction, default=has_watchfiles(),
            help="look at files as soon as they change; the default if watchfiles is installed",
        )  # fmt: skip
        add(
            "--health", type=showing_errors(address), metavar="HOST:PORT",
            help="serve /livez and /readyz for probes; on loopback without HOST",
        )  # fmt: skip
        add(
            "--metrics", type=showing_errors(address), metavar="HOST:PORT",
            help="serve /metrics for Prometheus; may be the address of --health",
        )  # fmt: skip
        add(
            "--patience", type=float, default=HUNG_AFTER, metavar="SECONDS",
            help="without any progress, after which /livez reports that the loop hangs",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT, then end or abandon what the loops are doing."""
        self._is_quiet = options["verbosity"] == 0
        with stoppable(0) as stop:
            self._run(options, stop)
        self._say("s3rewrite: stopped")

    def _run(self, options: dict[str, Any], stop: threading.Event) -> None:
        mounts = chosen_mounts(options)
        observers, figures = _metrics(mounts) if options["metrics"] else ([], {})
        progress = ProgressLines(self.stdout) if options["verbosity"] > 1 else Progress()  # type: ignore[arg-type]
        loops = [
            MountLoop(mount, options["interval"], stop, self._say, progress, observers=observers)
            for mount in mounts
        ]
        health = Health(loops, options["patience"])
        pages = [(options["health"], health.pages), (options["metrics"], figures)]
        with ExitStack() as servers:
            try:
                served = serving_all([(where, page) for where, page in pages if where])
                urls = servers.enter_context(served)
            except OSError as error:
                raise CommandError(f"Nothing can be served there: {error}") from error
            names = ", ".join(mount.alias for mount in mounts) or "none: S3REWRITE is empty"
            self._say(f"s3rewrite: looping over mounts: {names}")
            for url in urls:
                self._say(f"s3rewrite: serves {url}")
            notify_systemd(READY)
            probers = [Prober(m, stop, self._say) for m in mounts if m.probe_seconds]
            run_loops(loops, stop, health.tick, [*self._watches(loops, options), *probers])

    def _watches(self, loops: Sequence[MountLoop], options: dict[str, Any]) -> list[Watch]:
        if not options["watch"]:
            return []
        if not has_watchfiles():
            raise CommandError("--watch needs watchfiles: pip install 's3rewrite[watch]'")
        return [Watch(loop.mount, loop.stop, self._say) for loop in loops]

    def _say(self, message: str) -> None:
        if not self._is_quiet:
            self.stdout.write(printable(message))
            self.stdout.flush()


def _metrics(mounts: list[Mount]) -> tuple[list[Observer], Pages]:
    """The observer that counts the passes, and the page for Prometheus. Raises CommandError."""
    try:
        from s3rewrite.metrics.loop import CONTENT_TYPE, LoopMetrics  # noqa: PLC0415
    except ImportError as error:
        message = f"--metrics needs prometheus_client: pip install 's3rewrite[metrics]' ({error})"
        raise CommandError(message) from error
    metrics = LoopMetrics(mounts)
    page = one_at_a_time(lambda: HttpPage(200, CONTENT_TYPE, metrics.exposition()))
    return [metrics.count], {"/metrics": page}
