"""python -m tests.outage.calm [--minutes 10]: 1 % errors, and latencies of up to 2 s (99 of 100).

The prober of a mount, on a real Redis, before a door that fails so. Prints how many of its probes
failed, and the outages that it declared: none are expected.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from demo.servers import HOST, Valkey


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        with suppress(OSError):  # the probe was given up
            self.wfile.write(b"bytes")

    def log_message(self, *_: object) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    seconds = parser.parse_args().minutes * 60
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.test import override_settings

    django.setup()
    from s3rewrite import conf
    from s3rewrite.outage import prober as module
    from s3rewrite.outage.probe import Finding
    from tests.outage.doors import Door
    from tests.support.publishing import publish

    chance = random.Random(1)
    verdicts: list[str] = []
    said: list[str] = []
    ask = module.probe

    def noted(url: str) -> Finding:
        found = ask(url)
        verdicts.append(found.verdict.name)
        return found

    module.probe = noted
    with tempfile.TemporaryDirectory() as name, Valkey(Path(name) / "valkey") as valkey:
        server = ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cache = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": valkey.url}
        root = Path(name) / "media"
        root.mkdir()
        with Door(server.server_address[1]) as door:
            # Exponential: its 99th percentile is 4.6 times its mean.
            door.chance = lambda: chance.random() < 0.01 or chance.expovariate(4.6 / 2)
            mount = {"BUCKET": "b", "PUBLIC_URL": f"{door.url}/m/"}
            with override_settings(
                CACHES={"default": cache}, MEDIA_ROOT=root, S3REWRITE={"media": mount}
            ):
                for number in range(30):
                    publish(conf.mount("media"), root, f"{number}.jpg")
                stop = threading.Event()
                prober = module.Prober(conf.mount("media"), stop, said.append)
                thread = threading.Thread(target=prober.run)
                thread.start()
                time.sleep(seconds)
                stop.set()
                thread.join()
    outages = [line for line in said if "local files" in line]
    counts = {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}
    sys.stdout.write(f"{len(verdicts)} probes: {counts}; outages: {outages}\n")


if __name__ == "__main__":
    main()
