#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# make test: every check and every test once, in two stages. A command that mostly waits runs beside the rest, and its
# output is shown when it has ended. dist/*.log keeps all of it.
set -u
cd "$(dirname "$0")/.." || exit 1
mkdir -p dist
export RINNOVA_SYSTEM_TESTS=1
# A test that this machine cannot run, whatever is installed, says so here.
RINNOVA_NOT_TESTED=$PWD/dist/not-tested.txt
export RINNOVA_NOT_TESTED
rm -f "$RINNOVA_NOT_TESTED"
began=$(date +%s)
failed=''

stage() { printf '\n== %s  after %d s: %s\n' "$(date +%T)" $(($(date +%s) - began)) "$1"; }

# beside NAME COMMAND…: starts a command; its output goes to dist/NAME.log.
beside() {
	name=$1
	shift
	"$@" >"dist/$name.log" 2>&1 &
	eval "process_$name=$!"
}

# join NAME LINES: waits for it, and shows the last lines of its output, or all when it failed.
join() {
	eval "wait \$process_$1"
	if test $? = 0; then
		printf -- '-- %s\n' "$1"
		tail -n "$2" "dist/$1.log"
	else
		printf -- '-- %s FAILED\n' "$1"
		cat "dist/$1.log"
		failed="$failed $1"
	fi
}

# run NAME COMMAND…: runs a command in the foreground.
run() {
	name=$1
	shift
	"$@" || failed="$failed $name"
}

packages() { go list ./... | grep -v -e "^$(go list -m)\$" -e '/proof/cuts$' -e '/proof/judges$'; }

browser() { cd citizen/desktop/frontend && npm run test:built; }

stage '1 of 2: checks, the roots of the judges, the programs and the packages'
beside roots go test -count 1 -timeout 20m -v -run '^TestRoots$' ./proof/judges
run build make token window packages
run operator make packages OPERATOR=packaging/testdata/operator.json OUT=dist/operator
beside check make check
join roots 3
test -z "$failed" || { echo "FAILED:$failed"; exit 1; }

stage '2 of 2: the matrix of cuts, the window in a browser, the judges, all other packages'
beside cuts go test -count 1 -timeout 20m -v ./proof/cuts
beside judges go test -tags development -count 1 -timeout 30m ./proof/judges
beside browser browser
# shellcheck disable=SC2046 # a list of packages
run packages go test -tags development -count 1 -timeout 20m $(packages)
join check 20
join cuts 20
join browser 8
join judges 3

stage 'done'
if test -f "$RINNOVA_NOT_TESTED"; then
	echo 'NOT TESTED on this machine:'
	cat "$RINNOVA_NOT_TESTED"
fi
test -z "$failed" || { echo "FAILED:$failed"; exit 1; }
