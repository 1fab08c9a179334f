#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Makes the three installers for Windows in dist/packages from the programs in dist/work. CODE_CERT and CODE_KEY name
# the certificate (PEM, with its chain) and the key that sign; without them it is the test key, which is worth nothing.
# TIMESTAMP is the address of a time-stamping authority; with one the bytes differ from run to run.
# shellcheck source=packaging/settings.sh
. "$(dirname "$0")/settings.sh"
test_key=packaging/windows/worthless-test-key
cert=${CODE_CERT:-$test_key.crt} key=${CODE_KEY:-$test_key.key}
if test -z "${CODE_CERT:-}"; then echo "signed with the worthless test key: not for publication" >&2; fi
mkdir -p "$out"

# sign FILE RESULT [OPTION…]
sign() {
	from=$1 to=$2; shift 2
	rm -f "$to"
	osslsigncode sign -certs "$cert" -key "$key" -h sha256 -n Rinnova -time "$SOURCE_DATE_EPOCH" \
		${TIMESTAMP:+-ts "$TIMESTAMP"} "$@" -in "$from" -out "$to" >/dev/null
}
# guid TEXT…: the same text gives the same GUID (RFC 9562, version 8).
guid() {
	printf '%s\n' "rinnova" "$@" | sha256sum |
		sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-8\3-a\4-\5/' | tr a-f A-F
}

# table SQL: changes the installer under work.
table() { msibuild "$dir/unsigned.msi" -q "$1"; }
# import TABLE TEXT: brings a table into it.
import() {
	printf %b "$2" | sed 's/$/\r/' >"$dir/$1.idt"
	msibuild "$dir/unsigned.msi" -i "$dir/$1.idt"
}

msi() { # NAME GOARCH WIXARCH BITS SCOPE ROOT FOLDER
	name=$1 bits=$4 scope=$5
	dir=$work/msi-$name
	rm -rf "$dir"; mkdir -p "$dir"
	programs='rinnova.exe rinnova-window.exe' firefox=no
	test "$bits" = 32 || programs="$programs rinnova-pkcs11.exe rinnova-pkcs11.dll"
	for program in $programs; do sign "$work/windows-$2/$program" "$dir/$program"; done
	# Policies of one user are an administrator's too.
	test "$name" != x64 || firefox=yes
	sed 's/$/\r/' LICENSE >"$dir/LICENSE.txt"
	icotool -c -o "$dir/rinnova.ico" "$work/icons/16.png" "$work/icons/24.png" "$work/icons/32.png" \
		"$work/icons/48.png" "$work/icons/64.png" --raw="$work/icons/256.png"
	operator=no
	if test -n "$OPERATOR"; then operator=yes; cp "$OPERATOR" "$dir/operator.json"; fi
	dated "$dir"/*
	# Other bytes are another product and another package, with the same upgrade code.
	content=$({
		cat packaging/windows/rinnova.wxs ${OPERATOR:+"$OPERATOR"}
		for program in $programs; do cat "$work/windows-$2/$program"; done
	} | sha256sum)
	win64=no; test "$bits" = 32 || win64=yes
	guids=
	for component in Window CommandLine Licence Operator Service CA TLSCA Proxy UpdateCheck Desk DesktopIcon \
		MenuIcon Module Helper Firefox; do
		guids="$guids -D ${component}Guid=$(guid component "$name" $component)"
	done
	# shellcheck disable=SC2086 # guids is a list of arguments
	wixl -a "$3" -D Number="$number" -D Bits="$bits" -D Win64=$win64 -D Operator=$operator -D Firefox=$firefox \
		-D Scope="$scope" -D Root="$6" -D Folder="$7" \
		-D Work="$dir" -D ProductCode="$(guid product "$name" "$VERSION" "$content")" \
		-D UpgradeCode="$(guid upgrade "$scope")" $guids \
		-o "$dir/unsigned.msi" packaging/windows/rinnova.wxs

	# Only what was set is written, and what was set reaches the installer's elevated half.
	secure='OLDERFOUND;NEWERFOUND' place=50
	settings='Service CA TLSCA Proxy UpdateCheck Desk'
	test $firefox = no || settings="$settings Firefox"
	for setting in $settings; do
		property=$(echo "$setting" | LC_ALL=C tr '[:lower:]' '[:upper:]') place=$((place + 1))
		secure="$secure;$property;OLD$property"
		table "UPDATE Component SET Condition = '$property' WHERE Component = '$setting'"
		# after AppSearch, 50
		table "UPDATE InstallExecuteSequence SET Sequence = $place WHERE Action = 'Keep$setting'"
	done
	table "UPDATE Property SET Value = '$secure' WHERE Property = 'SecureCustomProperties'"
	# 768: both bounds included. The column is of the key and takes no UPDATE.
	table "DELETE FROM Upgrade WHERE ActionProperty = 'OLDERFOUND'"
	table "INSERT INTO Upgrade (UpgradeCode, VersionMin, VersionMax, Attributes, ActionProperty) \
VALUES ('{$(guid upgrade "$scope")}', '0.0.0', '$number', 768, 'OLDERFOUND')"
	table "UPDATE InstallExecuteSequence SET Sequence = 1501 WHERE Action = 'RemoveExistingProducts'"

	# Word count: 2 compressed, 8 nothing that needs an administrator.
	template='Intel;1040' words=2 when=$(date -d "@$SOURCE_DATE_EPOCH" '+%Y/%m/%d %H:%M:%S')
	test "$bits" = 32 || template='x64;1040'
	test "$scope" = perMachine || words=10
	import _ForceCodepage '\n\n1252\t_ForceCodepage\n'
	import _SummaryInformation "PropertyId\tValue\ni2\tl255\n_SummaryInformation\tPropertyId\n1\t1252\n\
2\tInstallazione di Rinnova\n\
3\tRinnova $VERSION\n4\tRinnova\n5\tInstaller\n\
6\tRinnova il certificato di autenticazione di una TS-CNS.\n7\t$template\n\
9\t{$(guid package "$name" "$VERSION" "$content")}\n12\t$when\n13\t$when\n14\t500\n15\t$words\n18\tmsitools\n19\t2\n"
	sign "$dir/unsigned.msi" "$out/rinnova-$VERSION-$name.msi" -add-msi-dse
}
msi x64 amd64 x64 64 perMachine HKLM ProgramFiles64Folder
msi x86 386 x86 32 perMachine HKLM ProgramFilesFolder
msi x64-user amd64 x64 64 perUser HKCU LocalAppDataFolder
