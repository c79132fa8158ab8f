"""A real standalone Spark cluster on this machine: one master and two worker processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark

from spark_jobs import processes
from tests.conftest import free_port

DEPLOY = "org.apache.spark.deploy"
READY_WITHIN_SECS = 60


@contextmanager
def standalone_cluster(folder: Path, workers: int = 2) -> Iterator[str]:
    """Start master and workers, give the master's address, stop them at the end."""
    port, web_ports = free_port(), [free_port() for _ in range(workers + 1)]
    address = f"spark://127.0.0.1:{port}"
    with ExitStack() as stack:
        _start(stack, folder, "master", f"{DEPLOY}.master.Master",
               "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(web_ports[0]))  # fmt: skip
        _await(folder / "master.log", "I have been elected leader", 1)
        for number in range(workers):
            _start(stack, folder, f"worker{number}", f"{DEPLOY}.worker.Worker", "--cores", "1", "--memory", "1g",
                   "--webui-port", str(web_ports[number + 1]), "--work-dir", str(folder / f"work{number}"), address)  # fmt: skip
        _await(folder / "master.log", "Registering worker", workers)
        yield address


def _start(stack: ExitStack, folder: Path, name: str, main: str, *arguments: str) -> None:
    home = Path(pyspark.__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    state = folder / f"{name}.json"
    command = [str(home / "bin" / "spark-class"), main, *arguments]
    process: subprocess.Popen[bytes] = processes.launch(state, command, environment, folder / f"{name}.log")
    stack.callback(processes.stop, state, 10)
    assert process.poll() is None


def _await(log: Path, words: str, times: int) -> None:
    waited_until = time.monotonic() + READY_WITHIN_SECS
    while log.read_text(errors="replace").count(words) < times:
        assert time.monotonic() < waited_until, f"{log} does not say `{words}` {times} times"
        time.sleep(0.2)
