# Everything runs from .venv, which is made on first need. `make` alone lists the commands.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# More arguments for a command: make test ARGS="-k plan", make lock ARGS=--upgrade
ARGS ?=

FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# The first of these that fits; another one: make PYTHON=/path/to/python
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c '$(FITS)' 2>/dev/null && echo "$$python" && break; done)

BIN := .venv/bin
UV := $(BIN)/uv
VENV := .venv/.made
VENV_BENCH := .venv/.bench
VENV_DOCS := .venv/.docs
VENV_CELERY := .venv/.celery
# What is not in constraints.txt at its version and with one of its hashes is not installed, nor used to build.
INSTALL := $(UV) pip install -q --compile-bytecode --python $(BIN)/python
# A reader of CSV and JSON in C, built where there is a compiler
CC ?= cc
NATIVE := $(wildcard native/pyproject.toml native/setup.py native/src/* native/afschrift_native/*.py)
LOCKED := --require-hashes --require-build-hashes -b constraints.txt -c constraints.txt

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: $(VENV) ## Fulfil one person's access and portability requests on a demo warehouse
	@$(BIN)/python -m demo.run $(ARGS)

.PHONY: demo-canary
demo-canary: $(VENV) ## Plant a synthetic person in the demo warehouse, and see what the daily check finds
	@$(BIN)/python -m demo.canary $(ARGS)

# Tests commit to their registers some hundred thousand times: where there is room they do so in memory, without
# a wait for the disk. A file stays on one worker, with what its tests share. Compiled files stay, whatever the
# environment says: dozens of processes start.
MEMORY := $(shell [ "$$(df -m /dev/shm 2>/dev/null | awk 'END {print $$4 + 0}')" -gt 6000 ] && echo /dev/shm)
# Tests also wait, for servers, browsers and processes: one worker more than cores.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PYTEST = @$(if $(MEMORY),TMPDIR=$(MEMORY)) PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: test
test: $(VENV) ## Run all tests but the nightly ones
	$(PYTEST) -m "not nightly" $(ARGS)

.PHONY: test-quick
test-quick: $(VENV) ## Run the tests that start no server, no browser and no Airflow, and are not slow
	$(PYTEST) -m "not server and not slow and not nightly" $(ARGS)

.PHONY: test-nightly
test-nightly: $(VENV_CELERY) ## Run the nightly tests, and write their outcomes to tests/nightly.tsv
	@$(if $(MEMORY),TMPDIR=$(MEMORY)) PATH="$$PATH:/usr/sbin" CI=true AFSCHRIFT_CELERY=1 \
		PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -m nightly -n auto --dist loadfile --junitxml=build/nightly.xml $(ARGS) || failed=$$?; \
		$(BIN)/python tools/nightly.py write build/nightly.xml; exit $${failed:-0}

.PHONY: nightly-check
nightly-check: $(VENV) ## Fail where tests/nightly.tsv is over 40 commits old, or lacks a test or has a failed one
	@$(BIN)/python tools/nightly.py check

.PHONY: test-deep
test-deep: $(VENV) ## Try each property on thousands of examples, and walk each scenario to all its ends
	$(PYTEST) -m hypothesis --hypothesis-profile=deep --timeout 3600 $(ARGS)
	@AFSCHRIFT_WALK=whole PYTHONDONTWRITEBYTECODE= $(BIN)/pytest tests/e2e/test_state_walk.py --timeout 3600

.PHONY: test-hostile
test-hostile: $(VENV) ## Hold every door against texts, names and bodies that are made to hold it up
	$(PYTEST) tests/hostile $(ARGS)

.PHONY: test-forgeries
test-forgeries: $(VENV) ## Forge a register a thousand times by SQL: none delivered, all found, other requests answered
	@$(if $(MEMORY),TMPDIR=$(MEMORY)) AFSCHRIFT_FORGERIES=1000 $(BIN)/pytest tests/unit/steps/test_seeded_forgeries.py -s --timeout 3600 $(ARGS)

.PHONY: test-rules
test-rules: $(VENV) ## Take conditions out of rules of law, and see the tests that tests/rules.tsv names fail
	@$(if $(MEMORY),TMPDIR=$(MEMORY)) PATH="$$PATH:/usr/sbin" $(BIN)/python tools/mutate_rules.py $(ARGS)

.PHONY: mutants
mutants: $(VENV) ## Plant 300 small faults all over the product: what a test found before is found again
	@$(if $(MEMORY),TMPDIR=$(MEMORY)) PATH="$$PATH:/usr/sbin" $(BIN)/python tools/mutants.py run $(ARGS)

.PHONY: mutants-draw
mutants-draw: export COVERAGE_FILE := build/coverage
mutants-draw: $(VENV) ## Draw these faults anew from what the quick tests execute; a test that fails is not tried on them
	@rm -f build/coverage build/tests.xml
	-$(PYTEST) -m "not server and not slow and not nightly" --cov=plugins/afschrift --cov-context=test --cov-report= --junitxml=build/tests.xml
	@$(BIN)/python tools/mutants.py draw $(ARGS)

.PHONY: up
up: $(VENV) ## Start a local Airflow with the trigger form
	@$(BIN)/afschrift up $(ARGS)

.PHONY: check
check: $(VENV) ## Check format, lint, types, layers, words and the budget of code lines
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/words.py
	$(BIN)/python tools/code_lines.py

.PHONY: test-batch
test-batch: $(VENV) ## Read 400 persons together in four kinds of warehouse: each bundle is the one made alone
	@$(if $(MEMORY),TMPDIR=$(MEMORY)) AFSCHRIFT_BATCH_PERSONS=400 \
		PYTHONDONTWRITEBYTECODE= $(BIN)/pytest tests/e2e/test_all_customers.py -q --timeout 0 $(ARGS)

.PHONY: test-flat
test-flat: $(VENV) ## Fulfil requests of 5 and 20 million rows from DuckDB and a lake in the same memory
	@AFSCHRIFT_FLAT_ROWS=5000000,20000000 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest \
		tests/e2e/test_flat_memory.py -q --timeout 0 $(ARGS)

.PHONY: test-celery
test-celery: $(VENV_CELERY) ## Let requests go through Celery workers that are lost, and an S3 store and Redis fail
	@$(if $(MEMORY),TMPDIR=$(MEMORY)) AFSCHRIFT_CELERY=1 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest \
		tests/e2e/test_celery.py tests/contract/test_s3_store.py $(ARGS)

.PHONY: bench-fleet
bench-fleet: $(VENV_CELERY) ## Measure CPU seconds a request by process of Airflow, with Celery or (--workers 0) without
	@$(BIN)/python -m bench.fleet_cost $(ARGS)

.PHONY: bench-batch
bench-batch: $(VENV_BENCH) ## Measure a person in a batch beside one alone: ARGS="--kind lake --persons 1000"
	@$(BIN)/python -m bench.batch $(ARGS)

.PHONY: bench-desk
bench-desk: $(VENV_BENCH) ## Measure the first page, its search and the page of a request, on PostgreSQL
	@$(BIN)/python -m bench.desk $(ARGS)
	@$(BIN)/python -m bench.request_page

.PHONY: bench
bench: $(VENV_BENCH) ## Measure every case beside its limit, and the stages of a large one; writes bench/results
	@$(BIN)/python -m bench.run $(ARGS)
	@$(BIN)/python -m bench.stages

.PHONY: bench-large
bench-large: $(VENV_BENCH) ## The same with 20 million rows
	@$(BIN)/python -m bench.run --rows 20000000 --orders 1000000 --only wide $(ARGS)

.PHONY: bench-check
bench-check: $(VENV) ## Fail where a ratio of the last `make bench` is a quarter worse than recorded
	@$(BIN)/python -m bench.check $(ARGS)

.PHONY: bench-report
bench-report: $(VENV_BENCH) ## Print the tables of the last `make bench`, and draw the chart of the performance page
	@$(BIN)/python -m bench.report

.PHONY: docs
docs: $(VENV_DOCS) ## Build the documentation as a site in build/site; a broken link fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict $(ARGS)
	@echo "build/site/index.html"

.PHONY: venv
venv: $(VENV) ## Make or renew .venv

# s3fs comes with an fsspec of its own release, and Airflow's image keeps the one that it has.
.PHONY: lock
lock: $(UV) ## Resolve constraints.txt anew for Python 3.11 to 3.13 (ARGS=--upgrade: newest releases)
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --group dev --group build --group bench --group docs \
		--group celery --all-extras pyproject.toml portal/pyproject.toml -o constraints.txt \
		-c <(grep -h '^fsspec==' deploy/airflow-*.txt) $(ARGS)

.PHONY: wheel
wheel: $(VENV) ## Build wheel and sdist in dist: the same bytes wherever they are built from the same files
	@$(BIN)/python tools/wheel.py dist

.PHONY: wheel-native
wheel-native: $(VENV) ## Build the compiled reader of CSV and JSON for this platform in dist: one wheel for every Python
	@CC="$(CC)" $(UV) build -q --wheel --offline --no-build-isolation --python $(BIN)/python --out-dir dist native
	@ls dist/afschrift_native-*.whl

.PHONY: constraints-check
constraints-check: $(VENV) ## Resolve our requirements beside Airflow's official image, or a constraints file: FILE=...
	@$(BIN)/python tools/constraints_check.py $(FILE)

.PHONY: sbom
sbom: $(VENV) ## Write dist/afschrift.cdx.json, the bill of materials of what runs with Afschrift
	@$(BIN)/python tools/sbom.py dist/afschrift.cdx.json

.PHONY: advisories
advisories: $(VENV) ## Look up known vulnerabilities of what constraints.txt pins, where a service can be reached
	@$(BIN)/python tools/advisories.py $(ARGS)

.PHONY: clean
clean: ## Remove .venv, caches and build output; registers, keys and bundles stay
	rm -rf .venv build dist plugins/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv alone, so that `make lock` can resolve what pyproject.toml has that constraints.txt has not yet.
$(UV): constraints.txt
	@"$(PYTHON)" -c '$(FITS)' 2>/dev/null || { \
		echo "No Python 3.11, 3.12 or 3.13 here. Install one, or name it: make PYTHON=/path/to/python3.12" >&2; \
		exit 1; }
	@echo "Setting up .venv ..."
	@$(BIN)/python -c 'import pip; $(FITS)' 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@$(BIN)/python -m pip install -q --no-deps --require-hashes -r <(awk '/^[^ ]/ {on = /^uv==/} on' constraints.txt)
	@touch $@

$(VENV): $(UV) pyproject.toml bundles/pyproject.toml portal/pyproject.toml constraints.txt $(NATIVE)
	@$(INSTALL) $(LOCKED) --group dev --all-extras -r pyproject.toml -r portal/pyproject.toml
	@$(INSTALL) --no-deps --no-build-isolation -e . -e ./bundles -e ./portal
	@if command -v $(firstword $(CC)) >/dev/null && CC="$(CC)" $(INSTALL) --offline --no-deps \
		--no-build-isolation --reinstall-package afschrift-native ./native; then :; else \
		$(UV) pip uninstall -q --python $(BIN)/python afschrift-native 2>/dev/null || :; \
		echo "CSV and JSON are read back by the slower readers: no C compiler ($(CC)) built the other one. With one: make -B venv"; fi
	@echo ".venv is ready."
	@touch $@

$(VENV_BENCH): $(VENV)
	@$(INSTALL) $(LOCKED) --group bench
	@touch $@

$(VENV_DOCS): $(VENV)
	@$(INSTALL) $(LOCKED) --group docs
	@touch $@

$(VENV_CELERY): $(VENV)
	@$(INSTALL) $(LOCKED) --group celery
	@touch $@
