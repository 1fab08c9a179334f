// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/systemtest"
)

// honest is a client of one address, with a new connection for each question.
func honest(t *testing.T, dir, from string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(dir, "s", "tls.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: dialer.DialContext,
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

// median asks an address several times and returns the median of the times; each question must be answered.
func median(t *testing.T, c *http.Client, address string) time.Duration {
	t.Helper()
	var took []time.Duration
	for range 7 {
		start := time.Now()
		response, err := c.Get(address)
		if err != nil {
			t.Errorf("not served: %v", err)
			return 0
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", address, response.Status)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// flooded starts a service with a package to download, and three cards.
func flooded(t *testing.T) (dir string, where []string, service *running) {
	t.Helper()
	dir = t.TempDir()
	where = []string{"--dir", filepath.Join(dir, "s")}
	do(t, dir, "rinnovad", append([]string{"init", "--key", "p256"}, where...)...)
	packages := filepath.Join(dir, "packages")
	if err := os.Mkdir(packages, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(packages, "rinnova-0.1.0-x64.msi"), make([]byte, 8<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	do(t, dir, "rinnovad", "operator", "--dir", filepath.Join(dir, "s"), "--service", "https://rinnova.example",
		"--telephone", "06 0000", "--out", filepath.Join(packages, "operator.json"))
	do(t, packages, "sh", "-c", "sha256sum -- * >../sums && mv ../sums SHA256SUMS")
	service = serve(t, append([]string{"--packages", packages}, where...)...)
	for i := range 3 {
		card := filepath.Join(dir, fmt.Sprint("card", i))
		if err := os.Mkdir(card, 0o755); err != nil {
			t.Fatal(err)
		}
		do(t, card, "rinnovad", append([]string{"card", "issue", "--series", "AC2014", "--key-bits", "2048", "--out",
			"card.json", "--pem", "."}, where...)...)
		do(t, card, "openssl", "genrsa", "-out", "new.key", "2048")
	}
	return dir, where, service
}

// renews renews a card with the client of OpenSSL and returns how long it took.
func renews(t *testing.T, dir string, service *running, card int) time.Duration {
	t.Helper()
	start := time.Now()
	do(t, filepath.Join(dir, fmt.Sprint("card", card)), "openssl", "cmp", "-config", "", "-cmd", "kur", "-server",
		strings.TrimPrefix(service.cmp, "https://"), "-path", ".well-known/cmp", "-no_proxy", "127.0.0.1", "-tls_used",
		"-tls_trusted", "../s/tls.pem", "-cert", "old.pem", "-key", "old.key", "-newkey", "new.key", "-trusted",
		"../s/ca.pem", "-certout", "new.pem")
	return time.Since(start)
}

// TestSocketFlood: 1,024 sockets of one address that say nothing, on each listener. A card behind the same address is
// renewed, and neither it nor others wait.
func TestSocketFlood(t *testing.T) {
	dir, where, service := flooded(t)
	alone := renews(t, dir, service, 0)
	for _, address := range []string{service.cmp, service.login, service.public} {
		for range 1024 {
			_, host, _ := strings.Cut(address, "://")
			c, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
	}
	time.Sleep(100 * time.Millisecond)
	beside := renews(t, dir, service, 1)
	t.Logf("a renewal took %v alone and %v beside the flood", alone, beside)
	if beside > alone+5*time.Second {
		t.Error("the flood cost the card seconds")
	}
	for _, from := range []string{"127.0.0.1", "127.0.0.2"} {
		c := honest(t, dir, from)
		for _, address := range []string{service.cmp + "/healthz", service.public + "/crl/ca.crl"} {
			if took := median(t, c, address); took > time.Second {
				t.Errorf("from %s, %s was served after %v", from, address, took)
			}
		}
	}
	if list := certificates(t, dir, where); len(list) != 2 {
		t.Errorf("%d certificates, want one for each card", len(list))
	}
}

// TestSlowHTTPTest: a program of others sends slow headers and slow bodies and reads packages slowly, all at the same
// time, and finds the service available; a card is renewed meanwhile, and another address does not wait.
func TestSlowHTTPTest(t *testing.T) {
	systemtest.Need(t, "slowhttptest", "slowhttptest")
	dir, where, service := flooded(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var floods []*exec.Cmd
	for _, mode := range [][]string{
		{"-H", "-u", service.cmp + "/", "-i", "1"},
		{"-B", "-u", service.cmp + "/.well-known/cmp", "-i", "1", "-s", "60000", "-f", "application/pkixcmp"},
		{"-X", "-u", service.cmp + "/scarica/rinnova-latest-windows-x64.msi"},
	} {
		c := exec.CommandContext(ctx, "slowhttptest", append(mode, "-c", "450", "-r", "200", "-l", "10", "-p", "2")...)
		out, err := os.Create(filepath.Join(dir, "slowhttptest"+mode[0]))
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		c.Stdout = out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		floods = append(floods, c)
	}
	time.Sleep(7 * time.Second)
	if took := renews(t, dir, service, 0); took > 5*time.Second {
		t.Errorf("the floods cost the card seconds: %v", took)
	}
	for _, from := range []string{"127.0.0.1", "127.0.0.2"} {
		for _, address := range []string{service.cmp + "/healthz", service.public + "/crl/ca.crl"} {
			if took := median(t, honest(t, dir, from), address); took > time.Second {
				t.Errorf("from %s, %s was served after %v", from, address, took)
			}
		}
	}
	for _, c := range floods {
		if err := c.Wait(); err != nil {
			t.Errorf("%v: %v", c.Args, err)
		}
		report, err := os.ReadFile(filepath.Join(dir, "slowhttptest"+c.Args[1]))
		if err != nil {
			t.Fatal(err)
		}
		text := string(report)
		if !strings.Contains(text, "service available:") || strings.Contains(text, "NO") {
			t.Errorf("%v: %s", c.Args, text)
		}
	}
	if list := certificates(t, dir, where); len(list) != 1 {
		t.Errorf("%d certificates, want 1", len(list))
	}
}
