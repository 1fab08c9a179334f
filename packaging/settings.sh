# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=sh disable=SC2034 # the scripts that read this file use the variables
# Every script here starts with this: the output does not depend on the caller's time zone, language and umask.
set -eu
umask 022
case ${OPERATOR:=} in ""|/*) ;; *) OPERATOR=$PWD/$OPERATOR ;; esac # from the folder where the person typed it
cd "$(dirname "$0")/.."
export TZ=UTC LC_ALL=C.UTF-8 GOFLAGS='-buildvcs=false -trimpath' GOTOOLCHAIN=local
: "${VERSION:?}"
# 1.2.3, or 1.2.3-dev, -alpha…, -beta…, -rc…: the portal orders these.
echo "$VERSION" | grep -Eqx '[0-9]+\.[0-9]+\.[0-9]+(-(dev|alpha|beta|rc)[0-9A-Za-z.]*)?' ||
	{ echo "VERSION=$VERSION is not like 1.2.3 or 1.2.3-rc1" >&2; exit 1; }
number=${VERSION%%-*} # Windows Installer, VERSIONINFO: three numbers
export OPERATOR VERSION SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
work=${WORK:-dist/work} out=${OUT:-dist/packages}
# tool NAME: where a tool of tools/go.mod is, built now where it was not.
tool() { GOFLAGS='-trimpath' CGO_ENABLED=0 go -C tools tool -n "$1"; }
# dated FILE… : times of what goes into an archive.
dated() { touch -d "@$SOURCE_DATE_EPOCH" "$@"; }
# compiled: what the programs in dist/work are made of. Certificates and addresses of an operator are no part of it.
compiled() {
	echo "$VERSION ${RELEASE_KEYS:-} $SOURCE_DATE_EPOCH $(git rev-parse HEAD) $(git diff HEAD | sha256sum)"
}
