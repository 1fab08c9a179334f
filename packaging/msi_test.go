// SPDX-License-Identifier: EUPL-1.2

package packaging

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"rinnova.example/go/systemtest"
)

// installer is one of the three, and what must be different in it.
type installer struct {
	name, template, words, folder, parent string
	win64, user                           bool
	goarch                                string
	machine                               uint16
}

var installers = []installer{
	{"x64", "x64;1040", "2 (2)", "ProgramFiles64Folder", "ProgramFiles64Folder", true, false, "amd64",
		pe.IMAGE_FILE_MACHINE_AMD64},
	{"x86", "Intel;1040", "2 (2)", "ProgramFilesFolder", "ProgramFilesFolder", false, false, "386",
		pe.IMAGE_FILE_MACHINE_I386},
	{"x64-user", "x64;1040", "10 (a)", "LocalAppDataFolder", "UserPrograms", true, true, "amd64",
		pe.IMAGE_FILE_MACHINE_AMD64},
}

func (i installer) file() string { return filepath.Join(out, "rinnova-"+version+"-"+i.name+".msi") }

// table reads a table with msiinfo, each row by its first column.
func table(t *testing.T, file, name string) map[string]map[string]string {
	t.Helper()
	lines := strings.Split(strings.TrimRight(run(t, "msiinfo", "export", file, name), "\r\n"), "\n")
	if len(lines) < 4 {
		t.Fatalf("%s: table %s is empty", file, name)
	}
	head := strings.Split(strings.TrimRight(lines[0], "\r"), "\t")
	rows := map[string]map[string]string{}
	for _, l := range lines[3:] {
		row := map[string]string{}
		for n, cell := range strings.Split(strings.TrimRight(l, "\r"), "\t") {
			row[head[n]] = cell
		}
		key := row[head[0]]
		if name == "Upgrade" {
			key = row["ActionProperty"]
		}
		rows[key] = row
	}
	return rows
}

// setting is a value that an administrator can give: its property, and where it is written.
type setting struct{ property, key, name, value string }

// settings returns the settings of an installer by their components. Only the one for all users writes a policy.
func (i installer) settings() map[string]setting {
	all := map[string]setting{}
	for name, property := range map[string]string{"Service": "SERVICE", "CA": "CA", "TLSCA": "TLSCA", "Proxy": "PROXY",
		"UpdateCheck": "UPDATECHECK", "Desk": "DESK"} {
		all[name] = setting{property, `Software\Rinnova`, name, "[" + property + "]"}
	}
	if i.name == "x64" {
		all["Firefox"] = setting{"FIREFOX", `Software\Policies\Mozilla\Firefox\SecurityDevices\Add`, "Rinnova",
			"[INSTALLDIR]rinnova-pkcs11.dll"}
	}
	return all
}

// replaces checks that an installer replaces an older version and refuses to replace a newer one.
func replaces(t *testing.T, name, f, upgradeCode string) {
	t.Helper()
	u := table(t, f, "Upgrade")
	if o := u["OLDERFOUND"]; o["VersionMin"] != "0.0.0" || o["VersionMax"] != number || o["Attributes"] != "768" ||
		o["UpgradeCode"] != upgradeCode {
		t.Errorf("%s: %v", name, o)
	}
	if n := u["NEWERFOUND"]; n["VersionMin"] != number || n["VersionMax"] != "" || n["Attributes"] != "2" ||
		n["UpgradeCode"] != upgradeCode {
		t.Errorf("%s: %v", name, n)
	}
	if c := table(t, f, "LaunchCondition")["Installed OR NOT NEWERFOUND"]; !strings.HasPrefix(c["Description"],
		"Su questo computer c'è già una versione più recente") {
		t.Errorf("%s: %v", name, c)
	}
}

func TestInstallerTables(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	codes, upgrades, packages := map[string]bool{}, map[string]string{}, map[string]bool{}
	for _, i := range installers {
		f := i.file()
		summary := map[string]string{}
		for line := range strings.Lines(run(t, "msiinfo", "suminfo", f)) {
			k, v, _ := strings.Cut(strings.TrimSpace(line), ": ")
			summary[k] = v
		}
		if summary["Template"] != i.template || summary["Source"] != i.words ||
			summary["Subject"] != "Rinnova "+version || summary["Created"] != summary["Last saved"] {
			t.Errorf("%s: %v", i.name, summary)
		}
		packages[summary["Revision number (UUID)"]] = true

		p := table(t, f, "Property")
		for name, want := range map[string]string{"ProductName": "Rinnova", "ProductVersion": number,
			"ProductLanguage": "1040", "ARPPRODUCTICON": "rinnova.ico", "ARPNOMODIFY": "1"} {
			if p[name]["Value"] != want {
				t.Errorf("%s: %s is %q", i.name, name, p[name]["Value"])
			}
		}
		if (p["ALLUSERS"]["Value"] == "1") == i.user {
			t.Errorf("%s: ALLUSERS is %q", i.name, p["ALLUSERS"]["Value"])
		}
		codes[p["ProductCode"]["Value"]] = true
		upgrades[i.name] = p["UpgradeCode"]["Value"]

		replaces(t, i.name, f, p["UpgradeCode"]["Value"])

		d := table(t, f, "Directory")
		if d["INSTALLDIR"]["Directory_Parent"] != i.parent || d[i.folder]["Directory_Parent"] != "TARGETDIR" {
			t.Errorf("%s: %v", i.name, d)
		}
		shortcuts := table(t, f, "Shortcut")
		for name, folder := range map[string]string{"DesktopIcon": "DesktopFolder", "MenuIcon": "ProgramMenuFolder"} {
			s := shortcuts[name]
			if s["Directory_"] != folder || s["Name"] != "Rinnova" || s["Target"] != "[INSTALLDIR]rinnova-window.exe" ||
				s["Icon_"] != "rinnova.ico" || s["WkDir"] != "INSTALLDIR" || s["Arguments"] != "" {
				t.Errorf("%s: %v", i.name, s)
			}
		}

		components, registry, locators, search := table(t, f, "Component"), table(t, f, "Registry"),
			table(t, f, "RegLocator"), table(t, f, "AppSearch")
		actions, sequence := table(t, f, "CustomAction"), table(t, f, "InstallExecuteSequence")
		secure := strings.Split(p["SecureCustomProperties"]["Value"], ";")
		at := func(action string) int {
			n, err := strconv.Atoi(sequence[action]["Sequence"])
			if err != nil {
				t.Fatal(i.name, action, err)
			}
			return n
		}
		root, kind := "2", 2 // HKEY_LOCAL_MACHINE; string
		if i.user {
			root = "1"
		}
		if i.win64 {
			kind |= 16
		}
		for value, set := range i.settings() {
			property := set.property
			if r := registry[value]; r["Root"] != root || r["Key"] != set.key || r["Name"] != set.name ||
				r["Value"] != set.value || r["Component_"] != value {
				t.Errorf("%s: %v", i.name, r)
			}
			if c := components[value]; c["Condition"] != property || c["KeyPath"] != value {
				t.Errorf("%s: %v", i.name, c)
			}
			l := locators[search["OLD"+property]["Signature_"]]
			if l["Root"] != root || l["Key"] != set.key || l["Name"] != set.name ||
				l["Type"] != strconv.Itoa(kind) {
				t.Errorf("%s: %v", i.name, l)
			}
			if a := actions["Keep"+value]; a["Type"] != "51" || a["Source"] != property ||
				a["Target"] != "[OLD"+property+"]" {
				t.Errorf("%s: %v", i.name, a)
			}
			if s := sequence["Keep"+value]; s["Condition"] != "OLD"+property+" AND NOT "+property ||
				at("Keep"+value) <= at("AppSearch") || at("Keep"+value) >= at("CostInitialize") {
				t.Errorf("%s: %v", i.name, s)
			}
			if !slices.Contains(secure, property) || !slices.Contains(secure, "OLD"+property) {
				t.Errorf("%s: %v", i.name, secure)
			}
		}
		if at("RemoveExistingProducts") != at("InstallInitialize")+1 ||
			at("RemoveExistingProducts") >= at("ProcessComponents") {
			t.Errorf("%s: the old version goes at %d", i.name, at("RemoveExistingProducts"))
		}
		// 18: an installed program. 64: go on with any exit code. 128: do not wait.
		if a := actions["OpenRinnova"]; a["Type"] != "210" || a["Source"] != "rinnova_window.exe" {
			t.Errorf("%s: %v", i.name, a)
		}
		if s := sequence["OpenRinnova"]; s["Condition"] != "UILevel = 5 AND NOT Installed" ||
			at("OpenRinnova") <= at("InstallFinalize") {
			t.Errorf("%s: %v", i.name, s)
		}
		for name, c := range components {
			if bits, _ := strconv.Atoi(c["Attributes"]); (bits&256 != 0) != i.win64 {
				t.Errorf("%s: component %s, attributes %d", i.name, name, bits)
			}
		}
	}
	if len(codes) != 3 || len(packages) != 3 {
		t.Error("codes are shared:", codes, packages)
	}
	if upgrades["x64"] != upgrades["x86"] || upgrades["x64"] == upgrades["x64-user"] {
		t.Errorf("upgrade codes %v: the user's own installer needs another one", upgrades)
	}
}

// Texts are in Windows' western code page, and the file names it: MsiDatabase's string pool begins with its number.
func TestInstallerCodePage(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	for _, i := range installers {
		if s := run(t, "msiinfo", "export", i.file(), "_ForceCodepage"); !strings.Contains(s, "1252\t_ForceCodepage") {
			t.Errorf("%s: %q", i.name, s)
		}
		b := read(t, i.file())
		if !bytes.Contains(b, []byte("una versione pi\xf9 recente")) ||
			bytes.Contains(b, []byte("una versione più recente")) {
			t.Errorf("%s: the texts are in another code page", i.name)
		}
	}
}

// cert is what the packages are signed with.
func cert() string {
	if c := os.Getenv("CODE_CERT"); c != "" {
		return c
	}
	return "windows/worthless-test-key.crt"
}

func verify(t *testing.T, file string) error {
	t.Helper()
	systemtest.Need(t, "osslsigncode", "osslsigncode")
	out, err := exec.Command("osslsigncode", "verify", "-CAfile", cert(), "-in", file).CombinedOutput()
	if err == nil && !bytes.Contains(out, []byte("Signature verification: ok")) {
		return &exec.Error{Name: "osslsigncode", Err: os.ErrInvalid}
	}
	return err
}

// A package and the programs in it are signed, and a change of one bit is detected.
func TestInstallerContents(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	for _, i := range installers {
		if err := verify(t, i.file()); err != nil {
			t.Errorf("%s: %v", i.name, err)
		}
		dir := t.TempDir()
		spoiled := read(t, i.file())
		at := bytes.Index(spoiled, []byte("una versione pi"))
		spoiled[at] ^= 1
		bad := filepath.Join(dir, "bad.msi")
		if err := os.WriteFile(bad, spoiled, 0o644); err != nil {
			t.Fatal(err)
		}
		if verify(t, bad) == nil {
			t.Errorf("%s: a changed package was taken", i.name)
		}

		run(t, "msiextract", "-C", dir, i.file())
		var files []string
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && path != bad {
				files = append(files, filepath.Base(path))
				same(t, path, filepath.Join(work, "msi-"+i.name, d.Name()))
				switch filepath.Ext(path) {
				case ".exe":
					i.program(t, path)
				case ".dll":
					if err := verify(t, path); err != nil {
						t.Errorf("%s: %v", path, err)
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(files)
		want := []string{"LICENSE.txt", "rinnova-window.exe", "rinnova.exe"}
		if i.win64 {
			want = slices.Insert(want, 1, "rinnova-pkcs11.dll", "rinnova-pkcs11.exe")
		}
		if !slices.Equal(files, want) {
			t.Errorf("%s: %q", i.name, files)
		}
	}
}

// program is for the installer's machine, of this version, with resources, signed.
func (i installer) program(t *testing.T, path string) {
	t.Helper()
	if err := verify(t, path); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	b := read(t, path)
	f, err := pe.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var subsystem uint16
	switch h := f.OptionalHeader.(type) {
	case *pe.OptionalHeader32:
		subsystem = h.Subsystem
	case *pe.OptionalHeader64:
		subsystem = h.Subsystem
	}
	want := map[string]uint16{"rinnova.exe": pe.IMAGE_SUBSYSTEM_WINDOWS_CUI,
		"rinnova-window.exe": pe.IMAGE_SUBSYSTEM_WINDOWS_GUI,
		"rinnova-pkcs11.exe": pe.IMAGE_SUBSYSTEM_WINDOWS_GUI}[filepath.Base(path)]
	if f.Machine != i.machine || subsystem != want {
		t.Errorf("%s: machine %x, subsystem %d", path, f.Machine, subsystem)
	}
	resources := f.Section(".rsrc")
	if resources == nil {
		t.Fatal(path, "has no resources")
	}
	r, err := resources.Data()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"ProductVersion", version, "OriginalFilename", filepath.Base(path), "Rinnova"} {
		if !bytes.Contains(r, wide(s)) {
			t.Errorf("%s: no %q in its resources", path, s)
		}
	}
	for _, s := range []string{"asInvoker", "\x89PNG"} { // the manifest, the icon
		if !bytes.Contains(r, []byte(s)) {
			t.Errorf("%s: no %q in its resources", path, s)
		}
	}
	if !bytes.Contains(b[:resources.Offset], []byte(version)) {
		t.Errorf("%s is of another version", path)
	}
	b[0x1000+len(b)/4] ^= 1
	bad := filepath.Join(t.TempDir(), "bad.exe")
	if err := os.WriteFile(bad, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if verify(t, bad) == nil {
		t.Errorf("%s: a changed program was taken", path)
	}
}

// wide is UTF-16, as resources have it.
func wide(s string) []byte {
	b, _ := binary.Append(nil, binary.LittleEndian, utf16.Encode([]rune(s)))
	return b
}
