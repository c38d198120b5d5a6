# geventio: `make run` shows the example, `make test` checks everything. A second run installs nothing.
#
# Needed: Python 3.10 or later, Node.js 18 or later with npm. Everything else is fetched from PyPI, npm and, as root on
# a Debian-like system, with apt-get.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 5000

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
NPM := npm install --no-package-lock --no-audit --no-fund --no-update-notifier --loglevel=error
PYTEST := $(BIN)/python -m pytest

EXAMPLE := examples/flask_chat
CLIENTS := tests/peers/node
BROWSER := tests/browser

# Where the coverage of the servers that the tests start is gathered too.
COVERAGE := COVERAGE_FILE=$(CURDIR)/.coverage COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml

.PHONY: help run test test-suite test-pythons test-wheel lint docs bench clean

help:
	@echo "make run           start the example chat on http://$(HOST):$(PORT)/ (HOST=... PORT=... to change)"
	echo "make test          lint, types, the site, the whole suite with coverage, the other Pythons, the wheel"
	echo "make test-suite    the suite with coverage alone"
	echo "make test-pythons  the quick part of the suite on the oldest and the newest other Python found"
	echo "make test-wheel    the wheel in a clean environment"
	echo "make lint          ruff and mypy"
	echo "make docs          the documentation as a site: docs/build/index.html"
	echo "make bench         the benchmark against other servers"
	echo "make clean         remove everything that these commands made"

run: $(VENV)/.example $(EXAMPLE)/node_modules/.installed
	@exec $(BIN)/python -m examples.flask_chat --host "$(HOST)" --port "$(PORT)"

test: lint docs test-suite test-pythons test-wheel
	@echo "make test: all passed"

test-suite: $(VENV)/.development $(CLIENTS)/node_modules/.installed chromium
test-suite: $(EXAMPLE)/node_modules/.installed $(BROWSER)/node_modules/.installed
	@rm -f .coverage .coverage.*
	$(COVERAGE) $(BIN)/python -m coverage run -m pytest tests
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --show-missing --skip-covered
	echo "The protocol floor:"
	$(BIN)/python -m coverage report --include="geventio/protocol/*" --fail-under=100

test-pythons: $(VENV)/.development $(CLIENTS)/node_modules/.installed
	@$(BIN)/python tests/packaging/run_on_pythons.py

test-wheel: $(VENV)/.development
	@$(BIN)/python tests/packaging/run_wheel.py

lint: $(VENV)/.development
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.development
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/build
	echo "docs/build/index.html"

bench: $(VENV)/.development
	@$(BIN)/python -m benchmarks

clean:
	@rm -rf .venv .venv-* build dist ./*.egg-info .coverage .coverage.* htmlcov
	rm -rf docs/build .mypy_cache .ruff_cache .pytest_cache benchmarks/build benchmarks/results tests/artifacts
	rm -rf $(EXAMPLE)/node_modules $(CLIENTS)/node_modules $(BROWSER)/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- set-up: each stamp is newer than what it was made from ------------------------------------------------------------

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
		echo "$(PYTHON) is missing or older than 3.10; say which to use: make PYTHON=/path/to/python3.12" >&2
		exit 1
	}
	if ! $(PYTHON) -c 'import ensurepip, venv' 2> /dev/null; then
		$(call apt_get,python3-venv,$(PYTHON) has no venv module)
	fi
	$(PYTHON) -m venv --clear $(VENV)
	touch $@

$(VENV)/.example: $(VENV)/.created pyproject.toml setup.py
	@echo "installing geventio with the flask extra"
	$(PIP) --editable ".[flask]"
	touch $@

$(VENV)/.development: $(VENV)/.created pyproject.toml setup.py requirements.txt
	@echo "installing what development and the tests need"
	$(PIP) --requirement requirements.txt
	touch $@

%/node_modules/.installed: %/package.json
	@command -v npm > /dev/null || { echo "npm is missing: install Node.js 18 or later" >&2; exit 1; }
	node -e 'process.exit(process.versions.node.split(".")[0] < 18 ? 1 : 0)' || {
		echo "Node.js $$(node --version) is too old: 18 or later is needed" >&2
		exit 1
	}
	echo "installing the npm packages of $*"
	(cd $* && $(NPM) > /dev/null)
	touch $@

.PHONY: chromium
chromium:
	@if [[ -z "$${CHROMIUM:-}" ]] && ! command -v chromium > /dev/null && ! command -v chromium-browser > /dev/null; then
		$(call apt_get,chromium,no Chromium (or set CHROMIUM to one))
	fi

# $(call apt_get,package,what is missing): install a Debian package where we may, and say what to do where we may not.
define apt_get
if command -v apt-get > /dev/null && [[ "$$(id -u)" == 0 ]]; then
	echo "installing the Debian package $(1)"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update
	apt-get -qq install --no-install-recommends --yes $(1) > /dev/null
else
	echo "$(2): install it (on Debian: apt-get install $(1))" >&2
	exit 1
fi
endef
