# The two commands of a newcomer: `make demo` and `make test`. Everything happens in .venv of this folder.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off

.PHONY: demo test fuzz lint bench reports wheel clean

demo: $(VENV)/.installed  ## install, then compare compression configurations on the shipped speech
	@echo "Comparing on 208 utterances: some minutes, a line for every part that is done"
	$(BIN)/azsim compare
	@echo "Open runs/compression/index.html"

test: $(VENV)/.tested  ## install the test extra, then run the tests
	@echo "Testing: some minutes, a dot for every test"
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

fuzz: $(VENV)/.tested  ## attack every surface with bad input, twenty times as long as the tests do: some ten minutes
	AZSIM_FUZZ_TIMES=20 $(BIN)/python -m pytest tests/fuzz

lint: $(VENV)/.tested
	$(PIP) --quiet ruff
	$(BIN)/ruff check azsim tests experiments

bench: $(VENV)/.installed  ## speed: commands, other simulators, production size, the machine's limits
	$(BIN)/python -m experiments.bench

reports: $(VENV)/.installed  ## make every committed report again, some hours of work: see python -m experiments.all --list
	$(BIN)/python -m experiments.all

wheel: $(VENV)/.installed
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

$(VENV)/bin/python:
	@echo "Making a virtual environment in $(VENV)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	@echo "Installing azsim and its libraries, about 200 MB, into $(VENV): once, a minute or two"
	$(PIP) --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/bin/python pyproject.toml
	@echo "Installing what the tests need, about 50 MB more, into $(VENV): once"
	$(PIP) --editable '.[test]'
	@touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) build dist runs
