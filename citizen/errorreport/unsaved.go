// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"errors"
	"os"
)

// Unsaved tells a person why a report was not sealed or saved.
func Unsaved(err error) string {
	switch {
	case errors.Is(err, ErrRecipients):
		return "il file dei certificati dell'assistenza non è leggibile o non è adatto"
	case errors.Is(err, ErrNoRecipient):
		return "nessun certificato dell'assistenza è valido oggi (controlla anche la data del computer)"
	case errors.Is(err, ErrTooLarge):
		return "sono troppi"
	case errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist):
		return "nella cartella scelta non si può scrivere"
	}
	return "il file non si può scrivere"
}
