// SPDX-License-Identifier: EUPL-1.2

package proxy_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rinnova.example/go/citizen/proxy"
	"rinnova.example/go/citizen/proxy/pac"
	"rinnova.example/go/systemtest"
)

func TestMain(m *testing.M) {
	pac.Serve()
	os.Exit(m.Run())
}

// without takes away this computer's own settings.
func without(t *testing.T) {
	t.Helper()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
		"XDG_CURRENT_DESKTOP"} {
		t.Setenv(name, "")
	}
}

// way is the proxy for an address as a text: "direct" for none.
func way(t *testing.T, c *proxy.Chooser, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.For(t.Context(), u)
	switch {
	case err != nil:
		return err.Error()
	case p == nil:
		return "direct"
	}
	return p.String()
}

// script serves a text as a script and returns its address.
func script(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.URL + "/proxy.pac"
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ns-proxy-autoconfig")
		w.Write([]byte(text))
	}
}

// TestChoose: by hand, by the environment, by a script by hand.
func TestChoose(t *testing.T) {
	for name, row := range map[string]struct{ setting, environment, address, want string }{
		"nothing":                 {"", "", "https://servizio.example", "direct"},
		"the environment's":       {"", "http://e:3128", "https://servizio.example", "http://e:3128"},
		"by hand":                 {"http://h:3128", "http://e:3128", "https://servizio.example", "http://h:3128"},
		"direct":                  {"direct", "http://e:3128", "https://servizio.example", "direct"},
		"this computer":           {"http://h:3128", "", "https://127.0.0.1:8443", "direct"},
		"a script, this computer": {"pac:http://127.0.0.1:1/x", "", "https://localhost:8443", "direct"},
	} {
		t.Run(name, func(t *testing.T) {
			without(t)
			t.Setenv("HTTPS_PROXY", row.environment)
			c, err := proxy.Choose(row.setting)
			if err != nil {
				t.Fatal(err)
			}
			if got := way(t, c, row.address); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
	for _, setting := range []string{"h:3128", "ftp://h", "pac:", "pac:file:///etc/proxy.pac", "socks4://h:1080"} {
		if _, err := proxy.Choose(setting); !errors.Is(err, proxy.ErrMalformed) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

// TestInOrder: of the proxies of a script the first that accepts a connection is used.
func TestInOrder(t *testing.T) {
	without(t)
	alive, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	a, g := alive.Addr().String(), gone.Addr().String()
	for answer, want := range map[string]string{
		"PROXY " + g + "; PROXY " + a + "; DIRECT":      "http://" + a,
		"PROXY " + a + "; PROXY " + g:                   "http://" + a,
		"PROXY " + g + "; HTTPS " + g:                   "http://" + g, // the error is about the first
		"SOCKS5 " + a + "; DIRECT":                      "socks5://" + a,
		"PROXY " + g + "; SOCKS " + a + "; SOCKS5 " + a: "socks5://" + a,
		"DIRECT; PROXY " + a:                            "http://" + a, // 192.0.2.1 is no computer (RFC 5737)
		"SOCKS " + a:                                    "no proxy of a supported kind",
	} {
		at := script(t, says("function FindProxyForURL(url, host) { return '"+answer+"' }"))
		c, err := proxy.Choose("pac:" + at)
		if err != nil {
			t.Fatal(err)
		}
		if got := way(t, c, "https://192.0.2.1:9"); got != want {
			t.Errorf("%s: %s, want %s", answer, got, want)
		}
	}
}

// TestFetch: a script that cannot be fetched whole is no direct connection.
func TestFetch(t *testing.T) {
	without(t)
	for name, answer := range map[string]http.HandlerFunc{
		"absent": http.NotFound,
		"large": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte("function FindProxyForURL() { return 'DIRECT' } //" + strings.Repeat("x", 1<<20)))
		},
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte("function FindProxyForURL() { return 'DIRECT' }"))
		},
		"a page": says("<html><body>Accedi</body></html>"),
		"to a file": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		},
		"for ever to the same place": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		},
	} {
		c, err := proxy.Choose("pac:" + script(t, answer))
		if err != nil {
			t.Fatal(err)
		}
		u := &url.URL{Scheme: "https", Host: "servizio.example"}
		if _, err := c.For(t.Context(), u); !errors.Is(err, proxy.ErrScript) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTransport sends a request through the proxy of a script, as the program does.
func TestTransport(t *testing.T) {
	without(t)
	var asked string
	p := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.String() }))
	defer p.Close()
	at := script(t, says("function FindProxyForURL(u, h) { return shExpMatch(h, '*.example') ? 'PROXY "+
		strings.TrimPrefix(p.URL, "http://")+"' : 'DIRECT' }"))
	c, err := proxy.Choose("pac:" + at)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{Proxy: c.Proxy}}
	res, err := client.Get("http://servizio.example/pagina")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if asked != "http://servizio.example/pagina" {
		t.Errorf("the proxy was asked for %q", asked)
	}
}

// TestGNOME reads the settings that GNOME's own program wrote.
func TestGNOME(t *testing.T) {
	systemtest.Need(t, "libglib2.0-bin", "gsettings")
	systemtest.Need(t, "gsettings-desktop-schemas", "/usr/share/glib-2.0/schemas/org.gnome.system.proxy.gschema.xml")
	without(t)
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("GSETTINGS_BACKEND", "keyfile")
	set := func(lines ...string) {
		t.Helper()
		for _, l := range lines {
			if out, err := exec.Command("gsettings", append([]string{"set"}, strings.SplitN(l, " ", 3)...)...).
				CombinedOutput(); err != nil {
				t.Fatalf("gsettings set %s: %v %s", l, err, out)
			}
		}
	}
	read := func() proxy.Settings {
		t.Helper()
		out, err := exec.Command("gsettings", "list-recursively", "org.gnome.system.proxy").Output()
		if err != nil {
			t.Fatal(err)
		}
		return proxy.Gsettings(string(out))
	}
	set("org.gnome.system.proxy mode manual", "org.gnome.system.proxy.https host proxy.example",
		"org.gnome.system.proxy.https port 3128",
		"org.gnome.system.proxy ignore-hosts ['localhost','10.0.0.0/8','*.casa']")
	t.Setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
	c, err := proxy.Choose("")
	if err != nil {
		t.Fatal(err)
	}
	if got := way(t, c, "https://servizio.example"); got != "http://proxy.example:3128" {
		t.Errorf("the program goes by %s", got)
	}
	manual := read()
	for host, want := range map[string]string{"servizio.example": "http://proxy.example:3128", "10.1.2.3": "direct",
		"nas.casa": "direct", "casa": "http://proxy.example:3128", "127.0.0.1": "direct"} {
		if got := ways(t, manual, "https://"+host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
	set("org.gnome.system.proxy mode auto", "org.gnome.system.proxy autoconfig-url http://wpad.example/proxy.pac")
	if s := read(); s.Script != "http://wpad.example/proxy.pac" {
		t.Errorf("%+v", s)
	}
	set("org.gnome.system.proxy mode none")
	if s := read(); s.Script != "" || len(s.Proxy) != 0 {
		t.Errorf("%+v", s)
	}
}

// ways is way for settings.
func ways(t *testing.T, s proxy.Settings, address string) string {
	t.Helper()
	return way(t, s.Chooser(), address)
}

// TestRegistry reads values as WinINet keeps them.
func TestRegistry(t *testing.T) {
	const bypass = "*.ufficio.example;10.*;192.168.0.0/16;<local>"
	for _, row := range []struct {
		r    proxy.Registry
		want map[string]string
	}{
		{proxy.Registry{ProxyServer: "off.example:3128"}, map[string]string{"https://a.example": "direct"}},
		{proxy.Registry{ProxyEnable: 1, ProxyServer: "p.example:3128", ProxyOverride: bypass}, map[string]string{
			"https://a.example": "http://p.example:3128", "https://a.ufficio.example": "direct",
			"https://10.1.1.1": "direct", "https://intranet": "direct", "https://192.168.3.4": "direct",
			"https://11.1.1.1": "http://p.example:3128"}},
		{proxy.Registry{ProxyEnable: 1, ProxyServer: "http=w.example:80;https=s.example:3129;socks=k.example:1080"},
			map[string]string{"https://a.example": "http://s.example:3129", "http://a.example": "http://w.example:80"}},
		{proxy.Registry{ProxyEnable: 1, ProxyServer: "http://p.example:3128"},
			map[string]string{"https://a.example": "http://p.example:3128"}},
		{proxy.Registry{ProxyEnable: 1, ProxyServer: "socks=k.example:1080"},
			map[string]string{"https://a.example": "no proxy of a supported kind", "https://127.0.0.1": "direct"}},
		{proxy.Registry{ProxyEnable: 1, ProxyServer: "p.example:port"},
			map[string]string{"https://a.example": "not an address"}},
		{proxy.Registry{AutoConfigURL: "file://c:/proxy.pac"},
			map[string]string{"https://a.example": "no proxy of a supported kind"}},
	} {
		for address, want := range row.want {
			if got := ways(t, row.r.Settings(), address); got != want {
				t.Errorf("%+v: %s by %s, want %s", row.r, address, got, want)
			}
		}
	}
	script := proxy.Registry{ProxyEnable: 1, ProxyServer: "p.example:3128", AutoConfigURL: "http://p.example/proxy.pac"}
	if s := script.Settings(); s.Script != "http://p.example/proxy.pac" {
		t.Errorf("%+v", s)
	}
}

// TestScutil reads answers in the form of macOS's program.
func TestScutil(t *testing.T) {
	for file, want := range map[string]map[string]string{
		"manual.txt": {"https://a.example": "http://proxy.example:8080",
			"http://a.example":  "http://proxy.example:3128",
			"https://nas.local": "direct", "https://169.254.7.7": "direct", "https://intranet": "direct"},
		"none.txt": {"https://a.example": "direct"},
	} {
		b, err := os.ReadFile(filepath.Join("testdata", "scutil", file))
		if err != nil {
			t.Fatal(err)
		}
		for address, way := range want {
			if got := ways(t, proxy.Scutil(string(b)), address); got != way {
				t.Errorf("%s: %s by %s, want %s", file, address, got, way)
			}
		}
	}
	b, err := os.ReadFile("testdata/scutil/script.txt")
	if err != nil {
		t.Fatal(err)
	}
	if s := proxy.Scutil(string(b)); s.Script != "http://wpad.example/proxy.pac" {
		t.Errorf("%+v", s)
	}
	list, err := os.ReadDir("testdata/scutil")
	if err != nil || len(list) != 3 {
		t.Errorf("%d files, %v", len(list), err)
	}
}

// TestDescribe names the proxy and its place, without a password.
func TestDescribe(t *testing.T) {
	without(t)
	for setting, want := range map[string]string{
		"http://nome:segreto@p.example:3128": "http://p.example:3128 (RINNOVA_PROXY)",
		"direct":                             "", "": ""} {
		got, err := proxy.Describe(t.Context(), setting, "https://servizio.example")
		if err != nil || got != want {
			t.Errorf("%s: %s, %v", setting, got, err)
		}
	}
}
