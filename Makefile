# Every target makes what it needs. `make` alone lists them.
PYTHON ?= python3
VENV ?= .venv
# Of `make fuzz`: minutes for each of the seeds.
MINUTES ?= 10
SEED ?= 1 2 3
# Test processes at once; each has its own kernels' threads.
WORKERS ?= 2

# Windows keeps a virtual environment's programs elsewhere.
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)

.DEFAULT_GOAL := help
.PHONY: help demo test check gradcheck fuzz notebooks notebooks-quick browser assignments bench format

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp per extra: installed again only when setup.cfg or pyproject.toml changed.
$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null 2>&1 || \
		{ echo "make: there is no program '$(PYTHON)'. Install Python 3.11 or newer, or say which: make PYTHON=python3.12"; \
		  exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: $(PYTHON) is $$($(PYTHON) --version 2>&1), minidet needs 3.11 or newer: make PYTHON=python3.12"; \
		  exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "make: $(PYTHON) cannot make virtual environments (on Debian: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed-%: $(VENV)/.made setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$*]"
	@touch $@

demo: $(VENV)/.installed-demo ## train on handwritten digits: three minutes
	$(BIN)/minidet demo

test: $(VENV)/.installed-test ## the whole suite
	$(BIN)/python -m pytest -n $(WORKERS) --durations=10

check: $(VENV)/.installed-dev ## format, lint, floors, a case of each fast test: about a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -n $(WORKERS) -q -m "not slow" --cases 1

gradcheck: $(VENV)/.installed-dev ## one line per operation: gradient against finite differences
	$(BIN)/python -m pytest -q -m gradcheck

fuzz: $(VENV)/.installed-parity ## random calls, beside NumPy and PyTorch: MINUTES=10 for each SEED="1 2 3"
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) --seed $(SEED)

notebooks: $(VENV)/.installed-notebooks ## run every notebook in full, and keep what it prints and draws
	$(BIN)/python -m notebooks --write $(ARGS)

notebooks-quick: $(VENV)/.installed-test $(VENV)/.installed-notebooks ## every notebook, small sizes: the same checks
	$(BIN)/python -m pytest -q -m notebooks tests/notebooks tests/assignments

browser: $(VENV)/.installed-browser ## open every notebook in JupyterLab in Chromium, run it, keep a picture
	$(BIN)/python -m pytest -q -m browser tests/browser

assignments: $(VENV)/.installed-test ## write what students get; TERM=2027s draws a term's variants
	$(BIN)/minidet assignments release $(if $(filter command line,$(origin TERM)),--term $(TERM))

format: $(VENV)/.installed-dev ## rewrite the sources as `make check` wants them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-parity ## the same work in minidet and in PyTorch
	$(BIN)/python -m benchmarks $(ARGS)
