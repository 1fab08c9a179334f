// SPDX-License-Identifier: EUPL-1.2

package portal

import "testing"

// TestPackageNames: the names of the packagers' tools are recognised, and other names are not.
func TestPackageNames(t *testing.T) {
	for name, want := range map[string]string{ // platform and version
		"rinnova-1.2.3-x64.msi":                  "windows-x64 1.2.3",
		"rinnova-1.2.3-windows-amd64.msi":        "windows-x64 1.2.3",
		"rinnova-0.1.0-dev-x64.msi":              "windows-x64 0.1.0-dev",
		"rinnova-1.2.3-x64-user.msi":             "windows-x64-user 1.2.3",
		"rinnova-1.2.3-x86.msi":                  "windows-x86 1.2.3",
		"rinnova_1.2.3_amd64.deb":                "debian-amd64 1.2.3",
		"rinnova_0.1.0~dev_amd64.deb":            "debian-amd64 0.1.0~dev",
		"rinnova_1.2.3-1_arm64.deb":              "debian-arm64 1.2.3-1",
		"rinnova-1.2.3-1.x86_64.rpm":             "fedora-x86_64 1.2.3-1",
		"rinnova-0.1.0~dev-1.aarch64.rpm":        "fedora-aarch64 0.1.0~dev-1",
		"rinnova-1.2.3-linux-amd64.tar.gz":       "linux-amd64 1.2.3",
		"rinnova_1.2.3_linux-arm64.tar.gz":       "linux-arm64 1.2.3",
		"rinnova-1.2.3-darwin-arm64.tar.gz":      "macos-arm64 1.2.3",
		"rinnova-1.2.3-rc1-macos-amd64.tar.gz":   "macos-amd64 1.2.3-rc1",
		"rinnova-1.2.3-x64.msi.asc":              "",
		"rinnova-x64.msi":                        "",
		"rinnova-1.2-x64.msi":                    "",
		"rinnova-1.2.3-sparc.msi":                "",
		"rinnova-1.2.3-x64.exe":                  "",
		"altro-1.2.3-x64.msi":                    "",
		"rinnova-1.2.3-linux-amd64.tar.gz.sbom":  "",
		"rinnova-1.2.3-linux-amd64-debug.tar.gz": "",
	} {
		got := ""
		for _, p := range platforms {
			if version, ok := p.versionOf(name); ok {
				got += p.ID + " " + version
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestVersions(t *testing.T) {
	ascending := []string{"0.1.0-alpha", "0.1.0-dev", "0.1.0-rc1", "0.1.0-rc2", "0.1.0-rc10", "0.1.0", "0.1.0-1",
		"0.1.0-2", "0.1.1~dev", "0.1.1", "0.2.0", "0.10.0", "1.0.0~rc1-1", "1.0.0", "10.0.0"}
	for i, a := range ascending {
		for j, b := range ascending {
			c := compareVersions(a, b)
			if c < 0 != (i < j) || c > 0 != (i > j) {
				t.Errorf("%s and %s: %d", a, b, c)
			}
		}
	}
}

// TestPlatformOf takes User-Agent strings as the browsers' makers publish them.
func TestPlatformOf(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 " +
			"Safari/537.36": "windows-x64",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0":     "windows-x64",
		"Mozilla/5.0 (Windows NT 10.0; WOW64; rv:115.0) Gecko/20100101 Firefox/115.0":          "windows-x64",
		"Mozilla/5.0 (Windows NT 10.0; rv:115.0) Gecko/20100101 Firefox/115.0":                 "windows-x86",
		"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0":       "debian-amd64",
		"Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0":       "fedora-x86_64",
		"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0":               "",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0": "",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile " +
			"Safari/537.36": "",
		"": "", "curl/8.14.1": "",
	} {
		if got := platformOf(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}
