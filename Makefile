# `make` lists what there is. Every target sets up what it needs first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
TESTS ?= tests
# Whole runs of the pipeline, each of minutes: they would not fit into what a change may wait for.
WALKS := tests/journeys tests/dags/test_daily_run.py tests/examples/test_complaints_all_the_way.py

.PHONY: help setup run up down sql examples test journeys check contracts demo-model bench bench-identity bench-identity-increment bench-ingest lock lock-yardsticks clean

help:            ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?(.*)/  make \1\t\2/' | expand -t 24

setup:           ## environment from the lock file, Delta's jars (done by every other target)
	@scripts/setup.sh

run: setup       ## the main job: demo bank, Spark server, pipeline, summary
	@$(BIN)/oxpecker demo

up: setup        ## start the Spark server and Airflow with its web UI, schedule on
	@$(BIN)/oxpecker up

down:            ## stop what `make up` started
	@$(BIN)/oxpecker down

sql: setup       ## a SQL prompt on what is published
	@$(BIN)/oxpecker sql

examples: setup  ## public data (EXAMPLES_DATA, default ../shared/data) from file to marts, by YAML alone
	@PYTHONPATH=. $(BIN)/python -m examples.run $(EXAMPLE)

contracts: setup ## write every file that is rendered from contracts
	@$(BIN)/python -m spark_jobs.contracts.render
	@$(BIN)/python -m tests.support.requirements

check: setup     ## lint, types, import rules, stale files, unit tests (minutes)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q . || { echo "run: .venv/bin/ruff format ."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > .cache/lint-imports.txt || { cat .cache/lint-imports.txt; exit 1; }
	@$(BIN)/python -m spark_jobs.contracts.render --check
	@$(BIN)/sqlfluff lint -q dbt_project/models dbt_project/tests
	@$(BIN)/python -m pytest -q tests/unit tests/contracts

test: setup check ## check and all other tests, on one Spark server
	@$(BIN)/python -m pytest -q --ignore=tests/unit --ignore=tests/contracts $(addprefix --ignore=,$(WALKS)) $(TESTS)

journeys: setup  ## the long walks: whole runs twice, killed, held, under Airflow, at CRM, of other banks (an hour or more)
	@$(BIN)/python -m pytest -v $(WALKS)

demo-model: setup ## train and walk-forward test the churn model, write docs/churn-demo.md (long; ARGS="--people 2000")
	@$(BIN)/oxpecker demo-bank model $(ARGS)

bench: setup     ## measure whole processes, write docs/benchmarks.md (ARGS="--size nano --only idle")
	@$(BIN)/python -m scripts.bench $(ARGS)

bench-identity: setup ## resolve the same people by this product, Splink and GoldenMatch (ARGS="--records 100000")
	@$(BIN)/python -m scripts.bench.identity $(ARGS)

bench-identity-increment: setup ## measure a day of one per cent beside a run over all records (ARGS="--records 1000000 --days 10")
	@$(BIN)/python -m scripts.bench.identity.increment $(ARGS)

bench-ingest: setup ## measure reading and loading bank files, into docs/benchmarks.md (ARGS="--rows 100000 --only bad")
	@$(BIN)/python -m scripts.bench.ingest $(ARGS)

lock: setup      ## renew requirements.lock after a change of pyproject.toml
	@.bootstrap/bin/uv lock --quiet --upgrade
	@.bootstrap/bin/uv export --quiet --frozen --no-emit-project --all-groups --format requirements-txt -o requirements.lock

lock-yardsticks: setup ## renew scripts/bench/yardsticks/*.lock
	@for in in scripts/bench/yardsticks/*.in; do \
	    .bootstrap/bin/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11 $$in -o $${in%.in}.lock || exit 1; done

clean:           ## remove what runs have written (the lake under var/, not the environment)
	@[ ! -x $(BIN)/oxpecker ] || $(BIN)/oxpecker down || true
	@rm -rf var build dist .pytest_cache .mypy_cache .ruff_cache
