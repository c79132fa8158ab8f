"""What is known of how a sample is cut."""

from __future__ import annotations

from dataclasses import dataclass

from spark_jobs.contracts.sources import Delivery, Layout, SourceContract

MOST_LINES = 3000
# So many of the cells of the widest row has a header; some of its columns may have no name.
ENOUGH_OF_HEADER = 0.6
TWO_LINES = "the header is two lines, names and then labels; the fields are called by the labels"


@dataclass(frozen=True)
class Guess:
    """A layout with what is known of its columns. `columns` are the supplier's names, in file order; None where the file gives none.

    is_foreign_log  a change log that the reader takes for plain records: nothing is to be mapped from it as it is
    """

    layout: Layout
    columns: tuple[str, ...] | None = None
    width: int = 0
    trailer: str | None = None
    doubts: tuple[str, ...] = ()
    confidence: float = 1.0
    is_foreign_log: bool = False


def bare(layout: Layout) -> SourceContract:
    """A contract of nothing but a layout."""
    return SourceContract(
        "sample__file",
        "sample",
        Delivery("", None, "{date}", "full", "06:00", False, False, False),
        layout,
        (),
        (),
    )
