# Two commands are enough: `make run` and `make test`. The others are for those who work on the code.

PYTHON ?= python3
BIN := .venv/bin
# Words handed to pytest, e.g. make test PYTEST="-k till -x"
PYTEST ?=
# What crosses the services takes longest and is collected first: a worker must not end with it alone. Two processors have
# work for four where a part of the files only waits (grenier.testing_process deals them so), for three with Chromium.
SPREAD := --dist loadfile --no-loadscope-reorder

# Without the compiled copies of modules each of the many processes starts twice as slowly.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test lint format story behaviours bench chaos sim fuzz soak audit proofs stop status requirements clean packages-run packages-test

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | expand -t 16

run:  ## prepare the machine, start everything, say where to click (Ctrl-C stops)
	@$(PYTHON) infra/bootstrap.py run
	@$(BIN)/python -m grenier_infra.launcher up --demo

stop:  ## stop what `make run` started from another terminal
	@$(BIN)/python -m grenier_infra.launcher stop

status:  ## the processes of the running installation
	@$(BIN)/python -m grenier_infra.launcher status

test: prepare-test lint  ## prepare the machine and run every check: lint, types, all tests (PYTEST="-k till": these only)
ifdef PYTEST
	@$(BIN)/python -m pytest $(PYTEST)
else
	@$(BIN)/python -m pytest -q -n 4 $(SPREAD) -m "not slow and not browser"
	@$(BIN)/python -m pytest -q -n 3 $(SPREAD) -m "slow or browser"
endif

lint: prepare-test  ## style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: prepare-test  ## put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

story: prepare-test  ## play the month of the federation over HTTP, step by step (STORY=amap: a season of an AMAP)
	@$(BIN)/python -m tests.story $(STORY)

behaviours: prepare-test  ## which lines of the source documents the acceptance tests cover (ARGS=S4:57: where the code of one is)
	@$(BIN)/python -m tests.behaviours $(ARGS)

bench: prepare-test  ## what everything costs, beside an ordinary application, other event stores and the limits of the machine
	@$(BIN)/python -m tests.bench $(ARGS)

# The long forms of the proofs T1 to T40: each prints a table and ends with an error on a miss. Words for the program: ARGS.
chaos: prepare-test  ## processes, disks and servers fail while orders arrive
	@$(BIN)/python -m tests.chaos $(ARGS)

sim: prepare-test  ## thousands of seeded simulations of the whole in one process
	@$(BIN)/python -m tests.sim $(ARGS)

fuzz: prepare-test  ## the API against its own description, as every role
	@$(BIN)/python -m tests.fuzz $(ARGS)

soak: prepare-test  ## half an hour at half load: nothing grows, nothing slows
	@$(BIN)/python -m tests.soak $(ARGS)

audit: prepare-test  ## the bill of materials (build/sbom.cdx.json) and the known vulnerabilities of what it lists (asks the network)
	@$(BIN)/python -m tests.audit $(ARGS)

proofs: prepare-test  ## what is promised (T1 to T40) and what the long forms last measured
	@$(BIN)/python -m tests.proof

# The pins are remade on purpose only; addresses of registries stay out of the files.
requirements: prepare-test  ## resolve the pinned dependencies anew
	@$(BIN)/uv lock --quiet --upgrade
	@$(BIN)/uv export --quiet --frozen --no-emit-workspace --no-dev --group build --no-header --no-annotate -o infra/requirements/run.txt
	@$(BIN)/uv export --quiet --frozen --no-emit-workspace --only-group dev --no-header --no-annotate -o infra/requirements/dev.txt

packages-run:  ## (root) only the Debian packages that `make run` needs
	@$(PYTHON) infra/bootstrap.py packages-run

packages-test:  ## (root) only the Debian packages that `make test` needs
	@$(PYTHON) infra/bootstrap.py packages-test

clean:  ## remove what was built; the data folder stays
	@rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: prepare-test
prepare-test:
	@$(PYTHON) infra/bootstrap.py test
