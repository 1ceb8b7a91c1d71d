# The commands of this project. All of them set up what they need in .venv first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Twice the cores: much of the suite waits for processes and servers.
WORKERS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

.PHONY: demo run test crash check bench format lock clean

demo: $(VENV)/.installed ## the whole chain on this machine; ARGS="--seconds 20" ends by itself
	$(BIN)/feedbot demo $(ARGS)

run: $(VENV)/.installed ## the daemon with config.toml
	$(BIN)/feedbot run $(ARGS)

test: $(VENV)/.installed-dev ## every test that Python packages alone can run
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

crash: $(VENV)/.installed-dev ## the daemon is killed a hundred times while it sends: nothing lost, nothing sent twice that was not in flight
	FEEDBOT_KILLS=$${FEEDBOT_KILLS:-100} $(BIN)/python -m pytest tests/test_crash.py $(ARGS)

check: $(VENV)/.installed-dev ## format, lint, types, imports, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

bench: $(VENV)/.installed-dev ## what a poll, a feed and a message cost, as ratios of one run
	$(BIN)/python -m bench $(ARGS)

format: $(VENV)/.installed-dev ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("feedbot needs Python 3.11 or newer; say which: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

# feedgen comes as source only, so what builds it is locked as well.
$(VENV)/.installed: requirements.lock requirements-build.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements-build.lock
	$(PIP) install --require-hashes --no-build-isolation -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) install --require-hashes --no-build-isolation -r requirements-dev.lock
	touch $@

LOCK := $(PYTHON) -m uv pip compile --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11

lock: ## pin the newest versions anew; needs uv
	printf 'editables\nhatchling>=1.27\nsetuptools\nwheel\n' | $(LOCK) - -o requirements-build.lock
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
