#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# build.sh FOLDER: makes librinnova-pkcs11.so, for this computer. Without _FORTIFY_SOURCE, because musl has no __*_chk;
# p11-kit's header has the types of PKCS #11.
set -eu
"${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -Wno-unused-parameter -U_FORTIFY_SOURCE -fPIC -fvisibility=hidden \
	-fstack-protector-strong -shared -Wl,-z,now,-z,relro,-z,defs,-s -Wl,-soname,librinnova-pkcs11.so \
	-I/usr/include/p11-kit-1 -o "$1/librinnova-pkcs11.so" "$(dirname "$0")/rinnova-pkcs11.c"
