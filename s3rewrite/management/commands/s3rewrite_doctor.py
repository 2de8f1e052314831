"""`manage.py s3rewrite_doctor`: whether everything can work, tried out."""

from argparse import ArgumentParser
from typing import Any

from django.core.checks import run_checks
from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.mounts import Mount
from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.monitoring.status import status_of, verdict
from s3rewrite.tools.doctor import Finding, Grade, examine


class Command(BaseCommand):
    """Arguments and wiring."""

    help = "Tries out settings, Redis, bucket and public URLs; says how to mend what is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts."""
        add_mounts(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Say each finding; exit with 1 where something is wrong."""
        wrong = sum(self._say("settings", finding) for finding in _settings())
        for mount in chosen_mounts(options):
            for finding in (*examine(mount), *_loop(mount)):
                wrong += self._say(mount.alias, finding)
        if wrong:
            raise CommandError(f"{wrong} things are wrong; each line says how to mend it.")

    def _say(self, alias: str, finding: Finding) -> bool:
        grade, subject, sentence = finding
        styles = {Grade.FINE: self.style.SUCCESS, Grade.NOTE: self.style.WARNING}
        style = styles.get(grade, self.style.ERROR)
        self.stdout.write(f"{alias}: {style(grade)}: {subject}: {printable(sentence)}")
        return grade is Grade.WRONG


def _settings() -> list[Finding]:
    found = [message for message in run_checks() if str(message.id).startswith("s3rewrite.")]
    if not found:
        return [Finding(Grade.FINE, "checks", "nothing is wrong in the settings")]
    return [
        Finding(
            Grade.WRONG if message.is_serious() else Grade.NOTE,
            str(message.id),
            f"{message.msg} {message.hint or ''}".strip(),
        )
        for message in found
    ]


def _loop(mount: Mount) -> list[Finding]:
    judged = verdict(status_of(mount))
    grade = Grade.NOTE if judged.level else Grade.FINE
    sentences = judged.sentences or ("files are being looked after",)
    return [Finding(grade, "loop", sentence) for sentence in sentences]
