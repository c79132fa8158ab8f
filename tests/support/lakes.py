"""What a lake has on disk, for tests that ask whether anything was written: versions of its tables, files it handed out."""

from __future__ import annotations

from spark_jobs.settings import Settings


def versions(settings: Settings) -> dict[str, int]:
    """Newest Delta version of every table of the lake, by `<layer>.<table>`; read from the logs, so that no engine is asked."""
    found = {}
    for log in settings.warehouse.glob(f"{settings.prefix}*/*/_delta_log"):
        layer = log.parent.parent.name.removeprefix(settings.prefix)
        commits = [int(commit.stem) for commit in log.glob("[0-9]*.json")]
        # A table that is being made has a log before it has a commit.
        if commits:
            found[f"{layer}.{log.parent.name}"] = max(commits)
    return found


def written_since(before: dict[str, int], settings: Settings) -> dict[str, int]:
    """Tables that are new or have another version now, with that version."""
    return {table: now for table, now in versions(settings).items() if before.get(table) != now}


def handed_out(settings: Settings) -> dict[str, tuple[int, int]]:
    """Every file for the CRM, by name, with its size and the time it was written."""
    files = (path for path in settings.exports.rglob("*") if path.is_file())
    return {
        str(path.relative_to(settings.exports)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in files
    }
