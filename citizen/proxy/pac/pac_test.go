// SPDX-License-Identifier: EUPL-1.2

package pac_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/citizen/proxy/pac"
)

func TestMain(m *testing.M) {
	pac.Serve()
	os.Exit(m.Run())
}

// world is that of the format's description: names of its examples, and a moment.
func world(now string) pac.World {
	return pac.World{
		Now: func() time.Time {
			t, err := time.Parse(time.RFC3339, now)
			if err != nil {
				panic(err) // the table is wrong
			}
			return t
		},
		Resolve: func(host string) []net.IP {
			return map[string][]net.IP{"www.mozilla.org": {net.IPv4(104, 16, 41, 2)},
				"mcom-www": {net.IPv4(198, 95, 249, 79)}, "mail": {net.IPv4(198, 95, 3, 4)}}[host]
		},
		Own: func() net.IP { return net.IPv4(198, 95, 249, 7) },
	}
}

// documented are the examples of the format's description with the values that it gives for them
// (developer.mozilla.org, "Proxy Auto-Configuration (PAC) file"), and the days of 1995 and 1996 to which it applies the
// ranges. 14 June 1995 was a Wednesday.
var documented = []struct{ now, expression, want string }{
	{"", `isPlainHostName("www.mozilla.org")`, "false"},
	{"", `isPlainHostName("www")`, "true"},
	{"", `dnsDomainIs("www.mozilla.org", ".mozilla.org")`, "true"},
	{"", `dnsDomainIs("www", ".mozilla.org")`, "false"},
	{"", `localHostOrDomainIs("www.mozilla.org", "www.mozilla.org")`, "true"},
	{"", `localHostOrDomainIs("www", "www.mozilla.org")`, "true"},
	{"", `localHostOrDomainIs("www.google.com", "www.mozilla.org")`, "false"},
	{"", `localHostOrDomainIs("home.mozilla.org", "www.mozilla.org")`, "false"},
	{"", `isResolvable("www.mozilla.org")`, "true"},
	{"", `isResolvable("absent.mozilla.org")`, "false"},
	{"", `isInNet("mcom-www", "198.95.249.79", "255.255.255.255")`, "true"},
	{"", `isInNet("mail", "198.95.249.79", "255.255.255.255")`, "false"},
	{"", `isInNet("mail", "198.95.0.0", "255.255.0.0")`, "true"},
	{"", `isInNet("172.31.1.1", "172.16.0.0", "255.240.0.0")`, "true"},
	{"", `isInNet("absent", "0.0.0.0", "0.0.0.0")`, "false"},
	{"", `dnsResolve("www.mozilla.org")`, "104.16.41.2"},
	{"", `dnsResolve("absent.mozilla.org")`, "null"},
	{"", `convert_addr("104.16.41.2")`, "1745889538"},
	{"", `myIpAddress()`, "198.95.249.7"},
	{"", `dnsDomainLevels("www")`, "0"},
	{"", `dnsDomainLevels("mozilla.org")`, "1"},
	{"", `dnsDomainLevels("www.mozilla.org")`, "2"},
	{"", `shExpMatch("http://home.netscape.com/people/ari/index.html", "*/ari/*")`, "true"},
	{"", `shExpMatch("http://home.netscape.com/people/montulli/index.html", "*/ari/*")`, "false"},
	{"", `shExpMatch("10.1.2.3", "10.?.2.3")`, "true"},
	{"", `shExpMatch("a.b", "a?c")`, "false"},
	{"", `alert("x")`, "undefined"},
	{"1995-06-14T12:30:00Z", `weekdayRange("MON", "FRI")`, "true"},
	{"1995-06-17T12:30:00Z", `weekdayRange("MON", "FRI")`, "false"},
	{"1995-06-17T12:30:00+14:00", `weekdayRange("FRI", "GMT")`, "true"},
	{"1995-06-17T12:30:00Z", `weekdayRange("SAT")`, "true"},
	{"1995-06-18T12:30:00Z", `weekdayRange("FRI", "MON")`, "true"},
	{"1995-06-14T12:30:00Z", `weekdayRange("FRI", "MON")`, "false"},
	{"1995-06-01T12:30:00Z", `dateRange(1)`, "true"},
	{"1995-06-02T00:30:00+02:00", `dateRange(1, "GMT")`, "true"},
	{"1995-06-15T00:00:00Z", `dateRange(1, 15)`, "true"},
	{"1995-06-16T00:00:00Z", `dateRange(1, 15)`, "false"},
	{"1995-12-24T00:00:00Z", `dateRange(24, "DEC")`, "false"}, // a range of two kinds is none
	{"1995-12-24T00:00:00Z", `dateRange(24, "DEC", 24, "DEC")`, "true"},
	{"1995-02-28T00:00:00Z", `dateRange("JAN", "MAR")`, "true"},
	{"1995-04-01T00:00:00Z", `dateRange("JAN", "MAR")`, "false"},
	{"1995-01-31T00:00:00Z", `dateRange("OCT", "MAR")`, "true"},
	{"1995-06-01T00:00:00Z", `dateRange(1, "JUN", 15, "AUG")`, "true"},
	{"1995-08-16T00:00:00Z", `dateRange(1, "JUN", 15, "AUG")`, "false"},
	{"1995-07-31T00:00:00Z", `dateRange(1, "JUN", 1995, 15, "AUG", 1995)`, "true"},
	{"1996-07-31T00:00:00Z", `dateRange(1, "JUN", 1995, 15, "AUG", 1995)`, "false"},
	{"1996-03-31T00:00:00Z", `dateRange("OCT", 1995, "MAR", 1996)`, "true"},
	{"1996-04-01T00:00:00Z", `dateRange("OCT", 1995, "MAR", 1996)`, "false"},
	{"1995-04-01T00:00:00Z", `dateRange(1995)`, "true"},
	{"1998-04-01T00:00:00Z", `dateRange(1995, 1997)`, "false"},
	{"1995-06-14T12:59:59Z", `timeRange(12)`, "true"},
	{"1995-06-14T13:00:00Z", `timeRange(12)`, "false"},
	{"1995-06-14T12:59:59Z", `timeRange(12, 13)`, "true"},
	{"1995-06-14T13:00:01Z", `timeRange(12, 13)`, "false"},
	{"1995-06-14T23:30:00+11:00", `timeRange(12, "GMT")`, "true"},
	{"1995-06-14T16:59:00Z", `timeRange(9, 17)`, "true"},
	{"1995-06-14T08:29:59Z", `timeRange(8, 30, 17, 0)`, "false"},
	{"1995-06-14T08:30:00Z", `timeRange(8, 30, 17, 0)`, "true"},
	{"1995-06-14T00:00:30Z", `timeRange(0, 0, 0, 0, 0, 30)`, "true"},
	{"1995-06-14T00:00:31Z", `timeRange(0, 0, 0, 0, 0, 30)`, "false"},
	{"1995-06-14T23:30:00Z", `timeRange(22, 6)`, "true"},
	{"1995-06-14T12:30:00Z", `timeRange("noon")`, "false"},
}

// TestFunctions holds every function to the format's description.
func TestFunctions(t *testing.T) {
	u := &url.URL{Scheme: "https", Host: "www.mozilla.org"}
	for _, row := range documented {
		now := row.now
		if now == "" {
			now = "1995-06-14T12:30:00Z"
		}
		script := fmt.Sprintf("function FindProxyForURL(url, host) { return String(%s) }", row.expression)
		got, err := world(now).Evaluate(t.Context(), script, u)
		if err != nil || got != row.want {
			t.Errorf("%s at %s: %s, %v; want %s", row.expression, now, got, err, row.want)
		}
	}
}

// TestParse reads the answers of the description, in their order.
func TestParse(t *testing.T) {
	for answer, want := range map[string]string{
		"DIRECT": "DIRECT", "": "DIRECT", "  ;": "DIRECT",
		"PROXY w3proxy.netscape.com:8080; PROXY mozilla.netscape.com:8081": "http://w3proxy.netscape.com:8080 " +
			"http://mozilla.netscape.com:8081",
		"PROXY a:3128; DIRECT":              "http://a:3128 DIRECT",
		"HTTPS a:443;SOCKS5 b:1080":         "https://a:443 socks5://b:1080",
		"SOCKS socks:1080; PROXY [::1]:80":  "http://[::1]:80",
		"SOCKS socks:1080":                  pac.ErrUnsupported.Error(),
		"SOCKS4 socks:1080":                 pac.ErrUnsupported.Error(),
		"PROXY":                             pac.ErrAnswer.Error(),
		"PROXY a:3128/path":                 pac.ErrAnswer.Error(),
		"PROXY name:secret@a:3128":          pac.ErrAnswer.Error(),
		"PROXY a:port":                      pac.ErrAnswer.Error(),
		"CARRIER pigeon:1149; PROXY a:3128": pac.ErrAnswer.Error(),
		"DIRECT please":                     pac.ErrAnswer.Error(),
	} {
		var got []string
		list, err := pac.Parse(answer)
		for _, u := range list {
			if u == nil {
				got = append(got, "DIRECT")
			} else {
				got = append(got, u.String())
			}
		}
		if err != nil {
			got = append(got, err.Error())
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: %s, want %s", answer, s, want)
		}
	}
}

// TestFind runs scripts in their process: an answer is found, and one that harms ends in its time with ErrScript.
func TestFind(t *testing.T) {
	t.Setenv("RINNOVA_SECRET", "canary")
	u := &url.URL{Scheme: "https", Host: "servizio.example:8443", Path: "/.well-known/cmp", RawQuery: "q=secret"}
	in := func(body string) string { return "function FindProxyForURL(url, host) {" + body + "}" }
	for name, row := range map[string]struct {
		script, want string
		err          error
	}{
		"by host": {in(`return host == "servizio.example" ? "PROXY a:3128; DIRECT" : "DIRECT"`), "http://a:3128", nil},
		"neither path nor query": {in(`return url == "https://servizio.example:8443/" ? "PROXY a:1" : "DIRECT"`),
			"http://a:1", nil},
		"no environment and no files": {in(`return typeof process + typeof require + typeof std == ` +
			`"undefinedundefinedundefined" ? "PROXY a:2" : "DIRECT"`), "http://a:2", nil},
		"this computer":             {in(`return dnsResolve("localhost") == "127.0.0.1" ? "PROXY a:3" : "DIRECT"`), "http://a:3", nil},
		"no JavaScript":             {"<html>", "", pac.ErrScript},
		"no function":               {"var a", "", pac.ErrScript},
		"an exception":              {in(`throw "x"`), "", pac.ErrScript},
		"a number":                  {in(`return 7`), "", pac.ErrScript},
		"for ever":                  {in(`while (true) {}`), "", pac.ErrScript},
		"for ever, built in":        {in(`return [].indexOf.call({length: 9007199254740991}, 1)`), "", pac.ErrScript},
		"for ever, at the start":    {`while (true) {}`, "", pac.ErrScript},
		"calls itself":              {in(`return FindProxyForURL(url, host)`), "", pac.ErrScript},
		"memory":                    {in(`var a = []; while (true) { a.push(new Array(1000).join("x")) }`), "", pac.ErrScript},
		"memory, doubled":           {in(`var s = "x"; while (true) { s += s + Math.random() }`), "", pac.ErrScript},
		"an answer without an end":  {in(`return new Array(100000).join("PROXY a:1;")`), "", pac.ErrScript},
		"a regular expression":      {in(`return /^(?=(a+)+$)x/.test(new Array(40).join("a") + "b") ? "" : "PROXY a:4"`), "http://a:4", nil},
		"another kind of proxy":     {in(`return "SOCKS a:1080"`), "", pac.ErrUnsupported},
		"an answer that is no list": {in(`return "a:3128"`), "", pac.ErrAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			list, err := pac.Find(t.Context(), row.script, u)
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
			if !errors.Is(err, row.err) || row.err == nil && err != nil {
				t.Fatalf("%v", err)
			}
			if row.want != "" && list[0].String() != row.want {
				t.Errorf("%v", list)
			}
		})
	}
}

// FuzzParse: an answer of any text gives proxies or an error, and never an empty list.
func FuzzParse(f *testing.F) {
	f.Add("PROXY a:3128; DIRECT")
	f.Fuzz(func(t *testing.T, answer string) {
		if list, err := pac.Parse(answer); err == nil && len(list) == 0 {
			t.Errorf("%q", answer)
		}
	})
}

// TestCancelled: an evaluation ends with its context.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	script := "function FindProxyForURL(u, h) { while (true) {} }"
	if _, err := world("1995-06-14T12:30:00Z").Evaluate(ctx, script, &url.URL{}); !errors.Is(err, pac.ErrScript) {
		t.Errorf("%v", err)
	}
}
