"""The shape of a feed's contract, by JSON schema (conf/contracts/source.schema.json). An error names file, line and the nearest right word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from spark_jobs.errors import ContractError, nearest
from spark_jobs.settings import SHIPPED_CONF

SCHEMA = SHIPPED_CONF / "contracts" / "source.schema.json"


@cache
def _validator(part: str | None) -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    if part is not None:
        schema = {"$defs": schema["$defs"], "$ref": f"#/$defs/{part}"}
    return Draft202012Validator(schema)


def plain(content: Any, where: str) -> Any:
    """The content with words for keys: YAML reads the bare word `null` as nothing, also where it is a key.

    It reads `no`, `yes`, `on` and `off` as false and true: those are refused, because nobody means them.
    """
    if isinstance(content, Mapping):
        for key in content:
            if isinstance(key, bool):
                words = "no, off or false" if key is False else "yes, on or true"
                raise ContractError(
                    f"{where}: a key is one of {words}, which YAML does not read as a word; put it in quotes"
                )
        return {"null" if key is None else str(key): plain(value, where) for key, value in content.items()}
    if isinstance(content, list):
        return [plain(each, where) for each in content]
    return content


def check_shape(
    content: Mapping[str, Any], dirs: Sequence[Path], relative: str, part: str | None = None
) -> None:
    """Refuse what the schema does not allow. content: after the overlays, through `plain`; part: what of a contract it is, by the schema's `$defs`."""
    # Unknown keys first: they are the usual slip, and often the reason of what else is wrong.
    errors = sorted(
        _validator(part).iter_errors(content),
        key=lambda e: (e.validator != "additionalProperties", list(map(str, e.path))),
    )
    if not errors:
        return
    problem = errors[0] if errors[0].validator == "additionalProperties" else best_match(errors) or errors[0]
    path, told = _told(problem)
    raise ContractError(f"{place(dirs, relative, path)}: {told}")


def _told(problem: ValidationError) -> tuple[list[Any], str]:
    path, rule = list(problem.absolute_path), problem.validator
    given, asked, schema = (
        cast(Any, each) for each in (problem.instance, problem.validator_value, problem.schema)
    )
    if rule == "additionalProperties":
        known = list(schema.get("properties", {}))
        unknown = next(key for key in given if key not in known)
        return [*path, unknown], f"unknown key `{unknown}`; {nearest(unknown, known)}"
    if rule == "required":
        missing = next(key for key in asked if key not in given)
        return path, f"`{missing}` is missing"
    if rule == "enum":
        return (
            path,
            f"`{given}` is not known; {nearest(str(given), map(str, asked))}",
        )
    return path, problem.message


def place(dirs: Sequence[Path], relative: str, path: Sequence[Any]) -> str:
    """`<file>, line n, <keys>`: the line in the last folder whose file says something there."""
    where = "".join(
        f", {'field ' if at == 1 and path[0] == 'fields' else ''}`{key}`" for at, key in enumerate(path)
    )
    for folder in reversed(dirs):
        file = folder / relative
        line = _line(file, [str(key) for key in path]) if file.is_file() else None
        if line is not None:
            return f"{relative} in {folder.name}, line {line}{where}"
    return f"{relative}{where}"


def _line(file: Path, path: Sequence[str]) -> int | None:
    node = yaml.compose(file.read_text(encoding="utf-8"))
    if node is None:
        return None
    line = node.start_mark.line + 1
    for key in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if str(k.value) == key), None)
            if found is not None:
                line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and key.isdigit() and int(key) < len(node.value):
            node = node.value[int(key)]
            found, line = (node, node), node.start_mark.line + 1
        if found is None:
            return None
    return line
