# SPDX-License-Identifier: EUPL-1.2

VERSION ?= 0.1.0-dev
SERIES  ?= AC2014
# One way of building for programs and tests, so that a new machine compiles each package once.
GOFLAGS += -trimpath
CGO_ENABLED = 0
export GOFLAGS CGO_ENABLED
# The public release keys that the program checks manifests with (docs/UPDATES.md), separated by commas.
RELEASE_KEYS ?=
OPERATOR ?=
# Where the packages go.
OUT ?= dist/packages
LDFLAGS  = -s -w -X main.version=$(VERSION) $(if $(RELEASE_KEYS),-X main.releaseKeys=$(RELEASE_KEYS))

# Packages that the tests need beyond Go, gcc, make and Node.
PACKAGES = pcscd vsmartcard-vpcd libpcsclite-dev opensc openssl curl postgresql util-linux libengine-pkcs11-openssl debootstrap \
	apache2-bin nginx-light chromium minisign iproute2 libglib2.0-bin gsettings-desktop-schemas \
	libp11-kit-dev p11-kit libnss3-tools gnutls-bin openssh-client openssh-server openjdk-17-jre-headless musl-tools gcc-mingw-w64-x86-64-win32 \
	pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev xvfb xauth openbox dbus at-spi2-core xdotool x11-utils imagemagick \
	wixl msitools osslsigncode librsvg2-bin icoutils shellcheck lintian desktop-file-utils appstream rpm man-db zsh fish \
	poppler-utils slowhttptest

FRONTEND = citizen/desktop/frontend
# Words of Italian and German that misspell takes for English ones.
ITALIAN = certificato,comando,conservare,presentato,continuare,momento,indicato,alterato,procede,identificativo,compreso,possibile,$\
	occupato,succede,generatore,conservato,registrato,derivate,configurato,cancellato,modificato,impossibile,concluso,programms,diagnosi
# A tool of tools/go.mod: built when it was not, at the version that go.mod there pins.
tool = $$(go -C tools tool -n $(1))

.DEFAULT_GOAL := help
.PHONY: help build token window packages reproducible frontend figures demo demo-window check quick test test-full packages-installed fuzz bench clean

help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@echo "  VERSION, SERIES, CLOCK, KEEP, RELEASE_KEY and others are set as in: make demo SERIES=OT2015"

build: ## bin/rinnova, bin/rinnovad, bin/vcns: no cgo, no Node, no GTK
	go build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/rinnova ./cmd/rinnovad ./cmd/vcns

window: frontend figures ## bin/rinnova-window: needs Node, GTK and the web view's development files
	CGO_ENABLED=1 go build -buildmode=pie -tags desktop,production,webkit2_41,window -ldflags '$(LDFLAGS)' -o bin/rinnova-window ./cmd/rinnova

token: packages-installed ## bin/librinnova-pkcs11.so, for browsers, bin/rinnova-pkcs11.dll, and their helpers
	@mkdir -p bin
	packaging/pkcs11/build.sh bin
	packaging/pkcs11/build.sh bin windows
	go build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/rinnova-pkcs11
	GOOS=windows go build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/rinnova-pkcs11

# The window's pages, and the style sheet of the service's, from one package of Bootstrap Italia.
frontend:
	cd $(FRONTEND) && npm ci --no-audit --no-fund && npm run build && npm run portal

# The screens of the program that the guide shows, in window and portal. They are taken with Chromium.
FIGURES = guide/screens/figura-16.png
figures: $(FIGURES)
$(FIGURES): $(wildcard $(shell git ls-files $(FRONTEND) citizen/desktop catalogue)) | frontend
	@if command -v chromium >/dev/null; then cd $(FRONTEND) && npm run --silent figures; \
	else echo "no Chromium: the guide of this build describes its figures in words"; fi

# CODE_CERT, CODE_KEY: what signs for Windows; without, the worthless test key.
# OPERATOR: the operator.json of a service, which goes into every package (docs/INSTALLING.md).
# RELEASE_KEY, with MINIMUM, SERIAL, EXPIRES: what signs the packages and the list of versions (docs/UPDATES.md).
packages: packages-installed frontend figures ## everything that is published, in dist/packages
	VERSION=$(VERSION) RELEASE_KEYS=$(RELEASE_KEYS) OPERATOR=$(OPERATOR) OUT=$(OUT) packaging/build.sh
	$(if $(RELEASE_KEY),go run ./cmd/release manifest --dir $(OUT) --version $(VERSION) --minimum $(MINIMUM) --serial $(SERIAL) --expires $(EXPIRES) --key $(RELEASE_KEY),@echo "$(OUT) is not signed: no RELEASE_KEY")

# In two clones, with other paths, time zones, umasks and caches.
reproducible: packages-installed ## build the packages twice and compare
	VERSION=$(VERSION) RELEASE_KEYS=$(RELEASE_KEYS) packaging/reproducible.sh

demo-window: window ## the window on emulated cards, without readers and service
	@bin/rinnova-window --demo

demo: build ## a whole renewal on an emulated card with the real service, without root
	@bin/rinnova demo --series $(SERIES) $(if $(CLOCK),--at $(CLOCK)) $(if $(KEEP),--keep $(KEEP))

check: build ## formatting, vet, linters, spelling, the rules of the tree, builds for every system; no root
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go vet -tags development ./...
	go test -count 1 .
	@echo "golangci-lint (.golangci.yml)"; $(call tool,golangci-lint) run ./...
	@echo "misspell"; git ls-files '*.go' '*.md' '*.sh' '*.ts' '*.tsx' '*.py' | grep -v /testdata/ | xargs $(call tool,misspell) -error -i $(ITALIAN)
	@echo "shellcheck"; command -v shellcheck >/dev/null || { echo "shellcheck is missing: install the Debian package shellcheck"; exit 1; }; \
	shellcheck $$(git ls-files '*.sh') .ci/run
	cd $(FRONTEND) && { test -d node_modules || npm ci --no-audit --no-fund; } && npm run --if-present lint && npm run --if-present check
	@for target in linux/arm64 windows/amd64 windows/386 windows/arm64 darwin/amd64 darwin/arm64; do \
		echo "build $$target"; \
		case $$target in linux/*) mode=-buildmode=pie ;; *) mode= ;; esac; \
		GOOS=$${target%/*} GOARCH=$${target#*/} go build $$mode -o /dev/null ./cmd/rinnova || exit 1; \
	done

quick: ## the tests that need no root and little time, and what was left out
	@$(call tool,gotestsum) --format pkgname-and-test-fails -- -short -tags development ./...; ended=$$?; \
	echo; echo "=== Not compiled (build tags)"; \
	go list -tags development -f '{{range .IgnoredGoFiles}}{{$$.ImportPath}}/{{.}}{{"\n"}}{{end}}' ./... | grep '_test\.go$$' || echo none; \
	exit $$ended

test: packages-installed ## every check and test, on what is published too; installs what is missing, as root
	@VERSION=$(VERSION) tools/test.sh

test-full: test fuzz reproducible ## the same, the race detector twice, fuzzing, packages made twice
	CGO_ENABLED=1 RINNOVA_SYSTEM_TESTS=1 RINNOVA_PULLS=1000 go test -tags development -race -count 2 -timeout 90m ./...

packages-installed:
	@# RUNLEVEL=1: nginx is to be installed, not started.
	@missing=; for p in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "installing$$missing"; \
		apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null || exit 1; \
	fi

FUZZTIME ?= 60s
fuzz: ## FUZZTIME (60s) of each fuzz target
	@go test -list '^Fuzz' ./... | awk '/^Fuzz/ {t[n++]=$$1} /^ok/ {for (i=0;i<n;i++) print $$2, t[i]; n=0}' | \
	while read -r package target; do \
		echo "$$package $$target"; \
		go test $$package -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) || exit 1; \
	done

bench: packages-installed frontend ## print the figures
	go test -tags development -run '^$$' -bench . -benchtime 1x ./...

clean: ## remove bin and dist
	rm -rf bin dist
