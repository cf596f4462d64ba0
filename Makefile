# Everything a contributor runs. Needs Python 3.11 or newer, make and a package index; nothing else.
# The first target of a fresh clone makes .venv; it is brought up to date whenever pyproject.toml changes.

VENV := .venv
PY := $(VENV)/bin/python
BENCHMARKS := benchmarks/stdio.py benchmarks/search.py benchmarks/memory.py benchmarks/ledger.py

# The first interpreter on PATH that is new enough and can make virtual environments; or name one: make PYTHON=…
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; \
	done)

# Tests and demo start many interpreters, and without bytecode on disk each compiles the whole package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test matrix check bench schemas docs long packaging tokens clean
.DELETE_ON_ERROR:

help:
	@echo "make demo       a guided tour: a ledger and doubles of five systems, no account and no network"
	@echo "make test       the tests"
	@echo "make matrix     every write to every vendor through every fault, some minutes"
	@echo "make check      lint, format, types, import rules, published tool schemas, generated pages"
	@echo "make bench      the benchmarks and their budgets"
	@echo "make schemas    write tool_schemas/ anew after a deliberate change of a tool"
	@echo "make docs       write docs/coverage.md anew from what the adapters say of themselves"
	@echo "make long       the longer proofs of the ledger's consistency, some ten minutes"
	@echo "make packaging  build the package and use it from a fresh environment"
	@echo "make tokens     what the tests need to count tokens; takes Node and npm, and is optional"
	@echo "make clean      remove .venv and everything built"

demo: $(VENV)/.runtime
	@$(VENV)/bin/invoice-mcp demo

test: $(VENV)/.dev
	$(PY) -m pytest -n auto --maxprocesses 4 --dist loadscope

matrix: $(VENV)/.dev
	$(PY) -m pytest -n auto --maxprocesses 4 -m long -k test_every_fault tests/backends

check: $(VENV)/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/invoice-mcp schemas --check
	$(PY) docs/generate.py --check

bench: $(VENV)/.dev
	failed=0; for benchmark in $(BENCHMARKS); do $(PY) "$$benchmark" || failed=1; done; exit $$failed

schemas: $(VENV)/.runtime
	$(VENV)/bin/invoice-mcp schemas --write

docs: $(VENV)/.runtime
	$(PY) docs/generate.py

long: $(VENV)/.dev
	$(PY) -m pytest -n auto --maxprocesses 4 -m long

packaging: $(VENV)/.dev
	$(PY) -m pytest -m packaging tests/test_packaging.py

tokens:
	npm install --silent --no-save --prefix .cache/node gpt-tokenizer@4

clean:
	rm -rf $(VENV) build dist .cache .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.runtime: pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "invoice-mcp needs Python 3.11 or newer with its venv module, and found none on PATH." >&2; \
		echo "Install one (on Debian: python3 and python3-venv), or name it: make PYTHON=python3.12" >&2; \
		exit 1; }
	@test -x $(PY) || { echo "Setting up $(VENV), once."; "$(PYTHON)" -m venv --clear $(VENV); }
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# Dependency groups need pip 25.1, which is newer than what Python 3.11 brings.
$(VENV)/.dev: pyproject.toml $(VENV)/.runtime
	@$(PY) -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	@$(PY) -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@
