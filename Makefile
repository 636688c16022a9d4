# The commands of this project. `make run` and `make test` work on a machine that has Python 3.11 or newer, make
# and a package registry.
#   make run ARGS="--port 8000"     options of app.py
#   TORCH_BACKEND=cpu make run      PyTorch's CPU build on Linux, instead of several GB of CUDA
#   PYTHON=python3.12 make run      another Python

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV := uv==0.13.9
PIP_AUDIT := pip-audit==2.10.1
CYCLONEDX := cyclonedx-bom==7.5.0

.PHONY: run install test trust check format index eval bench load audit sbom lock clean

run: install
	$(BIN)/python -m faqbot build --if-stale
	$(BIN)/python app.py $(ARGS)

install: $(VENV)/.installed

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(f"Python 3.11 or newer is needed, this is {sys.version}" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.python requirements.txt requirements.lock pyproject.toml
	@echo "Installing into $(VENV): a few minutes the first time."
ifdef TORCH_BACKEND
	$(PIP) $(UV)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --torch-backend=$(TORCH_BACKEND) -r requirements.txt -c requirements.lock
else
	$(PIP) -r requirements.txt -c requirements.lock
endif
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(PIP) -r requirements-dev.txt -c requirements.lock
	@touch $@

test: $(VENV)/.installed-dev
	$(BIN)/python -m faqbot build --if-stale
	$(BIN)/python -m pytest -m "not trust"

# The slower proofs of docs/trust.md; `make test` runs the others.
trust: $(VENV)/.installed-dev
	$(BIN)/python -m faqbot build --if-stale
	$(BIN)/python -m pytest -m trust

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

index: install
	$(BIN)/python -m faqbot build

eval: $(VENV)/.installed-dev
	$(BIN)/python -m faqbot eval --full

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/bench.py

load: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/load.py $(ARGS)

# Known faults of the pinned versions. Needs the advisory service; --strict fails where a package could not be looked up.
audit: install
	$(PIP) $(UV)
	$(BIN)/uv tool run --from $(PIP_AUDIT) pip-audit --strict --disable-pip --no-deps -r requirements.lock

# The bill of materials: the same lock gives the same bytes. Nobody's download address is put into it.
sbom: install
	$(PIP) $(UV)
	$(BIN)/uv tool run --from $(CYCLONEDX) cyclonedx-py requirements requirements.lock --output-reproducible -o docs/sbom.json
	$(BIN)/python -c 'import json; path = "docs/sbom.json"; data = json.load(open(path)); [one.pop("externalReferences", 0) for one in data["components"]]; open(path, "w").write(json.dumps(data, indent=1) + "\n")'

# The lock keeps the versions that it has; delete it first to take newer ones.
lock: install
	$(PIP) $(UV)
	sed -n '/^#/p' requirements.lock > .lock.new
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --no-header --no-annotate --no-emit-package faqbot -c requirements.lock requirements.txt requirements-dev.txt >> .lock.new
	mv .lock.new requirements.lock

clean:
	rm -rf $(VENV)
