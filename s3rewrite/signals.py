"""Signals for those who purge page caches: which names came to S3, and which left.

Receivers get `mount`, an alias, and `names`, a list, in the process that made the change: the
loop, a worker, or the site where a file was saved. Their errors are logged and stop nothing.
"""

from django.dispatch import Signal

published = Signal()
withdrawn = Signal()


def announce(signal: Signal, mount: str, names: list[str]) -> None:
    """Send a signal about names, if there are any and somebody listens."""
    if names and signal.has_listeners():
        signal.send_robust(sender=None, mount=mount, names=names)
