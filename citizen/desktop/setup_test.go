// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/operator"
)

// trial returns the operator.json of the trial operator's packages.
func trial(t *testing.T) operator.Operator {
	t.Helper()
	b, err := os.ReadFile("../../packaging/testdata/operator.json")
	if err != nil {
		t.Fatal(err)
	}
	o, err := operator.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// unset returns a window that knows no service, with a reader and a card; kept lists the operators that it saved.
func unset(t *testing.T, failing error) (w *Window, kept *[]operator.Operator) {
	t.Helper()
	kept = new([]operator.Operator)
	readers := make(chan []Reader)
	w = New(Config{Version: "1", Readers: readers, Now: time.Now, SlowAfter: time.Hour,
		Open: func(context.Context, string) (*Card, error) {
			t.Error("a card is opened before a service is known")
			return nil, renewal.ErrCancelled
		},
		Probe: func(context.Context) (time.Time, error) {
			return time.Time{}, &renewal.Failure{Code: failure.ServiceNotGiven}
		},
		Keep: func(o operator.Operator) (Config, error) {
			if failing != nil {
				return Config{}, failing
			}
			*kept = append(*kept, o)
			return Config{Service: o.Service, Contact: trial(t).Contact, DownloadPage: o.Service + "/driver",
				Probe: func(context.Context) (time.Time, error) { return time.Now(), nil },
				Open: func(context.Context, string) (*Card, error) {
					return nil, &renewal.Failure{Code: failure.CardMute}
				},
				Updates: func(context.Context) Update { return Update{State: UpdateCurrent} }}, nil
		}})
	readers <- []Reader{{Name: "r", Present: true, Choice: true}}
	return w, kept
}

func entry(service, ca, tlsCA string) string {
	return url.Values{"service": {service}, "ca": {ca}, "tlsCa": {tlsCA}}.Encode()
}

// Before the person confirms the fingerprints, the window saves nothing and opens no card.
func TestSetup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := trial(t)
		w, kept := unset(t, nil)
		defer w.Close()
		post := func(path, body string, want int) State {
			t.Helper()
			if got := request(w.Handler(), http.MethodPost, "/api/"+path, body).Code; got != want {
				t.Errorf("%s: status %d, want %d", path, got, want)
			}
			synctest.Wait()
			return w.State()
		}
		if s := w.State(); s.Screen != ScreenSetup || s.Setup == nil || s.Contact != nil {
			t.Fatalf("%+v", s)
		}
		post("again", "", http.StatusOK)
		post("keep", "", http.StatusConflict)
		s := post("service", entry(" "+o.Service+" ", o.CA, o.TLSCA), http.StatusOK)
		ca, err := operator.Roots(o.CA)
		if err != nil {
			t.Fatal(err)
		}
		tls, err := operator.Roots(o.TLSCA)
		if err != nil {
			t.Fatal(err)
		}
		if s.Screen != ScreenSetup || s.Setup.Service != o.Service || s.Setup.Roots[0] != ca[0] ||
			s.Setup.TLSRoots[0] != tls[0] || s.Setup.Problem != nil {
			t.Errorf("%+v", s.Setup)
		}
		if s = post("correct", "", http.StatusOK); s.Setup.Roots != nil || s.Setup.Service != o.Service {
			t.Errorf("corrected: %+v", s.Setup)
		}
		post("keep", "", http.StatusConflict)
		post("service", entry(o.Service, o.CA, ""), http.StatusOK)
		if len(*kept) != 0 {
			t.Errorf("kept before it was compared: %+v", *kept)
		}
		s = post("keep", "", http.StatusOK)
		if len(*kept) != 1 || (*kept)[0] != (operator.Operator{Service: o.Service, CA: o.CA}) {
			t.Errorf("kept: %+v", *kept)
		}
		if s.Screen != ScreenUnreadable || s.Setup != nil || *s.Contact != o.Contact || s.Page != o.Service+"/driver" ||
			s.Update == nil || s.Update.State != UpdateCurrent {
			t.Errorf("%+v", s)
		}
		post("service", entry(o.Service, o.CA, ""), http.StatusConflict)
		post("keep", "", http.StatusConflict)
		post("correct", "", http.StatusConflict)
	})
}

// An entry that cannot be used is refused with its code, and nothing of it is saved.
func TestSetupRefuses(t *testing.T) {
	o := trial(t)
	const address = "https://rinnova.example"
	for _, one := range []struct {
		service, ca, tlsCA string
		want               failure.Code
	}{
		{"", o.CA, "", failure.ServiceMalformed},
		{"http://rinnova.example", o.CA, "", failure.ServiceMalformed},
		{"rinnova.example", o.CA, "", failure.ServiceMalformed},
		{"https://x:y@rinnova.example", o.CA, "", failure.ServiceMalformed},
		{address, "", "", failure.CANeeded},
		{address, "notes", "", failure.CAUnreadable},
		{address, strings.Replace(o.CA, "M", "!", 1), "", failure.CAUnreadable},
		{address, o.CA, "notes", failure.CAUnreadable},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, kept := unset(t, nil)
			defer w.Close()
			a := request(w.Handler(), http.MethodPost, "/api/service", entry(one.service, one.ca, one.tlsCA))
			s := w.State().Setup
			if a.Code != http.StatusOK || s.Problem == nil || s.Problem.Code != one.want || s.Roots != nil {
				t.Errorf("%q: %d, %+v, want %s", one.service, a.Code, s, one.want)
			}
			if c := request(w.Handler(), http.MethodPost, "/api/keep", "").Code; c != http.StatusConflict ||
				len(*kept) != 0 {
				t.Errorf("%q is kept: %d", one.service, c)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w, _ := unset(t, &renewal.Failure{Code: failure.ServiceUnsaved})
		defer w.Close()
		request(w.Handler(), http.MethodPost, "/api/service", entry(address, o.CA, ""))
		request(w.Handler(), http.MethodPost, "/api/keep", "")
		if s := w.State(); s.Screen != ScreenSetup || s.Setup.Problem.Code != failure.ServiceUnsaved {
			t.Errorf("a disk that is full: %+v", s.Setup)
		}
		a := request(w.Handler(), http.MethodPost, "/api/service", entry(address, strings.Repeat("x", maxEntry), ""))
		if a.Code != http.StatusBadRequest {
			t.Errorf("an entry without end: %d", a.Code)
		}
	})
}
