// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// window is one without a card; readers are told on the channel.
func window(t *testing.T) (*Window, chan []Reader) {
	t.Helper()
	readers := make(chan []Reader)
	w := New(Config{Version: "1", Readers: readers, Now: time.Now, SlowAfter: time.Second, ReinsertPause: time.Second,
		KeepPIN: time.Minute, Service: "https://rinnova.example",
		Probe: func(context.Context) error { return &renewal.Failure{Code: failure.ServiceUnreachable} }})
	t.Cleanup(w.Close)
	return w, readers
}

func request(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	a := httptest.NewRecorder()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	h.ServeHTTP(a, r)
	return a
}

// Every answer carries the policy, and nothing in it is unsafe.
func TestHeaders(t *testing.T) {
	w, _ := window(t)
	if strings.Contains(Policy, "unsafe") || strings.Contains(Policy, "*") ||
		!strings.HasPrefix(Policy, "default-src 'none'") {
		t.Errorf("the policy is %q", Policy)
	}
	for _, target := range []string{"/", "/api/state", "/api/diagnosis", "/api/nothing", "/nothing"} {
		h := request(w.Handler(), http.MethodGet, target, "").Header()
		if h.Get("Content-Security-Policy") != Policy || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Cache-Control") != "no-store" && !strings.Contains(target, "nothing") ||
			h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers of %s: %v", target, h)
		}
	}
}

// A web view hangs on a 304: none is ever given.
func TestNever304(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"built":     {"index.html": {Data: []byte("<!DOCTYPE html>"), ModTime: time.Now()}},
		"not built": {".keep": {}},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-Modified-Since", time.Now().Add(time.Hour).Format(http.TimeFormat))
		r.Header.Set("If-None-Match", "*")
		a := httptest.NewRecorder()
		headers(page(files)).ServeHTTP(a, r)
		if a.Code != http.StatusOK || a.Body.Len() == 0 {
			t.Errorf("%s: status %d", name, a.Code)
		}
		if built := !strings.Contains(a.Body.String(), "make window"); built != (name == "built") {
			t.Errorf("%s: the page is %s", name, a.Body)
		}
	}
}

// A request for the state is answered at the change, not before, and at once when it is out of date.
func TestLongPoll(t *testing.T) {
	w, readers := window(t)
	h := w.Handler()
	state := func(since int) State {
		var s State
		if err := json.Unmarshal(request(h, http.MethodGet, "/api/state?since="+strconv.Itoa(since), "").Body.Bytes(),
			&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := state(-1)
	if first.Screen != ScreenStarting {
		t.Errorf("the first state is %+v", first)
	}
	answered := make(chan State)
	go func() { answered <- state(first.Version) }()
	select {
	case s := <-answered:
		t.Fatal("answered without a change", s)
	case <-time.After(50 * time.Millisecond):
	}
	readers <- []Reader{{Name: "A"}}
	if s := <-answered; s.Screen != ScreenNoCard || s.Version <= first.Version {
		t.Errorf("the state after a reader came is %+v", s)
	}
	if s := state(first.Version); s.Screen != ScreenNoCard {
		t.Errorf("a second question got %+v", s)
	}
	readers <- nil
	readers <- []Reader{}
	for s := state(-1); s.Screen != ScreenNoReader; s = state(s.Version) {
	}
}

// A request that is out of place is refused, and changes nothing.
func TestOutOfState(t *testing.T) {
	w, _ := window(t)
	before := w.State()
	for _, target := range []string{"renew", "code?prompt=1", "code", "answer?prompt=1", "back?prompt=1", "back",
		"close", "login", "skip", "extend", "report", "choose"} {
		if a := request(w.Handler(), http.MethodPost, "/api/"+target, "12345"); a.Code != http.StatusConflict &&
			a.Code != http.StatusBadRequest {
			t.Errorf("%s without a question: status %d", target, a.Code)
		}
		if a := request(w.Handler(), http.MethodGet, "/api/"+target, ""); a.Code != http.StatusNotFound &&
			a.Code != http.StatusMethodNotAllowed {
			t.Error("GET", target, a.Code)
		}
	}
	if after := w.State(); after.Version != before.Version {
		t.Errorf("a refused request changed the state: %+v", after)
	}
	if a := request(w.Handler(), http.MethodPost, "/api/demo", "action=insert"); a.Code == http.StatusOK {
		t.Error("a bench where there is none")
	}
}

func TestDiagnosis(t *testing.T) {
	w, _ := window(t)
	var d Diagnosis
	if err := json.Unmarshal(request(w.Handler(), http.MethodGet, "/api/diagnosis", "").Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if d.Answer != "service-unreachable" || d.Service != "https://rinnova.example" || d.Program != "1" {
		t.Errorf("%+v", d)
	}
}

// The browser's shell lets in who has the token, once, and then who has the cookie; another host name,
// another origin and no token stay out.
func TestBrowser(t *testing.T) {
	w, _ := window(t)
	b, err := NewBrowser(w)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx) }()
	origin := b.origin()
	if !strings.HasPrefix(origin, "http://127.0.0.1:") {
		t.Errorf("the page is at %s", origin)
	}
	jar, _ := cookiejar.New(nil)
	citizen := &http.Client{Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	do := func(c *http.Client, method, url string, set func(*http.Request)) *http.Response {
		t.Helper()
		r, err := http.NewRequest(method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if set != nil {
			set(r)
		}
		a, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, a.Body)
		a.Body.Close()
		return a
	}
	stranger := &http.Client{CheckRedirect: citizen.CheckRedirect}
	address := b.URL()
	for _, row := range []struct {
		who    *http.Client
		method string
		url    string
		set    func(*http.Request)
		want   int
	}{
		{stranger, "GET", origin + "/", nil, 403},
		{stranger, "GET", origin + "/?t=guess", nil, 403},
		{stranger, "GET", origin + "/api/state", nil, 403},
		{citizen, "GET", address, func(r *http.Request) { r.Host = "rinnova.example" }, 421},
		{citizen, "GET", address, nil, 303},
		{stranger, "GET", address, nil, 403}, // once only
		{citizen, "GET", origin + "/", nil, 200},
		{citizen, "GET", origin + "/api/state", nil, 200},
		{citizen, "GET", origin + "/api/state", func(r *http.Request) { r.Host = "localhost:80" }, 421},
		{citizen, "GET", origin + "/api/state",
			func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		{citizen, "POST", origin + "/api/again",
			func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		{citizen, "POST", origin + "/api/again", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{citizen, "POST", origin + "/api/again", nil, 403}, // a browser always sends one
		{citizen, "POST", origin + "/api/again", func(r *http.Request) { r.Header.Set("Origin", origin) }, 200},
	} {
		a := do(row.who, row.method, row.url, row.set)
		if a.StatusCode != row.want {
			t.Errorf("%s %s: %d, not %d", row.method, row.url, a.StatusCode, row.want)
		}
		if a.Header.Get("Content-Security-Policy") != Policy {
			t.Errorf("%s %s: no policy", row.method, row.url)
		}
		for _, c := range a.Cookies() {
			if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || strings.Contains(address, c.Value) {
				t.Error("cookie", c)
			}
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("serve ended with %v", err)
	}
}

// The program ends when its page says good-bye and does not come back.
func TestDeserted(t *testing.T) {
	w, _ := window(t)
	b, err := NewBrowser(w)
	if err != nil {
		t.Fatal(err)
	}
	w.gone()
	w.mu.Lock()
	w.polled = w.polled.Add(-reload)
	w.mu.Unlock()
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(t.Context()) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("serve ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it goes on without a page")
	}
}

func TestAlone(t *testing.T) {
	dir := t.TempDir()
	release, err := LockInstance(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LockInstance(dir); err != ErrAlreadyOpen {
		t.Errorf("a second lock: %v", err)
	}
	release()
	release, err = LockInstance(dir)
	if err != nil {
		t.Fatal(err)
	}
	release()
}

// The check for a newer version runs beside everything else, and its notice goes away when it is put away.
func TestUpdate(t *testing.T) {
	answer := make(chan Update)
	opened := ""
	readers := make(chan []Reader)
	w := New(Config{Version: "1.0.0", Readers: readers, Now: time.Now, DownloadPage: "https://rinnova.example/driver",
		OpenURL: func(a string) error { opened = a; return nil },
		Updates: func(ctx context.Context) Update {
			select {
			case u := <-answer:
				return u
			case <-ctx.Done():
				return Update{State: UpdateNotChecked}
			}
		}})
	t.Cleanup(w.Close)
	readers <- []Reader{{Name: "A"}}
	for w.State().Screen != ScreenNoCard {
		time.Sleep(time.Millisecond)
	}
	if s := w.State(); s.Update == nil || s.Update.State != UpdateChecking {
		t.Errorf("%+v", s.Update)
	}
	hide := func() int { return request(w.Handler(), http.MethodPost, "/api/update-hide", "").Code }
	if code := hide(); code != http.StatusConflict {
		t.Error("there was nothing to put away", code)
	}
	answer <- Update{State: UpdateNewer, Version: "2.0.0"}
	for w.State().Update.State == UpdateChecking {
		time.Sleep(time.Millisecond)
	}
	if s := w.State(); s.Update.Version != "2.0.0" || s.Update.Hidden || s.Screen != ScreenNoCard ||
		s.Page != "https://rinnova.example/driver" {
		t.Errorf("%+v", s)
	}
	if code := hide(); code != http.StatusOK || !w.State().Update.Hidden {
		t.Errorf("hide: status %d, %+v", code, w.State().Update)
	}
	if code := request(w.Handler(), http.MethodPost, "/api/browse",
		"https://elsewhere.example").Code; code != http.StatusOK || opened != "https://rinnova.example/driver" {
		t.Errorf("browse: status %d, %q was opened", code, opened)
	}
	none, _ := window(t)
	if code := request(none.Handler(), http.MethodPost, "/api/browse", "").Code; code != http.StatusConflict ||
		none.State().Update != nil {
		t.Errorf("browse without an update: status %d", code)
	}
}
