"""What becomes of files once all that came for a feed and business date are known: a pure function of the ledger. No Spark.

verified    passed its checks; every verified file becomes one of the next four
loaded      silver reads it: per feed and date the content of the highest sequence
superseded  a higher sequence came
duplicate   the bytes that are in force already, whatever the package is called
conflict    other bytes under a sequence that is loaded already: never replaces anything
held, rejected, missing   see the reason
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from spark_jobs.bronze.discovery import Package
from spark_jobs.bronze.ledger import LOCKED, FileState, ledger_id
from spark_jobs.bronze.rulings import FileRuling, nothing_decided
from spark_jobs.contracts.sources import SourceContract

READABLE = ("verified", "loaded", "superseded", "duplicate")
STOPPED = ("held", "missing", "rejected")
LATE, CONFLICT, DUPLICATE, MISSING = "late", "conflict", "duplicate", "missing"
# A package that is here and could not be opened yet.
CLOSED = ("ok_missing", *LOCKED)
# When a file can no longer be what its date was published with; None where its feed has no deadline.
LateAfter = Callable[[FileState], datetime | None]
# Whose share of the feed a file is; see `SourceContract.part`.
PartOf = Callable[[FileState], str]


def parts_of(sources: Mapping[str, SourceContract]) -> PartOf:
    """Parts by the contracts; a feed that has none any more is one file."""

    def part(state: FileState) -> str:
        source = sources.get(state.feed_code)
        return source.part(state.file_name) if source is not None else ""

    return part


def unseen(
    packages: Iterable[Package], states: Iterable[FileState], sources: Mapping[str, SourceContract]
) -> list[Package]:
    """Packages that were never looked at, or not as they are now.

    Looked at again are one that waits for its `.OK` or its password, one of another size or arrival (files that are as they were are known by their
    bytes), one with a feed that has had no contract before, and one of which a file was held under another contract than today's.
    """
    seen: dict[tuple[str, date], set[tuple[datetime | None, int | None]]] = {}
    feeds: dict[tuple[str, date], set[str]] = {}
    outdated: set[tuple[str, date]] = set()
    for state in states:
        key = state.package_name, state.business_date
        feeds.setdefault(key, set()).add(state.feed_code)
        if is_outdated(state, sources):
            outdated.add(key)
        if state.reason_code not in CLOSED:
            seen.setdefault(key, set()).add((state.arrived_at, state.package_bytes))
    asked: dict[str, set[str]] = {}
    for source in sources.values():
        if source.delivery.member and not source.delivery.opening:
            asked.setdefault(source.delivery.system, set()).add(source.feed)
    found = []
    for package in packages:
        key = package.name, package.business_date
        as_it_is = {(package.arrived_at, package.size), (package.arrived_at, None)} & seen.get(key, set())
        # A first package has a row of each of its feeds, whether they were in it or not.
        is_whole = package.sequence != 1 or asked.get(package.system, set()) <= feeds.get(key, set())
        if not (as_it_is and is_whole) or key in outdated:
            found.append(package)
    return found


def is_outdated(state: FileState, sources: Mapping[str, SourceContract]) -> bool:
    """Whether a file was held under a contract that has been mended since."""
    source = sources.get(state.feed_code)
    return state.state_code == "held" and source is not None and state.contract_hash != source.reading


def is_cut_otherwise(state: FileState, sources: Mapping[str, SourceContract]) -> bool:
    """Whether a file was loaded when its contract cut records in another way than it does today."""
    source = sources.get(state.feed_code)
    cut = state.contract_hash or ""
    return state.state_code == "loaded" and source is not None and not cut.endswith(source.cutting)


def standing(state: FileState, was: FileState | None, ruling: FileRuling) -> FileState:
    """The state of a file that was loaded and is read again: it stands as it stood, unless its contract holds it now.

    was  the file in the ledger; None where it is not one of those. Were it settled as if it had just come, a duplicate of it could take its place.
    """
    told = ruling(state)
    is_accepted = state.state_code == "verified" or (told is not None and told[0] == "verified")
    if was is None or not is_accepted:
        return state
    return replace(
        state,
        state_code="loaded",
        reason_code=None,
        decision_id=told[1] if told else None,
        profile_json=was.profile_json,
    )


def settle(
    states: Iterable[FileState],
    late_after: LateAfter = lambda state: None,
    part_of: PartOf = lambda state: "",
    ruling: FileRuling = nothing_decided,
) -> dict[str, FileState]:
    """The ledger after new files came. Parts of a feed are settled each for itself.

    What stewards decided about held files goes first (`rulings.of_files`): a released one is as good as verified.

    A hold for a missing `.OK` or password falls away once a file of that package and feed was looked at. The first file of a date that came after
    `late_after`, when nothing at all had come before, is `late`: it loads, and the dates it touches are restated.
    """
    by_day: dict[tuple[str, date, str], list[FileState]] = {}
    looked_at: set[tuple[str, str]] = set()
    for state in (_decided(state, ruling) for state in states):
        by_day.setdefault((state.feed_code, state.business_date, part_of(state)), []).append(state)
        if state.reason_code not in (*CLOSED, MISSING):
            looked_at.add((state.feed_code, state.delivery_id))
    settled: dict[str, FileState] = {}
    for files in by_day.values():
        in_order = sorted(files, key=_by_sequence)
        readable = [f for f in in_order if f.state_code in READABLE]
        for each in in_order:
            answered = each.reason_code in CLOSED and (each.feed_code, each.delivery_id) in looked_at
            if each not in readable and not answered:
                settled[each.file_id] = each
        settled |= _in_force(readable)
        late = _late([settled[f.file_id] for f in in_order if f.file_id in settled], late_after)
        if late is not None:
            settled[late.file_id] = replace(late, reason_code=LATE)
    return settled


def _decided(state: FileState, ruling: FileRuling) -> FileState:
    told = ruling(state)
    if told is None:
        return state
    code, decision_id = told
    reason = None if code == "verified" else state.reason_code
    return replace(state, state_code=code, reason_code=reason, decision_id=decision_id)


def _by_sequence(state: FileState) -> tuple[int, bool, str, str]:
    """Under one sequence what was accepted goes first, then what came first."""
    return state.sequence_no, state.state_code not in READABLE[1:], str(state.arrived_at), state.file_id


def _in_force(readable: Sequence[FileState]) -> dict[str, FileState]:
    settled: dict[str, FileState] = {}
    loads: list[FileState] = []
    in_force: FileState | None = None
    taken: dict[int, str | None] = {}
    for each in readable:
        if taken.setdefault(each.sequence_no, each.sha256) != each.sha256:
            settled[each.file_id] = replace(each, state_code=CONFLICT, reason_code=CONFLICT)
            continue
        twin = next((f for f in loads if f.sha256 == each.sha256), None)
        was_duplicate = each.state_code == DUPLICATE and twin is not None
        if was_duplicate or (in_force is not None and in_force.sha256 == each.sha256):
            # Rows of a duplicate were never loaded, those of its twin were: the twin stands for both.
            in_force = twin or in_force
            settled[each.file_id] = replace(each, state_code=DUPLICATE, reason_code=DUPLICATE)
            continue
        in_force = each
        loads.append(each)
    for each in loads:
        ends_as = "loaded" if each is in_force else "superseded"
        settled[each.file_id] = replace(each, state_code=ends_as, reason_code=None)
    return settled


def _late(files: Sequence[FileState], late_after: LateAfter) -> FileState | None:
    """The first file that loads, where it came too late and nothing of its feed and date had come in time."""
    loads = [f for f in files if f.state_code in ("loaded", "superseded") and f.arrived_at is not None]
    first = min(loads, key=lambda f: (str(f.arrived_at), f.sequence_no), default=None)
    limit = late_after(first) if first is not None else None
    if first is None or limit is None:
        return None
    came = [f.arrived_at for f in files if f.arrived_at is not None and f.state_code != MISSING]
    return first if min(came) > limit else None


def never_came(
    states: Iterable[FileState],
    sources: Mapping[str, SourceContract],
    days: Iterable[date],
    is_due: Callable[[SourceContract, date], bool],
    known_at: datetime,
) -> Iterator[FileState]:
    """A row `missing` per required feed and date on which it was due and of which nothing came at all.

    A feed is waited for from the first date on that it ever delivered; a bank that does not have it yet waits for nothing.
    """
    came: dict[str, set[date]] = {}
    for state in states:
        if state.sequence_no > 0:
            came.setdefault(state.feed_code, set()).add(state.business_date)
    days = sorted(days)
    for feed in sorted(came):
        source = sources.get(feed)
        if source is None or not source.delivery.required:
            continue
        for day in days:
            if day > min(came[feed]) and day not in came[feed] and is_due(source, day):
                yield FileState(
                    ledger_id("file", feed, day, MISSING), ledger_id("delivery", feed, day, MISSING), source.source_code, feed, day, 1,
                    "", "", None, None, None, MISSING, MISSING, None, None, 0, True, known_at,
                )  # fmt: skip


def held_required(
    states: Iterable[FileState],
    first: date,
    last: date,
    carried: Collection[str] = (),
    part_of: PartOf = lambda state: "",
) -> list[FileState]:
    """Required feeds of these dates that are held, missing or rejected, and for which nothing else was loaded.

    carried  feeds whose contract lets the latest delivery stand for a day that did not come: they stop nothing once there is one
    """
    states = list(states)
    loaded = {(s.feed_code, s.business_date) for s in states if s.state_code == "loaded"}
    parts = {(s.feed_code, s.business_date, part_of(s)) for s in states if s.state_code == "loaded"}
    begun: dict[str, date] = {}
    for feed, day in loaded:
        begun[feed] = min(day, begun.get(feed, day))
    return [
        s for s in states
        if s.is_required and first <= s.business_date <= last and s.state_code in STOPPED
        and (s.feed_code, s.business_date, part_of(s)) not in parts
        and (s.file_name or (s.feed_code, s.business_date) not in loaded)
        and not (s.feed_code in carried and begun.get(s.feed_code, date.max) < s.business_date)
    ]  # fmt: skip
