# Each target is a word a person expects. SERVICE=ratings narrows prepare, train, evaluate and bench to one service.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ONLY := $(if $(SERVICE),--service $(SERVICE))

.PHONY: up test check format prepare train evaluate bench compose-test constraints env clean

up: $(VENV)/.has-up             ## everything from a bare clone to answering services; Ctrl-C stops
	@$(BIN)/python -m shared.up

test: $(VENV)/.has-dev          ## every test but the containers'; trains what is missing first
	@$(BIN)/python -m shared.services missing
	@$(BIN)/python -m pytest

check: $(VENV)/.has-dev         ## style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.has-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

prepare train: $(VENV)/.has-up  ## raw data to data/, data to artifacts/; what is whole already stays
	@$(BIN)/python -m shared.services $@ $(ONLY)

evaluate: $(VENV)/.has-dev      ## the published figures, beside their baselines, into the cards
	@$(BIN)/python -m shared.services $@ $(ONLY)
	@$(BIN)/python -m shared.report

bench: $(VENV)/.has-dev         ## speed, beside its baselines
	@$(BIN)/python -m gateway.bench
	@$(BIN)/python -m shared.services $@ $(ONLY)

compose-test:                   ## the containers: build, start, ask, remove; needs a Docker engine
	@bash tests/compose/run.sh

constraints:                    ## newest versions of everything into constraints.txt
	$(PYTHON) -m venv --clear $(VENV)-new
	$(VENV)-new/bin/pip install --upgrade pip
	$(VENV)-new/bin/pip install --group dev
	$(VENV)-new/bin/pip freeze --all | sort --ignore-case > constraints.txt
	rm -rf $(VENV)-new

env: $(VENV)/.has-up            ## .env.example from the Settings classes
	@$(BIN)/python -m shared.env_example > .env.example

clean:                          ## everything that `make up` made; what people added stays in state/
	rm -rf $(VENV) data artifacts

# The marker .whole steps aside while pip works: an interrupted installation begins anew, in an empty folder.
$(VENV)/.has-%: pyproject.toml constraints.txt
	@test -e $(VENV)/.whole || $(PYTHON) -m venv --clear $(VENV)
	@rm -f $(VENV)/.whole
	$(BIN)/pip install --constraint constraints.txt --upgrade pip
	$(BIN)/pip install --constraint constraints.txt --group $*
	@touch $(VENV)/.whole $@
