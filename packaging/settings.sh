# SPDX-License-Identifier: EUPL-1.2
# What every script here starts with: the same bytes come out whatever the caller's time zone, language and umask.
set -eu
umask 022
cd "$(dirname "$0")/.."
export TZ=UTC LC_ALL=C.UTF-8 GOFLAGS='-buildvcs=false -trimpath' GOTOOLCHAIN=local
: "${VERSION:?}"
# 1.2.3, or 1.2.3-dev, -alpha…, -beta…, -rc…: the portal orders these.
echo "$VERSION" | grep -Eqx '[0-9]+\.[0-9]+\.[0-9]+(-(dev|alpha|beta|rc)[0-9A-Za-z.]*)?' ||
	{ echo "VERSION=$VERSION is not like 1.2.3 or 1.2.3-rc1" >&2; exit 1; }
number=${VERSION%%-*} # Windows Installer, VERSIONINFO: three numbers
export VERSION SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
work=${WORK:-dist/work} out=${OUT:-dist/packages}
winres='go run github.com/tc-hib/go-winres@v0.3.3'
nfpm='go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2'
# dated FILE… : times of what goes into an archive.
dated() { touch -d "@$SOURCE_DATE_EPOCH" "$@"; }
