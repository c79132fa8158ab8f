"""Airflow on one machine: starts and stops it. Runs are started and followed by `airflow_client`.

One process group of scheduler, API with web UI, DAG processor and triggerer, on SQLite under the lake's home, tasks by the
LocalExecutor. Listens on the loopback address; the password is made once and lies in a file that only the owner reads.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from spark_jobs import processes
from spark_jobs.airflow_client import Airflow, Client
from spark_jobs.errors import ServerError
from spark_jobs.settings import REPOSITORY, Settings

READY_WITHIN_SECS = 180
STOPS_WITHIN_SECS = 40
USER = "admin"
# The web UI's and REST's, and two log servers'.
PORTS = 3
# As many stages at a time as the pool has slots, and one more for tasks that only think.
STAGES_AT_A_TIME = 2
POOL = "spark"


def _folder(settings: Settings) -> Path:
    return settings.home / "airflow"


def _state(settings: Settings) -> Path:
    return _folder(settings) / "airflow.json"


def describe(settings: Settings) -> Airflow:
    """Whether Airflow runs and all of its parts are well."""
    running = processes.remembered(_state(settings))
    url = f"http://127.0.0.1:{settings.server.airflow_port}"
    healthy = running is not None and _healthy(url)
    folder = _folder(settings)
    return Airflow(
        url,
        USER,
        folder / "passwords.json",
        folder / "airflow.log",
        running.pid if running else None,
        healthy,
    )


def start(settings: Settings, *, scheduled: bool | None) -> Airflow:
    """Start Airflow unless it runs. `scheduled` lets the daily DAG start by the clock; None takes one that runs as it is."""
    with processes.one_at_a_time(_folder(settings) / "start.lock"):
        now = describe(settings)
        running = processes.remembered(_state(settings))
        if now.healthy and running and scheduled in (None, running.notes.get("scheduled")):
            return now
        if running is not None:
            stop(settings)
        preflight(settings)
        command = [str(Path(sys.executable).with_name("airflow")), "standalone"]
        process = processes.launch(
            _state(settings),
            command,
            environment(settings, scheduled=bool(scheduled)),
            now.log,
            scheduled=bool(scheduled),
        )
        waited_until = time.monotonic() + READY_WITHIN_SECS
        while time.monotonic() < waited_until:
            if process.poll() is not None:
                raise ServerError(
                    f"Airflow stopped while it started (code {process.returncode}); see {now.log}"
                )
            if _healthy(now.url):
                client = Client(describe(settings))
                client.make_pool(POOL, STAGES_AT_A_TIME)
                client.await_dags()
                return describe(settings)
            time.sleep(0.5)
        stop(settings)
        raise ServerError(f"Airflow was not ready within {READY_WITHIN_SECS} s; see {now.log}")


def stop(settings: Settings) -> bool:
    """Stop Airflow and what it started; False where it did not run. Runs in progress go on after the next start."""
    return processes.stop(_state(settings), STOPS_WITHIN_SECS)


def preflight(settings: Settings) -> None:
    """Say in one line why Airflow could not start here. Nothing to say where it runs."""
    if processes.remembered(_state(settings)) is not None:
        return
    first = settings.server.airflow_port
    for port in range(first, first + PORTS):
        if processes.listens(port):
            raise ServerError(
                f"port {port} is taken by another program; stop it, or set OXPECKER_AIRFLOW_PORT or `server.airflow_port` "
                f"in the profile to the first of {PORTS} free ones"
            )


def environment(settings: Settings, *, scheduled: bool = False) -> dict[str, str]:
    """Everything Airflow is told, as environment; there is no airflow.cfg to keep in step."""
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    own = _secrets(folder)
    port = settings.server.airflow_port
    told = {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "dags.parts.executor.WarmLocalExecutor",
        # Tasks are forked from the executor: it must not have threads of its own.
        "OPENBLAS_NUM_THREADS": "1",
        "AIRFLOW__CORE__PARALLELISM": str(STAGES_AT_A_TIME + 1),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__FERNET_KEY": own["fernet_key"],
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": own["secret_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": own["jwt_secret"],
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(port + 1),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(port + 2),
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": str(scheduled),
        # The scheduler looks around this often: stages follow one another quickly, and most of the cores stays theirs.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    }
    lake = {
        "OXPECKER_PROFILE": settings.profile,
        "OXPECKER_HOME": str(settings.home),
        "OXPECKER_LANDING": str(settings.landing),
        "OXPECKER_PREFIX": settings.prefix,
        "OXPECKER_CONF": os.pathsep.join(str(folder) for folder in settings.conf_dirs[1:]),
        "OXPECKER_CONNECT_PORT": str(settings.server.connect_port),
        "OXPECKER_THRIFT_PORT": str(settings.server.thrift_port),
        "OXPECKER_AIRFLOW_PORT": str(port),
        **({"OXPECKER_REMOTE": settings.server.remote} if settings.server.remote else {}),
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, **told, **lake, "PATH": path, "PYTHONPATH": str(REPOSITORY)}


def _secrets(folder: Path) -> Mapping[str, str]:
    """Made once: an Airflow that forgets its keys could not read its own tokens after a restart."""
    path = folder / "secrets.json"
    if not path.is_file():
        fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        made = {
            "fernet_key": fernet,
            "secret_key": secrets.token_hex(32),
            "jwt_secret": secrets.token_hex(64),
        }
        _write_private(path, json.dumps(made))
        _write_private(folder / "passwords.json", json.dumps({USER: secrets.token_urlsafe(18)}) + "\n")
    content: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=5) as answer:
            parts = json.load(answer)
    except (OSError, ValueError):
        return False
    needed = ("metadatabase", "scheduler", "dag_processor", "triggerer")
    return all((parts.get(part) or {}).get("status") == "healthy" for part in needed)
