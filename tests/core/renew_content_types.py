"""Writes s3rewrite/core/media.types from mime-db's db.json: `make types`.

mime-db gathers the lists of IANA, Apache and nginx. Of several types for one extension the first of
PREFERRED wins, then IANA's, nginx's and Apache's; what is for download alone is left out, as the
default says the same.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[2] / "s3rewrite" / "core" / "media.types"

SOURCES = ["iana", "nginx", "apache", None]

DEFAULT = "application/octet-stream"

# What browsers show, by the type that most servers send; what Django's FileResponse sends for
# compressed files; and what Python knows and mime-db does not.
PREFERRED = {
    "audio/aac": "aac adts ass loas",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "oga ogg opus",
    "audio/wav": "wav",
    "application/gzip": "gz taz tgz tz",
    "application/json": "map",
    "application/octet-stream": "bin deb dll dmg exe iso msi",
    "application/msword": "doc dot wiz",
    "application/rtf": "rtf",
    "application/sql": "sql",
    "application/vnd.apple.keynote": "key",
    "application/vnd.ms-excel": "xla xlb xlc xlm xls xlt xlw",
    "application/vnd.ms-powerpoint": "pot ppa pps ppt pwz",
    "application/x-bzip": "bz2 tbz2",
    "application/x-brotli": "br",
    "application/x-compress": "z",
    "application/x-hdf5": "h5 hdf5",
    "application/x-python-code": "pyc pyo",
    "application/x-xz": "txz xz",
    "application/zip": "zip",
    "application/zstd": "zst",
    "message/rfc822": "eml mht mhtml mime nws",
    "image/bmp": "bmp",
    "image/jpeg": "jfif jpe jpeg jpg pjpeg",
    "image/x-icon": "ico",
    "image/x-pict": "pct pic pict",
    "model/obj": "obj",
    "model/stl": "stl",
    "text/javascript": "cjs js mjs",
    "text/markdown": "markdown md",
    "text/plain": "asc bat c h ksh srt",
    "text/x-python": "py",
    "text/xml": "xml xpdl",
    "video/3gpp": "3gp 3gpp",
    "video/3gpp2": "3g2 3gpp2",
    "video/mp2t": "m2t m2ts mts ts",
    "video/mp4": "mp4 mpg4",
    "video/mpeg": "m1v m2v mpa mpe mpeg mpg",
}

HEAD = """\
# The media types of file names: a type, then its extensions. Written by `make types`, from mime-db
# {version}, which has this licence:
#
"""


def table(db: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Extension -> type."""
    preferred = {ext: type_ for type_, names in PREFERRED.items() for ext in names.split()}
    ranked: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for type_, facts in db.items():
        for extension in facts.get("extensions", ()):
            ranked[extension].append((SOURCES.index(facts.get("source")), type_))
    return {extension: min(found)[1] for extension, found in ranked.items()} | preferred


def main(package: Path) -> None:
    """Write the table, from the folder of an unpacked mime-db."""
    version = json.loads((package / "package.json").read_text())["version"]
    licence = (package / "LICENSE").read_text().splitlines()
    types = defaultdict(list)
    for extension, type_ in table(json.loads((package / "db.json").read_text())).items():
        if type_ != DEFAULT:
            types[type_].append(extension)
    head = HEAD.format(version=version) + "".join(f"# {line}".rstrip() + "\n" for line in licence)
    lines = [f"{type_} {' '.join(sorted(names))}\n" for type_, names in sorted(types.items())]
    TABLE.write_text(head + "".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
