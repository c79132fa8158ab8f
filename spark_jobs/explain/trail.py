"""How a column comes about, as data: the rule, the function that applies it, and the rows a value rests on, table by table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """Rows of one table that a value rests on.

    said   what these rows are, in words
    sql    DuckDB over the tables by their names, over `parties` and `accounts` of the customer and day, with `{customer}`, `{day}`
           and the trail's lists; gives declared columns only, from silver with `_origin`
    """

    table: str
    said: str
    sql: str


@dataclass(frozen=True)
class Trail:
    """The way down from one column.

    rules     rule file and the names of the parameters that matter, e.g. {"aum": ("flows",)}
    function  where the rule is applied, `module:function`
    told      the rule in one sentence
    total     SQL that adds the parts up again; None where the value is no sum
    lists     placeholder in the steps → rule file and path of the list that stands there
    ends      why the walk stops before a file, where it does
    """

    function: str
    told: str
    steps: tuple[Step, ...]
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    total: str | None = None
    lists: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    ends: str | None = None
