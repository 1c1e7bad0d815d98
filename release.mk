# What a release consists of: make packages. Its parameters, the keys, the checklist: docs/releasing.md.
DIST          ?= $(CURDIR)/dist
CHROME_ID     ?=
EDGE_ID       ?=
EXTENSION_KEY ?=
UPDATE_URL    ?=
FIREFOX_URL   ?=
SETTINGS      ?=
SIGN_KEY      ?=
SIGN_CERT     ?=
SIGN_PKCS11_MODULE ?=
SIGN_PASS_FILE     ?=
TIMESTAMP_URL ?=
WINGET_URL    ?=
# The commit's time; in an unpacked archive of a commit its files have that time.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || stat --format=%Y VERSION)
export SOURCE_DATE_EPOCH

ifneq ($(shell printf '%s' '$(VERSION)' | grep -cxE '[0-9]+[.][0-9]+[.][0-9]+'),1)
$(error VERSION is three numbers, as browsers and the Windows Installer take them: "$(VERSION)")
endif
ifneq ($(and $(UPDATE_URL),$(if $(EXTENSION_KEY),,without)),)
$(error UPDATE_URL is where the own packing of EXTENSION_KEY lies; give the key, too)
endif

# Without any id there would be nothing to log in with: a key of this folder's own packs an extension for trying out.
ifeq ($(strip $(CHROME_ID)$(EDGE_ID)$(EXTENSION_KEY)),)
TRY_OUT       := $(BUILD)/try-out/key.pem
EXTENSION_KEY := $(TRY_OUT)
UPDATE_URL    := https://localhost/cardbridge/updates.xml
$(TRY_OUT):
	@mkdir -p $(@D)
	@openssl genrsa -out $@ 3072 2>/dev/null
endif

empty :=
comma := ,
# A key that cannot be used is no "no key".
OWN_ID         = $(if $(EXTENSION_KEY),$(or $(shell node extension/tools/pack.mjs --id --key '$(EXTENSION_KEY)'),$(error EXTENSION_KEY cannot be used)))
EXTENSION_IDS  = $(subst $(empty) $(empty),$(comma),$(strip $(OWN_ID) $(CHROME_ID) $(EDGE_ID)))
RENDER_FLAGS   = $(if $(OWN_ID),-own $(OWN_ID) -update-url '$(UPDATE_URL)') $(if $(CHROME_ID),-chrome '$(CHROME_ID)') $(if $(EDGE_ID),-edge '$(EDGE_ID)') \
	$(if $(FIREFOX_URL),-firefox-url '$(FIREFOX_URL)') $(if $(SETTINGS),-settings '$(SETTINGS)')
RELEASE_LDFLAGS = -X main.version=$(VERSION) -X github.com/cardbridge/cardbridge/manifests.extensionIDs=$(EXTENSION_IDS)

.PHONY: packages
packages: setup $(TRY_OUT) ## Build all that a release consists of: dist/ (docs/releasing.md).
	rm -rf '$(DIST)'
	umask 022; $(MAKE) --no-print-directory packages-extension packages-linux packages-windows packages-macos admx packages-policies
	umask 022; $(MAKE) --no-print-directory packages-report
ifdef TRY_OUT
	@echo "packages: made with a key of this folder's own, for trying out only: docs/releasing.md tells the parameters of a release"
endif
	@ls -l '$(DIST)'

.PHONY: packages-extension
packages-extension: setup $(TRY_OUT) ## Pack the extension: zip for the stores; CRX, updates.xml with EXTENSION_KEY, UPDATE_URL.
	node extension/tools/pack.mjs --out '$(DIST)' $(if $(EXTENSION_KEY),--key '$(EXTENSION_KEY)' --update-url '$(UPDATE_URL)')

# nfpm: newer ones than this do not build from the module proxy alone. Its requirements are none of ours, so it is run, not required.
NFPM   ?= go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
ARCHES ?= amd64 arm64
PROGRAMS += $(foreach arch,$(ARCHES),linux-$(arch)=$(BUILD)/packages-linux/bin/$(arch)/cardbridge)

.PHONY: packages-linux
packages-linux: setup $(TRY_OUT) ## Build deb and rpm: dist/cardbridge*.deb, *.rpm.
	go run -tags man -ldflags "$(RELEASE_LDFLAGS)" ./host man $(BUILD)/packages-linux-man
	VERSION="$(VERSION)" LDFLAGS="$(RELEASE_LDFLAGS)" RENDER_FLAGS="$(RENDER_FLAGS)" ARCHES="$(ARCHES)" \
		NFPM="$(NFPM)" MAN=$(BUILD)/packages-linux-man installer/linux/build.sh $(BUILD)/packages-linux '$(DIST)'

PROGRAMS += windows-x64=$(BIN)/windows/cardbridge.exe
# A single id is forced on Chrome and Edge alike: the own one, else that of Chrome's store, which Edge takes from, too.
WINDOWS_UPDATE_URL = $(if $(OWN_ID),$(UPDATE_URL),$(if $(CHROME_ID),https://clients2.google.com/service/update2/crx))

# With a key everything in it is signed, and it itself; with its future address there are manifests for winget.
.PHONY: packages-windows
packages-windows: setup $(TRY_OUT) ## Build the MSI for Windows x64: dist/cardbridge-<version>-x64.msi.
	go run ./installer/windows -out '$(DIST)' -version $(VERSION) -epoch $(SOURCE_DATE_EPOCH) -ids "$(EXTENSION_IDS)" -update-url "$(WINDOWS_UPDATE_URL)" \
		-settings '$(SETTINGS)' -sign-key '$(SIGN_KEY)' -sign-cert '$(SIGN_CERT)' -sign-module '$(SIGN_PKCS11_MODULE)' -sign-pass-file '$(SIGN_PASS_FILE)' \
		-timestamp-url '$(TIMESTAMP_URL)' -winget-url '$(WINGET_URL)' -program $(BIN)/windows/cardbridge.exe

.PHONY: packages-macos
packages-macos: setup $(TRY_OUT) ## Pack the scripts that make the package on a Mac: dist/cardbridge-<version>-macos-scripts.tar.gz.
	rm -rf $(BUILD)/macos
	go run -ldflags "$(RELEASE_LDFLAGS)" ./manifests/render -out $(BUILD)/macos $(RENDER_FLAGS)
	VERSION=$(VERSION) installer/macos/archive.sh $(BUILD)/macos/macos '$(DIST)'/cardbridge-$(VERSION)-macos-scripts.tar.gz

# The packages bring them; these are for whoever manages browsers by other means.
.PHONY: packages-policies
packages-policies: setup $(TRY_OUT) ## Render the browsers' policies: dist/browser-policies (JSON for Linux, .reg for Windows, profiles for macOS).
	rm -rf $(BUILD)/policies '$(DIST)'/browser-policies
	go run ./manifests/render -out $(BUILD)/policies $(RENDER_FLAGS)
	mkdir -p '$(DIST)'/browser-policies
	cp -r $(BUILD)/policies/linux/policies '$(DIST)'/browser-policies/linux
	cp -r $(BUILD)/policies/windows/policies '$(DIST)'/browser-policies/windows
	cp -r $(BUILD)/policies/macos/profiles '$(DIST)'/browser-policies/macos

# Unpacked into PolicyDefinitions, the central store or a computer's.
.PHONY: admx
admx: ## Pack the Group Policy templates: dist/cardbridge-<version>-admx.zip.
	go run ./manifests/admx -zip '$(DIST)'/cardbridge-$(VERSION)-admx.zip

# Run, not required, as nfpm: 80 modules of its own. A folder for each version, so that another one is another tool.
CYCLONEDX_VERSION := v1.10.0
CYCLONEDX         := $(BUILD)/tools/$(CYCLONEDX_VERSION)/cyclonedx-gomod
$(CYCLONEDX):
	GOBIN=$(@D) go install -trimpath github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION)

.PHONY: packages-report
packages-report: $(CYCLONEDX) # after the packages: what is linked into their programs, under which licences; sums of all
	installer/report.sh $(CYCLONEDX) $(VERSION) '$(DIST)' $(PROGRAMS)
