PYTHON ?= $(if $(wildcard .venv/bin/python),.venv/bin/python,python)

.PHONY: check docs
check:
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest

docs:
	$(PYTHON) -m mkdocs build --strict
