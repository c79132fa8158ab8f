"""What a process costs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from scripts.bench import cost


def run(code: str, limit: float = 30) -> cost.Cost:
    return cost.run([sys.executable, "-c", code], limit, Path.cwd(), os.environ)


def test_memory_and_cpu_of_a_process_are_counted_and_waiting_is_not():
    told = run("import time; held = bytearray(150_000_000); time.sleep(0.6)")

    assert told.code == 0
    assert 150 < told.peak_mib < 250
    assert told.secs > 0.6
    assert told.cpu_secs < told.secs - 0.3


def test_a_child_that_is_still_at_work_is_counted_and_ended(tmp_path):
    """The child says when it has worked for half a second of a core, however long that takes beside other work."""
    mark = tmp_path / "worked"
    spin = (
        "import pathlib, time\n"
        "while time.process_time() < 0.5: pass\n"
        f"pathlib.Path({str(mark)!r}).touch()\n"
        "while True: pass"
    )
    told = run(
        "import pathlib, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {spin!r}])\n"
        f"while not pathlib.Path({str(mark)!r}).exists(): time.sleep(0.05)\n"
        "time.sleep(0.5)"
    )

    assert told.code == 0
    assert told.cpu_secs > 0.3


def test_a_process_that_takes_too_long_is_stopped_and_has_no_code():
    told = run("import time; time.sleep(60)", limit=0.5)

    assert told.code is None
    assert told.secs < 10


def test_the_last_words_of_a_failure_are_kept():
    told = run("import sys; sys.stderr.write('x' * 200_000); sys.exit('no such column')")

    assert told.code == 1
    assert told.tail.endswith("no such column")
    assert len(told.tail) <= cost.KEPT_LETTERS
