// SPDX-License-Identifier: EUPL-1.2

package terminal

import (
	"fmt"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

// Sigla returns the sigla that --series means, however it is spelled. The error is of use.
func Sigla(text string) (string, error) {
	_, s, ok := cardmodel.BySeries(text)
	if !ok {
		return "", &renewal.Failure{Code: failure.Usage,
			Text: fmt.Sprintf("--series: «%s» non è una sigla di tessera; per esempio ID2019.", plaintext.Line(text))}
	}
	return s.Sigla, nil
}
