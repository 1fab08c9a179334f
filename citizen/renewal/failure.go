// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/cmp"
	"rinnova.example/go/holder"
)

// Failure is why a renewal, or the look at a card, did not go on. Code is a stable word; Exit is the
// command line's exit code; Text is what the service said, in Italian, where it said something; Tries is
// what is left of a PIN or PUK, -1 where that is not known or not the matter.
type Failure struct {
	Code  string
	Step  string
	Exit  int
	Text  string
	Tries int
	Err   error
}

func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Code
	}
	return f.Code + ": " + f.Err.Error()
}

func (f *Failure) Unwrap() error { return f.Err }

// Exit codes of the command line.
const (
	ExitFailure     = 1
	ExitUsage       = 2
	ExitNothing     = 3
	ExitCard        = 4
	ExitCode        = 5
	ExitRefused     = 6
	ExitInterrupted = 7
)

// exits gives the exit code of every failure that does not come from the service; failures with a code
// that is not here are refusals of the service.
var exits = map[string]int{
	"card-removed": ExitInterrupted, "interrupted": ExitInterrupted, "other-card": ExitInterrupted, "card-reset": ExitInterrupted,
	"reader-failed": ExitInterrupted,
	"card-busy":     ExitCard, "card-mute": ExitCard,
	"card-not-cns": ExitNothing, "card-cie": ExitNothing, "card-foreign": ExitNothing, "card-not-health": ExitNothing,
	"card-contactless": ExitNothing, "card-model-unknown": ExitNothing, "card-malformed": ExitNothing, "no-certificate": ExitNothing,
	"card-not-activated":   ExitNothing,
	"series-not-renewable": ExitNothing, "series-not-in-campaign": ExitNothing, "campaign-closed": ExitNothing, "not-in-window": ExitNothing,
	"already-renewed": ExitNothing, "no-campaign": ExitNothing, "expired-credential": ExitNothing,
	"no-extension": ExitNothing, "not-yet-valid": ExitNothing,
	// What the service says when a run's own state is void: another run begins anew.
	"unknown-transaction": ExitInterrupted, "transaction-in-use": ExitInterrupted,
	"pin-wrong": ExitCode, "pin-blocked": ExitCode, "pin-format": ExitCode, "puk-wrong": ExitCode, "puk-blocked": ExitCode,
	"puk-format": ExitCode, "last-try": ExitCode,
	"input-missing": ExitUsage, "series-needed": ExitUsage, "campaign-ambiguous": ExitUsage, "campaign-unknown": ExitUsage,
	"cancelled": ExitFailure, "no-room": ExitFailure, "card-error": ExitFailure, "card-wrong-key": ExitFailure, "card-write": ExitFailure,
	"service-unreachable": ExitFailure, "service-busy": ExitFailure, "service-error": ExitFailure, "service-untrusted": ExitFailure,
	"program-too-old": ExitFailure, "service-portal": ExitFailure, "tls-untrusted": ExitFailure, "proxy-auth": ExitFailure, "certificate-unacceptable": ExitFailure, "waiting-too-long": ExitFailure,
	"login-unknown": ExitUsage, "login-unreadable": ExitFailure, "service-not-given": ExitUsage,
	"service-refused": ExitRefused,
	"internal":        ExitFailure,
}

// ExitOf is the exit code that goes with a failure's code.
func ExitOf(code string) int {
	if exit, ok := exits[code]; ok {
		return exit
	}
	return ExitRefused
}

func fail(code string, err error) *Failure {
	return &Failure{Code: code, Exit: ExitOf(code), Err: err, Tries: -1}
}

// saidByService is a failure whose code word the service chose. What is not its to say, as that a PIN is
// wrong, is a refusal without a reason.
func saidByService(code string, err error) *Failure {
	f := fail(code, err)
	if code == "" || code == string(cmp.CodeUnspecified) || f.Exit == ExitFailure || f.Exit == ExitCard || f.Exit == ExitCode {
		return fail("service-refused", err)
	}
	return f
}

// Classify gives an error its code. A *Failure is returned as it is.
func Classify(err error) *Failure {
	var (
		f       *Failure
		refusal *cmp.Refusal
		code    *cns.CodeError
		http    *cmp.HTTPError
		sw      iso7816.SW
		network net.Error
		chain   *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.Canceled):
		return fail("interrupted", err)
	case errors.Is(err, iso7816.ErrCardGone):
		return fail("card-removed", err)
	case errors.Is(err, iso7816.ErrCardReset):
		return fail("card-reset", err)
	case errors.Is(err, iso7816.ErrCardBusy):
		return fail("card-busy", err)
	case errors.Is(err, iso7816.ErrCardMute), errors.Is(err, iso7816.ErrATR):
		return fail("card-mute", err)
	case errors.Is(err, iso7816.ErrReader):
		return fail("reader-failed", err)
	case errors.Is(err, cns.ErrOtherCard):
		return fail("other-card", err)
	case errors.As(err, &refusal):
		f := saidByService(string(refusal.Code), err)
		if refusal.Info == cmp.SystemFailure || refusal.Info == cmp.SystemUnavail {
			f = fail("service-error", err)
		}
		f.Text = refusal.Text
		return f
	case errors.As(err, &code):
		name := "pin"
		if code.PUK {
			name = "puk"
		}
		if code.Tries == 0 {
			return &Failure{Code: name + "-blocked", Exit: ExitCode, Tries: 0, Err: err}
		}
		return &Failure{Code: name + "-wrong", Exit: ExitCode, Tries: code.Tries, Err: err}
	case errors.Is(err, ErrNoInput):
		return fail("input-missing", err)
	case errors.Is(err, ErrCancelled):
		return fail("cancelled", err)
	case errors.Is(err, cardmodel.ErrContactless):
		return fail("card-contactless", err)
	case errors.Is(err, cardmodel.ErrCIE):
		return fail("card-cie", err)
	case errors.Is(err, cardmodel.ErrNotCNS):
		return fail("card-not-cns", err)
	case errors.Is(err, cardmodel.ErrUnknownModel):
		return fail("card-model-unknown", err)
	case errors.Is(err, cns.ErrForeign):
		return fail("card-foreign", err)
	case errors.Is(err, cns.ErrNotActivated):
		return fail("card-not-activated", err)
	case errors.Is(err, cns.ErrNotHealthCard):
		return fail("card-not-health", err)
	case errors.Is(err, holder.ErrPersonalData), errors.Is(err, holder.ErrIDCarta), errors.Is(err, iso7816.ErrTLV),
		errors.Is(err, iso7816.ErrResponse), errors.Is(err, iso7816.ErrEndless):
		return fail("card-malformed", err)
	case errors.Is(err, cns.ErrReadBack):
		return fail("card-write", err)
	case errors.Is(err, cns.ErrSignature), errors.Is(err, cns.ErrNoPublicKey):
		return fail("card-wrong-key", err)
	case errors.As(err, &sw):
		if sw == iso7816.SWNoMemory {
			return fail("no-room", err)
		}
		return fail("card-error", err)
	case errors.As(err, &http):
		switch {
		case http.Status == 407:
			return fail("proxy-auth", err)
		case http.Status == 503 || http.Status == 429:
			return fail("service-busy", err)
		case http.Status < 400 || http.Status == 511:
			return fail("service-portal", err) // a page where a message was expected
		}
		return fail("service-error", err)
	case errors.As(err, &chain):
		return fail("tls-untrusted", err)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network):
		return fail("service-unreachable", err)
	case errors.Is(err, errService):
		return fail("service-untrusted", err)
	}
	return fail("internal", err)
}

// errService marks an answer that is no answer of the service that was asked.
var errService = errors.New("the answer is not the service's")

func untrusted(err error) error {
	var refusal *cmp.Refusal
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("%w: %w", errService, err)
}
