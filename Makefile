# Every target sets up what it needs first; that takes a moment when nothing has changed.
PYTHON ?= python3
BIN := .venv/bin
OLDEST := /usr/lib/postgresql/15/bin
# What one attack leaves behind the next one meets, and pages have a browser: each file in order, in one process.
BY_FILE := schema or e2e
ALONE := races or faults
SOAK_SECONDS ?= 600
.DEFAULT_GOAL := help
.PHONY: help run demo test check bench bench-large soak hours openapi lock clean setup services

help:  ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | while IFS='	' read -r name text; do printf 'make %-12s %s\n' "$$name" "$$text"; done

run: setup  ## serve on http://127.0.0.1:8000 with its own PostgreSQL; Ctrl-C stops
	@exec $(BIN)/raabta serve

demo: setup  ## play a busy hour in about a minute through the real edges, then audit
	@exec $(BIN)/raabta demo

test: check services  ## check, then every test (a quarter of an hour on two cores)
	$(BIN)/pytest tests -n 2 -m "not ($(BY_FILE) or $(ALONE) or law)"
	$(BIN)/pytest tests -n 2 --dist loadfile -m "$(BY_FILE)"
	$(BIN)/pytest tests -m "$(ALONE)"
	@if [ -x $(OLDEST)/postgres ]; then $(BIN)/pytest tests -m oldest --postgres-bin=$(OLDEST); \
	else echo "PostgreSQL 15 is not here: its tests are skipped"; fi

check: setup  ## format, lint, types, import law, migrations, OpenAPI snapshot
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest tests -q -m law

bench: setup  ## measure the figures of the design, one JSON line each
	@exec $(BIN)/python -m tests.benchmarks

bench-large: setup  ## measure what a past of 1,000,000 cases costs (ten minutes to an hour, 15 GB in BENCH_LARGE_FOLDER or the usual place)
	@exec $(BIN)/python -m tests.benchmarks --only large

soak: setup services  ## races, faults and schema for long, with random seeds (SOAK_SECONDS=600)
	@end=$$(($$(date +%s) + $(SOAK_SECONDS))); \
	while [ $$(date +%s) -lt $$end ]; do \
	  seed=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' '); echo "seed $$seed"; \
	  $(BIN)/pytest tests -m "races or faults or schema" --seed=$$seed || exit 1; \
	done

hours: setup services  ## the ordinary tests at other hours: midnight, quiet hours, a year's end (needs faketime; half an hour)
	@$(PYTHON) scripts/hours.py

openapi: setup  ## write docs/openapi.json anew, for a change of the API that is meant
	@$(BIN)/python -m tests.app.service.test_openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

lock: setup  ## pin the newest versions that fit into requirements.lock
	@$(PYTHON) scripts/bootstrap.py --lock

clean:  ## remove what was made here; the data folder stays
	rm -rf .venv .tools node_modules app/web/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find app channels routing tests alembic scripts -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@$(PYTHON) scripts/bootstrap.py

services: setup
	@$(BIN)/python scripts/services.py
