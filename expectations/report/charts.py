"""Charts as inline SVG: no script, no font and no address from outside, so that a page opens from disk for ever."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from expectations.report.model import Trend

WIDTH, HEIGHT = 320, 116
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 22, 20


def line(trend: Trend) -> str:
    """A line over the dates with its ground tinted; the last value is written out, gaps stay gaps, each point tells itself."""
    known = [value for _, value in trend.points if value is not None]
    if not known:
        return '<p class="empty">no figures yet <span class="zh">尚无数据</span></p>'
    low, high = min(0.0, *known), max(0.0, *known) or 1.0
    step = (WIDTH - LEFT - RIGHT) / max(len(trend.points) - 1, 1)
    ground = HEIGHT - BOTTOM

    def place(index: int, value: float) -> tuple[float, float]:
        return LEFT + index * step, ground - (value - low) / (high - low) * (ground - TOP)

    parts = [f'<line class="base" x1="{LEFT}" y1="{ground}" x2="{WIDTH - RIGHT}" y2="{ground}"/>']
    for run in _runs([value for _, value in trend.points]):
        points = [place(i, v) for i, v in run]
        if len(points) == 1:
            parts.append(f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="2.5" class="dot"/>')
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polygon class="area" points="{points[0][0]:.1f},{ground} {path} {points[-1][0]:.1f},{ground}"/>'
        )
        parts.append(f'<polyline class="trend" points="{path}"/>')
    last = max(i for i, (_, value) in enumerate(trend.points) if value is not None)
    x, y = place(last, trend.points[last][1] or 0.0)
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="dot"/>')
    parts += [
        _hint(trend, index, *place(index, value))
        for index, (_, value) in enumerate(trend.points)
        if value is not None
    ]
    first_day, last_day = trend.points[0][0], trend.points[-1][0]
    parts.append(f'<text class="axis" x="{LEFT}" y="{HEIGHT - 5}">{first_day:%m-%d}</text>')
    parts.append(
        f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 5}" text-anchor="end">{last_day:%m-%d}</text>'
    )
    parts.append(f'<text class="axis" x="{LEFT}" y="12">max {figure(max(known))}</text>')
    label = escape(
        f"{trend.title}: {figure(trend.points[last][1] or 0.0)} {trend.unit} on {trend.points[last][0]}".replace(
            "  ", " "
        )
    )
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _hint(trend: Trend, index: int, x: float, y: float) -> str:
    day, value = trend.points[index]
    return f'<circle class="hint" cx="{x:.1f}" cy="{y:.1f}" r="7"><title>{day}: {figure(value or 0.0)} {escape(trend.unit)}</title></circle>'


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Stretches without a gap."""
    runs: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((index, value))
    return [run for run in runs if run]


def figure(value: float) -> str:
    """A number to read: whole where it is whole or large, millions from ten of them on."""
    if abs(value) >= 10_000_000:
        return f"{value / 1_000_000:,.1f} M"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.2f}"


def duration(minutes: int) -> str:
    """Minutes to read: `45 min`, `5 h 10`, `1 d 9 h`."""
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d}" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def newest(trend: Trend) -> str:
    """The last known value of a trend as text; a dash where there is none."""
    known = [value for _, value in trend.points if value is not None]
    return figure(known[-1]) if known else "–"


def meter(share: float | None) -> str:
    """A share of 0–1 as a bar with its figure; a dash where nothing was measured."""
    if share is None:
        return '<span class="none" title="not measured">–</span>'
    # Rounded down: 99.97 % must never read as 100 %.
    percent = int(share * 1000) / 10
    tone = "good" if share >= 0.999 else "fair" if share >= 0.98 else "poor"
    return (
        f'<span class="meter {tone}" title="{percent} %"><i style="width:{max(percent, 2):.1f}%"></i></span>'
        f'<small class="figure">{percent:g}</small>'
    )


def bar(value: float, of: float) -> str:
    """A value as a bar of the largest one."""
    width = 100 * value / of if of else 0.0
    return f'<span class="bar"><i style="width:{max(width, 0.5):.1f}%"></i></span>'
