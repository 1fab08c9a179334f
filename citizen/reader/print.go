// SPDX-License-Identifier: EUPL-1.2

package reader

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// Failure gives the errors of readers their codes. It returns other errors as they are.
func Failure(err error) error {
	var code failure.Code
	switch {
	case errors.Is(err, pcsc.ErrNotInstalled):
		code = failure.NoSmartCardSoftware
	case errors.Is(err, pcsc.ErrMismatch):
		code = failure.SmartCardMismatch
	case errors.Is(err, pcsc.ErrNoService):
		code = failure.NoSmartCardService
	case errors.Is(err, pcsc.ErrNotPermitted):
		code = failure.NotPermitted
	case errors.Is(err, pcsc.ErrNoReader):
		code = failure.NoReader
	case errors.Is(err, pcsc.ErrNoCard), errors.Is(err, iso7816.ErrCardGone):
		code = failure.NoCard
	case errors.Is(err, pcsc.ErrBusy):
		code = failure.CardBusy
	default:
		return err
	}
	return &renewal.Failure{Code: code, Err: err}
}

// Print writes the readers for a person, in Italian, or as one line of JSON. No reader at all is a failure for a
// person and an empty list in JSON.
func Print(w io.Writer, asJSON bool, readers []pcsc.Reader) error {
	if asJSON {
		type line struct {
			Index   int    `json:"index"`
			Name    string `json:"name"`
			Present bool   `json:"present"`
			Mute    bool   `json:"mute"`
			InUse   bool   `json:"inUse"`
			ATR     string `json:"atr"`
		}
		list := []line{}
		for _, r := range readers {
			list = append(list, line{r.Index, r.Name, r.Present, r.Mute, r.InUse, fmt.Sprintf("%X", r.ATR)})
		}
		return json.NewEncoder(w).Encode(list)
	}
	if len(readers) == 0 {
		return Failure(pcsc.ErrNoReader)
	}
	for _, r := range readers {
		state := "vuoto"
		switch {
		case r.Mute:
			state = "la tessera non risponde: è inserita al contrario?"
		case r.Present:
			state = "tessera inserita"
		}
		if r.Exclusive {
			state += ", riservata da un altro programma"
		}
		fmt.Fprintf(w, "%d  %s: %s\n", r.Index, r.Name, state)
	}
	return nil
}
