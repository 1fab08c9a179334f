# SPDX-License-Identifier: EUPL-1.2

VERSION ?= 0.1.0-dev
SERIES  ?= AC2014
# One way of building for programs and tests, so that a new machine compiles each package once.
GOFLAGS += -trimpath
CGO_ENABLED = 0
export GOFLAGS CGO_ENABLED
# The public release keys that the program checks manifests with (docs/UPDATES.md), separated by commas.
RELEASE_KEYS ?=
LDFLAGS  = -s -w -X main.version=$(VERSION) $(if $(RELEASE_KEYS),-X main.releaseKeys=$(RELEASE_KEYS))

# What the tests need beyond Go, gcc, make and Node: a package for each line.
PACKAGES = pcscd vsmartcard-vpcd opensc openssl curl postgresql util-linux libengine-pkcs11-openssl debootstrap \
	apache2-bin nginx-light chromium minisign \
	pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev xvfb xauth openbox dbus at-spi2-core python3-gi xdotool imagemagick \
	wixl msitools osslsigncode librsvg2-bin icoutils lintian desktop-file-utils appstream rpm man-db zsh fish

.PHONY: build window packages reproducible frontend demo test test-full check packages-installed fuzz bench clean

build:
	go build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/rinnova ./cmd/rinnovad ./cmd/vcns

# The same program with the window: bin/rinnova-window. Needs Node, GTK and the web view's development files.
window: frontend
	CGO_ENABLED=1 go build -buildmode=pie -tags desktop,production,webkit2_41,window -ldflags '$(LDFLAGS)' -o bin/rinnova-window ./cmd/rinnova

frontend:
	cd citizen/desktop/frontend && npm ci --no-audit --no-fund && npm run build

# Everything that is published, in dist/packages. CODE_CERT, CODE_KEY: what signs for Windows; without, the worthless test key.
# RELEASE_KEY, with MINIMUM, SERIAL, EXPIRES: what signs the packages and the list of versions (docs/UPDATES.md).
packages: packages-installed frontend
	VERSION=$(VERSION) RELEASE_KEYS=$(RELEASE_KEYS) packaging/build.sh
	$(if $(RELEASE_KEY),go run ./cmd/release manifest --dir dist/packages --version $(VERSION) --minimum $(MINIMUM) --serial $(SERIAL) --expires $(EXPIRES) --key $(RELEASE_KEY),@echo "dist/packages is not signed: no RELEASE_KEY")

# The same commit built twice, in two clones, with other paths, time zones, umasks and caches: the same bytes.
reproducible: packages-installed
	VERSION=$(VERSION) RELEASE_KEYS=$(RELEASE_KEYS) packaging/reproducible.sh

# A whole renewal on an emulated card with the real service, on this computer only, without root.
demo: build
	@bin/rinnova demo --series $(SERIES) $(if $(CLOCK),--at $(CLOCK)) $(if $(KEEP),--keep $(KEEP))

# Every test, on what is published too. Installs what is missing, which needs root. What mostly waits runs beside the
# rest: the judges' roots are made while the packages are, the window is tested in a browser and the matrix of cuts run
# while the other tests are. What those print is shown when they have ended.
test: packages-installed check
	@mkdir -p dist
	@go test -count 1 -timeout 20m -v -run '^TestRoots$$' ./proof/judges >dist/roots.log 2>&1 & roots=$$!; \
	$(MAKE) window packages; made=$$?; \
	wait $$roots || { cat dist/roots.log; exit 1; }; \
	exit $$made
	@(cd citizen/desktop/frontend && npm run test:built) >dist/browser-tests.log 2>&1 & browser=$$!; \
	go test -count 1 -timeout 20m -v ./proof/cuts >dist/cuts.log 2>&1 & cuts=$$!; \
	go test -tags development -count 1 -timeout 20m $$(go list ./... | grep -v '^rinnova.example/go/proof/cuts$$'); others=$$?; \
	wait $$cuts; cut=$$?; cat dist/cuts.log; \
	wait $$browser; shown=$$?; if test $$shown = 0; then grep '^# ' dist/browser-tests.log | tail -8; else cat dist/browser-tests.log; fi; \
	test $$others = 0 && test $$cut = 0 && test $$shown = 0

# The same under the race detector, twice, a minute of each fuzz target, and the packages made twice.
test-full: test fuzz reproducible
	CGO_ENABLED=1 go test -tags development -race -count 2 -timeout 90m ./...

check: build
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go vet -tags development ./...
	@for target in linux/arm64 windows/amd64 windows/386 windows/arm64 darwin/amd64 darwin/arm64; do \
		echo "build $$target"; \
		case $$target in linux/*) mode=-buildmode=pie ;; *) mode= ;; esac; \
		GOOS=$${target%/*} GOARCH=$${target#*/} go build $$mode -o /dev/null ./cmd/rinnova || exit 1; \
	done

packages-installed:
	@# RUNLEVEL=1: nginx is to be installed, not started.
	@missing=; for p in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "installing$$missing"; \
		apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null || exit 1; \
	fi

# One minute of each fuzz target.
FUZZTIME ?= 60s
fuzz:
	@go test -list '^Fuzz' ./... | awk '/^Fuzz/ {t[n++]=$$1} /^ok/ {for (i=0;i<n;i++) print $$2, t[i]; n=0}' | \
	while read -r package target; do \
		echo "$$package $$target"; \
		go test $$package -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) || exit 1; \
	done

bench: packages-installed frontend
	go test -tags development -run '^$$' -bench . -benchtime 1x ./...

clean:
	rm -rf bin dist
