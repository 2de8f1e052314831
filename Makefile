# make demo    the gallery on real servers, in this terminal
# make test    all tests, with branch coverage
# make lint    ruff and mypy; make format repairs what they can
#
# What takes longer:
# make history  a site under fire: links are followed while servers fail, 10 minutes (MINUTES=2)
# make mutants  each guard of the package is taken away, once: some test must fail (an hour)
# make peers    Django's own tests of files, with this package's storage (some minutes)
# make bench    the benchmarks (half an hour)
#
# WORKERS=1 make test runs one test at a time.
# Needs Python 3.11 or newer (PYTHON=python3.12 make ... chooses one) and the network, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
# Processes that run tests side by side, a module each: they wait for servers more than they work.
WORKERS ?= 3
MINUTES ?= 10

.PHONY: help test demo lint format history mutants peers bench clean

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile \
	  --cov --cov-branch --cov-report=term --cov-fail-under=95 $(PYTEST_ARGS)

demo: $(VENV)/.demo
	@exec $(BIN)/python -m demo

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

history: $(VENV)/.test
	$(BIN)/python -m tests.history --minutes $(MINUTES)

mutants: $(VENV)/.test
	$(BIN)/python -m tests.integration.mutants

peers: $(VENV)/.test
	$(BIN)/python -m tests.peers

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks.html
	$(BIN)/python -m benchmarks.bodies
	$(BIN)/python -m benchmarks.streaming
	$(BIN)/python -m benchmarks.hostile
	$(BIN)/python -m benchmarks.request
	$(BIN)/python -m benchmarks.tags
	$(BIN)/python -m benchmarks.counting
	$(BIN)/python -m benchmarks.unchanged
	$(BIN)/python -m benchmarks.changes
	$(BIN)/python -m benchmarks.saves
	$(BIN)/python -m benchmarks.journeys
	$(BIN)/python -m benchmarks.registry
	$(BIN)/python -m benchmarks.sync
	$(BIN)/python -m benchmarks.tasks

clean:
	rm -rf $(VENV) demo/var benchmarks/var build dist *.egg-info
	rm -rf .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# One stamp an extra: it is installed again when the metadata have changed.
$(VENV)/.demo: EXTRAS = demo
$(VENV)/.test: EXTRAS = test
$(VENV)/.lint: EXTRAS = test,lint
$(VENV)/.demo $(VENV)/.test $(VENV)/.lint: setup.cfg pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "s3rewrite needs Python 3.11 or newer, and '$(PYTHON)' is not:" >&2; \
	  echo "    $$($(PYTHON) --version 2>&1)" >&2; \
	  echo "Name another one, as in: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
