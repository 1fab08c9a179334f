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

// State is all that the page knows: what to show, and no more. It never carries a code, and of the holder
// only the name.
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
	Done     *Done     `json:"done,omitempty"`
	Closing  bool      `json:"closing,omitempty"` // the window was asked to close while a renewal runs
	Report   *Report   `json:"report,omitempty"`
	Update   *Update   `json:"update,omitempty"` // nil where none is asked for
	Page     string    `json:"page,omitempty"`   // where the program is taken from
	// Contents is what the error report of the failure on the screen would hold; nil where none can be made.
	Contents *errorreport.Report `json:"contents,omitempty"`
	Demo     *Demo               `json:"demo,omitempty"` // nil where cards and service are real
	// Setup is the service that the person enters, on its screen.
	Setup   *Setup            `json:"setup,omitempty"`
	Contact *operator.Contact `json:"contact,omitempty"` // of the assistance; nil where none is known
}

// Setup is a service that the person enters: nothing yet, what is to be confirmed, or why it cannot be used.
type Setup struct {
	Service  string          `json:"service,omitempty"`
	Roots    []operator.Root `json:"roots,omitempty"`    // of the issuer
	TLSRoots []operator.Root `json:"tlsRoots,omitempty"` // of the server; the system's where there is none
	Problem  *Failure        `json:"problem,omitempty"`

	entered operator.Operator
}

// Update is what is known of newer versions of the program.
type Update struct {
	State   UpdateState  `json:"state"`
	Version string       `json:"version,omitempty"` // the newest
	Code    failure.Code `json:"code,omitempty"`    // of the failed check
	Text    string       `json:"text,omitempty"`    // of the failed check
	Hidden  bool         `json:"hidden,omitempty"`  // the person closed the notice
}

// UpdateState says what is known of newer versions.
type UpdateState string

// UpdateOff, UpdateNoKey and UpdateCurrent are shown only on the page about the program.
const (
	UpdateChecking    UpdateState = "checking"
	UpdateNotChecked  UpdateState = "failed"
	UpdateCurrent     UpdateState = "current"
	UpdateNewer       UpdateState = "newer"
	UpdateUnsupported UpdateState = "unsupported" // there is a newer version, and this one is no longer maintained
	UpdateOff         UpdateState = "off"         // the check is switched off
	UpdateNoKey       UpdateState = "no-key"      // the program has no key to check a manifest with
)

// notice says whether the person is to be told.
func (u *Update) notice() bool { return u.State == UpdateNewer || u.State == UpdateUnsupported }

// System is an operating system by the name that Go has for it.
type System string

const (
	Linux   System = "linux"
	MacOS   System = "darwin"
	Windows System = "windows"
)

// Screen names what the page shows.
type Screen string

const (
	ScreenSetup      Screen = "setup"      // the program knows no service
	ScreenStarting   Screen = "starting"   // the readers are not known yet
	ScreenNoService  Screen = "no-service" // the system's smart-card service does not answer
	ScreenNoReader   Screen = "no-reader"
	ScreenNoCard     Screen = "no-card"
	ScreenChoose     Screen = "choose"  // several cards
	ScreenLoading    Screen = "loading" // the card is being read
	ScreenUnreadable Screen = "unreadable"
	ScreenUnknown    Screen = "unknown" // the card was read, but not whether it is renewable
	ScreenNothing    Screen = "nothing" // there is nothing to renew
	ScreenRenewable  Screen = "card"
	ScreenPrompt     Screen = "prompt"
	ScreenRunning    Screen = "running"
	ScreenFailed     Screen = "failed"
	ScreenDone       Screen = "done"
)

// Reader is one reader as cmd tells it.
type Reader struct {
	Name    string `json:"name"`
	Present bool   `json:"present"`
	Mute    bool   `json:"mute,omitempty"`
	// differs between two insertions of different cards; the answer to reset will do
	Token  string `json:"-"`
	Choice bool   `json:"choice,omitempty"` // the card may be the one to renew, as far as its answer to reset tells
	// Identity is of the card where several are a choice; nil before it was read, and where it cannot be.
	Identity *renewal.Identity `json:"identity,omitempty"`
}

// Loading is a card being read.
type Loading struct {
	Late    bool   `json:"late"` // it takes longer than it should
	Waiting Source `json:"waiting"`
}

// Source is what an answer is awaited from.
type Source string

const (
	FromCard    Source = "card"
	FromService Source = "service"
)

// Summary is the card as its holder recognises it.
type Summary struct {
	Holder       string        `json:"holder"`
	ID           string        `json:"id"` // masked
	Model        string        `json:"model"`
	Series       []string      `json:"series"`
	NeedsPUK     bool          `json:"needsPuk"`
	AsksSeries   bool          `json:"asksSeries"` // the sigla printed on the card decides
	Begun        bool          `json:"begun"`      // a renewal was interrupted
	Certificates []Certificate `json:"certificates"`
	Campaign     string        `json:"campaign,omitempty"`
	Title        string        `json:"title,omitempty"`
	NewNotAfter  *time.Time    `json:"newNotAfter,omitempty"` // nil where the campaign counts from the issue
	Campaigns    []Campaign    `json:"campaigns,omitempty"`   // among which the citizen chooses
	Usable       bool          `json:"usable"`                // the card can be used to log in, as far as is known
}

// Campaign is one of several that accept the certificate.
type Campaign struct {
	ID          string     `json:"id"`
	Title       string     `json:"title"`
	NewNotAfter *time.Time `json:"newNotAfter,omitempty"` // nil where it counts from the issue
}

// Certificate is one certificate of the holder's.
type Certificate struct {
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	Renewed   bool      `json:"renewed"`
	Expired   bool      `json:"expired"`
}

// Failure is a code word, for which the page has the texts, and what the service said for itself.
type Failure struct {
	Code    failure.Code `json:"code"`
	Step    string       `json:"step,omitempty"`
	Reason  failure.Code `json:"reason,omitempty"` // why a site did not accept the certificate
	Text    string       `json:"text,omitempty"`
	Changed bool         `json:"changed,omitempty"` // the renewal has changed the card
	Tries   *int         `json:"tries,omitempty"`   // left of the code that was refused
}

// Prompt is a question to the person. Its number goes back with the answer, so that an answer never
// reaches another question.
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
	Repeated  bool       `json:"repeated,omitempty"` // the renewal had begun to work before this question
}

// PromptKind says what is asked: a code, or a renewal.Question.
type PromptKind string

const (
	PromptPIN     PromptKind = "pin"
	PromptPUK     PromptKind = "puk"
	PromptSeries  PromptKind = "series"
	PromptLastTry PromptKind = "last-try"
)

// Progress is how far a renewal is, in percent. Endless is set while the card makes its key, which takes
// as long as it takes.
type Progress struct {
	Step     string `json:"step"`
	Percent  int    `json:"percent"`
	Endless  bool   `json:"endless"`
	Position int    `json:"position,omitempty"` // in the queue
	Seconds  int    `json:"seconds,omitempty"`  // to wait for the service
	Waiting  bool   `json:"waiting,omitempty"`
	Note     string `json:"note,omitempty"`
}

// Phase is what follows a success: steps 14 and 15 of the guide.
type Phase string

const (
	PhaseRemove  Phase = "remove"  // take the card out
	PhaseWait    Phase = "wait"    // about a minute
	PhaseInsert  Phase = "insert"  // put it back
	PhaseCheck   Phase = "check"   // being read
	PhaseSeen    Phase = "seen"    // the new certificate is on the card
	PhaseLogin   Phase = "login"   // trial login under way
	PhaseEntered Phase = "entered" // the login was answered
)

// Done is a renewal that ended well, and what follows it.
type Done struct {
	NotAfter time.Time      `json:"notAfter"`
	Phase    Phase          `json:"phase"`
	Seconds  int            `json:"seconds,omitempty"` // left of the minute
	Problem  *Failure       `json:"problem,omitempty"` // of the last phase tried
	Login    *renewal.Login `json:"login,omitempty"`
	CanLogin bool           `json:"canLogin"`
	Expired  bool           `json:"expired,omitempty"` // the PIN was wiped before the trial login
}

// Demo is the state of the demonstration's bench.
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

// Report says where the error report was saved, or why not.
type Report struct {
	Path string       `json:"path,omitempty"`
	Code failure.Code `json:"code,omitempty"`
}

// facts are what the window knows. No code sets a state: it is computed from them.
type facts struct {
	watched bool // a list of readers has come
	service bool // there is a smart-card service
	readers []Reader
	chosen  string // by the citizen, among several
	target  string // the reader whose card is looked at, "" for none

	blocked *blocked // a code of the card in the target reader was blocked
	looking *looking // a look under way
	looked  *looked  // its result

	running  *running  // a renewal
	failed   *Failure  // it ended badly
	finished *finished // it ended well
	closing  bool
	known    map[string]known // by reader, while several cards are a choice
	report   *Report
	setup    *Setup // nil where a service is known
	update   *Update
	contents *errorreport.Report
}

// known is what was read of one of several cards: neither field while it is read.
type known struct {
	token     string
	identity  *renewal.Identity
	otherKind bool // it is no health card
}

// blocked is the failure of a run that found PIN or PUK blocked, until the card leaves the reader or the person asks to
// look again.
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
	failure *Failure // why it cannot be read, or not be renewed
	nothing bool     // the failure says that there is nothing to renew
}

type running struct {
	prompt   *Prompt
	step     string
	waiting  renewal.Event // the last one that waits, zero when it went on
	note     string
	commands int // exchanged with the card within the step
	worked   bool
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

// view computes what to show.
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

// screen chooses: work on a card goes before the state of the readers.
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

// progress places a run on the bar. Within a step it moves with the commands exchanged.
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

// choices are the readers whose card may be the one to renew, with what is known of it.
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

// aim finds the reader whose card is meant: the chosen one while it has a card, else the only choice, else the only
// one that holds something or, among several that hold nothing to renew, the first.
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
