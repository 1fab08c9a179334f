// SPDX-License-Identifier: EUPL-1.2

package update

import (
	"errors"
	"net/http"

	"rinnova.example/go/failure"
)

// Code returns the failure code of an error of a check, "" for an error of the network.
func Code(err error) failure.Code {
	var status *StatusError
	switch {
	case errors.Is(err, ErrSignature):
		return failure.UpdateSignature
	case errors.Is(err, ErrManifest), errors.Is(err, ErrSize):
		return failure.UpdateMalformed
	case errors.Is(err, ErrRollback):
		return failure.UpdateRollback
	case errors.Is(err, ErrExpired):
		return failure.UpdateExpired
	case errors.Is(err, ErrMemory):
		return failure.UpdateMemory
	case errors.As(err, &status) && (status.Status == http.StatusNotFound || status.Status == http.StatusGone):
		return failure.UpdateAbsent
	}
	return ""
}
