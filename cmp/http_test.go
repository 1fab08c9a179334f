// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

func TestHTTPServer(t *testing.T) {
	f := pki()
	h := &Handler{Authority: &authority{inform: &InformResponse{CACerts: []*x509.Certificate{f.currentCA.Certificate}}},
		Signer: f.signer, Secrets: secrets}
	genm := func() []byte {
		return bytesOf(t)(newTransaction(t).GeneralRequest(InformRequest{CACerts: true}, rand.Reader))
	}
	for _, c := range []struct {
		method, path, kind string
		body               []byte
		status             int
	}{
		{"POST", "/.well-known/cmp", mediaType, genm(), 200},
		{"POST", "/.well-known/cmp/", mediaType, genm(), 200},
		{"POST", "/.well-known/cmp/getcacerts", mediaType, genm(), 200},
		{"POST", "/.well-known/cmp/p/2020", mediaType, genm(), 200},
		{"POST", "/.well-known/cmp/p/2020/", mediaType, genm(), 200},
		{"POST", "/.well-known/cmp/p/2020/keyupdate", mediaType, genm(), 200},
		{"POST", "/.well-known/cmp/p/2020/keyupdate/", mediaType, genm(), 200},
		{"POST", "/.well-known/cmp", "Application/PKIXCMP; charset=x", genm(), 200},
		{"POST", "/.well-known/cmp/p", mediaType, genm(), 404},
		{"POST", "/.well-known/cmp/p/", mediaType, genm(), 404},
		{"POST", "/.well-known/cmp/p/../x", mediaType, genm(), 404},
		{"POST", "/.well-known/cmp/p/20%2020", mediaType, genm(), 404},
		{"POST", "/.well-known/cmp/p/2020//", mediaType, genm(), 404},
		{"POST", "/.well-known/cmp/p/2020/unknown", mediaType, genm(), 404},
		{"POST", "/.well-known/cmp/unknown", mediaType, genm(), 404},
		{"POST", "/.well-known/cmpx", mediaType, genm(), 404},
		{"POST", "/", mediaType, genm(), 404},
		{"GET", "/.well-known/cmp", mediaType, nil, 405},
		{"PUT", "/.well-known/cmp", mediaType, genm(), 405},
		{"POST", "/.well-known/cmp", "", genm(), 415},
		{"POST", "/.well-known/cmp", "application/pkcs10", genm(), 415},
		{"POST", "/.well-known/cmp", mediaType, make([]byte, MaxRequest+1), 413},
		{"POST", "/.well-known/cmp", mediaType, make([]byte, MaxRequest), 400},
		{"POST", "/.well-known/cmp", mediaType, nil, 400},
	} {
		r := httptest.NewRequest(c.method, c.path, bytes.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s %s %q: status %d, want %d", c.method, c.path, c.kind, w.Code, c.status)
		}
		if c.status == 200 && (w.Header().Get("Content-Type") != mediaType || w.Header().Get("Content-Length") == "") {
			t.Errorf("%s: header %v", c.path, w.Header())
		}
		if c.status == 405 && w.Header().Get("Allow") != "POST" {
			t.Errorf("no Allow with 405")
		}
	}
	h.Signer.Key = f.spare
	r := httptest.NewRequest("POST", "/.well-known/cmp", bytes.NewReader(genm()))
	r.Header.Set("Content-Type", mediaType)
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 500 {
		t.Errorf("signer without its key: status %d", w.Code)
	}
}

func TestHTTPClient(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   HTTPError
	}{
		{"captive portal, redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://portale.example/", http.StatusFound)
		},
			HTTPError{302, "", 0, "https://portale.example/"}},
		{"captive portal, page", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<p>Accedi")
		},
			HTTPError{200, "text/html", 0, ""}},
		{"busy, seconds", func(w http.ResponseWriter,
			r *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(503)
		},
			HTTPError{503, "", 2 * time.Minute, ""}},
		{"busy, date", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", "Fri, 31 Dec 1999 23:59:00 GMT")
			w.Header().Set("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT")
			w.WriteHeader(503)
		}, HTTPError{503, "", 59 * time.Second, ""}},
		{"busy for ever", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "999999999")
			w.WriteHeader(503)
		},
			HTTPError{503, "", 24 * time.Hour, ""}},
		{"proxy", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(407) }, HTTPError{407, "", 0, ""}},
		{"CMP in a 500", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", mediaType)
			w.WriteHeader(500)
		},
			HTTPError{500, mediaType, 0, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != "POST" || r.ContentLength != 3 || len(r.TransferEncoding) != 0 ||
					string(body) != "abc" ||
					r.Header.Get("Content-Type") != mediaType || r.Header["Idempotency-Key"] != nil {
					t.Errorf("request %v with body %q", r, body)
				}
				w.Header()["Content-Type"] = nil
				c.answer(w, r)
			}))
			defer s.Close()
			_, err := (&Client{URL: s.URL}).Post(t.Context(), []byte("abc"))
			var got *HTTPError
			if !errors.As(err, &got) || *got != c.want {
				t.Errorf("%#v, want %#v", err, c.want)
			}
		})
	}
	big := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		n, _ := strconv.Atoi(r.URL.RawQuery)
		w.Write(make([]byte, n))
	}))
	defer big.Close()
	if b, err := (&Client{URL: big.URL + "?102400"}).Post(t.Context(), nil); err != nil || len(b) != MaxAnswer {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := (&Client{URL: big.URL + "?102401"}).Post(t.Context(), nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v", err)
	}
}

// When a kept-alive connection closes during a request, the same bytes are sent again.
func TestHTTPClientRepeats(t *testing.T) {
	var requests atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if requests.Add(1) == 2 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", mediaType)
		w.Write(body)
	}))
	defer s.Close()
	client := &Client{URL: s.URL, HTTP: s.Client()}
	for _, message := range []string{"uno", "due"} {
		if b, err := client.Post(t.Context(), []byte(message)); err != nil || string(b) != message {
			t.Errorf("%q, %v", b, err)
		}
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests instead of 3", n)
	}
}
