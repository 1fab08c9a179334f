// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"math"
	"slices"
	"time"

	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/operator"
)

// State is all that the page knows. It never contains a PIN or PUK, and of the holder only the name.
type State struct {
	Version  int       `json:"version"`
	Screen   Screen    `json:"screen"`
	Program  string    `json:"program"` // its version
	System   System    `json:"system"`  // of this computer
	Readers  []Reader  `json:"readers"`
	Reader   string    `json:"reader,omitempty"` // the one in use
	Loading  *Loading  `json:"loading,omitempty"`
	Card     *Summary  `json:"card,omitempty"`
	Failure  *Failure  `json:"failure,omitempty"`
	Prompt   *Prompt   `json:"prompt,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Typing   *Typing   `json:"typing,omitempty"` // the person types at the reader's keypad
	Done     *Done     `json:"done,omitempty"`
	Closing  bool      `json:"closing,omitempty"` // the window was asked to close while a renewal runs
	// Task is the work on the card that runs, failed or succeeded; "" where there was none.
	Task   renewal.Task `json:"task,omitempty"`
	Report *Report      `json:"report,omitempty"`
	Update *Update      `json:"update,omitempty"` // nil where no check is made
	Page   string       `json:"page,omitempty"`   // the download page
	// Contents lists the contents of the error report of the failure on the screen; nil where no report can be made.
	Contents *errorreport.Report `json:"contents,omitempty"`
	Demo     *Demo               `json:"demo,omitempty"` // nil where cards and service are real
	// Setup is the service that the person enters, on the screen for that.
	Setup   *Setup            `json:"setup,omitempty"`
	Contact *operator.Contact `json:"contact,omitempty"` // of the assistance; nil where none is known
}

// Setup is a service that the person enters: empty, to be confirmed, or with the reason why it cannot be used.
type Setup struct {
	Service  string          `json:"service,omitempty"`
	Roots    []operator.Root `json:"roots,omitempty"`    // of the issuer
	TLSRoots []operator.Root `json:"tlsRoots,omitempty"` // of the server; the system's where there is none
	Problem  *Failure        `json:"problem,omitempty"`

	entered operator.Operator
}

// Update is the result of the check for a newer version.
type Update struct {
	State   UpdateState  `json:"state"`
	Version string       `json:"version,omitempty"` // the newest
	Code    failure.Code `json:"code,omitempty"`    // of the failed check
	Text    string       `json:"text,omitempty"`    // of the failed check
	Hidden  bool         `json:"hidden,omitempty"`  // the person closed the notice
}

// UpdateState is the state of the check for a newer version.
type UpdateState string

// Only the page about the program shows UpdateOff, UpdateNoKey and UpdateCurrent.
const (
	UpdateChecking    UpdateState = "checking"
	UpdateNotChecked  UpdateState = "failed"
	UpdateCurrent     UpdateState = "current"
	UpdateNewer       UpdateState = "newer"
	UpdateUnsupported UpdateState = "unsupported" // there is a newer version, and this one is no longer supported
	UpdateOff         UpdateState = "off"         // the check is switched off
	UpdateNoKey       UpdateState = "no-key"      // the program has no key to check a manifest with
)

// notice reports whether the person must be told of the newer version.
func (u *Update) notice() bool { return u.State == UpdateNewer || u.State == UpdateUnsupported }

// System is an operating system by Go's name for it.
type System string

const (
	Linux   System = "linux"
	MacOS   System = "darwin"
	Windows System = "windows"
)

// Screen names the screen that the page shows.
type Screen string

const (
	ScreenSetup      Screen = "setup"      // the program knows no service
	ScreenStarting   Screen = "starting"   // no list of readers has come yet
	ScreenNoService  Screen = "no-service" // the system's smart-card service does not answer
	ScreenNoReader   Screen = "no-reader"
	ScreenNoCard     Screen = "no-card"
	ScreenChoose     Screen = "choose"  // several cards
	ScreenLoading    Screen = "loading" // the card is being read
	ScreenUnreadable Screen = "unreadable"
	ScreenUnknown    Screen = "unknown" // the card was read, but the service did not say whether it is renewable
	ScreenNothing    Screen = "nothing" // there is nothing to renew
	ScreenRenewable  Screen = "card"
	ScreenPrompt     Screen = "prompt"
	ScreenRunning    Screen = "running"
	ScreenFailed     Screen = "failed"
	ScreenDone       Screen = "done"
	ScreenNewPIN     Screen = "new-pin" // the card has a new PIN
)

// Reader is one reader and the card in it.
type Reader struct {
	Name    string `json:"name"`
	Present bool   `json:"present"`
	Mute    bool   `json:"mute,omitempty"`
	// differs between two insertions of different cards; the answer to reset is enough
	Token  string `json:"-"`
	Choice bool   `json:"choice,omitempty"` // the card may be renewable, judged by its answer to reset
	// Identity tells several cards apart; nil before the card was read, and where it cannot be read.
	Identity *renewal.Identity `json:"identity,omitempty"`
}

// Loading describes a card being read.
type Loading struct {
	Late    bool   `json:"late"` // it takes longer than SlowAfter
	Waiting Source `json:"waiting"`
}

// Source is the party whose answer is awaited.
type Source string

const (
	FromCard    Source = "card"
	FromService Source = "service"
)

// Summary describes the card to its holder.
type Summary struct {
	Holder       string        `json:"holder"`
	ID           string        `json:"id"` // masked
	Model        string        `json:"model"`
	Series       []string      `json:"series"`
	NeedsPUK     bool          `json:"needsPuk"`
	AsksSeries   bool          `json:"asksSeries"` // the person must read the sigla printed on the card
	Begun        bool          `json:"begun"`      // a renewal was interrupted
	Certificates []Certificate `json:"certificates"`
	Campaign     string        `json:"campaign,omitempty"`
	Title        string        `json:"title,omitempty"`
	NewNotAfter  *time.Time    `json:"newNotAfter,omitempty"` // nil where it counts from the issue
	Campaigns    []Campaign    `json:"campaigns,omitempty"`   // those among which the citizen chooses
	Usable       bool          `json:"usable"`                // the card can be used to log in, as far as is known
	// A source gives the command that changes the PIN of this model, and the one that unblocks it.
	CanChangePIN  bool `json:"canChangePin"`
	CanUnblockPIN bool `json:"canUnblockPin"`
}

// Campaign is one of several campaigns that accept the certificate.
type Campaign struct {
	ID          string     `json:"id"`
	Title       string     `json:"title"`
	NewNotAfter *time.Time `json:"newNotAfter,omitempty"` // nil where the time counts from the issue
}

// Certificate is one of the holder's certificates.
type Certificate struct {
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	Renewed   bool      `json:"renewed"`
	Expired   bool      `json:"expired"`
}

// Failure is a code, for which the page has the texts, and the service's own text.
type Failure struct {
	Code    failure.Code `json:"code"`
	Step    string       `json:"step,omitempty"`
	Reason  failure.Code `json:"reason,omitempty"` // why a site refused the certificate
	Text    string       `json:"text,omitempty"`
	Changed bool         `json:"changed,omitempty"` // the renewal has changed the card
	Tries   *int         `json:"tries,omitempty"`   // left of the code that was refused; nil where not known
}

// Prompt is a question to the person. The answer carries the number of its question, so that it cannot answer another
// one.
type Prompt struct {
	ID        int        `json:"id"`
	Kind      PromptKind `json:"kind"`
	Min       int        `json:"min,omitempty"`
	Max       int        `json:"max,omitempty"`
	Tries     *int       `json:"tries,omitempty"` // left; nil where not known
	Limit     int        `json:"limit,omitempty"` // wrong codes in a row that block it; 0 where no source tells
	Wrong     bool       `json:"wrong,omitempty"`
	Malformed bool       `json:"malformed,omitempty"`
	PUK       bool       `json:"puk,omitempty"`
	Options   []string   `json:"options,omitempty"`
	Repeated  bool       `json:"repeated,omitempty"` // the renewal began to generate the key before this question
	// NewPINSent means that the card did not answer to a new PIN: it has that one, or the one before.
	NewPINSent bool         `json:"newPinSent,omitempty"`
	Weakness   failure.Code `json:"weakness,omitempty"` // why the new PIN typed before was refused
	Pinpad     *Pinpad      `json:"pinpad,omitempty"`   // nil for a reader without a keypad
}

// Pinpad describes the keypad of the reader to the person from whom a code is asked: renewal.Pinpad.
type Pinpad struct {
	Offered bool         `json:"offered,omitempty"`
	Unable  bool         `json:"unable,omitempty"`
	PINs    int          `json:"pins,omitempty"`
	PUKs    int          `json:"puks,omitempty"`
	Failed  failure.Code `json:"failed,omitempty"`
}

// Typing tells that the reader asks for a code at its own keypad.
type Typing struct {
	Code    TypedCode `json:"code"`
	Seconds int       `json:"seconds"` // that are left
}

// TypedCode names what the reader asks, as a renewal.Event does.
type TypedCode string

const (
	TypedPIN     TypedCode = "pin"
	TypedPUK     TypedCode = "puk"
	TypedChange  TypedCode = "pin-change"  // the PIN, and a new one twice
	TypedUnblock TypedCode = "pin-unblock" // the PUK, and a new PIN twice
)

// PromptKind is the kind of a question: for a PIN, for a PUK, for a new PIN, or a renewal.Question.
type PromptKind string

const (
	PromptPIN     PromptKind = "pin"
	PromptPUK     PromptKind = "puk"
	PromptNewPIN  PromptKind = "new-pin"
	PromptSeries  PromptKind = "series"
	PromptLastTry PromptKind = "last-try"
)

// Progress is the progress of a renewal, in percent. Endless is set while the card makes its key, which takes a time
// that cannot be foreseen.
type Progress struct {
	Step     string `json:"step"`
	Percent  int    `json:"percent"`
	Endless  bool   `json:"endless"`
	Position int    `json:"position,omitempty"` // in the queue
	Seconds  int    `json:"seconds,omitempty"`  // to wait for the service
	Waiting  bool   `json:"waiting,omitempty"`
	Note     string `json:"note,omitempty"`
}

// Phase is a phase after a successful renewal: the guide's steps 14 and 15.
type Phase string

const (
	PhaseRemove  Phase = "remove"  // take the card out
	PhaseWait    Phase = "wait"    // wait about a minute
	PhaseInsert  Phase = "insert"  // put it back
	PhaseCheck   Phase = "check"   // the card is being read
	PhaseSeen    Phase = "seen"    // the new certificate is on the card
	PhaseLogin   Phase = "login"   // trial login under way
	PhaseEntered Phase = "entered" // the trial login was answered
)

// Done is a renewal that succeeded, and the phase after it.
type Done struct {
	NotAfter time.Time      `json:"notAfter"`
	Phase    Phase          `json:"phase"`
	Seconds  int            `json:"seconds,omitempty"` // left of the minute
	Problem  *Failure       `json:"problem,omitempty"` // of the last phase tried
	Login    *renewal.Login `json:"login,omitempty"`
	CanLogin bool           `json:"canLogin"`
	Expired  bool           `json:"expired,omitempty"` // the PIN was wiped before the trial login
}

// Demo is the state of the demonstration.
type Demo struct {
	Series  []string `json:"series"`
	Faults  []string `json:"faults"`
	Slots   []string `json:"slots"` // the series of the card in or beside each reader, "" for none
	In      []bool   `json:"in"`    // whether each of them is inserted
	Readers int      `json:"readers"`
	PCSC    bool     `json:"pcsc"`  // the smart-card service runs
	Down    bool     `json:"down"`  // the network is cut
	Shut    bool     `json:"shut"`  // the campaign is closed
	Twice   bool     `json:"twice"` // a second campaign is open
	PIN     string   `json:"pin"`
	PUK     string   `json:"puk"`
	Date    string   `json:"date"`
}

// Report tells where the error report was saved, or why it was not.
type Report struct {
	Path string       `json:"path,omitempty"`
	Code failure.Code `json:"code,omitempty"`
}

// facts are the facts that the window knows. view computes the state from them; nothing else sets a state.
type facts struct {
	watched bool // a list of readers has come
	service bool // there is a smart-card service
	readers []Reader
	chosen  string // by the citizen, among several
	target  string // the reader whose card is looked at, "" for none

	blocked *blocked // PIN or PUK of the card in the target reader is blocked
	looking *looking // a look under way
	looked  *looked  // its result

	typing   *typing      // the reader asks for a code
	task     renewal.Task // of the following
	running  *running     // work on a card
	failed   *Failure     // it ended badly
	finished *finished    // the renewal ended well
	newPIN   bool         // the card took a new PIN
	closing  bool
	known    map[string]known // by reader, while several cards are a choice
	report   *Report
	setup    *Setup // nil where a service is known
	update   *Update
	contents *errorreport.Report
}

// known is the result of reading one of several cards; both fields are zero during the reading.
type known struct {
	token     string
	identity  *renewal.Identity
	otherKind bool // it is not a health card
}

// blocked is the failure of a run that found PIN or PUK blocked. It holds until the card leaves the reader or the
// person asks to look again.
type blocked struct {
	reader, token string
	failure       *Failure
}

type looking struct {
	late bool
	step string // under way
}

type looked struct {
	card    *Summary
	failure *Failure       // why the card cannot be read or renewed
	nothing bool           // the failure means that there is nothing to renew
	report  *UnsavedReport // nil: the assistance needs none, or none can be made
}

type running struct {
	prompt   *Prompt
	step     string
	waiting  renewal.Event // the event that waits; zero when none does
	note     string
	commands int // exchanged with the card within the step
	counted  int // commands exchanged when the step began
	worked   bool
}

type typing struct {
	code  TypedCode
	until time.Time
}

type finished struct {
	notAfter time.Time
	phase    Phase
	until    time.Time // end of the minute
	problem  *Failure
	login    *renewal.Login
	canLogin bool
	expired  bool
}

// busy reports whether work on a card runs, or its end is on the screen.
func (f *facts) busy() bool {
	return f.running != nil || f.finished != nil || f.failed != nil || f.newPIN
}

// view computes the state from the facts.
func view(f facts, now time.Time) State {
	s := State{Screen: screen(f), Readers: f.readers, Reader: f.target, Closing: f.closing && f.running != nil,
		Report: f.report, Update: f.update}
	if s.Readers == nil {
		s.Readers = []Reader{}
	}
	if s.Screen == ScreenChoose {
		s.Readers = choices(f)
	}
	if f.looked != nil {
		s.Card = f.looked.card
	}
	if f.typing != nil {
		s.Typing = &Typing{f.typing.code, max(0, int(math.Ceil(f.typing.until.Sub(now).Seconds())))}
	}
	if f.busy() {
		s.Task = f.task
	}
	switch s.Screen {
	case ScreenSetup:
		s.Setup = f.setup
	case ScreenLoading:
		s.Loading = &Loading{Late: f.looking.late, Waiting: FromCard}
		if f.looking.step == "inspect" {
			s.Loading.Waiting = FromService
		}
	case ScreenUnreadable, ScreenUnknown, ScreenNothing:
		s.Failure = f.looked.failure
		if f.looked.report != nil {
			s.Contents = f.looked.report.Contents
		}
	case ScreenPrompt:
		s.Prompt = f.running.prompt
	case ScreenRunning:
		s.Progress = progress(*f.running)
	case ScreenFailed:
		s.Failure, s.Contents = f.failed, f.contents
	case ScreenDone:
		d := f.finished
		s.Done = &Done{NotAfter: d.notAfter, Phase: d.phase, Problem: d.problem, Login: d.login, CanLogin: d.canLogin,
			Expired: d.expired}
		if d.phase == PhaseWait {
			s.Done.Seconds = max(0, int(math.Ceil(d.until.Sub(now).Seconds())))
		}
	}
	return s
}

// screen chooses the screen. Work on a card takes precedence over the state of the readers.
func screen(f facts) Screen {
	present := 0
	for _, r := range f.readers {
		if r.Present {
			present++
		}
	}
	switch {
	case f.finished != nil:
		return ScreenDone
	case f.failed != nil:
		return ScreenFailed
	case f.newPIN:
		return ScreenNewPIN
	case f.running != nil && f.running.prompt != nil:
		return ScreenPrompt
	case f.running != nil:
		return ScreenRunning
	case f.setup != nil:
		return ScreenSetup
	case !f.watched:
		return ScreenStarting
	case !f.service:
		return ScreenNoService
	case len(f.readers) == 0:
		return ScreenNoReader
	case present == 0:
		return ScreenNoCard
	case f.target == "":
		return ScreenChoose
	case f.looked == nil && f.looking == nil:
		return ScreenStarting
	case f.looked == nil:
		return ScreenLoading
	case f.looked.failure == nil:
		return ScreenRenewable
	case f.looked.card == nil:
		return ScreenUnreadable
	case f.looked.nothing:
		return ScreenNothing
	}
	return ScreenUnknown
}

// counts takes the number of commands exchanged so far. It reports whether the bar moves.
func (r *running) counts(commands int) bool {
	if commands-r.counted <= r.commands {
		return false
	}
	r.commands = commands - r.counted
	return true
}

// hears takes an event of the renewal and the number of commands exchanged so far.
func (r *running) hears(e renewal.Event, commands int) {
	switch e.State {
	case renewal.Typing, renewal.Typed:
		return
	case renewal.Noted:
		r.note = e.Code
	case renewal.Waiting:
		r.waiting = e
	case renewal.Started:
		r.step, r.waiting, r.commands, r.counted = e.Step, renewal.Event{}, 0, commands
	default: // the step is whole
		r.step, r.waiting, r.commands = e.Step, renewal.Event{}, math.MaxInt
	}
	r.worked = r.worked || r.step == "generate"
}

// progress computes the progress of a run. Within a step it grows with the commands exchanged.
func progress(r running) *Progress {
	p := &Progress{Step: r.step, Endless: r.step == "generate", Note: r.note}
	for _, w := range renewal.Parts {
		if w.Step == r.step {
			p.Percent += w.Percent * min(r.commands, w.Commands) / w.Commands
			break
		}
		p.Percent += w.Percent
	}
	if r.waiting.State == renewal.Waiting {
		p.Waiting, p.Position, p.Seconds = true, r.waiting.Position, int(r.waiting.For.Seconds())
	}
	return p
}

// choices returns the readers whose card may be renewable, with the identities known so far.
func choices(f facts) []Reader {
	var list []Reader
	for _, r := range f.readers {
		k := f.known[r.Name]
		if r.Choice && !k.otherKind {
			r.Identity = k.identity
			list = append(list, r)
		}
	}
	return list
}

// aim returns the target reader: the chosen one while it holds a card, else the only choice. Without any choice it is
// the first reader that holds something.
func aim(f facts) string {
	if find(f.readers, f.chosen).Present {
		return f.chosen
	}
	list := choices(f)
	switch len(list) {
	case 0:
		if i := slices.IndexFunc(f.readers, func(r Reader) bool { return r.Present }); i >= 0 {
			return f.readers[i].Name
		}
	case 1:
		return list[0].Name
	}
	return ""
}

func find(readers []Reader, name string) Reader {
	for _, r := range readers {
		if r.Name == name {
			return r
		}
	}
	return Reader{}
}
