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
[ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed; install one, or name it: make PYTHON=/path/to/python …"

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" >/dev/null 2>&1 || fail "no JDK found; install a JDK 17 or newer (Debian: apt-get install openjdk-17-jdk-headless) or set JAVA_HOME"
version=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
[ "${version:-0}" -ge 17 ] || fail "JDK ${version:-unknown} found, 17 or newer is needed; set JAVA_HOME to a newer one"

stamp=.venv/.oxpecker-$(cat requirements.lock pyproject.toml scripts/bootstrap.lock | sha256sum | cut -c1-16)
if [ ! -f "$stamp" ] || ! .venv/bin/python -c '' 2>/dev/null; then
    # The environment and the jars take about 2 GB.
    free_kb=$(df -Pk . | awk 'NR == 2 {print $4}')
    if [ ! -d .venv ] && [ "$free_kb" -lt 3000000 ]; then
        fail "only $((free_kb / 1024)) MB are free here, about 3,000 MB are needed; free some space or clone onto another disk"
    fi
    printf 'oxpecker: setting up the environment (about a minute)\n' >&2
    # uv does not read pip's settings: a bank's own index and certificates, given to pip, hold for both.
    index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$index" ]; then export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}; fi
    if [ -n "${PIP_CERT:-}" ]; then export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}; fi
    export UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-180}

    if ! .bootstrap/bin/uv --version >/dev/null 2>&1; then
        rm -rf .bootstrap
        "$python" -m venv .bootstrap 2>/dev/null ||
            fail "$python cannot make environments; install its venv module (Debian: apt-get install python3-venv)"
        .bootstrap/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/bootstrap.lock ||
            fail "uv could not be fetched; is a package index in reach? (PIP_INDEX_URL names another one)"
    fi
    .venv/bin/python -c '' 2>/dev/null || { rm -rf .venv; .bootstrap/bin/uv venv --quiet --python "$python" .venv; }
    # Compiled here, once: where Python may not write (PYTHONDONTWRITEBYTECODE, a folder of another user), each of a day's many processes
    # would compile Airflow, pandas and Great Expectations for itself, which takes longer than to run them.
    .bootstrap/bin/uv pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes requirements.lock ||
        fail "the packages of requirements.lock could not be installed; see above"
    .bootstrap/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable . ||
        fail "the product itself could not be installed; see above"
    rm -f .venv/.oxpecker-*
    touch "$stamp"
fi

.venv/bin/python scripts/fetch_jars.py --java "$java"
