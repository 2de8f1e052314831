"""The files in docs/deploy are what they say: their commands parse, and their tools take them.

What a tool has to judge is skipped where the machine does not have it.
"""

import re
import runpy
import shlex
import shutil
import subprocess
import sys
import time
from getpass import getuser
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import kubernetes_validate
import pytest
import yaml
from django.core.management import load_command_class

from demo.servers import Process, free_ports

DOCS = Path(__file__).resolve().parents[1] / "docs"
DEPLOY = DOCS / "deploy"
COMMAND = re.compile(r"manage\.py (s3rewrite_\w+)([^\n`|>)]*)")


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text()


def tool(name: str) -> str:
    found = shutil.which(name)
    if not found:
        pytest.skip(f"no {name} here")
    return found


def run(*command: str | Path, **options: Any) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        **options,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def parses(name: str, arguments: list[str]) -> None:
    parser = load_command_class("s3rewrite", name).create_parser("manage.py", name)
    parser.parse_args(arguments)


def commands() -> list[tuple[str, str]]:
    found = [
        (match[1], re.split(r"\s{2,}", match[2])[0].strip())  # what it is for stands behind
        for path in [*DEPLOY.iterdir(), DOCS.parent / "README.md", *DOCS.rglob("*.md")]
        for match in COMMAND.finditer(path.read_text())
    ]
    return sorted(set(found))


@pytest.mark.parametrize(("name", "arguments"), commands())
def test_each_command_line_is_one_that_the_command_takes(name: str, arguments: str) -> None:
    parses(name, shlex.split(arguments))


def test_no_command_line_is_a_sentence() -> None:
    assert ("s3rewrite_sync", "--dry-run") in commands()
    assert all(len(shlex.split(arguments)) <= 5 for _, arguments in commands())


def test_a_command_line_with_a_slip_is_found() -> None:
    with pytest.raises(Exception, match="unrecognized arguments: --helth"):
        parses("s3rewrite_loop", ["--helth", "9100"])


# systemd


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    unit = tmp_path / "s3rewrite-loop.service"
    # The programs have to be there; all else is as it stands.
    here = text_of(unit.name).replace("/srv/example/venv/bin/python", sys.executable)
    unit.write_text(here.replace("/srv/example", str(tmp_path)))
    assert run(analyze, "verify", "--recursive-errors=no", unit) == ""


def test_systemd_finds_a_slip(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    unit = tmp_path / "s3rewrite-loop.service"
    unit.write_text(text_of(unit.name).replace("TimeoutStopSec=20", "TimeoutStopSec=soon"))
    done = subprocess.run([analyze, "verify", str(unit)], check=False, capture_output=True)
    assert b"Failed to parse time value" in done.stderr


# Containers


def test_compose_takes_the_file(tmp_path: Path) -> None:
    compose = tool("docker-compose")
    shutil.copy(DEPLOY / "compose.yaml", tmp_path)
    shutil.copy(DEPLOY / "Dockerfile", tmp_path)
    (tmp_path / "s3.env").write_text("AWS_ACCESS_KEY_ID=x\n")
    found = yaml.safe_load(run(compose, "-f", tmp_path / "compose.yaml", "config", cwd=tmp_path))
    assert set(found["services"]) == {"valkey", "site", "loop"}
    assert found["services"]["loop"]["environment"]["REDIS_URL"] == "redis://valkey:6379/0"


def test_the_loop_of_compose() -> None:
    services = yaml.safe_load(text_of("compose.yaml"))["services"]
    python, manage, name, *arguments = services["loop"]["command"]
    assert (python, manage) == ("python", "manage.py")
    parses(name, arguments)
    # The probe is Python that compiles, at the address that is served.
    probe = services["loop"]["healthcheck"]["test"][-1]
    compile(probe, "healthcheck", "exec")
    assert "127.0.0.1:9100/livez" in probe
    assert "0.0.0.0:9100" in arguments


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text_of("kubernetes.yaml")))


@pytest.mark.parametrize("version", ["1.30", "1.34"])
def test_kubernetes_takes_the_manifests(version: str) -> None:
    for manifest in manifests():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_kubernetes_finds_a_slip() -> None:
    (loop,) = (one for one in manifests() if one["metadata"]["name"] == "example-loop")
    loop["spec"]["template"]["spec"]["containers"][0]["livenessProb"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenessProb"):
        kubernetes_validate.validate(loop, "1.34", strict=True)


def test_the_loop_of_kubernetes() -> None:
    (loop,) = (one for one in manifests() if one["metadata"]["name"] == "example-loop")
    (container,) = loop["spec"]["template"]["spec"]["containers"]
    _, _, name = container["command"]
    parses(name, container["args"])
    assert f"0.0.0.0:{container['ports'][0]['containerPort']}" in container["args"]
    paths = {
        kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")
    }
    assert paths == {"liveness": "/livez", "readiness": "/readyz"}


# Servers


def test_the_crontab() -> None:
    lines = [line for line in text_of("crontab").splitlines() if not line.startswith("#")]
    assert len(lines) == 2
    for line in lines:
        *times, user, command = line.split(maxsplit=6)
        assert all(re.fullmatch(r"\*(/\d+)?", time) for time in times)
        assert user == "www-data"
        assert "%" not in command  # means a new line to cron
        run("sh", "-n", "-c", command)


def test_gunicorn_takes_its_settings() -> None:
    found = runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))
    assert callable(found["child_exit"])
    check = [sys.executable, "-m", "gunicorn", "--check-config", "-c"]
    run(*check, DEPLOY / "gunicorn.conf.py", "tests.test_deploy:application")


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """What gunicorn is asked to load."""
    start_response("204 No Content", [])
    return []


TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def test_nginx_gives_the_files_from_the_disk(tmp_path: Path) -> None:
    nginx = tool("nginx")
    (port,) = free_ports(1)
    site = tmp_path / "site.conf"
    here = text_of("nginx.conf").replace("listen 80;", f"listen 127.0.0.1:{port};")
    site.write_text(here.replace("/srv/example", str(tmp_path)))
    folders = " ".join(f"{name}_temp_path {tmp_path}/{name};" for name in TEMPORARY)
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"user {getuser()}; daemon off; error_log stderr; pid {tmp_path}/pid; events {{}}\n"
        f"http {{ access_log off; {folders} include {site}; }}\n"
    )
    for name in ("media", "static"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a b.txt").write_text(name)
    run(nginx, "-t", "-c", whole, "-p", tmp_path)
    with Process("nginx", [nginx, "-c", whole, "-p", tmp_path], tmp_path):
        for name in ("media", "static"):
            assert _fetched(f"http://127.0.0.1:{port}/{name}/a%20b.txt") == name


def _fetched(url: str) -> str:
    """The body at a URL, once its server is there."""
    for _ in range(100):
        try:
            with urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.05)
    pytest.fail("nobody listens")


# Prometheus


def rules() -> dict[str, str]:
    """Alert -> expression."""
    (group,) = yaml.safe_load(text_of("alerts.yml"))["groups"]
    return {rule["alert"]: rule["expr"] for rule in group["rules"]}


def test_the_alerts_use_metrics_that_there_are() -> None:
    from s3rewrite.metrics.collector import FIGURES

    known = {f"s3rewrite_{figure.name}" for figure in FIGURES} | {"s3rewrite_redis_up"}
    for alert, expression in rules().items():
        used = set(re.findall(r"s3rewrite_\w+", expression))
        assert used, alert
        assert used <= known, alert


def test_the_documents_show_the_same_alerts() -> None:
    page = (DOCS / "metrics.md").read_text()
    shown = dict(re.findall(r"- alert: (\w+)\n  expr: (.+)\n", page))
    assert len(shown) == 3
    assert shown.items() <= rules().items()


def test_the_documents_name_every_metric() -> None:
    from prometheus_client import CollectorRegistry

    from s3rewrite.metrics.collector import StatusCollector
    from s3rewrite.metrics.loop import LoopMetrics
    from s3rewrite.metrics.web import WebLinkCounter

    registry = CollectorRegistry()
    WebLinkCounter(registry)
    families = [
        *registry.collect(),
        *LoopMetrics([])._registry.collect(),
        *StatusCollector([]).describe(),
    ]
    ours = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in families
        if family.name.startswith("s3rewrite_")
    }
    page = (DOCS / "metrics.md").read_text()
    table = page[page.index("| metric |") : page.index("The figures of the registry")]
    assert set(re.findall(r"`(s3rewrite_\w+)`", table)) == ours


def test_prometheus_takes_the_alerts_and_they_fire(tmp_path: Path) -> None:
    promtool = tool("promtool")
    run(promtool, "check", "rules", DEPLOY / "alerts.yml")
    tests = tmp_path / "tests.yml"
    tests.write_text(yaml.safe_dump(alert_tests()))
    assert "SUCCESS" in run(promtool, "test", "rules", tests)


def alert_tests() -> dict[str, Any]:
    """Series, and which alerts they raise after half an hour. Times are in seconds since 1970."""
    well = {
        "s3rewrite_loop_alive": "1x60",
        "s3rewrite_last_pass_timestamp_seconds": "0+60x60",
        "s3rewrite_last_pass_stopped": "0x60",
        "s3rewrite_failed_names": "0x60",
        "s3rewrite_pending_seconds": "0x60",
        "s3rewrite_redis_up": "1x60",
    }
    cases: list[tuple[dict[str, str], set[str]]] = [
        (well, set()),
        (well | {"s3rewrite_loop_alive": "0x60"}, {"S3RewriteLoopDead"}),
        (well | {"s3rewrite_last_pass_timestamp_seconds": "60x60"}, {"S3RewriteLoopDead"}),
        ({}, {"S3RewriteLoopDead"}),
        (well | {"s3rewrite_failed_names": "2x60"}, {"S3RewriteFailures"}),
        (well | {"s3rewrite_last_pass_stopped": "1x60"}, {"S3RewriteFailures"}),
        (well | {"s3rewrite_pending_seconds": "0+60x60"}, {"S3RewritePendingOld"}),
        (well | {"s3rewrite_redis_up": "0x60"}, {"S3RewriteRedisAway"}),
    ]
    return {
        "rule_files": [str(DEPLOY / "alerts.yml")],
        "evaluation_interval": "1m",
        "tests": [_alert_test(series, raised) for series, raised in cases],
    }


def _alert_test(series: dict[str, str], raised: set[str]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [
            {"series": f'{name}{{mount="media"}}', "values": values}
            for name, values in series.items()
        ],
        "promql_expr_test": [
            {
                "expr": f'count by (alertname) (ALERTS{{alertname="{alert}",alertstate="firing"}})',
                "eval_time": "30m",
                "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1}]
                * (alert in raised),
            }
            for alert in rules()
        ],
    }
