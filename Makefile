# CardBridge 憑證通. `make` lists what there is to do.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# make splits words at spaces: a path with one would be taken apart, by rm too.
$(if $(word 2,$(CURDIR)),$(error make cannot work in a folder whose path has a space: $(CURDIR)))

VERSION  := $(shell cat VERSION)
BUILD    := $(CURDIR)/build
BIN      := $(BUILD)/bin
POLICY   := github.com/cardbridge/cardbridge/host/internal/policy
AGENT    := github.com/cardbridge/cardbridge/host/internal/agent
LDFLAGS  := -X main.version=$(VERSION)
FUZZTIME ?= 30s
SUDO     := $(if $(filter 0,$(shell id -u)),,sudo)

# What Debian lacks. setup installs what is missing, each with its reason.
#   gcc libc6-dev        cgo, the C program that benchmarks compare with, the virtual USB bus
#   pcscd vsmartcard-vpcd opensc opensc-pkcs11 softhsm2   real PC/SC, a virtual reader, real PKCS#11 modules
#   cackey ykcs11        other people's modules for the same card
#   chromium firefox-esr fonts-noto-cjk   the browsers, Chinese in their screenshots
#   openssl libssl-dev   a second opinion on signatures
#   postgresql sqlite3   the portal's databases, seen with their own tools
#   debootstrap          a Debian of its own, in which systemd, logind and polkit are real
#   gcc-mingw-w64-x86-64-win32   that the Windows build stays whole
#   g++-mingw-w64-x86-64-win32   SoftHSM as a library for Windows
#   wixl msitools osslsigncode   the MSI for Windows, its tables, its signature
#   libengine-pkcs11-openssl   that osslsigncode signs with keys in hardware
#   wine64               that the Windows build runs: service, pipe
#   gcc-aarch64-linux-gnu libc6-dev-arm64-cross   packages for arm64
#   lintian rpm          what Debian and rpm say of our packages
#   libxml2-utils        an XML validator of other people's: Group Policy templates
#   python3 shellcheck   readers of other people's: property lists of macOS, shell scripts
#   man-db               that our man pages are well formed (with groff)
PACKAGES := gcc libc6-dev pcscd vsmartcard-vpcd opensc opensc-pkcs11 softhsm2 cackey ykcs11 chromium firefox-esr fonts-noto-cjk openssl libssl-dev postgresql sqlite3 gcc-mingw-w64-x86-64-win32 g++-mingw-w64-x86-64-win32 man-db libxml2-utils python3 shellcheck debootstrap wine64 wixl msitools osslsigncode libengine-pkcs11-openssl gcc-aarch64-linux-gnu libc6-dev-arm64-cross lintian rpm

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

.PHONY: setup
setup: node_modules/.package-lock.json ## Install what is missing (Debian packages, npm packages); needs root or sudo.
	@missing=(); for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing+=($$p); done; \
	if [ $${#missing[@]} -gt 0 ]; then \
		echo "setup: installing $${missing[*]}"; \
		$(SUDO) apt-get update -qq; \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null; \
	fi

node_modules/.package-lock.json: package.json package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: build
build: ## Build the host as released: build/bin/release/cardbridge.
	go build -trimpath -ldflags "-s -w $(LDFLAGS)" -o $(BIN)/release/cardbridge ./host

# The host of demo and tests: loopback portals, the test extension's id, a policy and an agent's socket below build/ (build tag dev).
.PHONY: dev
dev:
	@go build -tags dev -ldflags "$(LDFLAGS) -X $(POLICY).devPath=$(BUILD)/dev/policy.json -X $(AGENT).devSocket=$$(node tests/world/agentsocket.mjs)" -o $(BIN)/cardbridge ./host
	@go build -o $(BIN)/portal ./portal/demo
	@go build -o $(BIN)/cardrig ./testcard/cmd/cardrig
	@go build -o $(BIN)/pgrig ./tests/postgres/pgrig

.PHONY: demo
demo: setup dev ## Log in: portal, virtual card, browser (PIN_IN_PAGE=1; CARD=module.so TRUST=folder for a card of your own).
	@node tests/demo/demo.mjs

.PHONY: test
test: setup lint no-test-logs test-unit test-card test-portal test-extension test-e2e test-service test-fleet test-wine cross test-redaction ## Run every test.
	@echo "test: everything passed"

UNIT := ./protocol/... ./signature/... ./host/... ./manifests/... ./tests/house/... ./tests/macos/... ./tests/verdicts/...

.PHONY: test-unit
test-unit: setup ## Go tests that need no card; fuzz tests on their seeds; both builds, release and dev.
	go test -count=1 $(UNIT)
	go test -count=1 -tags dev ./host/... ./manifests/...

.PHONY: test-card
test-card: setup ## The built host and the virtual card, on real PC/SC with the real OpenSC module; SoftHSM.
	go test -count=1 ./testcard/... ./tests/card/... ./tests/softhsm/...
	$(MAKE) --no-print-directory test-faults
	go test -count=1 -v -timeout 30m ./tests/sequences | grep -v '^==='

# -v, since it prints its figures.
.PHONY: test-faults
test-faults: setup ## Modules that crash, hang, lie: every PKCS#11 call in every way; keys, PIN pads, leaks.
	go test -count=1 -v -timeout 30m ./tests/faults/...

.PHONY: soak
soak: setup ## 10,000 operations on one host: descriptors, processes, memory.
	go test -count=1 -v -timeout 3h -run 'TestNothingLeaks' ./tests/faults -args -operations 10000

.PHONY: test-portal
test-portal: setup dev ## The portal's library on both databases, then every path through the reference portal in real Chromium.
	go test -count=1 ./portal/... ./tests/postgres/... ./tests/people/... ./tests/docs/... ./tests/portal/... ./tests/benchportal/...
	go test -count=1 -race -skip 'TestAWholeFile' ./portal/...
	node --test --test-concurrency=1 --test-timeout=900000 tests/portal/*.test.mjs tests/drawer/*.test.mjs

.PHONY: test-extension
test-extension: setup ## The extension: its modules, then real Chromium with a scripted host.
	node --test --test-timeout=900000 extension/test/*.test.mjs

.PHONY: test-e2e
test-e2e: setup dev ## Everything together: page, Chromium or Firefox, extension, host, OpenSC, PC/SC, virtual card, portal.
	node --test --test-concurrency=1 --test-timeout=900000 tests/e2e/*.test.mjs

# The logs of an earlier run are not this run's.
.PHONY: no-test-logs
no-test-logs:
	@rm -rf $(BUILD)/test-logs

.PHONY: test-redaction
test-redaction: setup ## Search the logs that all other tests have left for PINs, ID numbers, names; after those.
	go test -count=1 -v ./tests/redaction | grep -v '^==='

# As root: namespaces, another system's processes. sudo keeps neither PATH nor the caches, which then are the person's.
.PHONY: test-service
test-service: setup ## The agent: two people, real systemd, logind, polkit, PC/SC in a Debian made once in /var/cache/cardbridge-tests.
	go build -trimpath -ldflags "-s -w -X main.version=1.0.0" -o $(BIN)/service/1.0.0 ./host
	go build -trimpath -ldflags "-s -w -X main.version=1.0.1" -o $(BIN)/service/1.0.1 ./host
	go test -c -o $(BIN)/service/test ./tests/service
	cd tests/service && $(SUDO) $(BIN)/service/test -test.v -test.timeout 20m -builds $(BIN)/service | grep --line-buffered -v '^==='

# Two versions of the packages as an agency would build them, with the extension under a key that lives as long as build/ does.
FLEET := $(BUILD)/fleet
FLEET_UPDATES := http://localhost:8099/updates.xml
# The first version has a policy for Firefox, the second has none: an upgrade takes back what is listed no more.
FLEET_FIREFOX := https://localhost:8099/cardbridge.xpi

.PHONY: test-fleet
test-fleet: setup ## The packages: installed, upgraded, removed in a Debian with systemd, a login in Chromium that a policy gave the extension.
	go test -count=1 ./installer/linux/... ./installer/notices/...
	@mkdir -p $(FLEET)
	@[ -s $(FLEET)/key.pem ] || openssl genrsa -traditional -out $(FLEET)/key.pem 2048 2>/dev/null
	node extension/tools/pack.mjs --out $(FLEET)/web --key $(FLEET)/key.pem --update-url $(FLEET_UPDATES)
	for version in 1.0.0 1.0.1; do rm -rf $(FLEET)/$$version; $(MAKE) --no-print-directory packages-linux VERSION=$$version DIST=$(FLEET)/$$version \
		ARCHES=$$(go env GOARCH) EXTENSION_KEY=$(FLEET)/key.pem UPDATE_URL=$(FLEET_UPDATES) FIREFOX_URL=$$([ $$version = 1.0.1 ] || echo $(FLEET_FIREFOX)); done
	go build -o $(FLEET)/portal ./portal/demo
	go test -c -o $(BIN)/fleet.test ./tests/fleet
	cd tests/fleet && $(SUDO) $(BIN)/fleet.test -test.v -test.timeout 30m -built $(FLEET) -node $$(command -v node) | grep --line-buffered -v '^==='

.PHONY: bench
bench: setup dev ## Measure, against a bare C program in the same run; writes build/bench/host.json.
	@node tests/bench/bench.mjs

.PHONY: bench-portal
bench-portal: setup dev ## Logins per second of the portal against a floor; writes build/bench/portal.json.
	@go build -o $(BIN)/benchportal ./tests/benchportal
	@$(BIN)/benchportal -logins 100000

.PHONY: fuzz
fuzz: setup ## Fuzz every decoder for FUZZTIME (30s) each.
	@found=0; for dir in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u); do \
		for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | awk '{print $$2}'); do \
			found=1; echo "fuzz: $$dir $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$dir; done; done; \
	[ $$found = 1 ] || { echo 'fuzz: no fuzz test was found'; exit 1; }

.PHONY: cross
cross: setup ## Build and vet the host for Windows, vet what registers it on a Mac.
	GOOS=windows CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc go vet ./host/...
	GOOS=windows CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc go build -trimpath -ldflags "-s -w $(LDFLAGS)" -o $(BIN)/release/cardbridge.exe ./host
	GOOS=darwin CGO_ENABLED=0 go vet ./host/internal/agent ./host/internal/service

.PHONY: test-wine
test-wine: setup ## The Windows build under Wine: service, pipe, impostors, the MSI's life; the MSI's tables, signature, same bytes twice.
	go test -count=1 ./installer/windows
	go test -count=1 -v -timeout 30m -skip '^TestARealModule$$' ./tests/wine | grep --line-buffered -v '^==='

# Not part of make test: it wants Debian's sources, minutes for the first build.
.PHONY: test-wine-module
test-wine-module: setup ## The Windows build under Wine with a real PKCS#11 library: SoftHSM, built once in /var/cache/cardbridge-tests.
	module=$$($(SUDO) tests/wine/softhsm/build.sh /var/cache/cardbridge-tests); \
		go test -count=1 -v -timeout 30m -run '^TestARealModule$$' ./tests/wine -args -module "$$module" | grep --line-buffered -v '^==='

# The date on the pages is that of the tree.
.PHONY: man
man: ## Write the man pages: build/man/man1, build/man/zh_TW/man1.
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || date +%s) go run -tags man -ldflags "$(LDFLAGS)" ./host man $(BUILD)/man

.PHONY: store-pictures
store-pictures: setup dev ## Take the pictures for the extension stores anew: docs/store.
	@node tests/demo/store.mjs

.PHONY: sdk
sdk: setup ## Build the SDK's npm package: build/sdk.
	node extension/tools/build-sdk.mjs

.PHONY: generate
generate: ## Write what is made from protocol/errors.json (tables, docs/messages.md), from the policy's schema (ADMX, docs/group-policy.md).
	node extension/tools/generate-errors.mjs
	node extension/tools/generate-messages.mjs
	go run ./manifests/admx

.PHONY: lint
lint: setup ## gofmt, go vet, staticcheck, tsc, shellcheck; generated files are up to date.
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "gofmt: $$unformatted"; exit 1; }
	go vet ./...
	go vet -tags dev ./...
	go vet -tags man ./host
	go tool staticcheck ./...
	go tool staticcheck -tags dev ./host/... ./manifests/...
	npx tsc --noEmit -p extension/tsconfig.json
	shellcheck $$(git ls-files 'installer/*.sh' 'tests/wine/*.sh' installer/linux/links 'installer/linux/scripts/*.deb' installer/macos/scripts)
	shellcheck --shell=sh $$(git ls-files 'installer/linux/scripts/*.rpm')
	node extension/tools/generate-errors.mjs --check
	node extension/tools/generate-messages.mjs --check

.PHONY: clean
clean: ## Remove what was built.
	rm -rf $(BUILD) dist

include release.mk
