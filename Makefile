# The commands of this project. Each sets up what it needs; all of it lives in .venv, .env and var.
# exec: the program takes the shell's place, so that a signal to make reaches it.
BOOTSTRAP = exec scripts/python311.sh -m scripts.bootstrap
VENV_PYTHON = exec .venv/bin/python
MESSAGES = --locale vi --ignore tests --ignore .venv --ignore var --no-wrap --add-location file

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests run test torture check messages clean

help:
	@echo "make run       the portal at http://127.0.0.1:8000 (PORT=8001 for another port); Ctrl-C stops it"
	@echo "make test      all tests, on SQLite and on PostgreSQL (ARGS=\"tests/agencies -k code\", DB=sqlite)"
	@echo "make torture   1,000 approvals while workers, Redis and PostgreSQL are killed (ARGS=\"--count 200\")"
	@echo "make check     format, lint, types, import directions, migrations, deploy settings"
	@echo "make setup     only what these need: environment, system libraries, .env"
	@echo "make messages  collect the texts to translate into locale/vi"
	@echo "make clean     remove caches and the environment; .env and var (your data) stay"

setup:
	@$(BOOTSTRAP)

setup-tests:
	@$(BOOTSTRAP) --tests

run: setup
	@$(VENV_PYTHON) -m scripts.run

test: setup-tests
	@$(VENV_PYTHON) -m scripts.test $(ARGS)

torture: setup-tests
	@$(VENV_PYTHON) -m tests.torture.run $(ARGS)

check: setup
	@$(VENV_PYTHON) -m scripts.check

messages: setup-tests
	@.venv/bin/python manage.py makemessages $(MESSAGES)
	@$(VENV_PYTHON) manage.py makemessages --domain djangojs $(MESSAGES)

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +
