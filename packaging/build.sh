#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Makes everything in dist/packages, which it empties first. VERSION is in the environment.
# shellcheck source=packaging/settings.sh
. "$(dirname "$0")/settings.sh"
rm -rf "$out"
packaging/programs.sh
packaging/msi.sh
packaging/archives.sh
packaging/linux.sh
packaging/sbom.sh
cd "$out" || exit 1
sha256sum -- * >../SHA256SUMS
mv ../SHA256SUMS .
