"""How delimited text is put together to records and cut into fields: plainly, by quotes or by backslashes, as the contract says. No Spark."""

from __future__ import annotations

from collections.abc import Iterator

from spark_jobs.bronze import escapes, quotes
from spark_jobs.bronze.lines import Line
from spark_jobs.contracts.sources import Layout


def unbroken(found: Iterator[Line], layout: Layout) -> Iterator[Line]:
    """Records of these lines: those with a line break inside of a value put together. Numbers count records."""
    if layout.quote:
        return quotes.unbroken(found, layout)
    return escapes.unbroken(found, layout) if layout.escape else found


def cells(text: str, layout: Layout) -> list[str] | None:
    """The fields of a record; None where quotes or backslashes leave one open."""
    if layout.quote:
        return quotes.cells(text, layout.separator)
    return escapes.cells(text, layout.separator) if layout.escape else text.split(layout.separator)
