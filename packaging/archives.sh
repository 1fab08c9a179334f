#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Makes the archives of the command line in dist/packages from the programs in dist/work.
# shellcheck source=packaging/settings.sh
. "$(dirname "$0")/settings.sh"
mkdir -p "$out"
for target in linux-amd64 linux-arm64 darwin-amd64 darwin-arm64; do
	name=rinnova-$VERSION-$target
	dir=$work/archives/$name
	rm -rf "$dir"; mkdir -p "$dir/man/man1" "$dir/completions"
	cp "$work/$target/rinnova" LICENSE packaging/LEGGIMI.md "$dir/"
	cp "$work/manual/rinnova.1" "$dir/man/man1/"
	cp "$work/manual/rinnova.bash" "$work/manual/_rinnova" "$work/manual/rinnova.fish" "$dir/completions/"
	if test -n "$OPERATOR"; then install -D -m 644 "$OPERATOR" "$dir/share/rinnova/operator.json"; fi
	tar -C "$work/archives" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
		--format=ustar --mode=u+w,go-w,a+rX -c "$name" |
		gzip -9n >"$out/$name.tar.gz"
done
