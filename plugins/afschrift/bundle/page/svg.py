"""Charts as SVG that stands without script, at any width: places in per cent, strokes that do not scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup

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
