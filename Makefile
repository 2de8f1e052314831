# make demo    the gallery on real servers, in this terminal
# make test    all tests, with branch coverage
# make lint    ruff and mypy; make format repairs what they can
# make docs    the documentation, as a site in build/docs; wrong spelling and broken links are errors
#
# What takes longer:
# make long     the tests that make test runs with few examples, with many (half an hour)
# make history  a site under fire: links are followed while servers fail, 10 minutes (MINUTES=2)
# make sites    a Bootstrap theme and Wagtail, whole, in a Chromium; downloads both by npm and pip
# make zoo      fourteen packages (Wagtail, a shop, thumbnails, APIs), each in a site of its own; installs them (five minutes)
# make outages  seconds to local links and back, for each way in which a CDN fails (20 minutes; RUNS=1)
# make mutants  each guard of the package is taken away, once: some test must fail (an hour)
# make newcomers  five new users follow the README from an empty folder (ten minutes)
# make peers    Django's own tests of files, with this package's storage (some minutes)
# make dist     sdist and wheel in dist/, rated, installed, and tested from the unpacked sdist (two minutes; QUICK=--quick)
# make bench    the benchmarks (half an hour)
# make ceph     the contract suite on Ceph, where Debian's packages of it are installed
# make axe      downloads axe-core by npm; with it make test also looks whether all can use the admin's page
# make messages brings the translations in step with what the package says, and compiles them
# make types    renews the table of media types, from the npm package mime-db
# make plots    the charts of the documentation, from what benchmarks have printed
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
SITES := $(abspath $(VENV))/sites
ZOO := $(abspath $(VENV))/zoo
RUNS ?= 5

.PHONY: help test demo lint docs plots format long history sites zoo outages mutants peers newcomers dist bench ceph types messages axe clean

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

docs: $(VENV)/.docs
	$(BIN)/codespell *.md docs benchmarks/README.md
	$(BIN)/sphinx-build --fail-on-warning --fresh-env --keep-going --nitpicky --quiet docs build/docs
	@echo "The documentation is in build/docs/index.html"

plots: $(VENV)/.test
	$(BIN)/python -m benchmarks.plots

format: $(VENV)/.lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

long: $(VENV)/.test
	EVERY_FILE=1 EVERY_MOMENT=1 STUBS=60 WORLDS=200 $(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS) \
	  tests/rewriters/test_identity.py tests/security/test_only_copies.py tests/integration/test_world.py \
	  tests/integration/test_killed.py tests/integration/test_killed_freeing.py tests/integration/test_killed_purge.py

history: $(VENV)/.test
	$(BIN)/python -m tests.history --minutes $(MINUTES)

sites: $(VENV)/.test
	mkdir -p $(SITES)
	cd $(SITES) && npm pack --silent startbootstrap-clean-blog@6.0.9 | xargs tar xzf
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade --target $(SITES)/python 'wagtail>=7'
	SITES_DIR=$(SITES) $(BIN)/python -m pytest tests/sites

zoo: $(VENV)/.test
	mkdir -p $(ZOO)
	rm -rf $(ZOO)/rows && mkdir $(ZOO)/rows
	ZOO_DIR=$(ZOO) ZOO_ROWS=$(ZOO)/rows $(BIN)/python -m pytest tests/zoo $(PYTEST_ARGS)
	$(BIN)/python -m tests.zoo.table $(ZOO)/rows

outages: $(VENV)/.test
	$(BIN)/python -m tests.outage --runs $(RUNS)

mutants: $(VENV)/.test
	$(BIN)/python -m tests.integration.mutants

ceph: $(VENV)/.test
	S3_SERVERS=Ceph $(BIN)/python -m pytest tests/integration/test_contract.py $(PYTEST_ARGS)

newcomers: $(VENV)/.test
	$(BIN)/python -m tests.newcomers

peers: $(VENV)/.test
	$(BIN)/python -m tests.peers

dist: $(VENV)/.dist
	$(BIN)/python -m tests.dist $(QUICK)

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks.html
	$(BIN)/python -m benchmarks.bodies
	$(BIN)/python -m benchmarks.streaming
	$(BIN)/python -m benchmarks.hostile
	$(BIN)/python -m benchmarks.request
	$(BIN)/python -m benchmarks.tags
	$(BIN)/python -m benchmarks.counting
	$(BIN)/python -m benchmarks.unchanged
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.private
	$(BIN)/python -m benchmarks.changes
	$(BIN)/python -m benchmarks.moves --line 12500000 --delay 0.02
	$(BIN)/python -m benchmarks.saves
	$(BIN)/python -m benchmarks.journeys
	$(BIN)/python -m benchmarks.registry
	$(BIN)/python -m benchmarks.sync
	$(BIN)/python -m benchmarks.bandwidth
	$(BIN)/python -m benchmarks.tasks
	$(BIN)/python -m benchmarks.pictures

# By hand, as its data change what is sent: look at the difference before you commit it.
types: $(VENV)/.test
	folder=$$(mktemp -d) && npm pack --silent --pack-destination $$folder mime-db && \
	  tar -xzf $$folder/mime-db-*.tgz -C $$folder && \
	  $(BIN)/python -m tests.core.renew_content_types $$folder/package

axe: $(VENV)/axe/package/axe.min.js
$(VENV)/axe/package/axe.min.js: | $(BIN)/pip
	mkdir -p $(VENV)/axe
	cd $(VENV)/axe && npm pack --silent axe-core@4 | xargs tar xzf

messages: $(VENV)/.test
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -m tests.locale.renew

clean:
	rm -rf $(VENV) demo/var benchmarks/var build dist *.egg-info
	rm -rf .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# One stamp an extra: it is installed again when the metadata have changed.
$(VENV)/.demo: EXTRAS = demo
$(VENV)/.test: EXTRAS = test
$(VENV)/.lint: EXTRAS = test,lint
$(VENV)/.dist: EXTRAS = dist
$(VENV)/.docs: EXTRAS = docs
$(VENV)/.demo $(VENV)/.test $(VENV)/.lint $(VENV)/.dist $(VENV)/.docs: setup.cfg pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "s3rewrite needs Python 3.11 or newer, and '$(PYTHON)' is not:" >&2; \
	  echo "    $$($(PYTHON) --version 2>&1)" >&2; \
	  echo "Name another one, as in: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
