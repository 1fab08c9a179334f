#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Builds the packages of the last commit, and those of a trial operator, twice, in two clones that share nothing but the
# downloaded modules, prints both sums of every file and fails on the first that differs. The second build starts
# from an empty cache.
# shellcheck source=packaging/settings.sh
. "$(dirname "$0")/settings.sh"
here=$(mktemp -d) there=$(mktemp -d)
trap 'rm -rf "$here" "$there"' EXIT
trap 'exit 1' INT TERM
commit=$(git rev-parse HEAD)
# built FOLDER: a clone there, with everything made.
built() {
	git clone -q --no-hardlinks . "$1"
	git -C "$1" checkout -q "$commit"
	make -s -C "$1" frontend figures >/dev/null
	(cd "$1" && OPERATOR='' packaging/build.sh &&
		OPERATOR=packaging/testdata/operator.json OUT=dist/operator packaging/build.sh)
}
unset SOURCE_DATE_EPOCH # each clone's own
(umask 022; TZ=Europe/Rome LC_ALL=C; export TZ LC_ALL; built "$here/rinnova")
(
	umask 077
	TZ=Asia/Kathmandu LC_ALL=C.UTF-8 GOCACHE=$there/cache
	export TZ LC_ALL GOCACHE
	built "$there/a folder/elsewhere/source"
)
bad=0
for assembly in packages operator; do
	one=$here/rinnova/dist/$assembly two="$there/a folder/elsewhere/source/dist/$assembly"
	test -n "$(ls "$one")" || { echo "nothing was built in $assembly" >&2; exit 1; }
	find "$one" "$two" -type f -printf '%f\n' | sort -u >"$here/names"
	while read -r name; do
		x=$(sha256sum <"$one/$name" | cut -c1-64) y=$(sha256sum <"$two/$name" | cut -c1-64)
		echo "$x $y $assembly/$name"
		if test "$x" != "$y"; then echo "DIFFERENT: $assembly/$name" >&2; bad=1; fi
	done <"$here/names"
done
exit $bad
