"""The path as data: every stage comes after what it reads."""

import pytest

from spark_jobs import pipeline
from spark_jobs.errors import SettingsError


def test_every_stage_but_the_first_waits_for_something_it_reads():
    waiting = {job.name: pipeline.upstream(job) for job in pipeline.JOBS}

    assert [name for name, ups in waiting.items() if not ups] == ["bronze"]


def test_nothing_is_published_before_all_gates_have_spoken():
    before: set[str] = set()
    todo = ["publish"]
    parents: dict[str, list[str]] = {}
    for up, down in pipeline.edges():
        parents.setdefault(down, []).append(up)
    while todo:
        for up in parents.get(todo.pop(), []):
            if up not in before:
                before.add(up)
                todo.append(up)

    gates = {job.name for job in pipeline.JOBS if job.name.startswith("gate_")}
    assert gates <= before


def test_edges_that_follow_from_others_are_not_drawn():
    assert ("bronze", "identity") not in pipeline.edges()


def test_an_unknown_job_names_the_nearest():
    with pytest.raises(SettingsError, match="did you mean `silver`"):
        pipeline.job("sliver")
