# `make demo` runs the main job; `make test` passes the tests. Both do all set-up themselves.

# The newest Python that runs: a name on the PATH may be a shim that leads nowhere.
PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && command -v $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Where this is set, each process of the tests compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test quick check soak bench dist clean
.DELETE_ON_ERROR:

demo: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

test: $(READY) $(VENV)/.hypervisors
	$(BIN)/pytest -n 3 --dist worksteal providers/libvirt providers/aws providers/gcp tests

# What needs no more than the virtual environment: no root, no network, no programs of the system.
quick: $(READY)
	$(BIN)/pytest --quick -n 2 --dist worksteal tests providers/aws/tests/unit providers/gcp/tests/unit providers/libvirt/tests/unit

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: $(READY) $(VENV)/.hypervisors
	$(BIN)/pytest -m soak -n 2 --dist worksteal -rP providers tests
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest -n 2 tests/property

bench: $(READY) $(VENV)/.hypervisors
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/calls.py
	$(BIN)/python benchmarks/rates.py
	$(BIN)/python benchmarks/estimates.py
	$(BIN)/python benchmarks/takeovers.py
	$(BIN)/python benchmarks/growth.py --plot docs/performance-growth.svg
	$(BIN)/python benchmarks/hosts.py
	$(BIN)/python benchmarks/side_by_side.py 10
	$(BIN)/python benchmarks/side_by_side.py
	$(BIN)/python benchmarks/simulator.py
	$(BIN)/python benchmarks/clouds/compare.py aws
	$(BIN)/python benchmarks/clouds/compare.py gcp
	$(BIN)/python benchmarks/clouds/apply_seconds.py aws
	$(BIN)/python benchmarks/clouds/apply_seconds.py gcp
	$(BIN)/python benchmarks/clouds/estimates.py aws
	$(BIN)/python benchmarks/clouds/estimates.py gcp
	$(BIN)/python benchmarks/clouds/waits.py aws
	$(BIN)/python benchmarks/clouds/waits.py gcp
	$(BIN)/python benchmarks/hypervisors/compare.py
	$(BIN)/python benchmarks/vault/compare.py

# Wheels, source archives and the list of their components, in dist/.
dist: $(READY)
	rm -rf dist
	tools/dist $(VENV) dist

$(READY): pyproject.toml $(wildcard providers/*/pyproject.toml) tools/setup
	@tools/setup $(VENV) "$(PYTHON)"

$(VENV)/.hypervisors: $(READY) tools/setup-libvirt
	@tools/setup-libvirt $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
