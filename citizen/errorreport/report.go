// SPDX-License-Identifier: EUPL-1.2

// Package errorreport owns ErrorLogs.zip.p7e, the file that a citizen gives to the assistance desk after a failed
// renewal, and the sealed file of a diagnosis: it collects and redacts the facts, seals them for the desk, and opens
// the file there.
//
// The file is a CMS EnvelopedData (RFC 5652 §6) around a ZIP of manifest.json, which is a Report, and
// transcript.txt, the exchanges with the card. Everything in it is a typed field of a known form: no error
// text, no path, no address, no content of a file of the card. manifest.schema.json is its form.
package errorreport

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"rinnova.example/go/failure"
)

// FileName is the guide's name for the file.
const FileName = "ErrorLogs.zip.p7e"

// MaxSize is the largest sealed report, and the largest unpacked content of one, in bytes.
const MaxSize = 2 << 20

// Format is the version of the manifest that this package writes and reads.
const Format = 1

// Report is the manifest: the facts of a failed run, without any that identify the person.
type Report struct {
	Format     int         `json:"format"`
	Created    time.Time   `json:"created"`
	Program    Program     `json:"program"`
	System     System      `json:"system"`
	Drivers    []Driver    `json:"drivers,omitempty"`
	Readers    []Reader    `json:"readers,omitempty"`
	Card       *Card       `json:"card,omitempty"`
	Failure    Failure     `json:"failure,omitzero"` // absent from a diagnosis
	Findings   []Finding   `json:"findings,omitempty"`
	Steps      []Step      `json:"steps,omitempty"`
	Requests   []Request   `json:"requests,omitempty"`
	Transcript *Transcript `json:"transcript,omitempty"`
}

// Program is the program that failed.
type Program struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// System is the operating system, by Go's names and by its own.
type System struct {
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Release string `json:"release,omitempty"`
}

// Driver is an installed driver of a reader.
type Driver struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Reader is a reader that was present when the run failed.
type Reader struct {
	Name string `json:"name"`
	Card bool   `json:"card"` // it held a card
	Used bool   `json:"used"`
}

// Card holds the facts that the card gives without a PIN, and none that tells it from others of its kind.
type Card struct {
	ATR      string   `json:"atr"` // upper-case hexadecimal
	Model    string   `json:"model,omitempty"`
	Series   []string `json:"series,omitempty"` // those that the chip may have, or the one that the citizen gave
	Emulated bool     `json:"emulated,omitempty"`
}

// Finding is one finding of a diagnosis, without what was seen there.
type Finding struct {
	Area  string       `json:"area"`
	Level string       `json:"level"` // well, warning, bad, unknown
	Code  failure.Code `json:"code,omitempty"`
	Note  string       `json:"note,omitempty"`
}

// Failure tells why the run ended.
type Failure struct {
	Code       failure.Code `json:"code"`
	Step       string       `json:"step,omitempty"`
	Exit       int          `json:"exit"`
	StatusWord string       `json:"statusWord,omitempty"` // of the card, four upper-case hexadecimal digits
	Tries      *int         `json:"tries,omitempty"`      // left of PIN or PUK
	// Go types of the errors, the outermost first, without their texts
	Errors []string `json:"errors,omitempty"`
}

// Step is one step of the renewal.
type Step struct {
	Name  string     `json:"name"`
	State string     `json:"state"` // started (and never done), done, skipped, waiting, noted
	Code  string     `json:"code,omitempty"`
	Begun time.Time  `json:"begun"`
	Ended *time.Time `json:"ended,omitempty"`
	// Number of exchanges with the card since the step began, and of each status word among them.
	Exchanges   int            `json:"exchanges"`
	StatusWords map[string]int `json:"statusWords,omitempty"`
	LastWord    string         `json:"lastStatusWord,omitempty"`
}

// Request is one message to the service.
type Request struct {
	ID     string        `json:"id"` // CMP transactionID, lower-case hexadecimal, as in the service's log
	Kind   string        `json:"kind"`
	Sent   time.Time     `json:"sent"`
	Took   time.Duration `json:"tookNanoseconds"`
	Status int           `json:"status"` // of HTTP; 0: no answer came
}

// Transcript describes transcript.txt.
type Transcript struct {
	Entries  int  `json:"entries"`
	Complete bool `json:"complete"` // false where it grew too long and lacks its end
}

// errField reports a malformed field. The error names the field and never gives its value.
var errField = errors.New("field of another form")

var (
	wordForm     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	isVersion    = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+~-]{0,39}$`).MatchString
	isText       = regexp.MustCompile(`^[!-~]([ -~]{0,98}[!-~])?$`).MatchString
	isATR        = regexp.MustCompile(`^([0-9A-F]{2}){2,33}$`).MatchString
	isModel      = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z ._-]{0,39}$`).MatchString
	isSeries     = regexp.MustCompile(`^[A-Z][A-Za-z]{1,2}[0-9]{4}$`).MatchString
	isStatusWord = regexp.MustCompile(`^[0-9A-F]{4}$`).MatchString
	isType       = regexp.MustCompile(`^\*?[0-9A-Za-z_./-]{1,80}$`).MatchString
	isID         = regexp.MustCompile(`^([0-9a-f]{2}){1,64}$`).MatchString
	isKind       = regexp.MustCompile(`^[0-9A-Za-z]{1,20}$`).MatchString
)

// isWord reports whether s is a code word that cannot be a codice fiscale or a person's number.
func isWord(s string) bool { return wordForm.MatchString(s) && plain(s) == s }

// Maximum lengths of lists.
const (
	maxList     = 32
	maxSteps    = 1000
	maxFindings = 100
	maxTypes    = 16
)

var levels = []string{"well", "warning", "bad", "unknown"}

var states = []string{"started", "done", "skipped", "waiting", "noted"}

// check refuses a report with a malformed field. Seal and Open call it, so no such field enters or leaves a file.
func (r *Report) check() error {
	var bad string
	want := func(ok bool, field string) {
		if !ok && bad == "" {
			bad = field
		}
	}
	optional := func(s string, is func(string) bool) bool { return s == "" || is(s) }
	want(r.Format == Format, "format")
	want(isTime(r.Created), "created")
	want(isWord(r.Program.Name) && isVersion(r.Program.Version), "program")
	want(isWord(r.System.OS) && isWord(r.System.Arch) && optional(r.System.Release, isText), "system")
	want(len(r.Drivers) <= maxList && len(r.Readers) <= maxList, "drivers, readers")
	for _, d := range r.Drivers {
		want(isText(d.Name) && isVersion(d.Version), "drivers")
	}
	for _, d := range r.Readers {
		want(isText(d.Name), "readers")
	}
	if c := r.Card; c != nil {
		want(isATR(c.ATR) && optional(c.Model, isModel) && len(c.Series) <= maxList &&
			!slices.ContainsFunc(c.Series, func(s string) bool { return !isSeries(s) }), "card")
	}
	f := r.Failure
	diagnosis := len(r.Findings) > 0 && f.Code == "" && f.Step == "" && f.Exit == 0 && f.StatusWord == "" &&
		f.Tries == nil && len(f.Errors) == 0
	want(diagnosis || isWord(string(f.Code)) && optional(f.Step, isWord) && f.Exit >= 1 && f.Exit <= 255 &&
		optional(f.StatusWord, isStatusWord), "failure")
	want(len(r.Findings) <= maxFindings, "findings")
	for _, d := range r.Findings {
		want(isWord(d.Area) && slices.Contains(levels, d.Level) && optional(string(d.Code), isWord) &&
			optional(d.Note, isWord), "findings")
	}
	want(f.Tries == nil || *f.Tries >= 0 && *f.Tries <= 15, "failure.tries")
	want(len(f.Errors) <= maxTypes && !slices.ContainsFunc(f.Errors, func(s string) bool { return !isType(s) }),
		"failure.errors")
	want(len(r.Steps) <= maxSteps && len(r.Requests) <= maxSteps, "steps, requests")
	for _, s := range r.Steps {
		want(isWord(s.Name) && slices.Contains(states, s.State) && optional(s.Code, isWord), "steps")
		want(isTime(s.Begun) && (s.Ended == nil || isTime(*s.Ended)), "steps")
		want(s.Exchanges >= 0 && optional(s.LastWord, isStatusWord), "steps")
		for w, n := range s.StatusWords {
			want(isStatusWord(w) && n > 0, "steps.statusWords")
		}
	}
	for _, q := range r.Requests {
		want(isID(q.ID) && isKind(q.Kind) && isTime(q.Sent) && q.Took >= 0, "requests")
		want(q.Status == 0 || q.Status >= 100 && q.Status <= 599, "requests.status")
	}
	want(r.Transcript == nil || r.Transcript.Entries >= 0, "transcript")
	if bad != "" {
		return fmt.Errorf("%w: %s", errField, bad)
	}
	return nil
}

// isTime reports whether t is in UTC, in whole milliseconds, with a year of four digits. A time zone would tell where
// a person is.
func isTime(t time.Time) bool {
	_, offset := t.Zone()
	return offset == 0 && t.Nanosecond()%int(time.Millisecond) == 0 && t.Year() >= 1970 && t.Year() <= 9999
}

// moment returns a time in the manifest's form.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func (r *Report) encode() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return json.MarshalIndent(r, "", "  ")
}
