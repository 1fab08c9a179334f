#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Makes everything in dist/packages, which it empties first. VERSION is in the environment, and OPERATOR where the
# packages are an operator's: his operator.json, which goes into each of them and beside them. The programs are the same
# for all operators: they are compiled unless dist/work has them.
# shellcheck source=packaging/settings.sh
. "$(dirname "$0")/settings.sh"
rm -rf "$out"
if test -z "$OPERATOR" || ! test -e "$work/compiled" || test "$(cat "$work/compiled")" != "$(compiled)"; then
	packaging/programs.sh
	compiled >"$work/compiled"
fi
if test -n "$OPERATOR"; then
	# It ends here when the program would not take the file. Nothing of this computer's own counts.
	env -i HOME=/nonexistent RINNOVA_SETTINGS=packaging/linux/settings.json "RINNOVA_OPERATOR=$OPERATOR" \
		"$work/linux-amd64/rinnova" service
	mkdir -p "$out"
	install -m 644 "$OPERATOR" "$out/operator.json"
fi
packaging/msi.sh
packaging/archives.sh
packaging/linux.sh
packaging/sbom.sh
cd "$out" || exit 1
sha256sum -- * >../SHA256SUMS
mv ../SHA256SUMS .
