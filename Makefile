# Shortcuts; README.md has the commands behind them.
.PHONY: all setup test check format clean

CORES ?= 8
BIN := .venv/bin

all: setup
	$(BIN)/snakemake --cores $(CORES) all

setup:
	python3 envs/setup.py

test: setup
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules
	$(BIN)/python workflow/scripts/config_document.py --schema config/schema.yaml --document config/README.md

clean:
	find results -mindepth 1 -not -name .gitkeep -delete
	rm -rf .snakemake
