# The two commands of a newcomer: `make demo` and `make test`. Everything happens in .venv of this folder.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint bench reports wheel clean

demo: $(VENV)/.installed  ## install, then compare compression configurations on the shipped speech
	$(BIN)/azsim compare
	@echo "Open runs/compression/index.html"

test: $(VENV)/.tested  ## install the test extra, then run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/.tested
	$(BIN)/python -m pip install --quiet ruff
	$(BIN)/ruff check azsim tests experiments

bench: $(VENV)/.installed  ## speed: commands, other simulators, production size, the machine's limits
	$(BIN)/python experiments/bench.py

reports: $(VENV)/.installed  ## make every committed report again, some hours of work: see experiments/all.py --list
	$(BIN)/python experiments/all.py

wheel: $(VENV)/.installed
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) build dist runs
