// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/transcript"
)

// TestTranscripts replays the recorded looks at cards in testdata/transcripts, strictly: the commands and their order
// change only with the transcript. Beside each is the program's text about the card.
func TestTranscripts(t *testing.T) {
	const dir = "testdata/transcripts"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".json":
			continue
		case ".txt":
		default:
			t.Errorf("unknown file %s", e.Name())
			continue
		}
		played++
		file := filepath.Join(dir, e.Name())
		var out, errOut bytes.Buffer
		if exit := run([]string{"status", "--json", "--card", "replay:" + file}, &out, &errOut); exit != 0 {
			t.Errorf("%s: exit %d: %s", e.Name(), exit, errOut.Bytes())
			continue
		}
		said, err := os.ReadFile(strings.TrimSuffix(file, ".txt") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var got, want statusJSON
		if json.Unmarshal(out.Bytes(), &got) != nil || json.Unmarshal(said, &want) != nil {
			t.Fatalf("%s: %s", e.Name(), out.Bytes())
		}
		got.Reader, want.Reader = "", ""
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: %s\nwant %s", e.Name(), a, b)
		}
		// Nothing of the transcript may be left over.
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		recorded, err := transcript.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		card, err := transcript.NewReplay(recorded)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cns.Open(card); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
		if err := card.Done(); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
	if played < 5 {
		t.Errorf("%d transcripts", played)
	}
}
