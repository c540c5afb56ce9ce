# Everything a newcomer needs: `make watch` runs the main job, `make test` passes the tests.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(STAMP): requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

setup: $(STAMP)  ## Create the environment

watch: $(STAMP)  ## Keep this repository in step with an embedded sandbox server
	$(BIN)/syncd watch --sandbox

lint: $(STAMP)  ## Style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(STAMP)  ## Run every test that needs no JVM
	$(BIN)/python -m pytest -n 2 tests

engine-test: $(STAMP)  ## Run the tests that need Kestra's own engines (Maven downloads them once)
	$(BIN)/python -m pytest tests/engine

.PHONY: help setup watch lint test bench lock engine-test
