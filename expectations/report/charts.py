"""Charts as inline SVG: no script, no font and no address from outside, so that a page opens from disk for ever."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from expectations.report.model import Trend

WIDTH, HEIGHT = 320, 96
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 10, 18


def line(trend: Trend) -> str:
    """A line over the dates; the last value is written out, gaps stay gaps."""
    known = [value for _, value in trend.points if value is not None]
    if not known:
        return '<p class="empty">no figures yet</p>'
    low, high = min(0.0, *known), max(known) or 1.0
    step = (WIDTH - LEFT - RIGHT) / max(len(trend.points) - 1, 1)

    def place(index: int, value: float) -> tuple[float, float]:
        share = (value - low) / (high - low) if high > low else 0.0
        return LEFT + index * step, HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    parts = []
    for run in _runs([value for _, value in trend.points]):
        points = [place(i, v) for i, v in run]
        if len(points) == 1:
            parts.append(f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="2.5" class="dot"/>')
        else:
            parts.append(
                f'<polyline class="trend" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'
            )
    last = max(i for i, (_, value) in enumerate(trend.points) if value is not None)
    value = trend.points[last][1] or 0.0
    x, y = place(last, value)
    anchor = "end" if x > WIDTH * 0.7 else "start"
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="dot"/>')
    parts.append(f'<text x="{x:.1f}" y="{max(y - 6, 9):.1f}" text-anchor="{anchor}">{_figure(value)}</text>')
    first_day, last_day = trend.points[0][0], trend.points[-1][0]
    parts.append(f'<text class="axis" x="{LEFT}" y="{HEIGHT - 4}">{first_day:%m-%d}</text>')
    parts.append(
        f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{last_day:%m-%d}</text>'
    )
    label = escape(f"{trend.title}: {_figure(value)} {trend.unit} on {trend.points[last][0]}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}"><title>{label}</title>{"".join(parts)}</svg>'


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Stretches without a gap."""
    runs: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((index, value))
    return [run for run in runs if run]


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.2f}"


def meter(share: float | None) -> str:
    """A share of 0–1 as a bar with its figure; a dash where nothing was measured."""
    if share is None:
        return '<span class="none">–</span>'
    # Rounded down: 99.97 % must never read as 100 %.
    percent = int(share * 1000) / 10
    tone = "good" if share >= 0.999 else "fair" if share >= 0.98 else "poor"
    return (
        f'<span class="meter {tone}" title="{percent} %"><i style="width:{max(percent, 2):.1f}%"></i></span>'
        f"<small>{percent:g}</small>"
    )
