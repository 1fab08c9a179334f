// SPDX-License-Identifier: EUPL-1.2

// Package recordings tells a person what is in the recording of a card, asks before one is saved, and refuses one
// that may not be given to others.
package recordings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/recording"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

// say returns a sentence in the language of the command line.
func say(s catalogue.Sentence, values ...any) string {
	return catalogue.Recording(catalogue.Italian, s, values...)
}

// Program makes recordings, or shows them, on the command line.
type Program struct {
	Out     io.Writer
	JSON    bool
	Version string
	Person  *terminal.Person
}

// virtualReader is in the name of vsmartcard's reader, in which no card is real.
const virtualReader = "Virtual PCD"

// Series returns the sigla to record: the one given, however it is spelled, or the answer of the person. Its errors
// are *renewal.Failure.
func (p Program) Series(ctx context.Context, given string) (string, error) {
	if given == "" {
		answer, err := p.ask(ctx, say(catalogue.RecordingSeries))
		if err != nil {
			return "", err
		}
		if given = answer; given == "" {
			return recording.UnknownSeries, nil
		}
	}
	if known, err := terminal.Sigla(given); err == nil {
		return known, nil
	}
	given = strings.ReplaceAll(given, " ", "")
	if !recording.IsSigla(given) {
		_, err := terminal.Sigla(given)
		return "", err
	}
	return given, nil
}

// New fails if a file is there already, with failure.RecordUnwritable.
func New(file string) error {
	if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
		return &renewal.Failure{Code: failure.RecordUnwritable, Err: err}
	}
	return nil
}

// Record takes a recording of a card, shows all that is in it, and saves it to a new file if the person agrees or
// agreed says so. reader is the name of the card's reader, "" for an emulated card. Its errors are those of
// recording.Take and *renewal.Failure.
func (p Program) Record(ctx context.Context, card iso7816.Card, reader, series, file string, agreed bool) error {
	source := recording.Card
	if reader == "" || strings.Contains(reader, virtualReader) {
		source = recording.Emulator
	}
	t, err := recording.Take(card, series, source, p.Version)
	if err != nil {
		return err
	}
	if found := recording.Check(t); len(found) > 0 {
		return refused(file, found, t)
	}
	text := t.Encode()
	if !p.JSON {
		fmt.Fprintf(p.Out, "%s\n", text)
		for _, line := range Contents(t) {
			fmt.Fprintln(p.Out, line)
		}
	}
	if !agreed {
		answer, err := p.ask(ctx, say(catalogue.RecordingSave, file))
		if err != nil {
			return err
		}
		if !strings.EqualFold(answer, "si") && !strings.EqualFold(answer, "sì") {
			return &renewal.Failure{Code: failure.RecordingUnsaved, Err: renewal.ErrCancelled}
		}
	}
	if err := save(file, text); err != nil {
		return &renewal.Failure{Code: failure.RecordUnwritable, Err: err}
	}
	if p.JSON {
		return p.print(shown(t, file))
	}
	fmt.Fprintln(p.Out, say(catalogue.RecordingSaved, file))
	return nil
}

// ask asks the person. Its errors are *renewal.Failure.
func (p Program) ask(ctx context.Context, question string) (string, error) {
	answer, err := p.Person.Ask(ctx, question)
	switch {
	case errors.Is(err, renewal.ErrNoInput):
		return "", &renewal.Failure{Code: failure.Usage, Text: say(catalogue.RecordingNoPerson), Err: err}
	case err != nil:
		return "", &renewal.Failure{Code: failure.RecordingUnsaved, Err: err}
	}
	return answer, nil
}

// save writes a new file, for this user only. It removes a part of a file.
func save(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}

// Replay walks through recordings, or only checks them. Those that may not be given to others are not shown: after the
// others they are one *renewal.Failure, with the reasons for each.
func (p Program) Replay(files []string, checkOnly bool) error {
	var reasons []string
	for _, file := range files {
		t, err := Open(file)
		if f := (*renewal.Failure)(nil); errors.As(err, &f) && f.Code == failure.RecordingRefused {
			reasons = append(reasons, f.Text)
			continue
		}
		switch {
		case err != nil:
			return err
		case p.JSON:
			err = p.print(shown(t, file))
		case checkOnly:
			fmt.Fprintln(p.Out, say(catalogue.RecordingPasses, file))
		default:
			for _, line := range Walk(t) {
				fmt.Fprintln(p.Out, line)
			}
		}
		if err != nil {
			return err
		}
	}
	if len(reasons) > 0 {
		return refusal(strings.Join(reasons, "; "))
	}
	return nil
}

// largest is the greatest recording, in bytes: about twenty of a card with four certificates.
const largest = 1 << 20

// Open reads and checks a recording. Its errors are *renewal.Failure.
func Open(file string) (*transcript.Transcript, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, &renewal.Failure{Code: failure.CardFileMissing, Err: err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err == nil && len(text) > largest {
		err = transcript.ErrFormat
	}
	if err != nil {
		return nil, &renewal.Failure{Code: failure.ReplayMalformed, Err: err}
	}
	t, err := transcript.Parse(text)
	if err != nil {
		return nil, &renewal.Failure{Code: failure.ReplayMalformed, Err: err}
	}
	if found := recording.Check(t); len(found) > 0 {
		return nil, refused(file, found, t)
	}
	return t, nil
}

// sentences tell a person why a recording is refused.
var sentences = map[recording.Reason]catalogue.Sentence{
	recording.ReasonNote:    catalogue.RecordingNote,
	recording.ReasonFailure: catalogue.RecordingFailure,
	recording.ReasonCommand: catalogue.RecordingCommand,
	recording.ReasonContent: catalogue.RecordingContent,
}

// most is how many reasons are told.
const most = 5

// refused is the failure of a recording with findings. It names file and lines and never gives their bytes.
func refused(file string, found []recording.Finding, t *transcript.Transcript) error {
	var list []string
	for _, f := range found {
		switch f.Reason {
		case recording.ReasonHeader:
			list = append(list, say(catalogue.RecordingHeader))
		case recording.ReasonATR:
			list = append(list, say(catalogue.RecordingBadATR))
		default:
			list = append(list, say(sentences[f.Reason], line(t, f.Entry)))
		}
		if len(list) == most {
			list = append(list, "…")
			break
		}
	}
	return refusal(plaintext.Line(filepath.Base(file)) + ": " + strings.Join(list, "; "))
}

func refusal(reasons string) error {
	return &renewal.Failure{Code: failure.RecordingRefused, Text: reasons,
		Err: errors.New("not a recording that may be given to others")}
}

// line returns the number of the line in the file at which an entry begins.
func line(t *transcript.Transcript, entry int) int {
	part := transcript.Transcript{Header: t.Header, ATR: t.ATR, Entries: t.Entries[:entry-1]}
	return strings.Count(string(part.Encode()), "\n") + 1
}

func (p Program) print(v any) error {
	e := json.NewEncoder(p.Out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
