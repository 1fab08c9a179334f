#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Builds every program that is packaged into dist/work: SYSTEM-ARCHITECTURE/rinnova, rinnova-window, and the
# PKCS #11 library with its helper.
# shellcheck source=packaging/settings.sh
. "$(dirname "$0")/settings.sh"
rm -rf "$work"
mkdir -p "$work/icons"
for n in 16 24 32 48 64 128 256; do
	rsvg-convert -w $n -h $n -o "$work/icons/$n.png" citizen/desktop/frontend/public/icon.svg
done

flags="-s -w -X main.version=$VERSION${RELEASE_KEYS:+ -X main.releaseKeys=$RELEASE_KEYS}"
command_line() { # SYSTEM ARCHITECTURE
	ending='' mode='' harder=''
	case $1 in
		windows) ending=.exe ;;
		linux) mode=-buildmode=pie harder=-bindnow ;; # position-independent and with full RELRO, as Debian wants it
	esac
	# shellcheck disable=SC2086 # no mode is no argument
	CGO_ENABLED=0 GOOS=$1 GOARCH=$2 go build $mode -ldflags "$flags $harder" \
		-o "$work/$1-$2/rinnova$ending" ./cmd/rinnova
}
for target in linux-amd64 linux-arm64 darwin-amd64 darwin-arm64; do
	command_line "${target%-*}" "${target#*-}"
done

# Windows takes icon, manifest and version from objects beside the source, which are there for the build only.
trap 'rm -f cmd/rinnova*/rsrc_windows_*.syso' EXIT
winres=$(tool go-winres)
resources() { # PROGRAM DESCRIPTION FOLDER
	sed "s|@PROGRAM@|$1|; s|@DESCRIPTION@|$2|; s|@VERSION@|$VERSION|; s|@NUMBER@|$number|" \
		packaging/windows/winres.json >"$work/winres.json"
	"$winres" make --in "$work/winres.json" --arch amd64,386 --out "$3/rsrc"
}
resources rinnova 'Rinnova, riga di comando' cmd/rinnova
for arch in amd64 386; do command_line windows $arch; done
resources rinnova-window Rinnova cmd/rinnova
for arch in amd64 386; do
	CGO_ENABLED=0 GOOS=windows GOARCH=$arch go build -tags desktop,production,window -ldflags "$flags -H windowsgui" \
		-o "$work/windows-$arch/rinnova-window.exe" ./cmd/rinnova
done
resources rinnova-pkcs11 'Rinnova, modulo della tessera' cmd/rinnova-pkcs11
CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go build -ldflags "$flags -H windowsgui" \
	-o "$work/windows-amd64/rinnova-pkcs11.exe" ./cmd/rinnova-pkcs11
rm -f cmd/rinnova*/rsrc_windows_*.syso
packaging/pkcs11/build.sh "$work/windows-amd64" windows

# The same; with cgo, and so for this computer's architecture only.
CGO_ENABLED=1 go build -buildmode=pie -tags desktop,production,webkit2_41,window \
	-ldflags "$flags -linkmode external -extldflags '-Wl,-z,relro,-z,now'" \
	-o "$work/linux-amd64/rinnova-window" ./cmd/rinnova

packaging/pkcs11/build.sh "$work/linux-amd64"
CGO_ENABLED=0 go build -buildmode=pie -ldflags "$flags -bindnow" -o "$work/linux-amd64/rinnova-pkcs11" \
	./cmd/rinnova-pkcs11

mkdir "$work/manual"
CGO_ENABLED=0 go run -tags development -ldflags "-X main.version=$VERSION" ./cmd/rinnova \
	manual --to "$work/manual" --date "$(date -d "@$SOURCE_DATE_EPOCH" +%F)"
