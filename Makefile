.PHONY: run test bench soak spec docs install format

run: ## install, migrate, build the demo clinic on first start, start the worker, serve
	@exec scripts/run.sh

test: ## every check that CI runs
	@scripts/test.sh

bench: ## measure pages, search, booking under contention, PDF and Excel, beside a bare Django page
	@scripts/install.sh --dev
	@.venv/bin/python -m scripts.bench $(BENCH)

soak: ## a mixed day under kills, then hostile input, then the proof, on both engines; SOAK="--minutes 10 --engines sqlite"
	@scripts/install.sh --dev
	@.venv/bin/python -m scripts.soak $(SOAK)

spec: ## the rows of the specification that no passing test names
	@.venv/bin/python scripts/spec_rows.py

docs: ## renew the generated parts of docs/
	@.venv/bin/python -m scripts.docs_diagrams && .venv/bin/python -m scripts.docs_permissions

install:
	@scripts/install.sh --dev

format:
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .
