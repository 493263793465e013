# Makegood: two commands to begin with: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Every process of the stack and of the suite would compile all of our sources at each start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo up test check lint types contracts warm suite bench pictures lock install clean histories fingerprints
.DEFAULT_GOAL := help

help: ## what each command does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# Byte code of what is imported is written when it is: compiling all of the packages took a third of the installation.
$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) scripts/preflight.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned dependencies into $(VENV) (once)"
	@$(BIN)/pip install -qq --no-compile --require-hashes -r requirements.txt
	@$(BIN)/pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

install: $(STAMP) ## make .venv with the pinned dependencies

demo: $(STAMP) ## a shop's bad week in two minutes, on the real engine
	@$(BIN)/makegood demo

up: $(STAMP) ## the same stack to stay, no demo data
	@$(BIN)/makegood up

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP)
	@$(BIN)/mypy

contracts: $(STAMP)
	@$(BIN)/lint-imports

check: lint types contracts ## lint, types (strict), import contracts

# What the processes of the suite would each compile (sources, tests with their assertions), compiled once.
warm: $(STAMP)
	@mkdir -p build; $(BIN)/pytest --collect-only -qq -p no:xdist > build/collected.txt || (cat build/collected.txt; false)

suite: warm
	@$(BIN)/python scripts/chromium.py
	@TMPDIR=$$($(BIN)/python scripts/suite_folder.py) $(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

test: lint ## lint, types, import contracts, every test (what computes beside what waits)
	@$(MAKE) --no-print-directory -j2 suite types contracts

bench: $(STAMP) ## S10 and the baseline in one run, table and build/bench.json
	@$(BIN)/python -m bench

pictures: $(STAMP) ## pictures of the three faces from the running program, into docs/pictures
	@$(BIN)/python scripts/chromium.py
	@$(BIN)/python -m scripts.pictures

histories: $(STAMP) ## record the histories that replay tests read
	@$(BIN)/python -m tests.replay.record

fingerprints: $(STAMP) ## regenerate the fingerprints from the recorded histories
	@$(BIN)/python -m tests.replay.fingerprints --write

lock: ## resolve versions and hashes again (no registry address is written)
	@$(BIN)/pip install --quiet pip-tools
	@$(BIN)/pip-compile --quiet --extra dev --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header -o requirements.txt pyproject.toml

clean: ## caches and build output; cases (var) stay
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
