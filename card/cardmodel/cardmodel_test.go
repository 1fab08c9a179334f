// SPDX-License-Identifier: EUPL-1.2

package cardmodel

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// testdata holds answers to reset with the family each belongs to, or the reason for which none matches.
func TestMatch(t *testing.T) {
	files, err := os.ReadDir("testdata")
	if err != nil || len(files) == 0 {
		t.Fatal("no answers to reset", err)
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".atr" {
			t.Fatalf("unknown file %s", f.Name())
		}
		b, err := os.ReadFile(filepath.Join("testdata", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for line := range strings.Lines(string(b)) {
			line, _, _ = strings.Cut(line, "#")
			c := strings.Fields(line)
			if len(c) == 0 {
				continue
			}
			rows++
			if len(c) != 2 {
				t.Fatalf("%s: %q", f.Name(), line)
			}
			a, err := hex.DecodeString(c[0])
			if err != nil {
				t.Fatal(err)
			}
			m, err := Match(a)
			got := ""
			switch {
			case err == nil:
				got = m.ID
			case errors.Is(err, ErrContactless):
				got = "contactless"
			case errors.Is(err, ErrNotCNS):
				got = "not-cns"
			case errors.Is(err, ErrUnknownModel):
				got = "unknown"
			default:
				got = "malformed"
			}
			if got != c[1] {
				t.Errorf("%s: %s, want %s (%v)", c[0], got, c[1], err)
			}
		}
		if rows == 0 {
			t.Errorf("%s is empty", f.Name())
		}
	}
}

func TestModels(t *testing.T) {
	seen, ids := map[string]bool{}, map[string]bool{}
	for _, m := range Models() {
		if ids[m.ID] {
			t.Errorf("%s occurs twice", m.ID)
		}
		ids[m.ID] = true
		for _, s := range m.Series.Value {
			if seen[s.Sigla] {
				t.Errorf("%s occurs twice", s.Sigla)
			}
			seen[s.Sigla] = true
			if got, err := Match(s.ATR.Value); err != nil || got != m {
				t.Errorf("%s: its answer to reset matches %v, %v", s.Sigla, got, err)
			}
			if s.ATR.Source == "" {
				t.Errorf("%s: no source of the answer to reset", s.Sigla)
			}
		}
		v := reflect.ValueOf(*m)
		for i := range v.NumField() {
			f := v.Field(i)
			from := f.FieldByName
			if f.Kind() != reflect.Struct {
				continue
			}
			// A model that is not renewable has no facts of a new pair. Each fact has a source.
			if f.IsZero() && m.NotRenewable.Value != "" {
				continue
			}
			if from("Source").String() == "" {
				t.Errorf("%s.%s has no source", m.ID, v.Type().Field(i).Name)
			}
		}
		for _, p := range m.NewSlots.Value {
			if len(p.Certificate) < 2 || len(p.PublicKey) < 2 || len(p.Key.DF) < 2 || p.Key.ID == 0 {
				t.Errorf("%s: incomplete place %+v", m.ID, p)
			}
		}
		if _, err := json.Marshal(m); err != nil {
			t.Errorf("the model does not print: %v", err)
		}
	}
	for _, s := range strings.Fields("AC2013 AC2014 AC2018 OT2015 OT2016 ID2019 ACe2021 ACx2021 ST2021 CRS") {
		if !seen[s] {
			t.Errorf("%s is missing", s)
		}
	}
	// R21: the PUK window appears for AC2013, AC2014, AC2018 and never for the others.
	for s := range seen {
		m, _, _ := BySeries(s)
		want := s == "AC2013" || s == "AC2014" || s == "AC2018"
		if m.NeedsPUK() != want {
			t.Errorf("%s: PUK %v", s, m.NeedsPUK())
		}
	}
}
