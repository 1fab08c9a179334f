// SPDX-License-Identifier: EUPL-1.2

package transcript_test

import (
	"fmt"
	"os"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

const verified = `# transcript: 1
@ 3BFF1800FF8131FE55006B02090200011101434E531031808F
> 0020001008[8]
< 63C2
`

// A recorded card answers as the real one did, and refuses every other command.
func ExampleReplay() {
	t, err := transcript.Parse([]byte(verified))
	if err != nil {
		fmt.Println(err)
		return
	}
	card, err := transcript.NewReplay(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = iso7816.Do(card, iso7816.Command{INS: iso7816.INSVerify, P2: 0x10, Data: []byte("12345\xFF\xFF\xFF")})
	fmt.Println(err)
	fmt.Println(card.Done())
	_, err = card.Transmit([]byte{0x00, 0xA4, 0x00, 0x0C})
	fmt.Println(err)
	// Output:
	// status 63C2: verification failed, 2 tries left
	// <nil>
	// the exchange differs from the transcript: it ended, then came > 00A4000C
}

// A Recorder writes what is exchanged with a card, and never a code.
func ExampleRecorder() {
	t, err := transcript.Parse([]byte(verified))
	if err != nil {
		fmt.Println(err)
		return
	}
	card, err := transcript.NewReplay(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	recorder, err := transcript.NewRecorder(card, os.Stdout, transcript.Secrets)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = iso7816.Do(recorder, iso7816.Command{INS: iso7816.INSVerify, P2: 0x10, Data: []byte("12345\xFF\xFF\xFF")})
	fmt.Println(err)
	// Output:
	// # transcript: 1
	// @ 3BFF1800FF8131FE55006B02090200011101434E531031808F
	// > 0020001008[8]
	// < 63C2
	// status 63C2: verification failed, 2 tries left
}
