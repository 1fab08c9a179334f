#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Writes the bills of materials, CycloneDX, of the two programs into dist/packages.
# shellcheck source=packaging/settings.sh
. "$(dirname "$0")/settings.sh"
mkdir -p "$out"
when=$(date -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)
(cd citizen/desktop/frontend && npm sbom --sbom-format cyclonedx --omit dev 2>/dev/null) >"$work/npm.cdx.json"
go build -o "$work/sbom" ./cmd/sbom
"$work/sbom" --name rinnova --version "$VERSION" --time "$when" --to "$out/rinnova-$VERSION.cdx.json" \
	"$work"/linux-*/rinnova "$work"/linux-*/rinnova-pkcs11 "$work"/darwin-*/rinnova "$work"/windows-*/rinnova.exe \
	"$work"/windows-*/rinnova-pkcs11.exe
"$work/sbom" --name rinnova-window --version "$VERSION" --time "$when" --npm "$work/npm.cdx.json" \
	--to "$out/rinnova-window-$VERSION.cdx.json" \
	"$work"/linux-*/rinnova-window "$work"/windows-*/rinnova-window.exe
