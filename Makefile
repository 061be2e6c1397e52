# The course's commands, for a machine that has only Python 3.11 or newer and make:
#   make lab      set up .venv and open the labs in JupyterLab
#   make test     set up .venv for development and run every test (PRECISION=bf16 THREADS=2: as on another CPU)
#   make build    write notebooks/ and labs_solutions/ anew from labs/ (NAMES=03_attention for one)
#   make checker  measure what the checker knows and write docs/checker.md (half an hour)
#   make site     write site/, the course as pages to read in a browser, from the notebooks as they are
#   make bench    measure this machine and write docs/benchmarks.md (PARTS="step augment" for two; hours on a CPU)
# A second run starts in seconds: what is installed is noted in .venv, and done anew when pyproject.toml changes.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest -q

.PHONY: help lab test build checker site bench
help:
	@sed -n 's/^#   //p' Makefile

lab: $(VENV)/.has-lab
	@$(BIN)/vitcourse lab $(if $(LAB_FLAGS),-- $(LAB_FLAGS))

# Two processes of one thread each do more than one of two. Of the notebooks the cells of one stay in one process, and
# the last labs start first, as they take longest. Quick things first. Any step that fails, and a pytest that finds no
# tests (exit code 5), stops the run. What must hold on any CPU is shown by PRECISION (fp32, bf16 or fp16, for
# VITCOURSE_PRECISION) and THREADS (of each process, for OMP_NUM_THREADS), once with each.
ifdef PRECISION
test: export VITCOURSE_PRECISION := $(PRECISION)
endif
ifdef THREADS
test: export OMP_NUM_THREADS := $(THREADS)
endif
test: $(VENV)/.has-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/vitcourse build --check
	OMP_NUM_THREADS=$(or $(THREADS),1) $(PYTEST) -n 2 --dist worksteal tests --ignore=tests/notebooks --ignore=tests/browser
	$(PYTEST) -rs tests/browser
	$(PYTEST) -n 2 tests/notebooks
	$(PYTEST) -n 2 --dist loadfile -p tests.notebooks.nbval_rules --nbval-lax --nbval-current-env --nbval-cell-timeout=1800 --no-loadscope-reorder $$(ls -r labs_solutions/*.ipynb)
	@echo "make test: everything passed."

build: $(VENV)/.has-dev
	$(BIN)/vitcourse build $(NAMES)

checker: $(VENV)/.has-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.exercises.page $(NAMES)

site: $(VENV)/.has-site
	$(BIN)/vitcourse site

# What is measured is kept in .bench: stopped, it goes on; done, it only writes the document. BENCH_FLAGS=--help says more.
bench: $(VENV)/.has-bench
	$(BIN)/python -m benchmarks $(PARTS) $(BENCH_FLAGS)

# A stamp is written after its install is whole, so an interrupted one is done again. torch and torchvision come in one
# go, because each torchvision fits one torch only.
$(VENV)/.has-lab: pyproject.toml | $(VENV)/.made
	@echo "Installing the course and JupyterLab into $(VENV). PyTorch is large: the first time takes minutes."
	@$(PIP) --editable '.[lab]'
	@touch $@

$(VENV)/.has-dev: pyproject.toml | $(VENV)/.made
	@echo "Installing the course and its tests into $(VENV). PyTorch is large: the first time takes minutes."
	@$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.has-site: pyproject.toml | $(VENV)/.made
	@echo "Installing the course and what makes its site into $(VENV). PyTorch is large: the first time takes minutes."
	@$(PIP) --editable '.[site]'
	@touch $@

$(VENV)/.has-bench: pyproject.toml | $(VENV)/.made
	@echo "Installing the course and the libraries it is compared with into $(VENV)."
	@$(PIP) --editable '.[bench]'
	@touch $@

# PYTHON=/path/to/python chooses another one. A .venv that works is kept.
$(VENV)/.made:
	@python=; \
	for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    python=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "The course needs Python 3.11 or newer, and $$(python3 --version 2>/dev/null || echo no Python 3) is here." >&2; \
	  echo "Install one, or name one: make lab PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then \
	  echo "Python's module venv is missing here. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; \
	  exit 1; \
	fi; \
	if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	  "$$python" -m venv --clear $(VENV) || exit 1; \
	fi; \
	touch $@
