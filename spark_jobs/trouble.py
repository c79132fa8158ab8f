"""What befalls a machine in the middle of a stage, told in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from os import strerror

from grpc import RpcError
from pyspark.errors import PySparkException

from spark_jobs import server
from spark_jobs.errors import ServerError, ServerGone
from spark_jobs.settings import Settings


@contextmanager
def trouble_told(settings: Settings) -> Iterator[None]:
    """Whoever finds the disk full, this process or the server, and however the server ended, the person reads one line."""
    try:
        yield
    except (OSError, PySparkException, RpcError) as problem:
        if getattr(problem, "errno", None) == ENOSPC or strerror(ENOSPC) in str(problem):
            raise ServerError(
                f"the disk of {settings.home} is full; free some space or set OXPECKER_HOME to another disk, then run again: "
                "nothing is visible by half"
            ) from None
        if not isinstance(problem, OSError) and server.is_gone(settings):
            raise ServerGone(
                f"the Spark server ended in the middle of the stage; see {server.status(settings).log}, then run again: "
                "the server is started, and the run goes on where this one stopped"
            ) from None
        raise
