# Every command of this project. Bare `make` lists them; what each one does stands in scripts/.
# A fresh machine needs git, make and Python 3.11 or newer: the rest is set up by the commands themselves.

HOST ?= 127.0.0.1
PORT ?= 8000
DATA ?= var
DEMO ?= 1
SEEDS ?= 50
START ?= 1

# The server reads its settings from the environment, under these names (server/config.py).
settings = AUDITBOOK_HOST='$(HOST)' AUDITBOOK_PORT='$(PORT)' AUDITBOOK_DATA='$(DATA)' AUDITBOOK_DEMO='$(DEMO)'

.DEFAULT_GOAL := help
.PHONY: help run test torture tour bench pictures check dev contract notices lock clean

help: ## List every command with a sentence.
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: ## Set up what is missing, then serve Auditbook with demo data (HOST=127.0.0.1 PORT=8000 DATA=var DEMO=1).
	@scripts/python-environment.sh run
	@scripts/pwa.sh build
	@$(settings) exec .venv/bin/auditbook serve

test: ## Set up what is missing, then run every test on both sides, in real browsers too.
	@scripts/test.sh

torture: ## Tell seeded stories in which everything goes wrong, and write docs/torture-results.md (SEEDS=50 START=1).
	@SEEDS='$(SEEDS)' START='$(START)' scripts/torture.sh

tour: ## Drive a browser through one whole audit; the sealed PDF, the e-mail and screenshots land in var/tour/.
	@scripts/test-environment.sh
	@CHROMIUM="$$(scripts/browser.sh)" .venv/bin/python -m tests.e2e.tour var/tour

bench: ## Measure beside floors, and beside the sync peers that AUDITBOOK_PEERS names; figures land in var/bench/ (ONLY="sync folds": some).
	@scripts/test-environment.sh
	@CHROMIUM="$$(scripts/browser.sh)" .venv/bin/python -m tests.bench $(ONLY)

pictures: ## Take README's pictures from the last tour.
	@scripts/python-environment.sh test
	.venv/bin/python scripts/pictures.py

check: ## Style, types, import rules and the quick tests on both sides: run before each commit.
	@scripts/python-environment.sh test
	@scripts/pwa.sh install
	@scripts/check.sh

dev: ## Serve with reload, the PWA through Vite (http://localhost:5173), mail written to var/mail/; Ctrl-C ends both.
	@scripts/python-environment.sh test
	@scripts/pwa.sh install
	@$(settings) exec .venv/bin/python scripts/dev.py

contract: ## Write schemas/contract.json from the schemas, and the PWA's types from it.
	@scripts/python-environment.sh run
	@scripts/pwa.sh install
	.venv/bin/python -m schemas.export
	scripts/node.sh pwa/node_modules/.bin/openapi-typescript schemas/contract.json -o pwa/src/generated/contract.ts

notices: ## Write THIRD-PARTY-NOTICES.md from the licences of what is installed.
	@scripts/python-environment.sh test
	@scripts/pwa.sh install
	.venv/bin/python scripts/third_party_notices.py

lock: ## Write the Python lock files anew from pyproject.toml (UPGRADE=1 also moves to the newest releases).
	@UPGRADE='$(UPGRADE)' scripts/lock.sh

clean: ## Remove what the commands above installed and built; the data in var/ stays.
	rm -rf .venv pwa/node_modules pwa/dist build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find server schemas migrations tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
