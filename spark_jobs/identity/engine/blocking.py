"""Blocking: which pairs of records are compared at all. Several rules; each joins records that agree in its keys.

A value that too many share (a placeholder, a bank's own phone) says nothing about who is who: its block is larger than the largest that
the rule may compare, and is left to the other rules. How large that is follows from the budget of pairs, which grows with the records only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.coded import MISSING

Keys = npt.NDArray[np.int64]
# Pairs that one rule may give: so many per record, and this many in any case, so that small files are compared more widely. In a large file the
# narrow rules find who the wide ones miss; wide ones give one person in a hundred pairs there.
PAIRS_PER_RECORD = 2
PAIRS_ANYWAY = 400_000
# Files so small that every record is compared with every other.
ALL_PAIRS_UP_TO = 1_500
LARGEST_BLOCK = 400
# Of a part of a number alone: a part that many share is a region, a month or a series, not somebody's.
LARGEST_OF_PART = 10
# Of a pair with the number of a rule behind it: files of up to 380 million records.
_RULE_BITS = 6


@dataclass(frozen=True)
class Rule:
    """A blocking rule: what must agree.

    fields   whose agreement it therefore makes; keys: key columns, each on its own
    largest  records in a block that is compared, at most, however much the budget allows
    """

    name: str
    fields: frozenset[str]
    keys: Sequence[Keys]
    largest: int = LARGEST_BLOCK


@dataclass
class Candidates:
    """Pairs of records to compare, smaller place first, each once; `rules` has bit k set where rule k gave the pair.

    disarmed  per rule: (largest block compared, blocks left out, records in them)
    """

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    rules: npt.NDArray[np.int64]
    disarmed: dict[str, tuple[int, int, int]]


def candidates(
    rules: Sequence[Rule],
    count: int,
    largest: Mapping[str, int] | None = None,
    whole_up_to: int = ALL_PAIRS_UP_TO,
) -> Candidates:
    """Candidate pairs of all rules. At most 62 rules.

    largest      rule → records in the largest block that it compares; None: as the budget of this many records allows
    whole_up_to  so few records are compared each with each other
    """
    if count <= whole_up_to:
        left, right = np.triu_indices(count, 1)
        fired = _fired(rules, left, right)
        return Candidates(left.astype(np.int32), right.astype(np.int32), fired, {})
    met, disarmed = [np.empty(0, np.int64)], {}
    for k, rule in enumerate(rules):
        limit = largest[rule.name] if largest is not None else None
        found, disarmed[rule.name] = _pairs(rule, count, limit)
        for pairs in found:
            pairs <<= _RULE_BITS
            pairs |= k
            met.append(pairs)
    pairs, fired = _each_once(np.concatenate(met))
    return Candidates((pairs // count).astype(np.int32), (pairs % count).astype(np.int32), fired, disarmed)


def largest_blocks(rules: Sequence[Rule], count: int) -> dict[str, int]:
    """Rule → records in the largest block that it compares in a file of `count` records."""
    return {rule.name: _largest(_blocks(rule.keys)[1], count, rule.largest) for rule in rules}


def _each_once(met: Keys) -> tuple[Keys, Keys]:
    """Distinct pairs, in order, and the bits of their rules, of pairs with the number of a rule in the last bits. One sort of all: rule by rule,
    what is known already would be moved once for every rule."""
    met.sort()
    pairs = met >> _RULE_BITS
    first = np.flatnonzero(np.r_[True, pairs[1:] != pairs[:-1]][: len(pairs)])
    met &= (1 << _RULE_BITS) - 1
    fired = np.bitwise_or.reduceat(np.left_shift(1, met, out=met), first) if len(first) else met
    return pairs[first], fired


def _fired(rules: Sequence[Rule], left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> Keys:
    masks = np.zeros(len(left), np.int64)
    for k, rule in enumerate(rules):
        for one in rule.keys:
            for other in rule.keys:
                masks |= ((one[left] == other[right]) & (one[left] >= 0)).astype(np.int64) << k
    return masks


def _blocks(keys: Sequence[Keys]) -> tuple[Keys, Keys]:
    """Records block by block, and the sizes of the blocks."""
    records = np.concatenate([np.flatnonzero(k != MISSING) for k in keys])
    values = np.concatenate([k[k != MISSING] for k in keys])
    order = np.argsort(values)
    records, values = records[order], values[order]
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]][: len(values)])
    return records, np.diff(np.r_[starts, len(values)])


def _pairs(rule: Rule, count: int, largest: int | None) -> tuple[Iterator[Keys], tuple[int, int, int]]:
    """Pairs (smaller × count + larger, some several times) of records with one key in common; and what `Candidates.disarmed` says."""
    records, sizes = _blocks(rule.keys)
    if largest is None:
        largest = _largest(sizes, count, rule.largest)
    kept = sizes <= largest
    disarmed = (largest, int((~kept).sum()), int(sizes[~kept].sum()))
    return of_blocks(records[np.repeat(kept, sizes)], sizes[kept], count), disarmed


def _largest(sizes: npt.NDArray[np.int64], count: int, most: int) -> int:
    """Largest block size, at most `most`, whose blocks, with all smaller ones, give no more pairs than the budget of so many records."""
    budget = PAIRS_PER_RECORD * count + PAIRS_ANYWAY
    counts = np.bincount(np.minimum(sizes, most + 1), minlength=most + 1)[: most + 1].astype(np.int64)
    size = np.arange(len(counts), dtype=np.int64)
    return int(np.flatnonzero(np.cumsum(counts * size * (size - 1) // 2) <= budget)[-1])


def of_blocks(records: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], count: int) -> Iterator[Keys]:
    """Pairs at distance 1, 2, … inside their block."""
    left_in_block = np.repeat(sizes, sizes) - 1 - places_in_blocks(sizes)
    at = np.arange(len(records))
    for distance in range(1, int(sizes.max(initial=0))):
        at = at[left_in_block[at] >= distance]
        one, other = records[at], records[at + distance]
        low, high = np.minimum(one, other), np.maximum(one, other)
        yield (low * count + high)[low != high]


def places_in_blocks(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, … inside each block."""
    total = int(sizes.sum())
    return np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
