"""`manage.py s3rewrite_doctor`: tries out whether everything can work."""

from argparse import ArgumentParser
from typing import Any

from django.core.checks import run_checks
from django.core.management.base import BaseCommand, CommandError, no_translations

from s3rewrite.core.mounts import Mount
from s3rewrite.core.plurals import plural
from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.monitoring.status import status_of, verdict
from s3rewrite.tools.doctor import Finding, Grade, diagnose


class Command(BaseCommand):
    """Arguments and output."""

    help = "Tries out settings, Redis, bucket and public URLs; says how to fix what is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts."""
        add_mounts(parser)

    @no_translations  # scripts and monitors read it
    def handle(self, *args: Any, **options: Any) -> None:
        """Print each finding; exit with 1 if something is wrong."""
        wrong = sum(self._print("settings", finding) for finding in _settings())
        for mount in chosen_mounts(options):
            for finding in (*diagnose(mount), *_loop(mount)):
                wrong += self._print(mount.alias, finding)
        if wrong:
            raise CommandError(f"{plural(wrong, 'problem')}; each line above says how to fix it.")

    def _print(self, alias: str, finding: Finding) -> bool:
        grade, subject, sentence = finding
        styles = {Grade.FINE: self.style.SUCCESS, Grade.NOTE: self.style.WARNING}
        style = styles.get(grade, self.style.ERROR)
        self.stdout.write(f"{alias}: {style(grade)}: {subject}: {printable(sentence)}")
        return grade is Grade.WRONG


def _settings() -> list[Finding]:
    messages = [message for message in run_checks() if str(message.id).startswith("s3rewrite.")]
    return [
        Finding(
            Grade.WRONG if message.is_serious() else Grade.NOTE,
            str(message.id),
            f"{message.msg} {message.hint or ''}".strip(),
        )
        for message in messages
    ] or [Finding(Grade.FINE, "checks", "nothing is wrong in the settings")]


def _loop(mount: Mount) -> list[Finding]:
    judged = verdict(status_of(mount))
    grade = Grade.NOTE if judged.level else Grade.FINE
    sentences = judged.sentences or ("files are being looked after",)
    return [Finding(grade, "loop", sentence) for sentence in sentences]
