// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rinnova.example/go/card/transcript"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	document := must(jsonschema.UnmarshalJSON(bytes.NewReader(must(os.ReadFile("manifest.schema.json")))))
	if err := c.AddResource("manifest.schema.json", document); err != nil {
		t.Fatal(err)
	}
	return must(c.Compile("manifest.schema.json"))
}

// TestSchema: the schema and the program accept and refuse the same manifests.
func TestSchema(t *testing.T) {
	s := schema(t)
	full, _ := failed(t)
	bare := &Report{Format: 1, Created: now, Program: Program{"rinnova", "0.1.0-dev"},
		System: System{OS: "windows", Arch: "amd64"}, Failure: Failure{Code: "no-reader", Exit: 4}}
	for _, r := range []*Report{full, bare} {
		if err := s.Validate(must(jsonschema.UnmarshalJSON(bytes.NewReader(must(r.encode()))))); err != nil {
			t.Errorf("the report does not fit its schema: %v", err)
		}
	}
	for name, change := range map[string]func(map[string]any){
		"no format":        func(m map[string]any) { delete(m, "format") },
		"another format":   func(m map[string]any) { m["format"] = 0 },
		"no time":          func(m map[string]any) { m["created"] = "ieri" },
		"another zone":     func(m map[string]any) { m["created"] = "2026-11-23T11:30:00+01:00" },
		"microseconds":     func(m map[string]any) { m["created"] = "2026-11-23T11:30:00.000001Z" },
		"a path":           func(m map[string]any) { m["program"].(map[string]any)["version"] = "/home/x" },
		"no program":       func(m map[string]any) { delete(m, "program") },
		"an unknown field": func(m map[string]any) { m["name"] = "x" },
		"an inner one":     func(m map[string]any) { m["card"].(map[string]any)["number"] = "x" },
		"a malformed ATR":  func(m map[string]any) { m["card"].(map[string]any)["atr"] = "3b02" },
		"a series":         func(m map[string]any) { m["card"].(map[string]any)["series"] = []any{"SMPBNL78R47D612H"} },
		"a model":          func(m map[string]any) { m["card"].(map[string]any)["model"] = "a/b" },
		"a line break":     func(m map[string]any) { m["readers"].([]any)[0].(map[string]any)["name"] = "a\nb" },
		"an accent":        func(m map[string]any) { m["readers"].([]any)[0].(map[string]any)["name"] = "è" },
		"an error's text":  func(m map[string]any) { m["failure"].(map[string]any)["errors"] = []any{"open x"} },
		"a code":           func(m map[string]any) { m["failure"].(map[string]any)["code"] = "Un Testo" },
		"a status word":    func(m map[string]any) { m["failure"].(map[string]any)["statusWord"] = "63c2" },
		"exit 0":           func(m map[string]any) { m["failure"].(map[string]any)["exit"] = 0 },
		"sixteen tries":    func(m map[string]any) { m["failure"].(map[string]any)["tries"] = 16 },
		"a state":          func(m map[string]any) { m["steps"].([]any)[0].(map[string]any)["state"] = "begun" },
		"a key that is no SW": func(m map[string]any) {
			m["steps"].([]any)[0].(map[string]any)["statusWords"] = map[string]any{"PIN": 1}
		},
		"a status word 0 times": func(m map[string]any) {
			m["steps"].([]any)[0].(map[string]any)["statusWords"] = map[string]any{"9000": 0}
		},
		"a request's id":      func(m map[string]any) { m["requests"].([]any)[0].(map[string]any)["id"] = "SMPBNL" },
		"an HTTP status":      func(m map[string]any) { m["requests"].([]any)[0].(map[string]any)["status"] = 42 },
		"a text for a number": func(m map[string]any) { m["transcript"].(map[string]any)["entries"] = "3" },
	} {
		var m map[string]any
		if err := json.Unmarshal(must(full.encode()), &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		b := must(json.Marshal(m))
		if err := s.Validate(must(jsonschema.UnmarshalJSON(bytes.NewReader(b)))); err == nil {
			t.Errorf("%s: the schema takes it", name)
		}
		if _, err := parseManifest(b); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: the program takes it: %v", name, err)
		}
	}
}

// TestContents: contents explains every field of the schema, and has no other key.
func TestContents(t *testing.T) {
	var document struct{ Properties map[string]any }
	if err := json.Unmarshal(must(os.ReadFile("manifest.schema.json")), &document); err != nil {
		t.Fatal(err)
	}
	delete(document.Properties, "format")
	if fields := slices.Sorted(maps.Keys(document.Properties)); !slices.Equal(fields,
		slices.Sorted(maps.Keys(contents))) {
		t.Errorf("fields %v", fields)
	}
	report, _ := failed(t)
	want := []string{
		"Data e ora della segnalazione: 23/11/2026 10:30 UTC.",
		"Programma e versione: rinnova 0.1.0.",
		"Sistema operativo: linux/amd64 Debian GNU/Linux 12 (bookworm).",
		"Driver dei lettori installati: CCIDCLASSDRIVER 1.5.2.",
		"Lettori collegati: Virtual PCD 00 00 (usato); Generic Reader ([...]) 01 00.",
		"Modello della tessera (risposta del chip e serie): ATR 3B021450, modello idemia-2019, serie ID2019, emulata.",
		"Codice dell'errore: pin-wrong, nella fase «verifica del PIN», risposta della tessera 63C2, " +
			"tentativi rimasti 2.",
		"Fasi del rinnovo, con le ore e le risposte della tessera: 2.",
		"Numeri delle richieste al servizio di rinnovo: 1.",
		"Comandi scambiati con la tessera, senza codici e senza il contenuto dei file: 6.",
		notInside,
	}
	if got := report.Contents(); !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

func TestTimeline(t *testing.T) {
	report, _ := failed(t)
	want := []string{
		"23/11/2026 10:30:00.000 UTC  messaggio al servizio (informazioni): risposta HTTP 503 dopo 0,2 s; richiesta " +
			"abcd",
		"23/11/2026 10:30:00.700 UTC  fase «lettura della tessera»: fatta in 0,7 s; 2 scambi con la tessera: 9000 ×2" +
			"; ultima risposta 9000",
		"23/11/2026 10:30:02.100 UTC  fase «verifica del PIN»: iniziata e non finita; 1 scambio con la tessera: 9000 " +
			"×1; ultima risposta 9000",
		"23/11/2026 10:30:02.800 UTC  errore: pin-wrong, nella fase «verifica del PIN», risposta della tessera 63C2, " +
			"tentativi rimasti 2",
	}
	if got := report.Timeline(); !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

func TestDiagnose(t *testing.T) {
	for _, test := range []struct {
		failure Failure
		word    string // of the cause
		known   bool
	}{
		{Failure{Code: "card-error", StatusWord: "6A84"}, "piena", true},
		{Failure{Code: "card-error", StatusWord: "6581"}, "consumato", true},
		{Failure{Code: "card-error", StatusWord: "6999"}, "rifiutato un comando", true},
		{Failure{Code: "service-unreachable", StatusWord: "6A82"}, "raggiungibile", true},
		{Failure{Code: "new-word"}, "non in elenco", false},
	} {
		d, known := (&Report{Failure: test.failure}).Diagnose()
		if known != test.known || !strings.Contains(d.Cause, test.word) || d.Tell == "" {
			t.Errorf("%+v: %+v", test.failure, d)
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"Virtual PCD 00 00":                          "Virtual PCD 00 00",
		"BIT4ID miniLector [CCID] (5A1234567) 00 00": "BIT4ID miniLector [CCID] (5A[...]) 00 00",
		"emulated:/home/brunilde/card.json":          "[...]",
		`lettore C:\Users\Brunilde\x 00`:             "lettore [...] 00",
		"di SMPBNL78R47D612H":                        "di [...]",
		"di smpbnlt8r47d6mnh, omocodia":              "di [...], omocodia",
		"brunilde@example.org":                       "[...]",
		"6090900000003001":                           "[...]",
		"PIN 24680":                                  "PIN [...]",
		"due\nrighe\t\x1b[31m\u202e":                 "due righe [31m",
		"":                                           "",
		"\x00":                                       "",
		strings.Repeat("a", 99) + " b":               strings.Repeat("a", 99),
	} {
		if got := plain(in); got != want || got != "" && !isText(got) {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// TestRedact: of all the data that a recorder may keep, redact keeps only those that describe the card's file system
// (ISO/IEC 7816-4 §5.2).
func TestRedact(t *testing.T) {
	text := `# transcript: 1
# holder: ESEMPIO BRUNILDE
@ 3B021450
; step unlock started
; la tessera di BRUNILDE
* begin
! failed: open /home/brunilde
> 00A4080C021102
< 6F02410042009000
> 00A4080C02110200
< 9000
> 00200010
< 63C3
> 0020001005[5]
< 9000
> 00200010053132333435
< [2]9000
> 00D6000003303132
< 9000
> 10E000000331323300
< 9000
> 00DA016E000003313233
< 9000
> 00DA016E000003[3]
< 9000
> 00B0000010
< 31323334353637389000
> 00B00000000010
< 9000
> 002A8086023132
< 31[4]9000
> 00A40000FF3132
< 6700
> 80FF00000000
< 6E00
> [3]
< [3]
> 00A4080C021102
! gone: reader of BRUNILDE
* end reset
`
	want := `# transcript: 1
@ 3B021450
; step unlock started
* begin
! failed
> 00A4080C021102
< [6]9000
> 00A4080C02110200
< 9000
> 00200010
< 63C3
> 0020001005[5]
< 9000
> 0020001005[5]
< [2]9000
> 00D6000003[3]
< 9000
> 10E0000003[3]00
< 9000
> 00DA016E000003[3]
< 9000
> 00DA016E000003[3]
< 9000
> 00B0000010
< [8]9000
> 00B00000000010
< 9000
> 002A808602[2]
< [5]9000
> 00A40000[3]
< 6700
> 80FF0000[2]
< 6E00
> [3]
< [3]
> 00A4080C021102
! gone
* end reset
`
	parsed, err := transcript.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(redact(parsed).Encode()); got != want {
		t.Errorf("%s", got)
	}
}

// FuzzRedact: a redacted transcript parses, has the same lengths, and does not change when it is redacted again.
func FuzzRedact(f *testing.F) {
	f.Add([]byte("# transcript: 1\n@ 3B\n> 00A4080C021102\n< 6F02410042009000\n> 0020001005[5]\n! gone: x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := transcript.Parse(text)
		if err != nil {
			return
		}
		once := redact(parsed)
		again, err := transcript.Parse(once.Encode())
		if err != nil {
			t.Fatalf("%v:\n%s", err, once.Encode())
		}
		if !bytes.Equal(redact(again).Encode(), once.Encode()) {
			t.Fatalf("not stable:\n%s", once.Encode())
		}
		i := 0
		for _, e := range parsed.Entries {
			if e.Kind == transcript.Note && !ownNote.MatchString(e.Text) {
				continue
			}
			if o := once.Entries[i]; o.Command.Len() != e.Command.Len() || o.Response.Len() != e.Response.Len() {
				t.Fatalf("%s becomes %s", e, o)
			}
			i++
		}
	})
}

func TestCollector(t *testing.T) {
	c := Collect("rinnova", "0.1.0", func() time.Time { return now.In(time.FixedZone("CET", 3600)) })
	if c.System.OS == "" || c.System.Arch == "" {
		t.Errorf("%+v", c.System)
	}
	// A malformed value is left out, and the rest is a valid report.
	c.Step("Passo di BRUNILDE", "started", "")
	c.Step("identify", "sospeso", "")
	c.Step("identify", "noted", "SMPBNL78R47D612H")
	c.Request(nil, "genm", now, 0, 200)
	c.Request([]byte{1}, "a kind", now, 0, 200)
	c.Card(Card{ATR: "x"})
	c.Reader("\x00", true, true)
	r, text, err := c.Report(Failure{Code: "smpbnl78r47d612h", Exit: 6},
		fmt.Errorf("di BRUNILDE: %w", errors.Join(fs.ErrNotExist,
			&fs.PathError{Op: "open", Path: "/home/x", Err: errors.New("x")})))
	if err != nil || text != nil || len(r.Steps)+len(r.Requests)+len(r.Readers) != 0 || r.Card != nil ||
		r.Transcript != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if r.Failure.Code != "service-refused" || !r.Created.Equal(now) {
		t.Errorf("%+v", r)
	}
	if want := []string{"*fmt.wrapError", "*errors.joinError", "*errors.errorString", "*fs.PathError",
		"*errors.errorString"}; !slices.Equal(r.Failure.Errors, want) {
		t.Errorf("errors %v", r.Failure.Errors)
	}
	if _, _, err := c.Report(Failure{Code: "internal"}, nil); !errors.Is(err, errField) {
		t.Errorf("exit 0: %v", err)
	}
}

// TestCollectorWaits: a step that waits many times can still end as done.
func TestCollectorWaits(t *testing.T) {
	c := &Collector{Program: Program{"rinnova", "1"}, System: System{OS: "linux", Arch: "amd64"},
		Now: func() time.Time { return now }}
	rec := must(c.Record(chip{sw: []byte{0x6A, 0x82}}))
	c.Step("inspect", "started", "")
	rec.Transmit([]byte{0, 0xA4, 0, 0})
	for range 2 * maxSteps {
		c.Step("inspect", "waiting", "")
	}
	c.Step("inspect", "done", "")
	r, _, err := c.Report(Failure{Code: "internal", Exit: 1}, nil)
	if err != nil || len(r.Steps) != maxSteps || r.Steps[0].State != "done" || r.Steps[0].Ended == nil ||
		r.Steps[0].StatusWords["6A82"] != 1 {
		t.Errorf("%v: %d steps, %+v", err, len(r.Steps), r.Steps[0])
	}
}

// TestCollectorFull: a run without end leaves a report of bounded size that says that its end is missing, and the
// exchanges with the card continue.
func TestCollectorFull(t *testing.T) {
	c := &Collector{Program: Program{"rinnova", "1"}, System: System{OS: "linux", Arch: "amd64"},
		Now: func() time.Time { return now }}
	rec := must(c.Record(chip{sw: []byte{0x90, 0x00}}))
	for range maxTranscript / 10 {
		if b, err := rec.Transmit([]byte{0, 0xA4, 0, 0}); err != nil || len(b) != 4 {
			t.Fatal(b, err)
		}
	}
	r, text, err := c.Report(Failure{Code: "internal", Exit: 1}, nil)
	if err != nil || r.Transcript.Complete || r.Transcript.Entries < 10000 ||
		r.Transcript.Entries != len(text.Entries) {
		t.Errorf("%v: %+v", err, r.Transcript)
	}
}

// TestReplay: Replay compares status words, fills withheld data in, and repeats transactions.
func TestReplay(t *testing.T) {
	text := must(transcript.Parse([]byte(`# transcript: 1
@ 3B021450
; step unlock started
* begin
> 00A4080C021102
< 9000
> 0020001005[5]
< 63C2
> 00D6000002[2]
< 9000
> 00B0000002
< [2]9000
> 00A40000
! gone
* end reset
`)))
	card := &pinChip{}
	n, list := Replay(text, card, func(c transcript.Bytes, sw string) []byte {
		if c.Head[1] == 0x20 && sw != "9000" {
			return []byte("00000")
		}
		return nil
	})
	want := []Difference{
		{4, "unlock", "0020001005[5]", "63C2", "6300"},
		{7, "unlock", "00A40000", "gone", "9000"},
	}
	if n != 5 || !slices.Equal(list, want) {
		t.Errorf("%d compared, %+v", n, list)
	}
	if got := strings.Join(card.seen, " "); got != "begin 00a4080c021102 002000100530303030"+
		"30 00d60000020000 00b0000002 00a40000 reset" {
		t.Errorf("sent %s", got)
	}
}

type pinChip struct{ seen []string }

func (c *pinChip) ATR() []byte { return []byte{0x3B, 0x00} }

func (c *pinChip) Begin() error { c.seen = append(c.seen, "begin"); return nil }
func (c *pinChip) End(reset bool) error {
	c.seen = append(c.seen, map[bool]string{true: "reset", false: "end"}[reset])
	return nil
}

func (c *pinChip) Transmit(b []byte) ([]byte, error) {
	c.seen = append(c.seen, fmt.Sprintf("%x", b))
	if b[1] == 0x20 {
		return []byte{0x63, 0x00}, nil
	}
	return []byte{0x41, 0x90, 0x00}, nil
}

func TestDrivers(t *testing.T) {
	list := func(name, version string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("<plist><dict>\n\t<key>CFBundleName</key>\n\t<string>" + name +
			"</string>\n\t<key>CFBundleShortVersionString</key>\n\t<string>" + version + "</string></dict>")}
	}
	got := driversIn(fstest.MapFS{
		"ifd-ccid.bundle/Contents/Info.plist": list("CCIDCLASSDRIVER", "1.5.2"),
		"other.bundle/Contents/Info.plist": {
			Data: []byte("<key>CFBundleShortVersionString</key><string>2.0</string>")},
		"broken.bundle/Contents/Info.plist": list("x", "una versione"),
		"none.bundle/Contents/x":            {},
	})
	if want := []Driver{{"CCIDCLASSDRIVER", "1.5.2"}, {"other.bundle", "2.0"}}; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
