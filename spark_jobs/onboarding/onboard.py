"""Drafts for many files at once, each tried on its own samples before it is handed over, and written as a folder for `--conf`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from spark_jobs.bronze.controls import verify
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.records import read
from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.sources import IN_USE, SourceContract, load_sources
from spark_jobs.errors import DeliveryError
from spark_jobs.onboarding.draft import COLUMNAR, Draft, draft, encoding_of
from spark_jobs.onboarding.encodings import Encoding
from spark_jobs.onboarding.samples import Feed, collect
from spark_jobs.onboarding.writing import as_yaml, questions_of
from spark_jobs.settings import SHIPPED_CONF, overlaid_files
from spark_jobs.silver.mapping import read_maps
from spark_jobs.silver.transforms import TRANSFORMS

FOLDER = Path("contracts") / "sources"


@dataclass(frozen=True)
class Drafted:
    """A draft as text, tried: `held` says for which reason which sample would be held, `unreadable` counts its records by reason."""

    draft: Draft
    text: str
    held: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, int] = field(default_factory=dict)

    @property
    def questions(self) -> list[str]:
        return questions_of(self.draft)


def onboard(
    paths: Iterable[Path], dirs: tuple[Path, ...] = (SHIPPED_CONF,), system: str | None = None
) -> tuple[list[Drafted], list[str]]:
    """A draft per feed, by name, and why files were refused. dirs: whose code lists are looked words up in."""
    feeds, refused = collect(paths)
    likely = _encodings(feeds)
    made: dict[str, Drafted] = {}
    shipped = {Path(p).stem for p in overlaid_files(dirs, str(FOLDER))}
    for feed in feeds:
        try:
            found = draft(feed, dirs, system, likely.get(feed.system or ""))
        except DeliveryError as problem:
            refused.append(f"{feed.template.text}: {problem}")
            continue
        except RecordError as problem:
            told = (
                "its header is in another encoding than its records"
                if str(problem) == "encoding"
                else f"it cannot be read ({problem})"
            )
            refused.append(
                f"{feed.template.text}: {told}; ask the supplier to send it again, in one encoding"
            )
            continue
        found = _named_once(found, set(made), shipped)
        made[found.name] = tried(found, dirs)
    return [made[name] for name in sorted(made)], refused


def _encodings(feeds: Sequence[Feed]) -> dict[str, Encoding]:
    """The surest encoding of each sender of packages: his files that are ASCII only will be in it."""
    best: dict[str, Encoding] = {}
    for feed in feeds:
        filled = [
            s for s in feed.samples if s.content.strip() and not s.content.startswith((*COLUMNAR, b"{"))
        ]
        if not feed.system or not filled:
            continue
        try:
            found = encoding_of(filled)
        except DeliveryError:
            continue
        known = best.get(feed.system)
        if found.why.startswith("all bytes are ASCII"):
            continue
        if known is None or found.confidence > known.confidence:
            best[feed.system] = found
    return best


def _named_once(found: Draft, taken: set[str], shipped: set[str]) -> Draft:
    """A name of its own: a draft under the name of a contract that is there already would be laid over it key by key."""
    own = f"{found.name}_own" if found.name in shipped else found.name
    name = next(n for n in (own, *(f"{own}_{k}" for k in range(2, len(taken) + 3))) if n not in taken)
    return replace(found, name=name)


def tried(found: Draft, dirs: tuple[Path, ...]) -> Drafted:
    """The draft as text, loaded as any contract is, and run over its own samples."""
    text = as_yaml(found)
    source = loaded(text, found.name, dirs)
    held: dict[str, str] = {}
    unreadable: dict[str, int] = {}
    for sample in found.feed.samples:
        for record in read(sample.content, source):
            for reason in record.reasons if record.values is None else ():
                unreadable[reason] = unreadable.get(reason, 0) + 1
        if sample.is_whole:
            checked = verify(sample.content, source, sample.day or date.min, None, sample.control)
            if checked.reason is not None:
                held[sample.name] = checked.reason
    if held or unreadable != dict(found.unreadable):
        told = [f"`{name}` would be held: {reason}" for name, reason in sorted(held.items())]
        found = replace(
            found, unreadable=dict(sorted(unreadable.items())), questions=(*found.questions, *told)
        )
        text = as_yaml(found)
    return Drafted(found, text, held, unreadable)


def loaded(text: str, name: str, dirs: tuple[Path, ...]) -> SourceContract:
    """The contract as a bank would load it, laid over nothing. Raises ContractError where it does not fit."""
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder)
        _write(bank, name, text)
        (bank / "rules").mkdir()
        (bank / IN_USE).write_text(f"in_use: [{name}]\n", encoding="utf-8")
        source = load_sources((*dirs, bank))[name]
    read_maps(source, load(dirs), lambda code_list: load_codes(dirs, code_list), tuple(TRANSFORMS))
    return source


def _write(bank: Path, name: str, text: str) -> Path:
    path = bank / FOLDER / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write(drafts: Sequence[Drafted], bank: Path) -> list[Path]:
    """The drafts as a bank's own folder. Nothing that is there is written over: answers to questions may stand in it."""
    standing = [d.draft.name for d in drafts if (bank / FOLDER / f"{d.draft.name}.yml").exists()]
    if standing:
        raise DeliveryError(
            f"{bank / FOLDER} has {', '.join(standing)} already; move the files away, or give another --out or --system"
        )
    written = [_write(bank, d.draft.name, d.text) for d in drafts]
    in_use = bank / IN_USE
    if drafts and not in_use.exists():
        systems = sorted({d.draft.name.split("__")[0] for d in drafts})
        in_use.parent.mkdir(parents=True, exist_ok=True)
        patterns = ", ".join(f'"{s}__*"' for s in systems)
        in_use.write_text(
            f"# The feeds that this bank has; nobody waits for others.\nin_use: [{patterns}]\n",
            encoding="utf-8",
        )
        written.append(in_use)
    return written
