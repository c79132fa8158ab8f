"""Airflow's REST interface, as far as runs are concerned: starts them and follows their tasks.

Each `airflow` command costs about seven seconds, so nothing here polls by command.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spark_jobs.errors import OxpeckerError

# Each answer costs the API server a twentieth of a second of a core.
POLLS_EVERY_SECS = 2.0
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


class AirflowRefused(OxpeckerError):
    """Airflow answered a request with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


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
