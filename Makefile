# Everything a person or CI runs here. `make` alone prints the list.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first of these that is at least 3.11; PYTHON=... overrides.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKERS ?= 3
ARGS ?=

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- set-up: runs again only when a lock changes --------------------------------------------------------------

# Debian splits venv off Python. Without it virtualenv makes the environment; it is installed into a folder of its
# own, which PEP 668 ("externally managed") allows.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Tidegate needs Python 3.11 or later: install it, or name it with PYTHON=..."; exit 1; }
	@if $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		$(PYTHON) -m venv $(VENV); \
	else \
		rm -rf .cache/virtualenv; \
		$(PYTHON) -m pip --disable-pip-version-check install --quiet --require-hashes --target .cache/virtualenv \
			-r requirements/virtualenv.txt; \
		PYTHONPATH=.cache/virtualenv $(PYTHON) -m virtualenv --quiet $(VENV); \
	fi

$(VENV)/.run: requirements/build.txt requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked requirements into $(VENV) ..."
	@$(PIP) install --no-deps --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# uv does in seconds what takes pip a minute; where there is none for the platform, or it cannot reach the index that
# pip is set up with, pip does it. Both check every hash.
$(VENV)/.dev: $(VENV)/.run requirements/uv.txt requirements/dev.txt
	@echo "Installing what tests, checks and documentation need ..."
	@$(PIP) install --no-deps --require-hashes -r requirements/uv.txt 2>/dev/null || true
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements/dev.txt 2>/dev/null || \
		$(PIP) install --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.dev ## Make .venv with everything, from the locks

# --- run ------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(VENV)/.run ## See a session become a Stream token, step by step (ARGS=--once to exit afterwards)
	@$(BIN)/tidegate demo $(ARGS)

# --- show that it is right ------------------------------------------------------------------------------------

.PHONY: test
test: $(VENV)/.dev ## Run the tests that need nothing but Python (under five minutes)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

.cache/typescript/.done: tests/docs/typescript/package-lock.json
	@mkdir -p $(@D) && cp tests/docs/typescript/package.json tests/docs/typescript/package-lock.json $(@D)
	@cd $(@D) && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

.PHONY: test-system
test-system: $(VENV)/.dev .cache/typescript/.done ## Run the tests that need servers from the system: nginx, chromium, node, PostgreSQL, Redis
	$(BIN)/python -m pytest -m system -p no:xdist $(ARGS)

.PHONY: check
check: $(VENV)/.dev ## Style, types, layers, dependencies, dead code, documentation
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/vulture
	@$(MAKE) docs

.PHONY: audit
audit: $(VENV)/.dev ## Ask for known vulnerabilities of the locked packages (needs the network)
	@$(BIN)/python tools/audit.py requirements/dev.txt

.PHONY: stress
stress: $(VENV)/.dev ## Runs of minutes: endurance, faults, many random examples; dated JSON in docs/evidence/
	$(BIN)/python -m pytest -m stress -p no:xdist -p no:randomly -o faulthandler_timeout=0 $(ARGS)
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -o faulthandler_timeout=0 \
		tests/http tests/identity tests/limits tests/sandbox tests/settings tests/tokens tests/upstream tests/watch

.PHONY: bench
bench: $(VENV)/.dev ## Measure against the tutorial service; JSON goes to bench/results/
	$(BIN)/python bench/run.py $(ARGS)

# --- documentation and locks ----------------------------------------------------------------------------------

.PHONY: docs
docs: $(VENV)/.dev ## Build the documentation into site/, every link checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
	--custom-compile-command "make lock" $(UPGRADE)

.PHONY: lock
lock: | $(BIN)/python ## Write the locks anew from pyproject.toml (UPGRADE=--upgrade for newer versions)
	@test -x $(BIN)/uv || $(PIP) install --require-hashes -r requirements/uv.txt
	@$(COMPILE) --generate-hashes pyproject.toml --all-extras --group dev -o requirements/dev.txt
	@$(COMPILE) --generate-hashes pyproject.toml -c requirements/dev.txt -o requirements/run.txt
	@$(COMPILE) --generate-hashes pyproject.toml --all-extras -c requirements/dev.txt -o requirements/extras.txt
	@$(COMPILE) --generate-hashes --group build -c requirements/dev.txt -o requirements/build.txt
	@$(COMPILE) --generate-hashes --group uv -c requirements/dev.txt -o requirements/uv.txt
	@$(COMPILE) --generate-hashes requirements/virtualenv.in -o requirements/virtualenv.txt
	@$(COMPILE) --no-annotate pyproject.toml -c requirements/dev.txt -o requirements/constraints.txt

.PHONY: clean
clean: ## Remove everything that was made here, .venv too
	rm -rf $(VENV) .cache site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .tidegate
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
