#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# build.sh FOLDER [windows]: makes librinnova-pkcs11.so, for this computer, or rinnova-pkcs11.dll, for Windows on amd64.
# Without _FORTIFY_SOURCE, because musl has no __*_chk; p11-kit's header has the types of PKCS #11.
set -eu
source=$(dirname "$0")/rinnova-pkcs11.c
set -- "$@" ''
if test "$2" = windows; then
	headers=$(mktemp -d)
	trap 'rm -rf "$headers"' EXIT
	ln -s /usr/include/p11-kit-1/p11-kit "$headers/"
	x86_64-w64-mingw32-gcc -std=gnu11 -O2 -Wall -Wextra -Wno-unused-parameter -shared -static-libgcc -s \
		-Wl,--nxcompat,--dynamicbase,--high-entropy-va,--no-insert-timestamp -I"$headers" \
		-o "$1/rinnova-pkcs11.dll" "$source"
	exit
fi
"${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -Wno-unused-parameter -U_FORTIFY_SOURCE -fPIC -fvisibility=hidden \
	-fstack-protector-strong -shared -Wl,-z,now,-z,relro,-z,defs,-s -Wl,-soname,librinnova-pkcs11.so \
	-I/usr/include/p11-kit-1 -o "$1/librinnova-pkcs11.so" "$source"
