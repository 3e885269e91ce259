# One command each: `make run` starts the router, `make test` runs the tests. `make help` lists the rest.
# Needs make and Python 3.11 or newer; everything else goes into .venv. Choose the interpreter with PYTHON=python3.12.

VENV ?= .venv
BIN := $(VENV)/bin

# The newest interpreter that really runs (a pyenv shim may exist and fail) and can make a virtual environment.
ifndef PYTHON
PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
endif

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
BUILD_FILES := setup.cfg pyproject.toml

# Arguments for pytest: make test PYTESTFLAGS="-x tests/wamp"
PYTESTFLAGS ?=
# Processes that share the tests, file by file; 0 runs them in one, as `python -m pytest` does. That is what is best for a few
# tests, named in PYTESTFLAGS: there is nothing more to start, and a debugger works.
ifndef WORKERS
WORKERS := $(if $(strip $(PYTESTFLAGS)),0,2)
endif
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTESTFLAGS)

.DEFAULT_GOAL := help
.PHONY: help install run test coverage test-all lint format bench bench-clients docs schema screenshots npm vendor clean distclean

help:  ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | column -t -s '|' 2>/dev/null \
		|| sed -nE 's/^([a-z-]+):.*## (.*)/  make \1: \2/p' $(firstword $(MAKEFILE_LIST))

# One after the other, whatever -j says, because they are installed into one environment.
install:  ## install what the targets below need, without running any of them
	@$(MAKE) --no-print-directory -j1 $(VENV)/.installed-test $(VENV)/.installed-lint $(VENV)/.installed-docs npm

run: $(VENV)/.installed  ## install what is missing, start the router with config/router.json
	@$(BIN)/wamprouter start --config config/router.json

test: $(VENV)/.installed-test npm  ## install what is missing, run the whole test suite
	@$(PYTEST)

# By its own tests: measuring all others too would make them take half as long again. setup.cfg has what is enough (fail_under).
coverage: $(VENV)/.installed-test  ## the branch coverage of the pure core by its own tests
	@$(PYTEST) -q tests/wamp/protocol tests/wamprouter/realm tests/wamprouter/test_session.py --cov

# Every interpreter is tried, then all that failed or could not be found are named.
test-all:  ## the tests on Python 3.11, 3.12 and 3.13, each in its own virtual environment
	@failed=""; \
	for version in 3.11 3.12 3.13; do \
		python=""; \
		for candidate in "python$$version" "$$HOME"/.pyenv/versions/$$version*/bin/python$$version; do \
			"$$candidate" -c 'import sys, ensurepip; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' \
				"$$version" 2>/dev/null && python="$$candidate" && break; \
		done; \
		if [ -z "$$python" ]; then failed="$$failed $$version (no such interpreter)"; continue; fi; \
		echo "== Python $$version: $$python"; \
		$(MAKE) --no-print-directory test VENV=".venv-$$version" PYTHON="$$python" || failed="$$failed $$version"; \
	done; \
	if [ -n "$$failed" ]; then echo "test-all failed on:$$failed"; exit 1; fi; \
	echo "test-all passed on 3.11, 3.12 and 3.13"

lint: $(VENV)/.installed-lint  ## style, types and layering
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.installed-lint  ## mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.installed  ## measure against Crossbar, which gets a virtual environment of its own
	@$(BIN)/python -m benchmarks

bench-clients: $(VENV)/.installed  ## measure the client library beside Autobahn's, through one router
	@$(BIN)/python -m benchmarks.clients

docs: $(VENV)/.installed-docs  ## build the documentation into docs/_build/html
	@$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# For whoever changes the console: the pictures are committed.
screenshots: $(VENV)/.installed-test npm  ## take the documentation's pictures of the console anew
	@PYTHONPATH=. $(BIN)/python -m tests.browser.screenshots

# Written beside and moved, so that a failure leaves the old schema.
schema: $(VENV)/.installed  ## write config/router.schema.json anew
	@$(BIN)/wamprouter schema > config/router.schema.json.new
	@mv config/router.schema.json.new config/router.schema.json

# The page of `make run` and the console need autobahn-js, and a machine without npm must still show them: so the copies are
# committed, and a test compares them with the package. This target is for whoever raises the version in tests/js/package.json.
VENDOR := examples/web/vendor router/wamprouter/web/console/files/vendor
vendor: npm  ## copy autobahn-js for browsers from its npm package to where it is served
	@for folder in $(VENDOR); do \
		mkdir -p $$folder; \
		cp tests/js/node_modules/autobahn-browser/autobahn.min.js tests/js/node_modules/autobahn-browser/LICENSE $$folder/; \
	done

ifeq ($(shell command -v npm 2>/dev/null),)
npm:
	@echo "npm not found: tests that need Node or a browser skip"
else
npm: tests/js/node_modules/.installed
endif

clean:  ## remove what tools and builds leave behind
	rm -rf build dist docs/_build htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis client/*.egg-info router/*.egg-info *.egg-info
	find client router tests benchmarks examples -name __pycache__ -type d -not -path '*/node_modules/*' \
		-prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean  ## and the virtual environments and npm's packages
	rm -rf .venv .venv-* .bench tests/js/node_modules

# --- what the targets above need, each made once, and again when its description changes -------------------------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed (on Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "creating $(VENV) with $(PYTHON)"
	@"$(PYTHON)" -m venv "$(VENV)"

$(VENV)/.installed: $(BUILD_FILES) | $(BIN)/python
	@echo "installing wamprouter into $(VENV)"
	@$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-%: $(BUILD_FILES) | $(BIN)/python
	@echo "installing wamprouter[$*] into $(VENV)"
	@$(PIP_INSTALL) --editable '.[$*]'
	@touch $@

# No install scripts: these packages bring what they need, and nothing is to be compiled or downloaded besides.
tests/js/node_modules/.installed: tests/js/package.json tests/js/package-lock.json
	@echo "installing the npm packages of tests/js"
	@cd tests/js && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
