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

bench: $(STAMP)  ## Time and memory beside the bare calls, for 1,000 and 10,000 flows
	$(BIN)/python -m tests.bench

engine-test: $(STAMP)  ## Run the tests that need Kestra's own engines (Maven downloads them once)
	$(BIN)/python -m pytest tests/engine

lock:  ## Pin the development requirements anew
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet pip-tools
	echo '# Pinned development requirements with hashes; `make lock` writes this file from pyproject.toml.' > requirements-dev.txt
	.venv-lock/bin/pip-compile --quiet --generate-hashes --extra dev --allow-unsafe --strip-extras --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --no-emit-options --no-emit-trusted-host -o - pyproject.toml >> requirements-dev.txt
	rm -rf .venv-lock

.PHONY: help setup watch lint test bench lock engine-test
