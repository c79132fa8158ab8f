"""The machine on which something was measured."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import Any

import psutil


def machine() -> dict[str, Any]:
    """Cores, memory, system, Python, load and day."""
    return {
        "cores": os.cpu_count(), "memory_gib": round(psutil.virtual_memory().total / 1024**3), "system": platform.system(),
        "python": platform.python_version(), "load_before": round(os.getloadavg()[0], 1), "day": str(datetime.now(UTC).date()),
    }  # fmt: skip
