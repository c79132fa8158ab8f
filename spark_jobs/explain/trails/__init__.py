"""The trails of the one view's columns. A column without one is walked to the layer that brings it, and the answer says so.

A new column of a layer needs a line in one of these files to be walked to the files; `tests/unit/explain` holds every step against
the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.explain.trail import Trail
from spark_jobs.explain.trails.behaviour import BEHAVIOUR
from spark_jobs.explain.trails.conclusions import CONCLUSIONS
from spark_jobs.explain.trails.money import MONEY
from spark_jobs.explain.trails.who import WHO

TRAILS: Mapping[str, Trail] = {**MONEY, **WHO, **CONCLUSIONS, **BEHAVIOUR}
