"""map.yml: which columns of which files play which role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from spark_jobs.errors import SettingsError, nearest
from spark_jobs.identity.engine.people import ROLES

# What people call the roles.
_ALSO = {
    "name": "full_name", "fullname": "full_name", "first_name": "given_name", "firstname": "given_name", "given": "given_name",
    "forename": "given_name", "last_name": "surname", "lastname": "surname", "family_name": "surname", "dob": "birth_date",
    "date_of_birth": "birth_date", "birthday": "birth_date", "birthdate": "birth_date", "id_number": "national_id", "ssn": "national_id", "national_ids": "national_id",
    "passport": "other_id", "mobile": "phone", "telephone": "phone", "phones": "phone", "e_mail": "email", "mail": "email",
    "street": "address", "address_parts": "address", "address_part": "address", "town": "city", "suburb": "city", "zip": "postcode", "post_code": "postcode", "zipcode": "postcode",
    "gender": "sex",
}  # fmt: skip
_TOP = frozenset(["id", "source", "region", "roles", "columns", "files"])
_FILE = frozenset(["id", "source", "name", "roles", "columns"])


@dataclass(frozen=True)
class FileMap:
    """One file's part: role → columns, the column with the record id, the column that names the source, or the source's name."""

    roles: Mapping[str, tuple[str, ...]]
    id: str | None = None
    source: str | None = None
    name: str | None = None
    is_own: bool = False


@dataclass(frozen=True)
class Map:
    """A whole map: what holds for all files, and what single files (by file name or stem) say otherwise."""

    default: FileMap
    files: Mapping[str, FileMap]
    region: str = "CN"

    def of(self, path: Path) -> FileMap:
        """What holds for a file."""
        return self.files.get(path.name) or self.files.get(path.name.split(".")[0]) or self.default


def load(path: Path) -> Map:
    """Read a map. Errors: SettingsError that names the file, the key and the nearest right word."""
    try:
        # Every word as text: a column may be called `no`, which YAML takes for "false".
        said = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except OSError as error:
        raise SettingsError(
            f"{path.name}: cannot be read; give --map a YAML file that names the roles of the columns"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{path.name}{line}: no YAML; see docs/resolve.md for an example") from error
    if not isinstance(said, dict):
        raise SettingsError(f"{path.name}: no keys in it; it needs at least `roles`, see docs/resolve.md")
    _known(path, "", said, _TOP)
    default = _file_map(path, "", said, FileMap({}))
    files = {}
    for name, part in (_mapping(path, "files", said.get("files")) or {}).items():
        where = f"files.{name}"
        part = _mapping(path, where, part) or {}
        _known(path, where, part, _FILE)
        files[str(name)] = _file_map(path, where, part, default, is_own=True)
    if not default.roles and not any(f.roles for f in files.values()):
        raise SettingsError(f"{path.name}: no roles; known are: {', '.join(ROLES)}")
    region = str(said.get("region") or "CN").upper()
    if len(region) != 2:
        raise SettingsError(f"{path.name}: `region` is a country of two letters (ISO 3166), such as CN or GB")
    return Map(default, files, region)


def _mapping(path: Path, where: str, value: Any) -> dict[Any, Any] | None:
    if value in (None, ""):
        return None
    if not isinstance(value, dict):
        raise SettingsError(f"{path.name}: `{where}` needs keys and values")
    return value


def _known(path: Path, where: str, said: Mapping[str, Any], known: frozenset[str]) -> None:
    for key in said:
        if key not in known:
            inside = f" in `{where}`" if where else ""
            raise SettingsError(f"{path.name}: no key `{key}`{inside}; {nearest(str(key), known)}")


def _file_map(
    path: Path, where: str, said: Mapping[str, Any], default: FileMap, is_own: bool = False
) -> FileMap:
    roles: dict[str, list[str]] = {}
    for role, columns in (_mapping(path, f"{where} roles".strip(), said.get("roles")) or {}).items():
        for column in columns if isinstance(columns, list) else [columns]:
            roles.setdefault(_role(path, role), []).append(str(column))
    for column, role in (_mapping(path, f"{where} columns".strip(), said.get("columns")) or {}).items():
        roles.setdefault(_role(path, role), []).append(str(column))
    text = {key: str(said[key]) if said.get(key) else None for key in ("id", "source", "name")}
    return FileMap(
        {role: tuple(columns) for role, columns in roles.items()} or default.roles,
        text["id"] or default.id,
        text["source"] or default.source,
        text["name"],
        is_own and bool(roles),
    )


def _role(path: Path, role: Any) -> str:
    name = str(role).strip().lower().replace("-", "_").replace(" ", "_")
    name = _ALSO.get(name, name)
    if name not in ROLES:
        near = nearest(name, [*ROLES, *_ALSO])
        raise SettingsError(
            f"{path.name}: no role `{role}`; {near}"
            + ("" if near.startswith("known") else f" (roles: {', '.join(ROLES)})")
        )
    return name
