// SPDX-License-Identifier: EUPL-1.2

package recordings

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/recording"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/renewal"
)

// file is a recording in JSON.
type file struct {
	File     string               `json:"file"`
	Series   string               `json:"series"`
	Source   recording.Source     `json:"source"`
	ATR      string               `json:"atr"`
	Model    string               `json:"model"` // "" where none has the answer to reset
	Commands int                  `json:"commands"`
	Session  string               `json:"session"` // "opened", or the code of the failure
	Facts    []recording.Evidence `json:"facts"`
	Contents []string             `json:"contents"`
}

func shown(t *transcript.Transcript, name string) file {
	f := file{File: name, Series: recording.Series(t), Source: recording.MadeFrom(t), ATR: fmt.Sprintf("%X", t.ATR),
		Commands: len(recording.Steps(t)), Session: "opened", Facts: []recording.Evidence{}, Contents: Contents(t)}
	if m, err := cardmodel.Match(t.ATR); err == nil {
		f.Model = m.ID
	}
	if _, err := recording.Session(t); err != nil {
		f.Session = string(renewal.Classify(err).Code)
	}
	if facts, err := recording.Judge(t); err == nil {
		f.Facts = append(f.Facts, facts...)
	}
	return f
}

// Contents lists what is in a recording and what is not, in Italian, one line each.
func Contents(t *transcript.Transcript) []string {
	series, model := recording.Series(t), say(catalogue.RecordingUnknown)
	if series == recording.UnknownSeries {
		series = model
	}
	if m, err := cardmodel.Match(t.ATR); err == nil {
		model = m.Name
	}
	list := []string{say(catalogue.RecordingOf, series, model)}
	if recording.MadeFrom(t) == recording.Emulator {
		list = append(list, say(catalogue.RecordingEmulated))
	}
	steps := recording.Steps(t)
	asked, found := map[string]bool{}, map[string]bool{}
	for _, s := range steps {
		if s.Selects {
			asked[s.File] = true
			if s.There {
				found[s.File] = true
			}
		}
	}
	return append(list, say(catalogue.RecordingATR, fmt.Sprintf("%X", t.ATR)),
		say(catalogue.RecordingCommands, len(steps)), say(catalogue.RecordingFiles, len(asked), len(found)),
		say(catalogue.RecordingKept), say(catalogue.RecordingReplaced))
}

// Walk tells a recording step by step, in Italian, one line each: what the card answered, what the program makes of
// it, and what it shows about the card's model.
func Walk(t *transcript.Transcript) []string {
	list := Contents(t)
	for _, s := range recording.Steps(t) {
		if title := titles[s.Part]; title != "" && s.First {
			list = append(list, "", say(title))
		}
		list = append(list, fmt.Sprintf("%5d  %s", s.Line, told(s)))
	}
	list = append(list, "", say(catalogue.RecordingMeaning))
	list = append(list, meaning(t)...)
	list = append(list, "", say(catalogue.RecordingFacts))
	facts, err := recording.Judge(t)
	if err != nil {
		list = append(list, "       "+say(catalogue.RecordingNoModel))
	}
	for _, e := range facts {
		text := say(catalogue.RecordingAgrees, e.Fact, some(e.Recorded))
		if !e.Agrees {
			text = say(catalogue.RecordingDiffers, e.Fact, some(e.Recorded), some(e.Model))
		}
		if e.Assumed {
			text += say(catalogue.RecordingAssumed)
		}
		list = append(list, "       "+text)
	}
	if recording.MadeFrom(t) == recording.Emulator {
		list = append(list, say(catalogue.RecordingEmulated))
	}
	return list
}

// titles head the parts of a recording.
var titles = map[recording.Part]catalogue.Sentence{
	recording.BeforeApplication: catalogue.RecordingBefore,
	recording.OfSession:         catalogue.RecordingSession,
	recording.OfFiles:           catalogue.RecordingEvery,
}

// told is one step in words.
func told(s recording.Step) string {
	switch {
	case s.Failed:
		return say(catalogue.RecordingNoAnswer, s.File)
	case s.Selects && s.Absent:
		return say(catalogue.RecordingAbsent, s.File)
	case !s.There:
		return say(catalogue.RecordingAnswer, s.File, s.Word)
	case s.Selects && s.Size >= 0 && s.Directory:
		return say(catalogue.RecordingDirectory, s.File, s.Size, s.Access)
	case s.Selects && s.Size >= 0:
		return say(catalogue.RecordingFile, s.File, s.Size, s.Access)
	case s.Selects:
		return say(catalogue.RecordingThere, s.File)
	case s.Withheld:
		return say(catalogue.RecordingWithheld, s.File, s.Length)
	}
	return say(catalogue.RecordingRead, s.File, s.Length, s.Offset)
}

// meaning tells what a session makes of a recording.
func meaning(t *transcript.Transcript) []string {
	const indent = "       "
	s, err := recording.Session(t)
	if err != nil {
		e, _ := catalogue.Explain(catalogue.Italian, catalogue.CommandLine, renewal.Classify(err).Code, false)
		what := e.What
		if errors.Is(err, recording.ErrNotRecorded) {
			what = err.Error()
		}
		return []string{indent + say(catalogue.RecordingUnread, strings.TrimSuffix(what, "."))}
	}
	list := []string{indent + say(catalogue.RecordingModel, s.Model.Name, s.IDCarta.Masked())}
	for _, slot := range s.Contents.Slots {
		list = append(list, indent+pair(slot.Location.Certificate, string(slot.Certificate.State),
			slot.Certificate.Certificate))
	}
	if s.Contents.FreeBytes >= 0 {
		list = append(list, indent+say(catalogue.RecordingFree, s.Contents.FreeBytes))
	}
	return list
}

// pair tells what a certificate file holds. state is a cns.FileState.
func pair(path cardmodel.Path, state string, c *x509.Certificate) string {
	switch k, hasSize := publicKey(c); {
	case state == "absent":
		return say(catalogue.RecordingAbsent, path)
	case hasSize:
		return say(catalogue.RecordingKey, path, 8*k.Size(), c.NotAfter.Year())
	}
	return say(catalogue.RecordingPair, path, state)
}

func publicKey(c *x509.Certificate) (interface{ Size() int }, bool) {
	if c == nil {
		return nil, false
	}
	k, ok := c.PublicKey.(interface{ Size() int })
	return k, ok
}

// some is a value of a fact, or the word for none.
func some(value string) string {
	if value == "-" {
		return say(catalogue.RecordingNothing)
	}
	return value
}
