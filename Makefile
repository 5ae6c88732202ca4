# The two commands a newcomer needs: `make demo` and `make test`. Plain venv and pip, no build tool to learn.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Always by constraints.txt: of a mere range of torch pip takes a build that brings several GB of CUDA.
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --constraint constraints.txt
# Compiled bytecode is kept, or every start of a command would compile its libraries anew.
export PYTHONDONTWRITEBYTECODE :=
# One thread per test worker: two workers that each take two threads are slower than one.
TESTENV := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

.PHONY: demo test test-slow lint clean

$(VENV)/.core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/.test: $(VENV)/.core
	$(PIP) --editable '.[test]'
	touch $@

demo: $(VENV)/.core
	$(BIN)/trainwright demo

lint: $(VENV)/.test
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	sh tests/install-browser.sh
	sh tests/install-postgres.sh
	$(TESTENV) $(BIN)/python -m pytest -n 2 --dist loadgroup

test-slow: lint
	sh tests/install-postgres.sh
	$(TESTENV) $(BIN)/python -m pytest -n 2 --dist loadgroup -m slow

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
