"""A model that is kept: everything a score depends on but the two records, as a JSON document without a person's value.

What is learned of a file (classes.py, form.py) and how large a block each rule may compare. Under one frozen model the score of a pair
follows from its two records alone, whatever other records there are, so that a day's records can be judged by themselves.
Frequent values stand as SipHash under a key that is derived from a secret and is not in the document: without the secret it tells how many
values are frequent, not which.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from spark_jobs.errors import SettingsError
from spark_jobs.identity.engine import seen as pairs
from spark_jobs.identity.engine.blocking import ALL_PAIRS_UP_TO, Candidates, largest_blocks
from spark_jobs.identity.engine.classes import Model
from spark_jobs.identity.engine.coded import OPEN_KEY, hashed
from spark_jobs.identity.engine.form import Form, Shape
from spark_jobs.identity.engine.probe import probed
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.scale import BANDS, bands
from spark_jobs.identity.engine.standardise import Field

_KIND = "oxpecker identity model"
# Of the document. What reading, keying and comparing do with records is told by the probe.
_VERSION = 2


class OutdatedModel(SettingsError):
    """A model of an engine that reads, keys or compares records otherwise."""


@dataclass(frozen=True)
class Frozen:
    """What scores and candidates depend on beside the records.

    form     how records are read; model: classes and their levels
    largest  rule → records in the largest block that it compares
    whole_up_to  files of so few records are compared whole
    seen     what the pairs looked like from which the bank's model was learned; None where whoever learned it keeps no watch over days
    """

    form: Form
    model: Model
    largest: Mapping[str, int]
    whole_up_to: int = ALL_PAIRS_UP_TO
    seen: pairs.Seen | None = None


def hash_key(secret: bytes) -> str:
    """Key of all hashes of a secret: 96 bits of HMAC-SHA-256, as 16 characters."""
    if len(secret) < 16:
        raise SettingsError("the secret of an identity model is at least 16 random bytes")
    derived = hmac.digest(secret, b"oxpecker identity engine", "sha256")
    return base64.urlsafe_b64encode(derived[:12]).decode()


def frozen(form: Form, fields: Sequence[Field], found: Candidates, model: Model) -> Frozen:
    """The model of a file that was read under `form`, of which `found` are the candidate pairs."""
    known = Form(**vars(form))
    if known.bands is None:
        known.bands = {}
        for field in fields:
            band = bands(field.coded)
            known.bands[field.name] = _sorted(field.coded.hashes()[band > 1], band[band > 1])
    largest = {rule: said[0] for rule, said in found.disarmed.items()}
    if not largest and fields:
        largest = largest_blocks(rules(fields), len(fields[0].coded.codes))
    return Frozen(known, model, largest)


def _sorted(hashes: np.ndarray, band: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(hashes, kind="stable")
    return hashes[order], band[order].astype(np.uint8)


def saved(model: Frozen) -> str:
    """The document: counts, logarithms, names of fields and rules, and hashes of frequent values under the key of the form.

    Errors: SettingsError where that key is the open one, under which anybody could look values up.
    """
    if model.form.key == OPEN_KEY:
        raise SettingsError(
            "a model is kept under the key of a secret (frozen.hash_key); it was learned without one"
        )
    form, classes = model.form, model.model
    shapes = [{"name": s.name, "kind": s.kind, "is_shared": s.is_shared} for s in form.shapes or []]
    for shape in shapes:
        hashes, band = (form.bands or {})[str(shape["name"])]
        shape["frequent"] = {
            str(b): _packed(hashes[band == b]) for b in range(2, BANDS + 1) if (band == b).any()
        }
    document = {
        "kind": _KIND,
        "version": _VERSION,
        "probe": probed(form),
        "key_check": _key_check(form.key),
        "whole_up_to": model.whole_up_to,
        "reading": {
            "are_names_whole": form.are_names_whole,
            "is_month_first": form.is_month_first,
            "orders_by_source": form.orders,
            "is_address_whole": form.is_address_whole,
            "placeholder_dates": _packed(form.placeholders),
        },
        "fields": shapes,
        "largest_blocks": dict(model.largest),
        "classes": {
            "names": classes.names,
            "log_shares": classes.log.tolist(),
            "sizes": classes.sizes.tolist(),
            "by_rule": [list(fields) for fields in classes.by_rule],
            "pairs": classes.pairs,
            "twins": classes.twins,
            "rounds": classes.rounds,
            "drift": classes.drift,
        },
    }  # fmt: skip
    if model.seen:
        document["seen"] = pairs.told(model.seen) | {"counted_by": _counter(document)}
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def loaded(text: str, key: str, name: str = "model") -> Frozen:
    """The model of a document, under the key it was made with (`hash_key`).

    Errors: SettingsError where it is no such document or was made with another key, OutdatedModel where it comes from another engine.
    """
    try:
        said = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"{name}, line {error.lineno}: no JSON; a model is what --save-model writes"
        ) from error
    if not isinstance(said, dict) or said.get("kind") != _KIND:
        raise SettingsError(f"{name}: no identity model; a model is what --save-model writes")
    if said.get("version") != _VERSION:
        raise OutdatedModel(
            f"{name}: a model of version {said.get('version')}, this reads version {_VERSION}; learn and save it anew"
        )
    if said["key_check"] != _key_check(key):
        raise SettingsError(
            f"{name}: made with another secret; frequent values cannot be told under this one"
        )
    model = _read(said, key)
    if said["probe"] != probed(model.form):
        raise OutdatedModel(
            f"{name}: made by an engine that reads, keys or compares records otherwise than this one; learn and save it anew"
        )
    if model.seen and said["seen"].get("counted_by") != _counter(said):
        raise OutdatedModel(
            f"{name}: what its pairs looked like was counted under another model or engine; learn and save it anew"
        )
    return model


def _counter(document: Mapping[str, Any]) -> str:
    """A hash of the engine and the classes by which pairs were counted: counts of others would be held against days for nothing."""
    content = json.dumps([document["probe"], document["classes"]], sort_keys=True)
    return sha256(content.encode()).hexdigest()[:16]


def _read(said: Mapping[str, Any], key: str) -> Frozen:
    shapes = [Shape(s["name"], s["kind"], s["is_shared"]) for s in said["fields"]]
    by_field = {}
    for shape in said["fields"]:
        parts = [(_unpacked(packed), int(band)) for band, packed in shape["frequent"].items()]
        hashes = np.concatenate([np.empty(0, np.int64), *(h for h, _ in parts)])
        by_field[shape["name"]] = _sorted(
            hashes, np.repeat([b for _, b in parts], [len(h) for h, _ in parts])
        )
    reading, classes = said["reading"], said["classes"]
    form = Form(
        key,
        shapes,
        reading["are_names_whole"],
        reading["is_month_first"],
        reading.get("orders_by_source", {}),
        _unpacked(reading["placeholder_dates"]),
        reading["is_address_whole"],
        by_field,
    )
    model = Model(
        list(classes["names"]),
        np.array(classes["log_shares"], np.float64),
        np.array(classes["sizes"], np.float64),
        [tuple(fields) for fields in classes["by_rule"]],
        classes["pairs"],
        classes["twins"],
        classes["rounds"],
        list(classes["drift"]),
    )
    seen = pairs.read(said["seen"]) if "seen" in said else None
    return Frozen(form, model, said["largest_blocks"], said["whole_up_to"], seen)


def _key_check(key: str) -> str:
    return _packed(hashed(["key check"], key))


def _packed(hashes: np.ndarray) -> str:
    return base64.b64encode(hashes.astype("<i8").tobytes()).decode()


def _unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<i8").astype(np.int64)
