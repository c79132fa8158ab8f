"""What a bank may write into its own rule files: the parameters that are shipped, and entries of those maps that are lists of names.

A misspelt parameter would change nothing, in silence, and people would be called by the old number. Reads no rules itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from spark_jobs.errors import SettingsError, nearest

# Rule file → maps to which a bank adds entries of its own. What an entry holds is what its neighbours hold.
OPEN: Mapping[str, tuple[str, ...]] = {
    "alert": ("subject_channels",),
    "aum": ("components", "flow_of"),
    "behaviour": ("acts", "channel_touchpoints", "entry_touchpoints"),
    "complaint": ("clocks",),
    "consent": ("purpose_of", "channel_of"),
    "identity": ("limits", "rules"),
    "scorecard": ("aum",),
    "steward": ("owners", "second_person"),
    "worklist": ("reasons", "waits"),
}
KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (Mapping, "a map"),
    (list, "a list"),
)


def check_rules(name: str, shipped: Mapping[str, Any], own: Any, file: Path) -> None:
    """Refuse what a bank's file says that no rule reads, with its line and the nearest right word.

    shipped  the rules of that name below the bank's file; own: what the bank's file says. Null takes a parameter away and is of any kind.
    """
    if own is None:
        return
    _check(shipped, own, (), frozenset(OPEN.get(name, ())), file)


def _check(shipped: Any, own: Any, path: tuple[str, ...], open_maps: frozenset[str], file: Path) -> None:
    if shipped is None or own is None:
        return
    for kind, said in KINDS:
        if isinstance(shipped, kind):
            if not isinstance(own, kind) or (isinstance(own, bool) and kind is not bool):
                raise SettingsError(f"{_place(file, path)}: `{'.'.join(path) or file.stem}` is {said}")
            break
    if not isinstance(shipped, Mapping):
        return
    for key, value in own.items():
        inner = (*path, str(key))
        if key in shipped:
            _check(shipped[key], value, inner, open_maps, file)
        elif ".".join(path) in open_maps:
            _check(_like(shipped), value, inner, frozenset(), file)
        else:
            known = [str(k) for k in shipped]
            raise SettingsError(
                f"{_place(file, inner)}: unknown parameter `{'.'.join(inner)}`; {nearest(str(key), known)}"
            )


def _like(entries: Mapping[str, Any]) -> Any:
    """What a new entry is held against: all that its neighbours hold, of which it may leave out any; None where they are not maps."""
    neighbours = [each for each in entries.values() if isinstance(each, Mapping)]
    return {key: None for each in neighbours for key in each} if neighbours else None


def _place(file: Path, path: Sequence[str]) -> str:
    """`rules/<name>.yml in <folder>, line n`."""
    node = yaml.compose(file.read_text(encoding="utf-8"))
    line = 1
    for key in path:
        entries = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((k, v) for k, v in entries if str(k.value) == key), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return f"rules/{file.name} in {file.parent.parent.name}, line {line}"
