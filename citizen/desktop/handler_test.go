// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/doctor"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// window returns a window without a card, and the channel of its readers.
func window(t *testing.T) (*Window, chan []Reader) {
	t.Helper()
	readers := make(chan []Reader)
	w := New(Config{Version: "1", Readers: readers, Now: time.Now, SlowAfter: time.Second, ReinsertPause: time.Second,
		KeepPIN: time.Minute, Service: "https://rinnova.example",
		Probe: func(context.Context) (time.Time, error) {
			return time.Time{}, &renewal.Failure{Code: failure.ServiceUnreachable}
		}})
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

// Every answer carries the policy, and the policy allows nothing unsafe.
func TestHeaders(t *testing.T) {
	w, _ := window(t)
	if strings.Contains(contentPolicy, "unsafe") || strings.Contains(contentPolicy, "*") ||
		!strings.HasPrefix(contentPolicy, "default-src 'none'") {
		t.Errorf("the policy is %q", contentPolicy)
	}
	for _, target := range []string{"/", "/api/state", "/api/diagnosis", "/api/nothing", "/nothing"} {
		h := request(w.Handler(), http.MethodGet, target, "").Header()
		if h.Get("Content-Security-Policy") != contentPolicy || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Cache-Control") != "no-store" && !strings.Contains(target, "nothing") ||
			h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers of %s: %v", target, h)
		}
	}
}

// The handler never answers 304, on which the web view of Windows hangs.
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

// A request for the state is answered at the next change, or at once if its state is old.
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

// A request that the current state does not allow is refused and changes nothing.
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

// TestBrowsers adds the module by the page. A browser that is open is a failure with its name, and the list is shown
// all the same; a program without a module has no such request.
func TestBrowsers(t *testing.T) {
	w, _ := window(t)
	var none Browsers // the page after a renewal asks, on every system
	if a := request(w.Handler(), "GET", "/api/browsers", ""); a.Code != http.StatusOK ||
		json.Unmarshal(a.Body.Bytes(), &none) != nil || none.List == nil || len(none.List) != 0 {
		t.Errorf("without a module: %d %s", a.Code, a.Body)
	}
	if a := request(w.Handler(), "POST", "/api/browsers", "change=add"); a.Code != http.StatusNotFound {
		t.Errorf("without a module: %d", a.Code)
	}
	var asked []browser.Change
	open := false
	w.cfg.Browsers = func(c browser.Change) ([]browser.Store, error) {
		asked = append(asked, c)
		if open && c != browser.Look {
			return nil, &renewal.Failure{Code: failure.BrowserOpen, Text: "Firefox", Err: browser.ErrRunning}
		}
		return []browser.Store{{Browser: "Firefox", Ours: c == browser.Add}}, nil
	}
	h := w.Handler()
	get := func(change string) (b Browsers) {
		t.Helper()
		a := request(h, "POST", "/api/browsers", "change="+change)
		if a.Code != http.StatusOK || json.Unmarshal(a.Body.Bytes(), &b) != nil {
			t.Errorf("%s: %d %s", change, a.Code, a.Body)
		}
		return b
	}
	if b := get("add"); len(b.List) != 1 || !b.List[0].Ours || b.Failure != "" {
		t.Errorf("added: %+v", b)
	}
	open = true
	if b := get("remove"); len(b.List) != 1 || b.Failure != failure.BrowserOpen || b.Text != "Firefox" {
		t.Errorf("open: %+v", b)
	}
	if a := request(h, "POST", "/api/browsers", "change="); a.Code != http.StatusBadRequest {
		t.Errorf("no change: %d", a.Code)
	}
	want := []browser.Change{browser.Add, browser.Remove, browser.Look}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

func TestDiagnosis(t *testing.T) {
	w, _ := window(t)
	var d Diagnosis
	if err := json.Unmarshal(request(w.Handler(), http.MethodGet, "/api/diagnosis", "").Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if d.Service != "https://rinnova.example" || d.Program != "1" {
		t.Errorf("%+v", d)
	}
	at := slices.IndexFunc(d.Findings, func(f doctor.Explained) bool { return f.Area == string(catalogue.AreaService) })
	if at < 0 || d.Findings[at].Code != "service-unreachable" || d.Findings[at].Level != doctor.Bad {
		t.Errorf("of the service: %+v", d.Findings)
	}
	german := request(w.Handler(), http.MethodGet, "/api/diagnosis?language=de", "").Body.String()
	if !strings.Contains(german, "Erneuerungsdienst") {
		t.Errorf("in German: %s", german)
	}
}

// browserAt serves a window to a browser, and returns a channel with Serve's error.
func browserAt(t *testing.T) (*Window, *Browser, chan error) {
	t.Helper()
	w, _ := window(t)
	b, err := NewBrowser(w)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx) }()
	return w, b, ended
}

// visit sends a request and returns the answer and its body.
func visit(t *testing.T, method, url, body string, set func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if set != nil {
		set(r)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a, string(b)
}

// The browser's shell exchanges the code for the secret, once, and lets in the page that has the secret. It refuses
// another host name, another origin, a cookie in place of the header, and no secret.
func TestBrowser(t *testing.T) {
	_, b, ended := browserAt(t)
	origin := b.origin()
	if !strings.HasPrefix(origin, "http://127.0.0.1:") {
		t.Errorf("the page is at %s", origin)
	}
	_, code, ok := strings.Cut(b.URL(), "#")
	if !ok || len(code) < 26 {
		t.Fatalf("no code in the fragment of %s", b.URL())
	}
	header := func(pairs ...string) func(*http.Request) {
		return func(r *http.Request) {
			for i := 0; i < len(pairs); i += 2 {
				r.Header.Set(pairs[i], pairs[i+1])
			}
		}
	}
	guess := strings.Repeat("A", len(code))
	if a, _ := visit(t, "POST", origin+"/api/enter", guess, header("Origin", origin)); a.StatusCode != 403 {
		t.Errorf("another code: %d", a.StatusCode)
	}
	if a, _ := visit(t, "POST", origin+"/api/enter", code,
		header("Origin", "https://evil.example")); a.StatusCode != 403 {
		t.Errorf("the code from another origin: %d", a.StatusCode)
	}
	a, secret := visit(t, "POST", origin+"/api/enter", code, header("Origin", origin))
	if a.StatusCode != 200 || len(secret) < 26 || secret == code || len(a.Cookies()) != 0 {
		t.Fatalf("the exchange: %d, %d characters, cookies %v", a.StatusCode, len(secret), a.Cookies())
	}
	for _, row := range []struct {
		method, path string
		set          func(*http.Request)
		want         int
	}{
		{"GET", "/", nil, 200}, // the files of the page are public
		{"GET", "/api/state", nil, 403},
		{"GET", "/api/state", header(secretHeader, code), 403},
		{"GET", "/api/state", header("Cookie", "rinnova="+secret), 403},
		{"GET", "/api/state", header(secretHeader, secret), 200},
		{"GET", "/api/state", func(r *http.Request) { r.Host = "localhost:80"; r.Header.Set(secretHeader, secret) },
			421},
		{"GET", "/", func(r *http.Request) { r.Host = "rinnova.example" }, 421},
		{"GET", "/api/state", header(secretHeader, secret, "Origin", "https://evil.example"), 403},
		{"POST", "/api/again", header(secretHeader, secret, "Origin", "https://evil.example"), 403},
		{"POST", "/api/again", header(secretHeader, secret, "Origin", "null"), 403},
		{"POST", "/api/again", header(secretHeader, secret), 403}, // a browser always sends an origin
		{"POST", "/api/again", header("Origin", origin), 403},
		{"POST", "/api/again", header(secretHeader, secret, "Origin", origin), 200},
	} {
		a, _ := visit(t, row.method, origin+row.path, "", row.set)
		if a.StatusCode != row.want {
			t.Errorf("%s %s: %d, not %d", row.method, row.path, a.StatusCode, row.want)
		}
		if a.Header.Get("Content-Security-Policy") != contentPolicy {
			t.Errorf("%s %s: no policy", row.method, row.path)
		}
		if len(a.Cookies()) != 0 {
			t.Errorf("%s %s: cookies %v", row.method, row.path, a.Cookies())
		}
	}
	// A second exchange is refused and ends the program, because another program knows the code.
	if a, _ := visit(t, "POST", origin+"/api/enter", code, header("Origin", origin)); a.StatusCode != 403 {
		t.Errorf("a second exchange: %d", a.StatusCode)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("serve ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the program goes on after a second exchange")
	}
}

// TestSecondExchangeIsAnswered: the program ends after a second exchange, and never before the second page has its
// refusal, which it has to show.
func TestSecondExchangeIsAnswered(t *testing.T) {
	for range 100 {
		_, b, ended := browserAt(t)
		_, code, _ := strings.Cut(b.URL(), "#")
		for _, want := range []int{200, 403} {
			a, _ := visit(t, "POST", b.origin()+"/api/enter", code,
				func(r *http.Request) { r.Header.Set("Origin", b.origin()) })
			if a.StatusCode != want {
				t.Fatalf("exchange: %d, want %d", a.StatusCode, want)
			}
		}
		if err := <-ended; err != nil {
			t.Fatalf("serve ended with %v", err)
		}
	}
}

// A second exchange during a renewal does not end the program.
func TestSecondExchangeDuringRenewal(t *testing.T) {
	w, b, ended := browserAt(t)
	w.set(func(f *facts) { f.running = &running{step: "generate"} })
	_, code, _ := strings.Cut(b.URL(), "#")
	for _, want := range []int{200, 403} {
		a, _ := visit(t, "POST", b.origin()+"/api/enter", code,
			func(r *http.Request) { r.Header.Set("Origin", b.origin()) })
		if a.StatusCode != want {
			t.Errorf("exchange: %d, want %d", a.StatusCode, want)
		}
	}
	select {
	case err := <-ended:
		t.Errorf("the program ended in the middle of a renewal: %v", err)
	case <-time.After(2 * time.Second):
	}
	w.set(func(f *facts) { f.running = nil })
}

// Only this user can read the page that leads to the program.
func TestPageFile(t *testing.T) {
	_, b, _ := browserAt(t)
	path, remove, err := b.Page()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(page), b.URL()) {
		t.Errorf("%s: %v", page, err)
	}
	for name, mode := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if i, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, i.Mode(), err)
		}
	}
	remove()
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

// The program ends when its page says good-bye and does not return.
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

// The check for a newer version delays nothing, and the person can hide its notice.
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
