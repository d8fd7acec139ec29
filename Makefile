# Verbs of this repository. Needs Python >= 3.11, git and make; everything else is fetched into .venv and .tools.
#
#   make demo      install, start Headway on 127.0.0.1:8400 and run real jobs
#   make test      everything CI runs; its last line is the test runner's
#   make check     the fast half: style, types, layers, words, docs; of Python and TypeScript
#   make format    let ruff rewrite what it can
#   make coverage  the tests again, with branch coverage
#   make dashboard build web/ into the package, where it has changed (Node from PATH or .venv)
#   make screenshots  pictures of each page of the dashboard into docs/img (needs a Chromium)
#   make bench     measure (docs/performance.md)
#   make clean     remove what was made here

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help install dashboard demo test check check-types check-rest format docs coverage screenshots bench clean FORCE

PYTHON ?= $(or $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell \
	command -v $(p) >/dev/null && $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p)))),python3)
BIN := .venv/bin
STAMP := .venv/.installed
WORKERS ?= 2
SEED ?= $(shell date +%s)
export HYPOTHESIS_PROFILE ?= ci

help:
	@sed -n 's/^#   //p' Makefile

# The stamp names the checkout it was made in: a .venv that was copied or moved is made again.
install: $(STAMP)
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
$(STAMP): FORCE
endif
$(STAMP): pyproject.toml uv.lock tools/install.py
	@echo "install: bringing .venv in line with uv.lock" >&2
	@$(PYTHON) tools/install.py
	@echo "$(CURDIR)" > $@

dashboard: install
	@$(BIN)/python tools/dashboard.py

# Where it can not be built (no Node, no npm registry) the demo goes on with the page that is built in.
demo: install
	@$(BIN)/python tools/dashboard.py --if-possible
	@$(BIN)/headway demo

# The suites of TypeScript and the tests in a browser first (tools/frontend.py): the last line is pytest's.
test: check dashboard
	@$(BIN)/python tools/frontend.py test
	@$(BIN)/python tools/frontend.py browser
	@echo "test: order $(SEED)"
	@$(BIN)/pytest -q -n $(WORKERS) --randomly-seed=$(SEED)

# pyright takes one core for as long as all the others together take the second. Each says its own in one piece.
check: install
	@$(MAKE) -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) check-types check-rest
	@echo "check: style, words, layers, types and docs are in order"

check-types: install
	@$(BIN)/pyright --warnings > .venv/.types || { cat .venv/.types; exit 1; }

check-rest: install docs
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "check: run 'make format'" >&2; exit 1; }
	@$(BIN)/python tools/check_words.py
	@$(BIN)/lint-imports --no-logo > .venv/.layers 2>&1 || { cat .venv/.layers; exit 1; }
	@$(BIN)/python tools/frontend.py check

format: install
	@$(BIN)/ruff check --quiet --fix-only --exit-zero
	@$(BIN)/ruff format --quiet

# A generated page is written by tools/generate_NAME.py and compared by the same with --check.
docs: install
	@for script in $(wildcard tools/generate_*.py); do $(BIN)/python $$script --check; done
	@$(BIN)/python tools/check_links.py

coverage: install dashboard
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

screenshots: install dashboard
	@$(BIN)/python tools/frontend.py screenshots

# One script for each of the figures P1, P2, …; each prints JSON lines.
bench: install
	@for script in $(sort $(wildcard bench/p[0-9]*.py)); do $(BIN)/python $$script; done

clean:
	@rm -rf .venv .tools node_modules src/headway/server/dashboard .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov build dist
	@find src tests tools bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
