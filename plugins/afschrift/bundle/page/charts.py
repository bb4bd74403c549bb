"""Charts of a table over time: a measured number, or the number of rows a month, with a text.

They cover all rows, from the overview made while these passed. The drawings are SVG without script for any
width: positions in per cent, strokes that do not scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.shown_rows import MAX_ROWS
from afschrift.bundle.page.shown_values import readable
from afschrift.bundle.page.words import PageWords
from afschrift.domain.overview import LISTED, SCALE, Bin, Overview
from afschrift.domain.plan import ExtractPlan

FEWEST_ROWS = MAX_ROWS + 1
"""A chart of fewer rows says less than the rows, which the page shows."""


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        title: what it shows.
        text: the same in a sentence or two.
        drawing: content of the `svg` element.
        head, rows: the numbers as a table.
        data: intervals for the script that zooms; None where there is nothing to zoom.
    """

    title: str
    text: str
    drawing: Markup
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    data: dict[str, Any] | None = None


def chart(contents: Contents, extract: ExtractPlan, words: PageWords, charts: int) -> Chart | None:
    """The chart of a table; None if it would show nothing.

    Args:
        contents: what is packed.
        extract: the table.
        words: the language.
        charts: number of charts on the page; many charts are drawn coarser.
    """
    seen = contents.overview(extract)
    if sum(entry[0] for entry in seen.months.values()) < FEWEST_ROWS:
        return None
    if seen.intervals:
        return _measured_chart(contents, extract, seen, words, charts)
    periods = _periods(seen.months, max(24, min(240, 3600 // charts)))
    return _counted_chart(contents, extract, periods, words) if len(periods) > 1 else None


def span(contents: Contents, extract: ExtractPlan, words: PageWords) -> str:
    """The first and last day in the column that gives the rows their time; empty if none has a day.

    The column is named: it may be a day that is still to come, and some rows may have none.
    """
    seen = contents.overview(extract)
    if seen.first is None or seen.last is None:
        return ""
    column = contents.column_title(extract.source, extract.table, seen.choice.moment)
    first, last = (_day(moment, seen, words) for moment in (seen.first, seen.last))
    if first == last:
        return words.say("span_day", column=column, first=first)
    return words.say("span", column=column, first=first, last=last)


def latest(contents: Contents, extract: ExtractPlan, words: PageWords) -> tuple[tuple[str, str], ...]:
    """The newest listed texts with their day, such as search words."""
    seen = contents.overview(extract)
    return tuple(
        (readable(text[:LISTED]) + ("…" if len(text) > LISTED else ""), _day(moment, seen, words))
        for text, moment in seen.latest[:MAX_ROWS]
    )


def _counted_chart(
    contents: Contents, extract: ExtractPlan, periods: dict[str, Bin], words: PageWords
) -> Chart:
    counts = [entry[0] for entry in periods.values()]
    names = [words.period(name) for name in periods]
    most = max(range(len(counts)), key=counts.__getitem__)
    by_year = len(next(iter(periods))) == 4
    table = contents.table_title(extract.source, extract.table)
    ticks = [
        (int(value), words.number(int(value)) if value else "")
        for value in scale(0, max(counts))
        if value == int(value)
    ]
    middle = len(names) // 2
    labels = [(0.0, names[0]), (1.0, names[-1])]
    if len(names) > 4:
        labels.insert(1, ((middle + 0.5) / len(names), names[middle]))
    head = words.say("period_year" if by_year else "period_month")
    return Chart(
        words.say("chart_years" if by_year else "chart_months", table=table),
        words.say(
            "chart_counted", n=words.number(sum(counts)), most=words.number(counts[most]), when=names[most]
        ),
        bars(counts, labels, ticks),
        (head, words.say("number_of_rows")),
        tuple((name, words.number(count)) for name, count in zip(names, counts, strict=True)),
    )


def _measured_chart(
    contents: Contents, extract: ExtractPlan, seen: Overview, words: PageWords, charts: int
) -> Chart:
    column = contents.column(extract.source, extract.table, seen.choice.measure)
    title = contents.column_title(extract.source, extract.table, seen.choice.measure)
    unit = words.unit(column.unit or "")
    whole = _merge_bins([*seen.months.values()])
    periods = _periods(seen.months, max(24, min(240, 3600 // charts)), gaps=False)
    text = words.say(
        "chart_measured",
        n=words.number(whole[0]),
        first=_day(seen.first or 0, seen, words),
        last=_day(seen.last or 0, seen, words),
        low=words.measured(whole[1], SCALE),
        mean=words.measured(whole[3], SCALE * whole[0]),
        high=words.measured(whole[2], SCALE),
        unit=unit,
    )
    return Chart(
        words.say("chart_over_time", title=title),
        text,
        _line(seen, words, max(60, min(400, 12_000 // charts))),
        tuple(words.say(k) for k in ("period", "number_of_rows", "lowest", "average", "highest")),
        tuple(
            (
                words.period(name),
                words.number(b[0]),
                words.measured(b[1], SCALE),
                words.measured(b[3], SCALE * b[0]),
                words.measured(b[2], SCALE),
            )
            for name, b in periods.items()
        ),
        {"width": seen.width, "zone": seen.choice.zone, "unit": unit, "bins": [*_flat(seen.intervals)]},
    )


def _line(seen: Overview, words: PageWords, points: int) -> Markup:
    first, last = next(iter(seen.intervals)), next(reversed(seen.intervals))
    start, end = first * seen.width, (last + 1) * seen.width
    factor = max(1, -(-(end - start) // seen.width // points))
    wide: dict[int, list[Bin]] = {}
    for number, entry in seen.intervals.items():
        wide.setdefault((number * seen.width - start) // (seen.width * factor), []).append(entry)
    step = seen.width * factor / (end - start)
    placed = []
    for number, entries in wide.items():
        count, low, high, total = _merge_bins(entries)
        position = min((number + 0.5) * step, 1.0)
        placed.append((position, low / SCALE, total / count / SCALE, high / SCALE))
    ticks = scale(min(p[1] for p in placed), max(p[3] for p in placed))
    labels = [(p, _day(int(start + (end - 1 - start) * p), seen, words)) for p in (0.0, 1.0)]
    marks = [(value, words.measured(round(value * SCALE), SCALE)) for value in ticks]
    return line(placed, 4 * step, labels, marks)


def _flat(intervals: dict[int, Bin]) -> list[float]:
    """For each interval: distance to the previous one, rows, lowest, highest, average."""
    flat: list[float] = []
    before = 0
    for number, (count, low, high, total) in intervals.items():
        flat += [number - before, count, _short(low), _short(high), _short(round(total / count, -1))]
        before = number
    return flat


def _short(thousandths: float) -> float:
    value = thousandths / SCALE
    return int(value) if value == int(value) else value


def _periods(months: dict[str, Bin], most: int, *, gaps: bool = True) -> dict[str, Bin]:
    """Months in order, also those without rows, or years if there are too many months."""
    empty = (0, 0, 0, 0)
    first, last = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (min(months), max(months)))
    if last - first < most:
        names = [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(first, last + 1)]
        return {name: months.get(name, empty) for name in names if gaps or name in months}
    years: dict[str, list[Bin]] = {str(y): [] for y in range(first // 12, last // 12 + 1)}
    for name, entry in months.items():
        years[name[:4]].append(entry)
    return {
        year: _merge_bins(entries) if entries else empty for year, entries in years.items() if entries or gaps
    }


def _merge_bins(entries: list[Bin]) -> Bin:
    counts, lows, highs, totals = zip(*entries, strict=True)
    return sum(counts), min(lows), max(highs), sum(totals)


def _day(moment: int, seen: Overview, words: PageWords) -> str:
    return words.day(datetime.fromtimestamp(moment, UTC).isoformat(), seen.choice.zone)


Point = tuple[float, float, float, float]
"""Place on the axis (0 to 1), lowest, average and highest value there."""

_TOP, _HEIGHT = 22, 180
_PLOT = Markup(
    '<svg class="plot" x="0" y="{}" width="100%" height="{}" viewBox="0 0 1000 100"'
    ' preserveAspectRatio="none">{}</svg>'
).format


def bars(
    counts: Sequence[int], labels: Iterable[tuple[float, str]], ticks: Iterable[tuple[int, str]]
) -> Markup:
    """Bars from zero.

    Args:
        counts: one a bar.
        labels: place (0 to 1) and text below the axis.
        ticks: value and text beside its line, which may be empty; the last one is the top of the scale.
    """
    marks = [*ticks]
    top = marks[-1][0] or 1
    step = 1000 / len(counts)
    path = "".join(
        f"M{n * step + step * 0.1:.1f} 100v{-max(count * 100 / top, 0.6):.1f}h{step * 0.8:.1f}V100z"
        for n, count in enumerate(counts)
        if count
    )
    plot = Markup('<path class="bar" d="{}"/>').format(path)
    return _frame(plot, labels, [(value / top, text) for value, text in marks])


def line(
    points: Sequence[Point],
    gap: float,
    labels: Iterable[tuple[float, str]],
    ticks: Iterable[tuple[float, str]],
) -> Markup:
    """A line through the averages in a band from lowest to highest.

    Args:
        points: in their order.
        gap: a distance on the axis from which on nothing is drawn between two points.
        labels: as for `bars`.
        ticks: as for `bars`; the first and last are the ends of the scale.
    """
    marks = [*ticks]
    low, high = marks[0][0], marks[-1][0]

    def y(value: float) -> str:
        return f"{100 - (value - low) * 100 / (high - low):.1f}"

    mean, band = [], []
    for run in _runs(points, gap):
        positions = [f"{position * 1000:.1f}" for position, *_ in run]
        mean.append("M" + "L".join(f"{x} {y(p[2])}" for x, p in zip(positions, run, strict=True)) + "h0")
        upper = "L".join(f"{x} {y(p[3])}" for x, p in zip(positions, run, strict=True))
        lower = "L".join(f"{x} {y(p[1])}" for x, p in reversed([*zip(positions, run, strict=True)]))
        band.append(f"M{upper}L{lower}z")
    plot = Markup('<path class="band" d="{}"/><path class="mean" d="{}"/>').format(
        "".join(band), "".join(mean)
    )
    return _frame(plot, labels, [((value - low) / (high - low), text) for value, text in marks])


def scale(low: float, high: float) -> list[float]:
    """Three to six round values that enclose a range."""
    span = (high - low) or max(abs(high), 1)
    power = 10 ** math.floor(math.log10(span / 3))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= span / 4.5)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(n * step, 6) for n in range(first, max(last, first + 1) + 1)]


def _runs(points: Sequence[Point], gap: float) -> Iterable[list[Point]]:
    run: list[Point] = []
    for point in points:
        if run and point[0] - run[-1][0] > gap:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def _frame(plot: Markup, labels: Iterable[tuple[float, str]], ticks: Iterable[tuple[float, str]]) -> Markup:
    grid, parts = [], []
    for share, text in ticks:
        y = _TOP + _HEIGHT * (1 - share)
        grid.append(Markup('<line x1="0" x2="100%" y1="{0:.0f}" y2="{0:.0f}"/>').format(y))
        if text:
            parts.append(Markup('<text x="2" y="{:.0f}">{}</text>').format(y - 4, text))
    for position, text in labels:
        anchor = "start" if position < 0.2 else "end" if position > 0.8 else "middle"
        mark = Markup('<text x="{:.1f}%" y="{}" text-anchor="{}">{}</text>')
        parts.append(mark.format(position * 100, _TOP + _HEIGHT + 20, anchor, text))
    return Markup("").join([*grid, _PLOT(_TOP, _HEIGHT, plot), *parts])
