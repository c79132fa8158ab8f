#!/usr/bin/env bash
# Sets up everything the product needs, once: an environment from the lock file and Delta's jars. A second call takes no time.
# Needs Python 3.11 to 3.13, a JDK 17 or newer, and a package index and a Maven repository within reach.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { printf 'oxpecker: %s\n' "$*" >&2; exit 1; }

python=""
for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 14)))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed; install one, or name it with PYTHON=/path/to/python make …"

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" >/dev/null 2>&1 || fail "no JDK found; install a JDK 17 or newer (Debian: apt-get install openjdk-17-jdk-headless) or set JAVA_HOME"
version=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
[ "${version:-0}" -ge 17 ] || fail "JDK ${version:-unknown} found, 17 or newer is needed; set JAVA_HOME to a newer one"

# The environment and the jars take about 2 GB.
free_kb=$(df -Pk . | awk 'NR == 2 {print $4}')
if [ ! -d .venv ] && [ "$free_kb" -lt 3000000 ]; then
    fail "only $((free_kb / 1024)) MB are free here, about 3,000 MB are needed; free some space or clone onto another disk"
fi

stamp=.venv/.oxpecker-$(cat requirements.lock pyproject.toml | sha256sum | cut -c1-16)
if [ ! -f "$stamp" ]; then
    printf 'oxpecker: setting up the environment (about half a minute)\n' >&2
    [ -x .bootstrap/bin/uv ] || { "$python" -m venv .bootstrap && .bootstrap/bin/pip install --quiet --disable-pip-version-check uv; }
    [ -x .venv/bin/python ] || .bootstrap/bin/uv venv --quiet --python "$python" .venv
    .bootstrap/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock
    .bootstrap/bin/uv pip install --quiet --python .venv/bin/python --no-deps --editable .
    rm -f .venv/.oxpecker-*
    touch "$stamp"
fi

.venv/bin/python scripts/fetch_jars.py --java "$java"
