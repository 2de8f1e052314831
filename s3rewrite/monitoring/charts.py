"""What the admin's page draws: a bar of all names, and charts of the last passes. Pure."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LABELS = {
    "published": gettext_lazy("published"),
    "pending": gettext_lazy("pending"),
    "failed": gettext_lazy("failed"),
    "public": gettext_lazy("public, and should not be"),
    "kept local": gettext_lazy("kept local"),
}

Record = dict[str, Any]
"""What the journal has of a pass."""


class BarSegment(NamedTuple):
    """A part of the bar: the kind of its names, how many, where it begins and ends in percent."""

    kind: str
    label: Any
    names: int
    begin: float
    width: float


class ChartBar(NamedTuple):
    """A pass in a chart: where it is and how high, in percent, and what it did."""

    x: float
    height: float
    is_ok: bool
    title: str

    @property
    def y(self) -> float:
        """Where it begins, from above."""
        return 100 - self.height


class Chart(NamedTuple):
    """A figure of the last passes, over time. `top` is the figure of the highest bar."""

    label: str
    top: float
    bars: list[ChartBar]
    begin: datetime
    end: datetime


def segments(counts: dict[str, int]) -> list[BarSegment]:
    """The bar of names by kind."""
    total, begin, found = sum(counts.values()) or 1, 0.0, []
    for kind, names in counts.items():
        width = 100 * names / total
        found.append(BarSegment(kind, LABELS[kind], names, round(begin, 2), round(width, 2)))
        begin += width
    return found


def charts(passes: Sequence[Record]) -> list[Chart]:
    """The charts of passes, the latest one last; none without a pass."""
    if not passes:
        return []
    return [
        _chart(_("Seconds that a pass took"), passes, lambda record: record["seconds"]),
        _chart(_("Files that a pass uploaded"), passes, lambda record: record["uploaded"]),
    ]


def _chart(label: str, passes: Sequence[Record], figure: Callable[[Record], float]) -> Chart:
    top = max(map(figure, passes))
    begin, end = passes[0]["ended"], passes[-1]["ended"]
    bars = [
        ChartBar(
            # 99 %, as the last bar has a width, too.
            round(99 * (record["ended"] - begin) / (end - begin or 1), 2),
            # What took no time has a height, too, to be seen.
            round(max(2.0, 100 * figure(record) / (top or 1)), 2),
            bool(record.get("ok")),
            _title(record),
        )
        for record in passes
    ]
    return Chart(label, top, bars, _local(begin), _local(end))


def _title(record: Record) -> str:
    text = _("%(time)s: %(uploaded)d uploaded, %(failed)d failed, %(seconds).1f s")
    title = text % {**record, "time": f"{_local(record['ended']):%Y-%m-%d %H:%M:%S %Z}"}
    return f"{title}: {record['stopped']}" if record["stopped"] else title


def _local(seconds: float) -> datetime:
    return localtime(datetime.fromtimestamp(seconds, UTC))
