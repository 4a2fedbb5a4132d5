# make demo       a virtual environment, the install, and the main job
# make reproduce  the same with everything: all studies, verify, gradcheck, and the page results/report.html
# make test       the environment with the test extras, and the tests that are quick, on all cores
# make test-slow  the others: the program as a process, a cluster, signals, a browser, timings
# make test-tensorflow  installs TensorFlow, and holds our core against it
# make test-faults  killed workers, full disks, jumping clocks: 20 random moments per fault (MOMENTS=3 for fewer); some take root
# make check      lint and types
# make example    docs/example.html, the page of a full run, and a picture of it; takes Chromium

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo reproduce example test test-slow test-faults test-tensorflow check clean

demo: $(VENV)/.installed
	$(BIN)/bnlab sweep weight-scale --replicates 1

reproduce: $(VENV)/.installed
	$(BIN)/bnlab reproduce

example: $(VENV)/.installed
	$(BIN)/bnlab reproduce --seed 2026 --out results/example
	cp results/example/report.html docs/example.html
	chromium --headless --no-sandbox --hide-scrollbars --window-size=1100,1250 --screenshot=docs/example.png docs/example.html

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

test-slow: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n auto --dist worksteal -m slow

test-tensorflow: $(VENV)/.installed-test $(VENV)/.installed-tensorflow
	$(BIN)/python -m pytest tests/engines tests/parity tests/layers/test_awkward.py tests/docs/test_frameworks.py -k "tensorflow or TensorFlow"

MOMENTS ?= 20

test-faults: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n auto --dist worksteal tests/faults --moments $(MOMENTS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
