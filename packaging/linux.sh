#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Makes the .deb and the .rpm in dist/packages from the programs in dist/work.
# shellcheck source=packaging/settings.sh
. "$(dirname "$0")/settings.sh"
mkdir -p "$out"
day=$(date -d "@$SOURCE_DATE_EPOCH" +%F)
kind=stable; test "$VERSION" = "$number" || kind=development
metainfo=example.rinnova.rinnova.metainfo.xml
sed "s/@VERSION@/$VERSION/; s/@DATE@/$day/; s/@KIND@/$kind/" "packaging/linux/$metainfo" >"$work/$metainfo"
# The licence's text goes where Debian looks for it.
{ cat packaging/linux/copyright; sed -E 's/[[:space:]]+$//; s/^$/./; s/^/ /' LICENSE; } >"$work/copyright"
cat >"$work/changelog.yaml" <<END
- semver: $VERSION
  date: $(date -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)
  packager: Rinnova <security@rinnova.example>
  deb:
    urgency: medium
    distributions: [unstable]
  changes:
    - note: Version $VERSION; what changed is in the history of the source.
END
for page in rinnova.1 rinnova-window.1; do
	gzip -9nc "$work/manual/$page" >"$work/manual/$page.gz"
done
sed "s|@WORK@|$work|; s|@VERSION@|$VERSION|" packaging/linux/nfpm.yaml >"$work/nfpm.yaml"
if test -n "$OPERATOR"; then
	cp "$OPERATOR" "$work/operator.json"
	sed -i "/^contents:/a\\
  - src: $work/operator.json\\
    dst: /usr/share/rinnova/operator.json\\
    file_info: {mode: 0644}" "$work/nfpm.yaml"
fi
nfpm=$(tool nfpm)
for packager in deb rpm; do
	"$nfpm" pkg -f "$work/nfpm.yaml" -p $packager -t "$out" >/dev/null
done
