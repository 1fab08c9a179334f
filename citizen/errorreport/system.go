// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"runtime"
)

// bundles are the folders in which PC/SC Lite and Apple's smart-card services keep the drivers of readers. Windows
// keeps one driver for each device elsewhere; there the report has only the reader's name.
var bundles = map[string]string{"linux": "/usr/lib/pcsc/drivers", "darwin": "/usr/libexec/SmartCardServices/drivers"}

// thisComputer returns the system and the readers' drivers. It omits facts that cannot be read.
func thisComputer() (System, []Driver) {
	s := System{OS: runtime.GOOS, Arch: runtime.GOARCH}
	if r := release(); isText(r) {
		s.Release = r
	}
	var drivers []Driver
	if dir := bundles[runtime.GOOS]; dir != "" {
		drivers = driversIn(os.DirFS(dir))
	}
	return s, drivers
}

// entry returns the string value of a key in a property list.
func entry(list []byte, key string) string {
	m := regexp.MustCompile(`<key>` + key + `</key>\s*<string>([^<]{1,100})</string>`).FindSubmatch(list)
	if m == nil {
		return ""
	}
	return string(m[1])
}

// driversIn returns the name and version of each bundle in a folder.
func driversIn(dir fs.FS) []Driver {
	var list []Driver
	lists, _ := fs.Glob(dir, "*.bundle/Contents/Info.plist") // the pattern is well-formed
	for _, name := range lists {
		b, err := fs.ReadFile(dir, name)
		if err != nil || len(list) == maxList {
			continue
		}
		d := Driver{plain(entry(b, "CFBundleName")), entry(b, "CFBundleShortVersionString")}
		if d.Name == "" {
			d.Name = plain(path.Base(path.Dir(path.Dir(name))))
		}
		if isText(d.Name) && isVersion(d.Version) {
			list = append(list, d)
		}
	}
	return list
}
