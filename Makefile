# "make help" lists what there is. Versions of the tools stand in tools/.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c

GOFUMPT     := go tool -modfile=tools/go.mod gofumpt
STATICCHECK := go tool -modfile=tools/go.mod staticcheck
LINT        := go tool -modfile=tools/lint/go.mod golangci-lint

# The race detector needs a C compiler; .ci/prepare says so where there is none.
# SQLite, translated from C, is watched by its own authors: compiled without the
# detector it is nine times faster, and all that calls it is still watched. Only
# that package: its neighbours share instances of generic code, such as sync.Map,
# with everything else, and the detector then reports races that there are none.
RACE         = $$(command -v "$$(go env CC)" >/dev/null && echo -race '-gcflags=modernc.org/sqlite/lib=-race=false' || true)

# "make check" has vetted the code, and twenty test programs need no debugger's
# tables: half a minute of two processors.
QUICK        = -vet=off '-ldflags=-s -w'

.DEFAULT_GOAL := help
.PHONY: help check lint test test-long screenshots bench benchmarks generate build

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

check: ## all that must hold before a commit, quick: generated code, format, vet, staticcheck, imports, go.mod
	@.ci/unchanged go generate ./...
	@unformatted=$$($(GOFUMPT) -l . | grep -v '_templ\.go$$' || true); if [[ -n $$unformatted ]]; then \
		echo "not formatted, \"make generate\" does it:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	$(STATICCHECK) ./...
	go test -run '^Test(ImportTable|FolderNames|CitedRules|EveryRule)' ./cmd/trasloco
	go mod tidy -diff

lint: ## golangci-lint with every linter of .golangci.yml (the first time builds it: minutes)
	$(LINT) run ./...

# Many tests wait more than they work. What they leave of the processors is for the
# cuts without the detector, of which there are more.
test: ## install what the tests need (Debian packages) and run them all
	@.ci/prepare
	@figures=$$(mktemp) plain=$$(mktemp) status=0; trap 'rm -f "$$figures" "$$plain"' EXIT; export FIGURES=$$figures; \
	nice -n 5 go test $(QUICK) -parallel 4 -run '^TestCutAtEveryOctet$$' ./imapsync >"$$plain" 2>&1 & cuts=$$!; \
	go test $(QUICK) $(RACE) -shuffle=on -parallel 4 -timeout 11m ./... || status=$$?; \
	wait "$$cuts" || status=$$?; cat "$$plain" "$$figures"; exit "$$status"

test-long: ## the whole of what "make test" samples, then fuzzing: an hour or more
	@.ci/prepare
	TEST_LONG=1 go test $(RACE) -shuffle=on -parallel 4 -timeout 120m -v -skip '^TestCutAtEveryOctet$$' ./...
	TEST_LONG=1 go test -parallel 4 -timeout 60m -v -run '^TestCutAtEveryOctet$$' ./imapsync
	.ci/fuzz

screenshots: ## pictures of every page and state (STATES=regexp: of these), in bin/screenshots/index.html
	@.ci/prepare
	@rm -rf bin/screenshots && mkdir -p bin/screenshots
	GALLERY=$$PWD/bin/screenshots go test -count=1 -timeout 60m -run '^TestGallery$$' ./handlers
	@echo bin/screenshots/index.html

bench: ## copy with the product, mbsync and imapsync, side by side (BENCHFLAGS=-h lists the flags)
	@imapsync/imaptest/bench/prepare
	go run ./imapsync/imaptest/bench $(BENCHFLAGS)

benchmarks: ## every Go benchmark, with allocations
	go test -run '^$$' -bench . -benchmem ./...

generate: ## write generated code anew and format everything
	go generate ./...
	$(GOFUMPT) -w $$(git ls-files --cached --others --exclude-standard '*.go' | grep -v '_templ\.go$$')

build: ## bin/trasloco, static; its version is that of the checkout
	CGO_ENABLED=0 go build -trimpath -o bin/trasloco ./cmd/trasloco
