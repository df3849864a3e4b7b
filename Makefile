# The way in. Everything happens in .venv at the root of the clone; nothing has to be installed first.
PYTHON ?= python3
BIN := .venv/bin

# Documents of which the code writes a part; the same are checked by tests/docs.
DOCS = $(shell grep -rl --include='*.md' --exclude-dir=node_modules '^<!-- \[\[\[cog' README.md functions infra tests)

.PHONY: demo test lint docs lock package finish bench schedules walks examples corpus kills escapes scale growth guest model simulate planted vectors fuzz advisories test-long clean

demo: .venv/local  ## mirror the bundled feeds on this machine and say what to look at
	@$(BIN)/feedmirror demo

test: .venv/dev  ## run the whole suite
	@$(BIN)/python -m pytest -n 2 --dist worksteal  # neighbours stay together, and share what they set up

lint: .venv/dev  ## formatting, rules, types, imports
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: .venv/dev  ## write anew what the documents take from the code
	@PYTHONPATH=functions:tests:infra $(BIN)/cog -r -P -U --verbosity=1 $(DOCS)

package: .venv/local  ## the functions' zip, as the template deploys it
	@$(BIN)/python infra/package.py

advisories: .venv/dev  ## is anything known against what is pinned? skipped where nobody can be asked
	@$(BIN)/python infra/advisories.py || test $$? = 3  # 3: skipped, and said so

STACK ?= feedmirror

finish: .venv/local  ## after a deployment: do what CloudFormation cannot, and tell what is left
	@$(BIN)/python infra/finish.py --stack $(STACK) || test $$? = 1  # 1: something is left to do

BENCH ?= *

bench: .venv/dev  ## speed and memory, side by side with peers (BENCH=readers takes one; FEEDS, ROUNDS)
	@for bench in tests/benchmarks/bench_$(BENCH).py; do $(BIN)/python $$bench || exit 1; done

SEEDS ?= 1 2
SCHEDULES = FEEDMIRROR_TEST_SCHEDULES=200 $(BIN)/python -m pytest -q -p no:randomly

schedules: .venv/dev  ## a fault at every call, and 200 random schedules of everything at once for each of SEEDS
	@$(SCHEDULES) -n 2 --dist worksteal tests/integration/test_takedown_faults.py \
		tests/integration/test_shard_moves.py tests/properties/test_backups.py
	@echo "seeds $(SEEDS): 200 schedules of 10 steps each, two seeds at a time"
	@printf '%s\n' $(SEEDS) | xargs -P 2 -I SEED env \
		$(SCHEDULES) --hypothesis-seed=SEED -k whatever_happens tests/properties/test_takedown_machine.py

corpus: .venv/dev  ## every real feed beside the clone goes the whole way
	@FEEDMIRROR_TEST_WHOLE_CORPUS=1 $(BIN)/python -m pytest -q -n 2 \
		tests/integration/test_corpus_mirror.py tests/integration/test_corpus_feeds.py \
		tests/integration/test_corpus_deltas.py

examples: .venv/dev  ## three times as many drawn examples of whatever must hold for any input
	@FEEDMIRROR_TEST_EXAMPLES=150 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m hypothesis

WALKS_BY ?= 1

walks: .venv/dev  ## something else at each single call of a run, where the suite takes every eleventh
	@FEEDMIRROR_TEST_STRIDE=$(WALKS_BY) $(BIN)/python -m pytest -q -n 2 --dist worksteal -p no:randomly \
		tests/integration/test_crashes.py tests/integration/test_races.py tests/integration/test_retirement.py \
		tests/integration/test_shards.py tests/integration/test_takedown_faults.py tests/integration/test_takedown_protocol.py \
		tests/integration/test_rebuild.py tests/integration/test_load.py tests/integration/test_backup.py tests/integration/test_whole_hosts.py

MOMENTS ?= 50

kills: .venv/dev  ## a running `serve` killed at fifty moments, while it polls and takes mail
	@FEEDMIRROR_TEST_KILLS=$(MOMENTS) $(BIN)/python -m pytest -q -n 2 tests/e2e/test_serve_kills.py

escapes: .venv/dev  ## every way into the inside network, with ours and with plain clients
	@FEEDMIRROR_TEST_STRIDE=1 $(BIN)/python -m pytest -q -s -p no:randomly tests/integration/test_escapes.py

ITEMS ?= 100000
KILLS ?= 20
SEED ?= 1

scale: .venv/dev  ## a host of ITEMS taken down by processes of which KILLS are killed, at moments that SEED draws
	@PYTHONPATH=tests $(BIN)/python tests/killed_sweep.py $(ITEMS) $(KILLS) $(SEED)

growth: .venv/dev  ## 1,000 to 1,000,000 feeds simulated on what the code takes here: times, requests, cost, what breaks first
	@$(BIN)/python tests/benchmarks/scale.py $(SEED)

guest: .venv/dev  ## a month beside `reader` and cron: fewest requests, at no longer a wait
	@FEEDMIRROR_TEST_DAYS=30 $(BIN)/python -m pytest -q tests/integration/test_a_month.py

model: .venv/dev  ## all that may happen within small bounds, by a model of the protocol; STORY tells a departure's
	@PYTHONPATH=functions $(BIN)/python -m model $(if $(STORY),"$(STORY)")

SEEDS_FROM ?= 1
SEEDS_TO ?= 10000
SIMULATOR = PYTHONPATH=functions:tests $(BIN)/python -m simulator

simulate: .venv/dev  ## both handlers under seeded faults and schedules: no promise breaks
	@$(SIMULATOR) --from $(SEEDS_FROM) --to $(SEEDS_TO)

planted: .venv/dev  ## faults planted into the code: which seed finds which
	@$(SIMULATOR) --to 500 --each-planted

VECTORS_BY ?= 1

vectors: .venv/dev  ## six thousand hostile texts in a browser: each line of defence alone, and neither
	@FEEDMIRROR_TEST_VECTORS=$(VECTORS_BY) $(BIN)/python -m pytest -q -s -p no:randomly -o timeout=1800 \
		tests/integration/test_markup_in_a_browser.py

FUZZ_SECONDS ?= 20
GROWTH_SEED ?= $(shell date +%Y%m%d)

fuzz: .venv/dev  ## everything that reads what others wrote, for FUZZ_SECONDS each (FUZZ_TARGETS names some)
	@$(BIN)/python tests/fuzz/run.py $(FUZZ_SECONDS) $(FUZZ_TARGETS)
	@$(BIN)/python tests/fuzz/growth.py 15 $(GROWTH_SEED) $(FUZZ_TARGETS)

# What has a single process goes two at a time, the longest first; the rest has two by itself.
ALONE = scale guest model escapes
IN_TWO = simulate schedules walks examples corpus kills vectors fuzz
APART = $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)  # not in make 3

# Shares of them, lest CI take over half an hour on a processor of half the speed.
test-long: export FUZZ_SECONDS = 3
test-long: export FUZZ_SEED = 1
test-long: export GROWTH_SEED = 1
test-long: export ITEMS = 20000
test-long: export MOMENTS = 20
test-long: export SEEDS = 1
test-long: export SEEDS_TO = 1000
test-long: export VECTORS_BY = 16
test-long: export WALKS_BY = 3
test-long: .venv/dev  ## what takes longer than the suite may
	@$(MAKE) --no-print-directory -j 2 $(APART) $(ALONE)
	@$(MAKE) --no-print-directory -j 1 $(IN_TWO)

lock: .venv/dev  ## pin every dependency by hash
	$(BIN)/uv pip compile -q $(COMPILE) -o functions/requirements.txt pyproject.toml
	$(BIN)/uv pip compile -q $(COMPILE) --extra local --extra build -o functions/requirements-local.txt pyproject.toml
	$(BIN)/uv pip compile -q $(COMPILE) --extra dev --extra build -o tests/requirements.txt pyproject.toml

# Without the extras in a lock, pip takes the newest release for whatever is asked for with an extra.
COMPILE = --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'feedmirror needs Python 3.11 or newer: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/local: .venv/bin/python functions/requirements-local.txt pyproject.toml
	@echo 'Setting up .venv (about half a minute, once) ...'
	@$(INSTALL) --require-hashes -r functions/requirements-local.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: .venv/bin/python tests/requirements.txt pyproject.toml
	@echo 'Setting up .venv with the test tools (about a minute, once) ...'
	@$(INSTALL) --require-hashes -r tests/requirements.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ .venv/local

clean:
	rm -rf .venv .feedmirror build
