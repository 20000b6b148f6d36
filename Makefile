# Needs Python >= 3.11 and make; the environment is made on the first call, in $(VENV).

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --constraint constraints.txt
INSTALL = $(PIP) --build-constraint constraints.txt --editable

.PHONY: help example test coverage lowest docs format

help:
	@echo "make example   find the barrier of a real surface process; pictures in output/"
	@echo "make test      the gate: lint, types, layers, tests, docs"
	@echo "make coverage  the fast part of the tests, and which lines it runs"
	@echo "make lowest    the tests, with the lowest versions allowed, in $(VENV)-lowest"
	@echo "make docs      build the documentation into docs/_build/html"
	@echo "make format    format the code and fix what ruff can fix"

example: $(VENV)/.ready-to-use
	$(BIN)/python examples/adatom_hop.py output/adatom_hop

test: $(VENV)/.ready-to-develop
	$(BIN)/python tools/gate.py

coverage: $(VENV)/.ready-to-develop
	$(BIN)/python tools/gate.py coverage

lowest: $(VENV)-lowest/.ready
	$(VENV)-lowest/bin/python tools/gate.py lowest

docs: $(VENV)/.ready-to-develop
	$(BIN)/python tools/gate.py docs

format: $(VENV)/.ready-to-develop
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/.ready: constraints.txt
	@echo "Setting up the environment in $(VENV) ..."
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	@touch $@

$(VENV)/.ready-to-use: $(VENV)/.ready pyproject.toml
	$(INSTALL) ".[ase,plot]"
	@touch $@

$(VENV)/.ready-to-develop: $(VENV)/.ready pyproject.toml
	$(INSTALL) ".[all]" --group test --group lint --group docs
	@touch $@

$(VENV)-lowest/.ready: constraints-lowest.txt pyproject.toml
	@echo "Setting up the environment in $(VENV)-lowest ..."
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet --upgrade pip
	$(VENV)-lowest/bin/python -m pip install --quiet --constraint constraints-lowest.txt \
		--editable ".[autograd,numba,ase,plot,dask]" --group lowest
	@touch $@
