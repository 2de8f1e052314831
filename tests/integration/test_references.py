"""Files on S3 that refer to others, and each reference followed as a browser follows it."""

import json
import re
import urllib.request
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin

import pytest
from django.core.management import CommandError, call_command

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import loop_registry
from tests.support.commands import sync
from tests.support.factories import use_mount, write

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MEDIA = {
    "css/site.css": b"@import 'more.css'; @import '/static/base.css';\n"
    b"a{background:url(../img/a.png)} b{background:url(/media/img/a.png?v=1)}\n"
    b"i{background:url('/static/logo.svg#x')} u{background:url(data:image/png,x)}",
    "css/more.css": b"p{background:url(\"../img/b c.png\")}",
    "css/plain.css": b"p{color:red}",
    "css/font.css": b"@font-face{font-family:a;src:url(../img/a.woff2)}",
    "css/outside.css": b"p{background:url(/elsewhere/x.png)}",
    "css/broken.css": b"p{background:url(x y)}",
    "img/a.png": b"a", "img/b c.png": b"b c", "img/a.woff2": b"font",
    "img/picture.svg": b"<svg xmlns:xlink='x'><image xlink:href='a.png'/>"
    b"<image href='/media/img/b%20c.png'/><use href='#y'/></svg>",
    "video/list.m3u8": b"#EXTM3U\n#EXTINF:4,\none.ts\n#EXTINF:4,\n/media/video/two.ts\n",
    "video/one.ts": b"1", "video/two.ts": b"2",
}  # fmt: skip
STATIC = {"base.css": b"b{background:url(logo.svg)}", "logo.svg": b"<svg id='x'/>"}
SITE = "https://www.example.com"
URL = re.compile(
    r"""url\((?:'([^']*)'|"([^"]*)"|([^)]*))\)|@import '([^']*)'|href='([^']*)'"""
    r"""|^([^#\s<@][^\s{]*\.ts)$""",
    re.MULTILINE,
)


def two_mounts(
    settings: Any, tmp_path: Path, bucket: str, client: dict[str, Any], **more: Any
) -> dict[str, Mount]:
    roots = {"media": tmp_path / "media", "static": tmp_path / "static"}
    for alias, files in (("media", MEDIA), ("static", STATIC)):
        for name, content in files.items():
            write(roots[alias], name, content)
    settings.MEDIA_ROOT, settings.MEDIA_URL = roots["media"], "/media/"
    settings.STATIC_ROOT, settings.STATIC_URL = roots["static"], "/static/"
    options = {"BUCKET": bucket, "CLIENT": client, **more}
    settings.S3REWRITE = {"media": options, "static": {**options, "STORAGE": "staticfiles"}}
    return conf.mounts()


def references(body: str) -> list[str]:
    return ["".join(filter(None, found)) for found in URL.findall(body)]


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url.replace(" ", "%20"), timeout=10) as answer:
        return bytes(answer.read())


def on_disk(mounts: dict[str, Mount], url: str) -> bytes:
    """What the site has for a public URL, or for a URL of the site."""
    url = url.split("#", maxsplit=1)[0].split("?", maxsplit=1)[0]
    local = {f"{SITE}/{alias}/": alias for alias in mounts}
    public = {mount.public_url: alias for alias, mount in mounts.items()}
    for prefix, alias in (local | public).items():
        if url.startswith(prefix):
            name = unquote(url[len(prefix) :])
            return {"media": MEDIA, "static": STATIC}[alias][name]
    raise AssertionError(url)


def follow(mounts: dict[str, Mount], s3: "S3Client") -> tuple[int, int]:
    """Follow each reference of each published file; returns how many led to S3, and to the site.

    What is on S3 must be what is on disk, where the file itself refers to nothing.
    """
    to_s3 = to_site = 0
    for mount in mounts.values():
        for name, entry in loop_registry(mount).names():
            key = mount.paths.key(name, entry.fingerprint)
            body = s3.get_object(Bucket=mount.bucket, Key=key)["Body"].read().decode()
            base = mount.paths.url(name, entry.fingerprint)
            for url in (urljoin(base, one) for one in references(body)):
                if url.startswith(("data:", f"{base}#")):
                    continue
                if url.startswith(SITE):
                    on_disk(mounts, url)
                    to_site += 1
                    continue
                to_s3 += 1
                if not url.split("#")[0].endswith((".css", ".svg")):
                    assert fetch(url) == on_disk(mounts, url)
                else:
                    assert fetch(url)
    return to_s3, to_site


def published(mount: Mount) -> set[str]:
    return set(dict(loop_registry(mount).names()))


def kept_local() -> dict[str, str]:
    out = StringIO()
    call_command("s3rewrite_sync", "media", "--json", stdout=out, stderr=StringIO())
    found: dict[str, str] = json.loads(out.getvalue())[0]["skipped"]
    return found


def test_mirrored(
    settings: Any, tmp_path: Path, caches: None, bucket: str, client_options: Any, s3_client: Any
) -> None:
    mounts = two_mounts(settings, tmp_path, bucket, client_options)
    sync("static")
    sync("media")
    assert published(mounts["static"]) == set(STATIC)
    assert set(MEDIA) - published(mounts["media"]) == {
        "css/font.css", "css/outside.css", "css/broken.css", "video/list.m3u8",
    }  # fmt: skip
    to_s3, to_site = follow(mounts, s3_client)
    assert to_s3 == 9
    assert to_site == 0
    reasons = kept_local()
    assert 'CORS headers ("CORS": True)' in reasons["css/font.css"]
    assert "refers to /elsewhere/x.png, which is not on S3" in reasons["css/outside.css"]
    assert "for sure" in reasons["css/broken.css"]


def test_mirrored_with_cors_and_a_site(
    settings: Any, tmp_path: Path, caches: None, bucket: str, client_options: Any, s3_client: Any
) -> None:
    mounts = two_mounts(settings, tmp_path, bucket, client_options, CORS=True, SITE_URL=SITE)
    sync("static")
    sync("media")
    assert set(MEDIA) - published(mounts["media"]) == {"css/broken.css"}
    body = s3_client.get_object(Bucket=bucket, Key="media/css/outside.css")["Body"].read()
    assert body == b"p{background:url(https://www.example.com/elsewhere/x.png)}"
    loop_registry(mounts["media"]).withdraw(["css/outside.css"])
    to_s3, to_site = follow(mounts, s3_client)
    assert (to_s3, to_site) == (12, 0)


def test_a_file_waits_for_what_it_refers_to(
    settings: Any, tmp_path: Path, caches: None, bucket: str, client_options: Any, s3_client: Any
) -> None:
    mounts = two_mounts(settings, tmp_path, bucket, client_options)
    sync("media")
    assert "waits for /static/base.css, which is not on S3 yet" in kept_local()["css/site.css"]
    assert "css/site.css" not in published(mounts["media"])
    sync("static")
    assert "css/site.css" not in kept_local()
    assert "css/site.css" in published(mounts["media"])
    follow(mounts, s3_client)


@pytest.mark.parametrize("site", ["", SITE])
def test_under_fingerprints(
    settings: Any, tmp_path: Path, caches: None, bucket: str, client_options: Any,
    s3_client: Any, site: str,
) -> None:  # fmt: skip
    more = {"KEYS": "fingerprint", "SITE_URL": site}
    mounts = two_mounts(settings, tmp_path, bucket, client_options, **more)
    sync("static")
    sync("media")
    loop_registry(mounts["media"]).withdraw(["css/outside.css"])
    to_s3, to_site = follow(mounts, s3_client)
    assert to_s3 == 0
    assert (to_site > 8) is bool(site)
    assert "css/plain.css" in published(mounts["media"])
    assert ("css/more.css" in published(mounts["media"])) is bool(site)


def test_another_site_url_sends_them_again(
    settings: Any, tmp_path: Path, caches: None, bucket: str, client_options: Any, s3_client: Any
) -> None:
    two_mounts(settings, tmp_path, bucket, client_options, SITE_URL=SITE)
    sync("static")
    sync("media")
    assert "uploaded" not in sync("media")[0]
    two_mounts(settings, tmp_path, bucket, client_options, SITE_URL="https://other.example.com")
    sync("static")
    said, _ = sync("media")
    assert "uploaded css/outside.css" in said
    assert "uploaded css/plain.css" not in said
    body = s3_client.get_object(Bucket=bucket, Key="media/css/outside.css")["Body"].read()
    assert b"https://other.example.com/elsewhere" in body
    assert "uploaded" not in sync("media")[0]


def test_they_are_adopted_and_verified(
    settings: Any, tmp_path: Path, caches: None, bucket: str, client_options: Any, redis_client: Any
) -> None:
    two_mounts(settings, tmp_path, bucket, client_options, SITE_URL=SITE, CORS=True)
    sync("static")
    sync("media")
    redis_client.flushall()
    sync("static")
    assert "uploaded" not in sync("media")[0]
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("s3rewrite_verify", "media", "--checksum", stdout=out, no_color=True)
    assert out.getvalue().splitlines() == [
        "media: css/broken.css: not published yet",
        "media: 1 difference",
    ]


def test_files_that_refer_to_themselves_and_each_other(mount: Mount, root: Path) -> None:
    write(root, "self.svg", b"<svg><image href='self.svg#a'/><g id='a'/></svg>")
    write(root, "one.css", b"@import 'two.css';")
    write(root, "two.css", b"@import 'one.css';")
    write(root, "three.css", b"@import 'two.css';")
    out = StringIO()
    call_command("s3rewrite_sync", "--json", stdout=out)
    (found,) = json.loads(out.getvalue())
    assert published(mount) == {"self.svg"}
    assert found["pending"] == 1
    assert found["skipped"]["one.css"].endswith("not on S3 yet, and refers back to it")
    assert found["skipped"]["three.css"].endswith("not on S3 yet")


@pytest.mark.parametrize("threads", [1, 16])
@pytest.mark.parametrize("how", ["--force", "changed"])
def test_a_chain_whose_objects_are_replaced_is_there_after_one_pass(
    settings: Any, root: Path, bucket: str, caches: None, client_options: Any,
    threads: int, how: str,
) -> None:  # fmt: skip
    """Its files are read together, before and while the first of them loses its entry."""
    options = {"BUCKET": bucket, "CLIENT": client_options, "THREADS": threads}
    mount = use_mount(settings, root, **options)
    chain = {"a.css": "a{}", "b.css": "@import 'a.css';", "c.css": "@import 'b.css';"}
    for name, content in chain.items():
        write(root, name, content.encode())
    sync("media")
    if how == "changed":
        for name, content in chain.items():
            write(root, name, content.encode() + b"i{}")
    out = StringIO()
    arguments = ["--force"] if how == "--force" else []
    call_command("s3rewrite_sync", *arguments, "--json", stdout=out)
    (report,) = json.loads(out.getvalue())
    assert (report["uploaded"], report["pending"], report["skipped"]) == (3, 0, {})
    assert published(mount) == set(chain)
