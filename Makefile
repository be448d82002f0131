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
UV := .cache/uv/bin/uv
WORKERS ?= 3
ARGS ?=

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- set-up: runs again only when a lock changes --------------------------------------------------------------

# Without pip inside, which needs `ensurepip`, and that is what Debian splits off Python.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Tidegate needs Python 3.11 or later: install it, or name it with PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv --without-pip $(VENV)

# uv does in seconds what takes pip half a minute; it is installed into a folder of its own, which PEP 668 ("externally
# managed") allows.
$(UV): requirements/uv.txt
	@rm -rf .cache/uv
	@$(PYTHON) -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes --target .cache/uv \
		-r requirements/uv.txt 2>/dev/null || true
	@mkdir -p $(@D) && touch $@

# Where there is no uv for the platform, or it cannot reach the index that pip is set up with, pip does it. Both check
# every hash.
define install
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps $(1) 2>/dev/null || \
		$(PYTHON) -m pip --disable-pip-version-check --quiet --python $(BIN)/python install --no-deps $(1)
endef

$(VENV)/.run: requirements/build.txt requirements/run.txt pyproject.toml | $(BIN)/python $(UV)
	@echo "Installing the locked requirements into $(VENV) ..."
	$(call install,--require-hashes -r requirements/build.txt -r requirements/run.txt)
	$(call install,--no-build-isolation -e .)
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements/test.txt
	@echo "Installing what the tests need ..."
	$(call install,--require-hashes -r requirements/test.txt)
	@touch $@

$(VENV)/.dev: $(VENV)/.test requirements/dev.txt
	@echo "Installing what checks and documentation need ..."
	$(call install,--require-hashes -r requirements/dev.txt)
	@touch $@

.PHONY: setup
setup: $(VENV)/.dev ## Make .venv with everything, from the locks

# --- run ------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(VENV)/.run ## See a session become a Stream token, step by step (ARGS=--once to exit afterwards)
	@$(BIN)/tidegate demo $(ARGS)

# --- show that it is right ------------------------------------------------------------------------------------

# Bytecode is kept even where the environment says not to: the tests start some hundred processes, and each of them would
# compile every module anew.
.PHONY: test
test: $(VENV)/.test ## Run the tests that need nothing but Python (under five minutes)
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

.cache/typescript/.done: tests/docs/typescript/package-lock.json
	@mkdir -p $(@D) && cp tests/docs/typescript/package.json tests/docs/typescript/package-lock.json $(@D)
	@cd $(@D) && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

.cache/axe/.done: tests/system/axe/package-lock.json
	@mkdir -p $(@D) && cp tests/system/axe/package.json tests/system/axe/package-lock.json $(@D)
	@cd $(@D) && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

.PHONY: test-system
test-system: $(VENV)/.dev .cache/typescript/.done .cache/axe/.done ## Run the tests that need servers from the system: nginx, chromium, node, PostgreSQL, Redis, Prometheus
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
	@$(BIN)/python tools/stress_needs.py $(ARGS)
	$(BIN)/python -m pytest -m stress -p no:xdist -p no:randomly -o faulthandler_timeout=0 $(ARGS)
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -o faulthandler_timeout=0 \
		tests/http tests/identity tests/limits tests/sandbox tests/settings tests/tokens tests/upstream tests/watch

.PHONY: bench
bench: $(VENV)/.dev ## Measure against the tutorial service; JSON goes to bench/results/
	$(BIN)/python bench/run.py $(ARGS)

.PHONY: bench-ledger
bench-ledger: $(VENV)/.dev ## Measure what the ledger costs an exchange; JSON goes to docs/evidence/
	$(BIN)/python bench/ledger.py $(ARGS)

.PHONY: bench-counts
bench-counts: $(VENV)/.dev ## Count instructions of the ledger and the watch (needs valgrind); JSON goes to docs/evidence/
	$(BIN)/python bench/counts.py $(ARGS)

# --- documentation and locks ----------------------------------------------------------------------------------

.PHONY: docs
docs: $(VENV)/.dev ## Build the documentation into site/, its links and pages checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	$(BIN)/python -m pytest -m site -p no:xdist --quiet tests/docs

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
	--custom-compile-command "make lock" $(UPGRADE)

.PHONY: lock
lock: | $(BIN)/python $(UV) ## Write the locks anew from pyproject.toml (UPGRADE=--upgrade for newer versions)
	@$(COMPILE) --generate-hashes pyproject.toml --all-extras --group dev -o requirements/dev.txt
	@$(COMPILE) --generate-hashes pyproject.toml --all-extras --group test -c requirements/dev.txt -o requirements/test.txt
	@$(COMPILE) --generate-hashes pyproject.toml -c requirements/dev.txt -o requirements/run.txt
	@$(COMPILE) --generate-hashes pyproject.toml --all-extras -c requirements/dev.txt -o requirements/extras.txt
	@$(COMPILE) --generate-hashes --group build -c requirements/dev.txt -o requirements/build.txt
	@$(COMPILE) --generate-hashes --group uv -c requirements/dev.txt -o requirements/uv.txt
	@$(COMPILE) --no-annotate pyproject.toml -c requirements/dev.txt -o requirements/constraints.txt

.PHONY: clean
clean: ## Remove everything that was made here, .venv too
	rm -rf $(VENV) .cache site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .tidegate
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
