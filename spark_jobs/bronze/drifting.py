"""Whether the columns of a delivery are what they were, and what the feed's contract lets become of it. No Spark.

A file is compared with the delivery of its feed (and part) that was accepted last before it came, so that a range gives what its days give.
Files that were held because their columns are not the contract's are compared, too: not to judge them again, but to say what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from spark_jobs.bronze import objects
from spark_jobs.bronze.controls import Check
from spark_jobs.bronze.drift import Change, diff, told, verdict
from spark_jobs.bronze.ledger import Examined, FileState
from spark_jobs.bronze.profiling import Seen, from_json
from spark_jobs.bronze.settling import PartOf
from spark_jobs.bronze.value_profiles import ENOUGH_ROWS
from spark_jobs.contracts.sources import SourceContract

ACCEPTED = ("loaded", "superseded", "verified")
# Kind of change → reason for which the feed is held, the gravest first.
REASONS: Mapping[str, str] = {
    "swapped": "schema_swapped", "renamed": "schema_renamed", "dropped": "schema_missing", "added": "schema_added",
    "type": "schema_retyped",
}  # fmt: skip
# Tables that a change of a feed reaches.
Reach = Callable[[str], tuple[str, ...]]
_Key = tuple[str, str]


@dataclass(frozen=True)
class SchemaChange:
    """One row of ops.schema_change, in the order of its columns but the last: a delivery whose columns differ from those before."""

    file_id: str
    feed_code: str
    business_date: date
    compared_file_id: str | None
    drift_action_code: str
    reason_code: str | None
    change_kinds: tuple[str, ...]
    diff_lines: tuple[str, ...]
    touched_tables: tuple[str, ...]


class Columns:
    """Judges files one after another, in the order in which they came.

    known  the ledger before these files came; found: what differs, file by file
    """

    def __init__(
        self, known: Iterable[FileState], sources: Mapping[str, SourceContract], part_of: PartOf, reach: Reach
    ) -> None:
        self.sources, self.part_of, self.reach = sources, part_of, reach
        self.found: list[SchemaChange] = []
        self._last = {
            key: (state, from_json(state.profile_json))
            for key, state in _newest(known, part_of).items()
            if state.profile_json is not None
        }

    def judged(self, file: Examined) -> Examined:
        """The file, held with one of `REASONS` where its columns may not load. One that is held for another reason is left as it is."""
        state, seen = file.state, file.seen
        if seen is None:
            return file
        if not seen.is_laid:
            file = replace(file, state=replace(state, profile_json=seen.as_json()))
        if state.state_code != "verified" and not (state.reason_code or "").startswith("schema_"):
            return file
        key = state.feed_code, self.part_of(state)
        file = self._compared(file, seen, self.sources[state.feed_code], self._last.get(key))
        if file.state.state_code == "verified" and (key not in self._last or seen.is_told):
            self._last[key] = file.state, seen
        return file

    def _compared(
        self, file: Examined, seen: Seen, source: SourceContract, before: tuple[FileState, Seen] | None
    ) -> Examined:
        state = file.state
        # Once somebody has changed the contract, columns are what he says, and what they were before says nothing.
        was = before if before and before[1].declared == seen.declared else None
        changes = differences(source, was[1], seen) if was else []
        reason = state.reason_code
        if reason is not None or seen.is_laid:
            changes = changes or _against_contract(source, seen, reason)
        action, kinds = _decided(source, changes)
        if reason is None and seen.is_laid:
            # Records that have another number of columns cannot be read, whatever the policy says.
            reason = REASONS["added" if len(seen.columns) > len(source.fields) else "dropped"]
        elif reason is None and action == "hold":
            reason = next(REASONS[kind] for kind in REASONS if kind in kinds)
        if changes:
            self.found.append(SchemaChange(
                state.file_id, source.feed, state.business_date, was[0].file_id if was else None, "hold" if reason else action,
                reason, tuple(sorted({c.kind for c in changes})), tuple(told(changes)), self.reach(source.feed),
            ))  # fmt: skip
        if reason == state.reason_code:
            return file
        held = replace(file.state, state_code="held", reason_code=reason)
        return replace(file, state=held, checks=(*file.checks, Check(f"columns:{reason}", None, None, False)))


def _arrival(state: FileState) -> tuple[str, int, str]:
    return str(state.arrived_at), state.sequence_no, state.file_id


def _decided(source: SourceContract, changes: Sequence[Change]) -> tuple[str, tuple[str, ...]]:
    """What is done, and the kinds that decide it. Records that bring their own names may leave one out, unless the feed is nothing without it."""
    is_free = source.layout.kind in objects.KINDS
    needed = {*source.key, *source.not_null}
    left_out = [c for c in changes if is_free and c.kind == "dropped" and not needed & {*c.columns}]
    action, kinds = verdict([c for c in changes if c not in left_out], source.drift)
    return ("rescue", ("dropped",)) if left_out and action == "accept" else (action, kinds)


def differences(source: SourceContract, before: Seen, after: Seen) -> list[Change]:
    """How the columns of two deliveries differ, as far as their records can tell.

    A declared column without any value is not there; where it was seldom filled before, that says nothing and is left out. So is what
    comes after too few records to know that it never came before.
    """
    if after.is_laid:
        return diff(before.columns, after.columns, named=False)
    old, new = ([p for p in each.columns if p.filled] for each in (before, after))
    was = {p.name: p for p in old}
    rows = max((p.rows for p in after.columns), default=0)
    rows_before = max((p.rows for p in before.columns), default=0)
    return [
        c for c in diff(old, new)
        if c.kind in ("renamed", "swapped", "type")
        or (c.kind == "dropped" and c.columns[0] not in after.misshapen
            and rows * was[c.columns[0]].filled >= ENOUGH_ROWS)
        or (c.kind == "added" and c.columns[0] not in source.names() and rows_before >= ENOUGH_ROWS)
    ]  # fmt: skip


def _against_contract(source: SourceContract, seen: Seen, reason: str | None) -> list[Change]:
    """What the names alone tell, where there is no delivery to compare with."""
    if seen.is_laid:
        more = len(seen.columns) - len(source.fields)
        kind = "added" if more > 0 else "dropped"
        how = f"{len(seen.columns)} columns instead of {len(source.fields)}, and no names"
        return [Change(kind, ("?",) * abs(more), 1.0, how)]
    there = {p.name for p in seen.columns}
    gone = [Change("dropped", (n,), 1.0, "declared, not delivered") for n in source.names() if n not in there]
    new = sorted(there - set(source.names()))
    changes = [*gone, *(Change("added", (n,), 1.0, "delivered, not declared") for n in new)]
    if not changes and reason == REASONS["swapped"]:
        how = (
            "times that follow one another by the contract mostly do not"
            if source.in_order
            else "another order"
        )
        changes = [Change("swapped", source.in_order or ("?", "?"), 1.0, how)]
    return changes


def keep_needed(states: Mapping[str, FileState], part_of: PartOf) -> dict[str, FileState]:
    """The ledger with the profiles that the next deliveries are compared with, and without those that nobody needs any more.

    A file that is held keeps its own until another is accepted: somebody may release it.
    """
    newest = _newest(states.values(), part_of)
    kept: dict[str, FileState] = {}
    for key, state in states.items():
        last = newest.get((state.feed_code, part_of(state)))
        is_needed = state is last or (
            state.state_code == "held" and (last is None or _arrival(state) > _arrival(last))
        )
        kept[key] = state if is_needed or state.profile_json is None else replace(state, profile_json=None)
    return kept


def _newest(states: Iterable[FileState], part_of: PartOf) -> dict[_Key, FileState]:
    """By feed and part, the accepted file with a profile that came last; one that tells values goes before one of a few records."""
    found: dict[_Key, tuple[bool, tuple[str, int, str], FileState]] = {}
    for state in states:
        if state.state_code in ACCEPTED and state.profile_json is not None:
            key = state.feed_code, part_of(state)
            mine = from_json(state.profile_json).is_told, _arrival(state), state
            if key not in found or mine[:2] > found[key][:2]:
                found[key] = mine
    return {key: state for key, (_, _, state) in found.items()}
