"""On the PYTHONPATH of a process: it knows `cdn.test`, unless the file NO_SUCH_HOST is there.

Then its name server is silent, and other name servers answer that there is no such name.
"""

import os
import socket
from pathlib import Path

_look_up = socket.getaddrinfo
_gone = Path(os.environ.get("NO_SUCH_HOST", os.devnull + "/nowhere"))


def _known(host, *args, **options):
    if isinstance(host, str) and host.startswith("s3rewrite-") and host.endswith(".test."):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if host != "cdn.test":
        return _look_up(host, *args, **options)
    if _gone.exists():
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return _look_up("127.0.0.1", *args, **options)


socket.getaddrinfo = _known
