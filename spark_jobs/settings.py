"""The only reader of environment, profiles and the overlay folder.

Profiles say *where* (`conf/profiles/<name>.yml`), rules say *what* (`conf/rules`), arguments say *when*. A bank keeps its
own folder with the same layout and lays it over the shipped one (`--conf DIR` or `OXPECKER_CONF`); a later folder wins
key by key. Unknown keys fail and name the nearest right one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

from spark_jobs.errors import SettingsError, nearest
from spark_jobs.rule_files import check_rules

REPOSITORY = Path(__file__).resolve().parent.parent
SHIPPED_CONF = REPOSITORY / "conf"
PORTS: Mapping[str, str] = {
    "connect_port": "OXPECKER_CONNECT_PORT",
    "thrift_port": "OXPECKER_THRIFT_PORT",
    "airflow_port": "OXPECKER_AIRFLOW_PORT",
}
PREFIX = "OXPECKER_"
# Of a configuration folder: what the bank's people look like (identity/bank_model.py).
IDENTITY_MODEL = Path("models") / "identity.json"
ENVIRONMENT = {
    *PORTS.values(), "OXPECKER_PROFILE", "OXPECKER_HOME", "OXPECKER_LANDING", "OXPECKER_PREFIX", "OXPECKER_CONF", "OXPECKER_REMOTE",
    "OXPECKER_STEWARD_PASSWORD",
}  # fmt: skip
# What suppliers protect their packages with, by the name that contracts call it: OXPECKER_PASSWORD_AGENCY.
PASSWORD = "OXPECKER_PASSWORD_"
EARLIER_SPELLINGS: Mapping[str, str] = {}


@dataclass(frozen=True)
class ServerSettings:
    """The one local Spark server. `master` may be any Spark master; ports are on the loopback address."""

    master: str = "local[2]"
    connect_port: int = 15002
    thrift_port: int = 10009
    # Airflow's web UI and REST; the two ports above it are its log servers'.
    airflow_port: int = 8780
    driver_memory: str = "3g"
    # More options of the server's JVM, as one text.
    java_options: str = ""
    shuffle_partitions: int = 2
    # A run that finds less than this in landing for its dates works as suits small days (`session.SMALL_DAY`). 0: none does.
    small_day_below_kb: int = 0
    extra_conf: Mapping[str, str] = field(default_factory=dict)
    # Set on a cluster whose Connect endpoint somebody else runs: then nothing is started here.
    remote: str | None = None


@dataclass(frozen=True)
class Settings:
    """Where things are, for one lake. Frozen: a job cannot change where it runs.

    home         everything this lake writes: tables, keys, exports, report, logs
    landing      where suppliers put packages
    conf_dirs    the shipped folder, then the overlays, later ones winning
    prefix       put before each schema, so that several lakes can live in one server
    zone         the bank's time zone; business dates are dates there
    cut_off      a run for D sees what arrived up to this time on D+1, in `zone`
    demo_seed    set only where the demo bank may derive its keys from the seed; the lake is then stamped `demo`
    """

    profile: str
    home: Path
    landing: Path
    conf_dirs: tuple[Path, ...]
    prefix: str = ""
    zone: str = "Asia/Shanghai"
    cut_off: str = "06:30"
    demo_seed: int | None = None
    steward: Path | None = None
    server: ServerSettings = ServerSettings()

    @property
    def warehouse(self) -> Path:
        """Folder of the Delta tables."""
        return self.home / "lake"

    def lease(self, table: str) -> Path:
        """File whose lock a writer of this table holds, with an engine or without: on a local disk Delta cannot see a writer in another process."""
        return self.home / "leases" / f"{self.prefix}{table}.lease"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def identity_memory(self) -> Path:
        """What the identity job remembers of its last run."""
        return self.home / f"{self.prefix}identity.memory"

    @property
    def exports(self) -> Path:
        return self.home / "exports"

    @property
    def report(self) -> Path:
        return self.home / "report"

    @property
    def current_release(self) -> Path:
        """The release pointer that readers follow; replaced by one atomic rename."""
        return self.home / "current.json"

    @property
    def steward_decisions(self) -> Path:
        """Decisions of data stewards, one JSON object a line; lies beside landing unless the profile says else."""
        return self.steward or self.landing.parent / "steward" / "decisions.jsonl"

    @property
    def steward_log(self) -> Path:
        """What stewards decide about records, files and feeds, by command or at their desk; outlives the lake, as landing does."""
        return self.steward_decisions.with_name("desk.jsonl")

    @property
    def steward_actions(self) -> Path:
        """Who looked at what and did what at the steward's desk."""
        return self.steward_decisions.with_name("actions.jsonl")

    @property
    def steward_accounts(self) -> Path:
        """People who may use the steward's desk."""
        return self.steward_decisions.with_name("accounts.json")

    def password(self, name: str) -> bytes | None:
        """A supplier's password by the name that contracts call it: of the environment, else the file `passwords/<name>` beside the lake's keys.

        The line's end does not belong to it. None where there is none.
        """
        told = os.environ.get(f"{PASSWORD}{name.upper()}")
        if told:
            return told.encode()
        path = self.keys / "passwords" / name
        return path.read_bytes().rstrip(b"\r\n") or None if path.is_file() else None

    def with_(self, **changes: Any) -> Settings:
        return replace(self, **changes)


def conf_dirs(overlay: str | Path | None = None) -> tuple[Path, ...]:
    """The shipped folder, then those of `overlay` or `OXPECKER_CONF` (several are separated by the path separator)."""
    text = str(overlay) if overlay else os.environ.get("OXPECKER_CONF", "")
    overlays = tuple(Path(p).expanduser().resolve() for p in text.split(os.pathsep) if p)
    for folder in overlays:
        if not folder.is_dir():
            raise SettingsError(
                f"the configuration folder {folder} does not exist; check --conf or OXPECKER_CONF"
            )
    return (SHIPPED_CONF, *overlays)


# The same safe loader in C, where it was built: every process reads some two hundred files.
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """One YAML file; an error names file, line and column."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError(
            f"{path.name}{place}: not valid YAML ({getattr(problem, 'problem', 'syntax')})"
        ) from None


def laid_over(below: Any, above: Any) -> Any:
    """`above` laid over `below` key by key; lists and plain values are replaced whole, null takes a key away."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        merged = dict(below)
        for key, value in above.items():
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = laid_over(merged[key], value) if key in merged else value
        return merged
    return above


def read_overlaid(dirs: tuple[Path, ...], relative: str) -> Any | None:
    """The file at `relative` in every folder, laid over one another in order; None where no folder has it."""
    result: Any | None = None
    for folder in dirs:
        path = folder / relative
        if path.is_file():
            content = read_yaml(path)
            result = content if result is None else laid_over(result, content)
    return result


def overlaid_files(dirs: tuple[Path, ...], folder: str, pattern: str = "*.yml") -> list[str]:
    """Relative paths of all files below `folder` in any of the folders, sorted, each once."""
    found = {
        str(path.relative_to(base))
        for base in dirs
        for path in sorted((base / folder).rglob(pattern))
        if path.is_file()
    }
    return sorted(found)


def _known(cls: type, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    names = {f.name for f in fields(cls)} - {"conf_dirs", "profile"}
    for key in given:
        if key not in names:
            raise SettingsError(f"{where}: unknown setting `{key}`; {nearest(key, names)}")
    return dict(given)


def _check_environment() -> None:
    """A misspelt variable would be ignored in silence, and the lake would lie somewhere else."""
    for name in sorted(os.environ):
        is_free = name.startswith(("OXPECKER_TEST_", PASSWORD))
        if name.startswith(PREFIX) and not is_free and name not in ENVIRONMENT:
            raise SettingsError(f"unknown environment variable {name}; {nearest(name, ENVIRONMENT)}")


def _port(name: str, text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise SettingsError(f"{name} is `{text}`; a port is a number from 1 to 65535")
    return int(text)


def _check_values(given: Mapping[str, Any], where: str) -> None:
    """Zone and cut-off decide what a run sees: a wrong one is told before anything starts."""
    zone, cut_off = given.get("zone", Settings.zone), str(given.get("cut_off", Settings.cut_off))
    if zone not in available_timezones():
        raise SettingsError(
            f"{where}: there is no time zone `{zone}`; {nearest(str(zone), available_timezones())}"
        )
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", cut_off):
        raise SettingsError(f'{where}: the cut-off is `{cut_off}`; write it as "HH:MM", for example "06:30"')


def load(
    profile: str | None = None,
    *,
    overlay: str | Path | None = None,
    home: str | Path | None = None,
    landing: str | Path | None = None,
    prefix: str | None = None,
) -> Settings:
    """Settings of one profile. Arguments win over environment, environment over the profile.

    Environment: OXPECKER_PROFILE, OXPECKER_HOME, OXPECKER_LANDING, OXPECKER_PREFIX, OXPECKER_CONF,
    OXPECKER_CONNECT_PORT, OXPECKER_THRIFT_PORT, OXPECKER_AIRFLOW_PORT, OXPECKER_REMOTE.
    """
    _check_environment()
    dirs = conf_dirs(overlay)
    name = profile or os.environ.get("OXPECKER_PROFILE", "local")
    content = read_overlaid(dirs, f"profiles/{name}.yml")
    if content is None:
        known = [Path(p).stem for p in overlaid_files(dirs, "profiles")]
        raise SettingsError(f"unknown profile `{name}`; {nearest(name, known)}")
    given = _known(Settings, content, f"profiles/{name}.yml")
    _check_values(given, f"profiles/{name}.yml")
    server = ServerSettings(**_known(ServerSettings, given.pop("server", {}), f"profiles/{name}.yml, server"))
    ports: dict[str, Any] = {
        key: _port(env, os.environ[env]) for key, env in PORTS.items() if os.environ.get(env)
    }
    if os.environ.get("OXPECKER_REMOTE"):
        ports["remote"] = os.environ["OXPECKER_REMOTE"]
    server = replace(server, **ports)
    base = _below(REPOSITORY, home, "OXPECKER_HOME", given.pop("home", "var"))
    # An argument is relative to where the person stands, a profile's value to the lake's home.
    stands = Path.cwd() if landing else base
    landed = _below(stands, landing, "OXPECKER_LANDING", given.pop("landing", "demo_bank/landing"))
    given["prefix"] = (
        prefix if prefix is not None else os.environ.get("OXPECKER_PREFIX", given.get("prefix", ""))
    )
    if given.get("steward"):
        given["steward"] = Path(str(given["steward"])).expanduser()
    return Settings(
        profile=name,
        home=base.resolve(),
        landing=landed.resolve(),
        conf_dirs=dirs,
        server=server,
        **given,
    )


def _below(folder: Path, argument: str | Path | None, variable: str, in_profile: Any) -> Path:
    """The path that is said, the argument before the environment before the profile; below the folder where it is relative."""
    return folder / Path(str(argument or os.environ.get(variable) or in_profile)).expanduser()


@cache
def rules_of(dirs: tuple[Path, ...], name: str) -> Mapping[str, Any]:
    """As `rules`, of configuration folders."""
    content: Any | None = None
    for folder in dirs:
        path = folder / "rules" / f"{name}.yml"
        if path.is_file():
            own = read_yaml(path)
            if content is not None:
                check_rules(name, content, own, path)
            content = own if content is None else laid_over(content, own)
    if content is None:
        known = [Path(p).stem for p in overlaid_files(dirs, "rules")]
        raise SettingsError(f"there are no rules `{name}`; {nearest(name, known)}")
    if "version" not in content:
        raise SettingsError(f"rules/{name}.yml: `version` is missing; each rule file is versioned")
    return content


def rules(settings: Settings, name: str) -> Mapping[str, Any]:
    """Parameters of one rule file (`conf/rules/<name>.yml`) after the overlays. What no rule would read is refused with its line."""
    return rules_of(settings.conf_dirs, name)
