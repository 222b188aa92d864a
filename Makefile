# Every target sets up what it needs first; that takes a moment when nothing has changed.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help run demo test check bench soak lock clean setup services

help:  ## show this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | while IFS='	' read -r name text; do printf 'make %-8s %s\n' "$$name" "$$text"; done

run: setup  ## serve on http://127.0.0.1:8000 with its own PostgreSQL; Ctrl-C stops
	@exec $(BIN)/raabta serve

demo: setup  ## play a busy hour in about a minute through the real edges, then audit
	@exec $(BIN)/raabta demo

test: check services  ## check, then every test (at most 12 minutes on two cores)
	@$(BIN)/python scripts/tests.py

check: setup  ## format, lint, types, import law, migrations, OpenAPI snapshot
	@$(BIN)/python scripts/check.py

bench: setup  ## measure the figures of the design, one JSON line each
	@exec $(BIN)/python -m tests.benchmarks

soak: setup services  ## races and faults for long, with random seeds (SECONDS=600)
	@$(BIN)/python scripts/tests.py --soak $(or $(SECONDS),600)

lock: setup  ## pin the newest versions that fit into requirements.lock
	@$(PYTHON) scripts/bootstrap.py --lock

clean:  ## remove what was made here; the data folder stays
	rm -rf .venv .tools node_modules app/web/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find app channels routing tests alembic scripts -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@$(PYTHON) scripts/bootstrap.py

services: setup
	@$(BIN)/python scripts/services.py
