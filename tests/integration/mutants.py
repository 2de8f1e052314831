"""The judges are judged: `python -m tests.integration.mutants [word …]` puts defects into a copy.

Each mutant is the package with one realistic defect, in a temporary directory of its own. For
each the state machine of `test_world`, and then the tests of the registry, are run once; the
table says who caught it, and in how many seconds. What survives them meets the tests of the loop
and of links. The first row is the package as it is, which nobody may catch. With words, only
the mutants whose names have one of them. Exit code 1 if a mutant survived everything.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
COPIED = ["s3rewrite", "tests", "demo", "setup.cfg"]
IGNORED = shutil.ignore_patterns("var", "__pycache__")
TIMEOUT = 300
"""Seconds that a judge may take."""

# Shrinking takes long, and it is enough to know that there is a failure.
PROFILE = """
from hypothesis import Phase, settings
settings.register_profile("judged", phases=[Phase.explicit, Phase.generate])
settings.load_profile("judged")
"""


class Mutant(NamedTuple):
    """A defect: in a file of the package `old`, which is there once, becomes `new`."""

    name: str
    path: str
    old: str
    new: str


class Verdict(NamedTuple):
    """What a judge said of a mutant."""

    judge: str
    seconds: float
    test: str
    """The test that failed; "" where none did."""


JUDGES = {
    "world": ["tests/integration/test_world.py"],
    "registry": ["tests/registry"],
    "others": [
        "tests/sync",
        "tests/linking/test_resolver.py",
        "tests/integration/test_late_writes.py",
        "tests/integration/test_recovery.py",
        "tests/integration/test_passes.py",
        "tests/integration/test_redis_faults.py",
    ],
}

MUTANTS = [
    Mutant("none", "linking/resolver.py", "import asyncio\n", "import asyncio\n"),
    Mutant(
        "published without looking at the file again",
        "sync/upload/attempt.py",
        "        if not self.file.is_unchanged():\n            self.finish(self._pending())\n",
        "        pass\n",
    ),
    Mutant(
        "publish does not compare the token",
        "registry/lua/publish.lua",
        "redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[4]",
        "false",
    ),
    Mutant(
        "publish does not look at the lease",
        "registry/lua/publish.lua",
        "redis.call('GET', KEYS[6]) ~= ARGV[5]",
        "false",
    ),
    Mutant(
        "publish does not look at what the CDN may hold",
        "registry/lua/publish.lua",
        "(held and held ~= fingerprint)",
        "false",
    ),
    Mutant(
        "withdraw forgets what the CDN may hold",
        "registry/lua/withdraw.lua",
        "redis.call('HEXISTS', KEYS[7], '/') == 1",
        "false",
    ),
    Mutant(
        "the CDN was cleared, though other bytes came since",
        "registry/lua/cleared.lua",
        "redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2]",
        "false",
    ),
    Mutant(
        "a deletion does not count as something that the CDN may hold",
        "registry/edge.py",
        'if self._client.hexists(self._keys.edge, "/"):',
        "if False:",
    ),
    Mutant(
        "what is taken down is claimed",
        "registry/lua/claim.lua",
        "redis.call('HEXISTS', KEYS[10], ARGV[1]) == 1",
        "false",
    ),
    Mutant(
        "a copy is believed whatever it is",
        "sync/upload/moves.py",
        "    if etag == source.etag or has_bytes(",
        "    if True or has_bytes(",
    ),
    Mutant(
        "a copy counts as a write with a condition",
        "registry/lua/claim.lua",
        "source == '' and ARGV[8] or ARGV[6]",
        "ARGV[8]",
    ),
    Mutant(
        "the name that had the bytes is any",
        "registry/commands.py",
        'self.replies.parse_name("gone", source) if source else None',
        "source.decode()",
    ),
    Mutant(
        "a purge ends though an upload may arrive",
        "registry/lua/end_purge.lua",
        "not string.find(fingerprint, '^deleted')",
        "false",
    ),
    Mutant(
        "withdraw leaves the claim",
        "registry/lua/withdraw.lua",
        "redis.call('HDEL', KEYS[3], ARGV[1])\n",
        "",
    ),
    Mutant(
        "withdraw leaves the entry",
        "registry/lua/withdraw.lua",
        "  redis.call('HDEL', KEYS[1], ARGV[2])\n",
        "",
    ),
    Mutant(
        "a claim leaves the entry",
        "registry/lua/claim.lua",
        "  redis.call('HDEL', KEYS[1], ARGV[2])\n",
        "",
    ),
    Mutant(
        "a withdrawal is not told to the views",
        "registry/lua/withdraw.lua",
        "  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'n', ARGV[1])\n",
        "",
    ),
    Mutant(
        "the view ignores trims of the stream",
        "registry/view.py",
        "changes and changes[0][0] == self._cursor and is_whole",
        "changes and is_whole",
    ),
    Mutant("the view ignores the epoch", "registry/view.py", "epoch != self._epoch or not", "not"),
    Mutant(
        "a forked process keeps its master's view",
        "registry/view.py",
        "        if self._pid != os.getpid():\n            self._reset()\n",
        "",
    ),
    Mutant(
        "the view does not know on which server an epoch began",
        "registry/lua/current_epoch.lua",
        "epoch and string.match(epoch, '@(.*)$') == run",
        "epoch",
    ),
    Mutant(
        "pages link to S3 though the mount is suspended",
        "registry/view.py",
        "        if self.is_suspended:\n",
        "        if False:\n",
    ),
    Mutant(
        "nobody links a freed file while the mount is suspended",
        "registry/view.py",
        "entry if entry and entry.freed else None",
        "None",
    ),
    Mutant(
        "the loop does not know on which server an epoch began",
        "registry/lua/epoch.lua",
        "epoch and string.match(epoch, '@(.*)$') == run",
        "epoch",
    ),
    Mutant(
        "deletion does not look whether the same bytes are published",
        "sync/delete.py",
        'return entry is not None and item.fingerprint in ("", entry.fingerprint)',
        "return False",
    ),
    Mutant(
        "deletion does not look at the disk",
        "sync/delete.py",
        "signature_of(context.storage, item.name) is not None",
        "False",
    ),
    Mutant(
        "late writes of other bytes are not doubted",
        "registry/lua/claim.lua",
        "ARGV[7] == '1' and fingerprint ~= ARGV[6] and may_hold(condition)",
        "false",
    ),
    Mutant(
        "late deletions are not doubted",
        "registry/lua/claim.lua",
        "fingerprint == 'deleted-' .. ARGV[6] or fingerprint == 'deleted-'\n      or ",
        "",
    ),
    Mutant(
        "bytes that come back are no condition that holds",
        "registry/lua/claim.lua",
        "return condition == ARGV[9] or ",
        "return ",
    ),
    Mutant(
        "conditions are believed without a proof",
        "registry/lua/claim.lua",
        "is_unproven = ARGV[10] ~= '1'",
        "is_unproven = false",
    ),
    Mutant(
        "objects are written whatever is there",
        "sync/upload/attempt.py",
        "if self._may_have_condition():",
        "if False:",
    ),
    Mutant(
        "a file stays published where S3 cannot be asked",
        "sync/upload/attempt.py",
        "            self.lookup_error = error",
        "            self.finish(error)",
    ),
    Mutant(
        "the lease of a frozen process is taken over",
        "registry/process.py",
        "return state[0] in ENDED or identity != place + _digest(state[1])",
        "return True",
    ),
    Mutant(
        "writes of a killed pass are forgotten by the next",
        "registry/lua/acquire.lua",
        "if till > now then",
        "if written ~= '0' and till > now then",
    ),
    Mutant(
        "an answer that was lost is an end",
        "s3/unconfirmed_writes.py",
        '            self.add(request_dict["context"][CONTEXT_KEY])\n',
        "            pass\n",
    ),
    Mutant(
        "the file is not looked at before it is linked",
        "linking/resolver.py",
        "if root is None:",
        "if 1:",
    ),
    Mutant(
        "a touched file is refreshed whatever its bytes",
        "sync/upload/attempt.py",
        "old.fingerprint != self.entry.fingerprint",
        "False",
    ),
]


def copy_of(mutant: Mutant, directory: Path) -> None:
    """The package with the defect, and its tests. Raises ValueError where it does not fit."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=IGNORED)
        else:
            shutil.copy(source, directory / name)
    with (directory / "tests/conftest.py").open("a") as conftest:
        conftest.write(PROFILE)
    path = directory / "s3rewrite" / mutant.path
    text = path.read_text()
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name!r} does not fit {mutant.path}")
    path.write_text(text.replace(mutant.old, mutant.new))


def judged(judge: str, directory: Path) -> Verdict:
    """Run a judge on a copy until its first failure."""
    began = time.monotonic()
    options = ["-q", "-x", "-rfE", "--tb=no", "-p", "no:cacheprovider", f"--basetemp={directory}/t"]
    command = ["nice", sys.executable, "-m", "pytest", *options, *JUDGES[judge]]
    env = {**os.environ, "PYTHONPATH": str(directory)}
    try:
        done = subprocess.run(
            command, cwd=directory, env=env, capture_output=True, text=True, timeout=TIMEOUT,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Verdict(judge, time.monotonic() - began, f"over {TIMEOUT} seconds")
    failed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAILED")]
    test = failed[0].rpartition("::")[2] if failed else "(error)" * bool(done.returncode)
    return Verdict(judge, time.monotonic() - began, test)


def verdicts(mutant: Mutant) -> list[Verdict]:
    """What the first two judges say, and the third where neither caught it."""
    with tempfile.TemporaryDirectory(prefix="s3rewrite-mutant-") as name:
        copy_of(mutant, Path(name))
        found = [judged("world", Path(name)), judged("registry", Path(name))]
        if not any(verdict.test for verdict in found):
            found.append(judged("others", Path(name)))
        return found


def row(mutant: Mutant, found: list[Verdict]) -> str:
    """A line of the table."""
    cells = [f"{item.test or '-'} ({item.seconds:.0f} s)" for item in found]
    return " | ".join(["", mutant.name, *cells, ""]).strip()


def say(line: str) -> None:
    """Print a line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(words: list[str]) -> int:
    """Judge the mutants, two at a time, and print the table."""
    chosen = [item for item in MUTANTS if not words or any(word in item.name for word in words)]
    survived = []
    say("| mutant | world | registry | others |\n|---|---|---|---|")
    with ThreadPoolExecutor(2) as pool:
        for mutant, found in zip(chosen, pool.map(verdicts, chosen), strict=True):
            say(row(mutant, found))
            if any(verdict.test for verdict in found) == (mutant.name == "none"):
                survived.append(mutant.name)
    say(f"\n{len(survived)} not as it should be: {', '.join(survived) or '-'}")
    return bool(survived)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
