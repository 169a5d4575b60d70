# The few commands people need. Each makes the virtual environment by itself when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo up down status test check format generate bench lock clean
.DEFAULT_GOAL := help

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@echo "Making $(VENV) with pinned packages (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## start everything, import real medicines, walk through the storefront, stop (PRODUCTS=all, SEARCH=elasticsearch, KEEP=1)
	@PRODUCTS="$(PRODUCTS)" SEARCH="$(SEARCH)" KEEP="$(KEEP)" $(BIN)/chemist demo

up: $(READY) ## start everything and stay in front; Ctrl-C stops it
	@$(BIN)/chemist up

down: $(READY) ## stop what runs
	@$(BIN)/chemist down

status: $(READY) ## processes, health, views and their lag
	@$(BIN)/chemist status

test: $(READY) ## all tests, on real servers
	@$(BIN)/pytest

check: $(READY) ## style, types, import rules, drift of generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: run make format"; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --config pyproject.toml
	@$(BIN)/python -m ops.generate --check

format: $(READY) ## put the code into its standard form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

generate: $(READY) ## write the schemas, OpenAPI and reference pages anew from the contracts
	@$(BIN)/python -m ops.generate

bench: $(READY) ## ours against its yardstick, every figure of the README; results in bench/
	@$(BIN)/chemist bench all

lock: $(READY) ## renew the pinned requirements
	@$(BIN)/uv pip compile --universal --generate-hashes --all-extras --python-version 3.11 --upgrade --quiet \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock

clean: ## remove the virtual environment, data and caches
	@[ ! -x $(BIN)/chemist ] || $(BIN)/chemist down >/dev/null 2>&1 || true
	@rm -rf $(VENV) .chemist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
