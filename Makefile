# Millrace. `make help` lists what there is.
# Tools are pinned here and installed to ./var/bin, unless PATH has them at that version.
SQLC_VERSION          := v1.31.1
GOLANGCI_LINT_VERSION := v2.15.0
OASDIFF_VERSION       := v1.33.0
GITLEAKS_VERSION      := v8.30.1
GOVULNCHECK_VERSION   := v1.1.4

BIN  := $(CURDIR)/var/bin
export PATH := $(BIN):$(PATH)
# Real input for the tests that take it; they are skipped where it is not at hand.
export MILLRACE_TEST_DATA ?= $(abspath ../shared/data)
DATA ?= $(MILLRACE_TEST_DATA)/adventureworks
# Known vulnerabilities as a folder of OSV files, for machines that do not reach vuln.go.dev.
VULNDB ?= $(MILLRACE_TEST_DATA)/vulndb/osv
GO   ?= go
TEST ?= ./...

.PHONY: help demo replay values test race screens guide lint security gen verify migration river-migrations structure checks bench bench-audit bench-volume bench-feed bench-floor openapi api-diff docs tools clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Show it at work with nothing set up (ONESHOT=1: end after the summary)
	@mkdir -p $(BIN) && $(GO) build -o $(BIN)/ ./cmd/api ./cmd/worker ./cmd/demo
	@exec $(BIN)/demo

replay: ## Import the AdventureWorks files into a private database and replay their history (DATA=folder)
	@$(GO) build -o $(BIN)/dba ./cmd/dba
	@$(GO) run ./internal/tools/testcluster -durable -- sh -ec 'export MILLRACE_DATABASE_URL="$$TEST_DATABASE_URL"; \
	  dba migrate up; dba import adventureworks "$(DATA)"; dba replay adventureworks "$(DATA)" --report var/replay.json'

values: ## Replay all of AdventureWorks and hold the value of every account and item against plain Go (MILLRACE_TEST_DATA)
	MILLRACE_ADVENTUREWORKS_ORDERS=all $(GO) test ./internal/adventureworks -run TestValuesOfTheFiles -count=1 -timeout 60m -v

test: ## Run all tests on a private, throw-away Postgres (TEST=./internal/inventory/... for a part)
	$(GO) run ./internal/tools/testcluster -- $(GO) test -timeout 20m $(TESTFLAGS) $(TEST)

race: ## Run all tests with the race detector
	$(GO) run ./internal/tools/testcluster -- $(GO) test -race $(TESTFLAGS) $(TEST)

screens: ## Picture every screen in several variants, with what the lint says: var/screens/index.html
	@rm -rf var/screens
	@cd internal/floor && MILLRACE_SCREENS_REPORT=$(CURDIR)/var/screens $(GO) test -run '^TestGlove$$' -count=1 -timeout 20m

guide: ## Make the pictures of docs/operator.md and the codes of docs/datawedge.md anew
	@$(GO) run ./internal/tools/scansheet
	@mkdir -p docs/operator
	@cd internal/floor && MILLRACE_GUIDE=$(CURDIR)/docs/operator $(GO) test -run '^TestGlove$$' -count=1 -timeout 20m

lint: $(BIN)/golangci-lint ## Lint the Go code, walls between packages included
	golangci-lint run --allow-parallel-runners

# gosec and staticcheck run within golangci-lint, at the versions that it brings: see .golangci.yml.
security: $(BIN)/gitleaks $(BIN)/govulncheck lint ## Look for secrets, for known vulnerabilities (MILLRACE_TEST_DATA/vulndb), and with gosec and staticcheck
	@if git rev-parse --git-dir >/dev/null 2>&1; then gitleaks git --no-banner --redact --verbose .; else gitleaks dir --no-banner --redact --verbose .; fi
	@if [ -d "$(VULNDB)" ]; then govulncheck -db "file://$(abspath $(VULNDB))" ./...; \
	elif [ -n "$(CI)" ]; then echo "govulncheck: there is no $(VULNDB), so known vulnerabilities were not looked for"; \
	else govulncheck ./...; fi

gen: $(BIN)/sqlc ## Write everything that is generated
	@$(GO) run ./internal/tools/migration
	@if grep -q '^  - ' sqlc.yaml; then sqlc generate; fi
	@before=$$(cat sql/functions/event/required_scope.sql sql/functions/event/is_for_all_sites.sql 2>/dev/null | cksum); \
	  $(GO) run ./internal/tools/scopes; \
	  [ "$$before" = "$$(cat sql/functions/event/required_scope.sql sql/functions/event/is_for_all_sites.sql | cksum)" ] || $(GO) run ./internal/tools/migration
	@if [ -d internal/tools/problems ]; then $(GO) run ./internal/tools/problems; fi
	@if [ -d internal/tools/openapi ]; then $(GO) run ./internal/tools/openapi; fi
	@$(GO) run ./internal/tools/schemadoc

verify: gen ## Fail if anything generated is not as it is checked in
	@changes=$$(git status --porcelain); if [ -n "$$changes" ]; then \
	  echo "make gen changes what is checked in; run it and commit:"; echo "$$changes"; git --no-pager diff | head -100; exit 1; fi

migration: ## Write or renew a migration: make migration name=lot_expiry
	@[ -n "$(name)" ] || { echo "usage: make migration name=what_changes"; exit 2; }
	@$(GO) run ./internal/tools/migration -name $(name)

river-migrations: ## Add the versions of River that the series does not have yet
	@$(GO) run ./internal/tools/rivermigrations && $(GO) run ./internal/tools/migration

checks: ## Run every invariant of sql/checks against MILLRACE_DATABASE_URL
	@$(GO) run ./cmd/dba verify

bench: ## Measure posting beside TPC-B and a textbook service (BENCH="--duration 2s")
	@mkdir -p $(BIN) && $(GO) build -o $(BIN)/ ./cmd/api ./cmd/worker ./cmd/bench
	@exec $(BIN)/bench posting $(BENCH)

bench-audit: ## Measure only that part of bench which says what the audit costs
	@mkdir -p $(BIN) && $(GO) build -o $(BIN)/ ./cmd/bench
	@exec $(BIN)/bench posting --only "cost of the audit" $(BENCH)

bench-volume: ## Measure a ledger of many movements (ROWS=50000000)
	@mkdir -p $(BIN) && $(GO) build -o $(BIN)/ ./cmd/bench
	@exec $(BIN)/bench volume --rows $(or $(ROWS),5000000) $(BENCH)

bench-feed: ## Measure the feed: from posting to screen, 500 screens, catching up
	@mkdir -p $(BIN) && $(GO) build -o $(BIN)/ ./cmd/api ./cmd/worker ./cmd/bench
	@exec $(BIN)/bench feed $(BENCH)

bench-floor: ## Measure how long operators wait for the screen to answer a scan or tap, in Chromium
	@MILLRACE_BENCH_FLOOR=$(CURDIR)/bench/floor.json $(GO) test ./internal/floor -run '^$$' -bench Feedback -benchtime 1x -timeout 20m
	@$(GO) run ./cmd/bench page

openapi: ## Write docs/openapi.yaml from the routes
	@$(GO) run ./internal/tools/openapi

api-diff: ## Show what breaks API clients since the last release
	@tag=$$(git describe --tags --abbrev=0 2>/dev/null) || { echo "no release yet: nothing to compare with"; exit 0; }; \
	mkdir -p var && git show $$tag:docs/openapi.yaml > var/openapi-released.yaml && \
	$(GO) run github.com/oasdiff/oasdiff@$(OASDIFF_VERSION) breaking --fail-on ERR var/openapi-released.yaml docs/openapi.yaml

docs: ## Write docs/schema and sql/structure.sql from the migrations
	@$(GO) run ./internal/tools/schemadoc

tools: $(BIN)/sqlc $(BIN)/golangci-lint $(BIN)/gitleaks $(BIN)/govulncheck ## Install the pinned tools

clean: ## Remove what the build leaves behind
	@for link in var/demo/*; do [ ! -L "$$link" ] || rm -rf "$$(readlink "$$link")"; done
	rm -rf var

# A link in var/bin stands for a tool that PATH has at the right version.
$(BIN)/sqlc: Makefile
	@mkdir -p $(BIN); rm -f $@
	@found=$$(command -v sqlc || true); if [ -n "$$found" ] && [ "$$("$$found" version)" = "$(SQLC_VERSION)" ]; then \
	  ln -s "$$found" $@; else GOBIN=$(BIN) $(GO) install github.com/sqlc-dev/sqlc/cmd/sqlc@$(SQLC_VERSION); fi
	@touch -h $@

$(BIN)/golangci-lint: Makefile
	@mkdir -p $(BIN); rm -f $@
	@found=$$(command -v golangci-lint || true); if [ -n "$$found" ] && "$$found" version | grep -qF "version $(GOLANGCI_LINT_VERSION:v%=%) "; then \
	  ln -s "$$found" $@; else GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION); fi
	@touch -h $@

# Neither of the two tells a version that could be compared, so the pinned one is installed.
$(BIN)/gitleaks: Makefile
	@mkdir -p $(BIN); GOBIN=$(BIN) $(GO) install github.com/zricethezav/gitleaks/v8@$(GITLEAKS_VERSION) && touch $@

$(BIN)/govulncheck: Makefile
	@mkdir -p $(BIN); GOBIN=$(BIN) $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) && touch $@
