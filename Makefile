# Two commands do everything: `make demo` and `make test`. Each sets up its own environment first.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

.PHONY: help setup demo test reference lint types docs unit interop bench lock clean

help:
	@echo "make demo   the main job on this repository, from build to audit package"
	@echo "make test   lint, types, import contracts, docs and every test"
	@echo "make interop   cosign both ways; builds it with Go, once"
	@echo "make lint | types | docs | unit | reference | bench | lock | clean"

setup:
	@$(PYTHON) tools/setup.py

demo: setup
	@$(BIN)/python demo/demo.py

test: lint types docs unit

reference: setup
	$(BIN)/cog -I tools -r docs/reference/*.md
	$(BIN)/python tools/transcript.py --write README.md docs/tutorial/*.md docs/guides/*.md

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/codespell src tests docs tools benchmarks demo *.md

types: setup
	$(BIN)/mypy
	$(BIN)/mypy --strict typing_tests

docs: setup
	$(BIN)/cog -I tools --check docs/reference/*.md
	$(BIN)/sphinx-build -n -W -q -b html docs .build/docs

unit: setup
	$(BIN)/pytest -n 2 --dist worksteal

interop: setup
	GATEBOOK_INTEROP=1 $(BIN)/pytest -n 2 --dist worksteal -m interop tests/interop

bench: setup
	@for each in benchmarks/*.py; do echo "== $$each"; $(BIN)/python $$each || exit 1; done

lock: setup
	$(BIN)/python tools/lock.py

clean:
	rm -rf .venv .build dist
