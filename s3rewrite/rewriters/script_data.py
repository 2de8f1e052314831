"""Where the text of a `<script>` ends: the states that no single pattern can keep apart."""

import re

from s3rewrite.rewriters.tokens import SPACES, any_case, compiled

_NAME = rf"{any_case('script')}(?=[{SPACES}/>])"

# What matters in each state, WHATWG HTML 13.2.5.4 and 13.2.5.15 to 13.2.5.31. An "-->" may share
# its dashes with the "<!--" before it.
_IN_DATA = compiled(rf"<(?: /{_NAME} | !(?=--) )")
_ESCAPED = compiled(rf"-->|</?+{_NAME}")
_DOUBLE_ESCAPED = compiled(rf"-->|</{_NAME}")


def script_end(body: bytes, start: int) -> int | None:
    """The offset of the end tag of a script whose text begins at `start`; None without one."""
    state = _IN_DATA
    while found := state.search(body, start):
        if state is not _DOUBLE_ESCAPED and found[0].startswith(b"</"):
            return found.start()
        state, start = _after(state, found), found.end()
    return None


def _after(state: re.Pattern[bytes], found: re.Match[bytes]) -> re.Pattern[bytes]:
    if found[0] == b"-->":
        return _IN_DATA
    return _DOUBLE_ESCAPED if found[0].startswith(b"<") and state is _ESCAPED else _ESCAPED
