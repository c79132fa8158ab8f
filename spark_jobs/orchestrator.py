"""Airflow on one machine: starts and stops it, starts runs and follows their tasks, all through its REST interface.

One process group of scheduler, API with web UI, DAG processor and triggerer, on SQLite under the lake's home, tasks by the
LocalExecutor. Each `airflow` command costs about seven seconds, so nothing here polls by command. Listens on the loopback address;
the password is made once and lies in a file that only the owner reads.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spark_jobs import processes
from spark_jobs.errors import OxpeckerError, ServerError
from spark_jobs.settings import REPOSITORY, Settings

READY_WITHIN_SECS = 180
STOPS_WITHIN_SECS = 40
# Each answer costs the API server a twentieth of a second of a core.
POLLS_EVERY_SECS = 2.0
USER = "admin"
# The web UI's and REST's, and two log servers'.
PORTS = 3
# As many stages at a time as the pool has slots, and one more for tasks that only think.
STAGES_AT_A_TIME = 2
POOL = "spark"
DAGS = ("customer360_daily", "customer360_backfill")
ENDED = {"success", "failed"}


@dataclass(frozen=True)
class Airflow:
    """Where Airflow answers."""

    url: str
    user: str
    password_file: Path
    log: Path
    pid: int | None
    healthy: bool


@dataclass(frozen=True)
class TaskState:
    """One task instance as the scheduler sees it; `label` tells mapped ones apart."""

    task: str
    label: str
    state: str
    secs: float | None
    attempt: int = 1
    map_index: int = -1

    @property
    def name(self) -> str:
        return f"{self.task} {self.label}" if self.label else self.task


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


class Client:
    """Airflow's REST interface, as far as runs are concerned."""

    def __init__(self, airflow: Airflow) -> None:
        self.airflow = airflow
        self._token: str | None = None

    def _call(self, method: str, path: str, body: Any = None, *, again: bool = True) -> Any:
        if self._token is None and path != "/auth/token":
            password = json.loads(self.airflow.password_file.read_text(encoding="utf-8"))[self.airflow.user]
            login = {"username": self.airflow.user, "password": password}
            self._token = self._call("POST", "/auth/token", login)["access_token"]
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if path != "/auth/token":
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.airflow.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            if problem.code == 401 and again and path != "/auth/token":
                self._token = None  # Tokens run out after a day.
                return self._call(method, path, body, again=False)
            detail = problem.read().decode(errors="replace")[:300]
            raise AirflowRefused(
                problem.code, f"Airflow refused {method} {path}: {problem.code} {detail}"
            ) from None

    def make_pool(self, name: str, slots: int) -> None:
        """The pool of the Spark server; one that a person has resized stays as it is."""
        try:
            self._call("POST", "/api/v2/pools", {"name": name, "slots": slots})
        except AirflowRefused as refused:
            if refused.status != 409:
                raise

    def await_dags(self, within_secs: float = 120) -> None:
        """Return when both DAGs are known and not paused; an import error is told at once."""
        waited_until = time.monotonic() + within_secs
        while time.monotonic() < waited_until:
            known = {d["dag_id"]: d for d in self._call("GET", "/api/v2/dags?limit=100")["dags"]}
            if all(dag in known for dag in DAGS):
                for dag in DAGS:
                    if known[dag]["is_paused"]:
                        self._call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})
                return
            errors = self._call("GET", "/api/v2/importErrors")["import_errors"]
            if errors:
                last = errors[0]["stack_trace"].strip().splitlines()[-1]
                raise OxpeckerError(f"{errors[0]['filename']} cannot be read by Airflow: {last}")
            time.sleep(0.5)
        raise OxpeckerError(
            f"Airflow did not read the DAGs within {within_secs:.0f} s; see {self.airflow.log}"
        )

    def trigger(self, dag: str, conf: Mapping[str, str]) -> str:
        """Start a run; gives its id."""
        answer = self._call("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None, "conf": dict(conf)})
        return str(answer["dag_run_id"])

    def run_state(self, dag: str, run: str) -> str:
        return str(self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")["state"])

    def tasks(self, dag: str, run: str) -> list[TaskState]:
        """All task instances of a run."""
        answer = self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=200")
        return [
            TaskState(
                t["task_id"],
                str(t.get("rendered_map_index") or (t["map_index"] if t["map_index"] >= 0 else "")),
                t["state"] or "waiting",
                t["duration"],
                t["try_number"],
                t["map_index"],
            )
            for t in answer["task_instances"]
        ]

    def follow(self, dag: str, run: str, show: Callable[[list[TaskState]], None] = lambda tasks: None) -> str:
        """Show the tasks until the run has ended; gives its last state, `success` or `failed`."""
        while True:
            state = self.run_state(dag, run)
            show(self.tasks(dag, run))
            if state in ENDED:
                return state
            time.sleep(POLLS_EVERY_SECS)

    def state(self, dag: str, run: str) -> str:
        """What `close_run` says of a run that succeeded: published or unchanged."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/close_run/xcomEntries/return_value"
        value = self._call("GET", path)["value"]
        told: dict[str, str] = json.loads(value) if isinstance(value, str) else value
        return told["state"]

    def exit_code(self, dag: str, run: str) -> int:
        """0 published; what `close_run` noted otherwise: 3 held or a gate failed, 1 error."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/close_run/xcomEntries/exit_code"
        try:
            return int(self._call("GET", path)["value"])
        except AirflowRefused as refused:
            if refused.status == 404:
                return 1
            raise

    def message(self, dag: str, run: str, task: TaskState) -> str:
        """Why a task failed: the error of its newest attempt in one line; empty where its log does not say."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task.task}/logs/{task.attempt}"
        found = self._call("GET", f"{path}?map_index={task.map_index}&full_content=true")
        entries = [entry for entry in found.get("content", []) if isinstance(entry, dict)]
        for entry in reversed(entries):
            for error in entry.get("error_detail") or []:
                first_line = str(error.get("exc_value", "")).strip().splitlines()[:1]
                return f"{error.get('exc_type')}: {''.join(first_line)}"
        return ""


class AirflowRefused(OxpeckerError):
    """Airflow answered a request with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
