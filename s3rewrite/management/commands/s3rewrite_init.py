"""`manage.py s3rewrite_init`: the first five minutes."""

from argparse import ArgumentParser
from pprint import pformat
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from s3rewrite import conf

QUESTIONS = {
    "bucket": ("Name of the bucket", ""),
    "region": ("Its region, such as eu-central-1", ""),
    "endpoint": ("URL of the service, if it is not AWS", ""),
    "redis": ("URL of a database in Redis that no cache uses", "redis://127.0.0.1:6379/1"),
    "offload": ("What to offload: media, static, or both", "both"),
}
OFFLOADED = {"media": ["media"], "static": ["static"], "both": ["media", "static"]}
COMMANDS = ("s3rewrite_setup", "s3rewrite_doctor", "s3rewrite_sync")


class Command(BaseCommand):
    """Questions, answers, and what follows from them."""

    help = "Asks for a bucket, prints the lines for the settings, and tries them out."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The answers."""
        for name, (question, default) in QUESTIONS.items():
            parser.add_argument(f"--{name}", help=f"{question} ({default or 'nothing'})")
        parser.add_argument("--yes", action="store_true", help="ask nothing and do everything")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, print, and run what is agreed to."""
        answers = {name: self._answer(name, options) for name in QUESTIONS}
        if not answers["bucket"] or answers["offload"] not in OFFLOADED:
            raise CommandError('Give "--bucket NAME", and "--offload" media, static or both.')
        values = settings_of(answers)
        self.stdout.write("# In the settings, behind what is there:")
        self.stdout.write("\n".join(map(_line, values, values.values())))
        conf.use(values)
        for command in COMMANDS:
            if options["yes"] or input(f"Run {command} now? [Y/n] ").lower() in ("", "y", "yes"):
                call_command(command, stdout=self.stdout, stderr=self.stderr)

    def _answer(self, name: str, options: dict[str, Any]) -> str:
        question, default = QUESTIONS[name]
        if options[name] is not None or options["yes"]:
            return options[name] or default
        return input(f"{question} [{default}]: ").strip() or default


def settings_of(answers: dict[str, str]) -> dict[str, Any]:
    """Setting -> the value that it needs, of those that the project does not have yet."""
    aliases = OFFLOADED[answers["offload"]]
    given = {"region_name": answers["region"], "endpoint_url": answers["endpoint"]}
    client = {key: value for key, value in given.items() if value}
    mounts: dict[str, Any] = {"*": {"REDIS": answers["redis"], "CLIENT": client}}
    mounts |= {alias: {"BUCKET": answers["bucket"]} for alias in aliases}
    if "static" in mounts:
        mounts["static"]["PRESET"] = "static"
    return conf.missing_for(aliases) | {conf.SETTING: mounts}


def _line(name: str, value: object) -> str:
    sign = "+=" if name == "MIDDLEWARE" else "="
    return f"{name} {sign} {pformat(value, sort_dicts=False)}"
