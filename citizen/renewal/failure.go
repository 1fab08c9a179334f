// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/citizen/proxy"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// Failure tells why a renewal, or the look at a card, did not continue.
type Failure struct {
	Code        failure.Code
	Step        string
	Reason      failure.Code // why a site refused the certificate, "" where it gives no reason that it may give
	Text        string       // the service's own text in Italian, or the value that the code's text has a place for
	Tries       *int         // left of the PIN or PUK that was refused; nil where not known or not relevant
	CardChanged bool         // the renewal has changed the card, in this run or in an earlier one
	Renewed     bool         // the renewal was finished; a later step failed
	Err         error
}

func (f *Failure) Error() string {
	if f.Err == nil {
		return string(f.Code)
	}
	return string(f.Code) + ": " + f.Err.Error()
}

func (f *Failure) Unwrap() error { return f.Err }

// Exit returns the exit code for the failure.
func (f *Failure) Exit() int { return f.Code.Exit() }

func fail(code failure.Code, err error) *Failure { return &Failure{Code: code, Err: err} }

// Classify returns the Failure for an error. It returns a *Failure unchanged.
func Classify(err error) *Failure {
	var (
		f       *Failure
		refusal *cmp.Refusal
		code    *cns.CodeError
		http    *cmp.HTTPError
		sw      iso7816.SW
		network net.Error
		connect *net.OpError
		name    *net.DNSError
		invalid x509.CertificateInvalidError
		chain   *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &f):
		return f
	case unsent(err) != nil:
		return unsent(err)
	case errors.Is(err, context.Canceled):
		return fail(failure.Interrupted, err)
	case errors.Is(err, cns.ErrPINUnknown):
		return fail(failure.PINUnknown, err)
	case errors.Is(err, iso7816.ErrCardGone):
		return fail(failure.CardRemoved, err)
	case errors.Is(err, iso7816.ErrCardReset):
		return fail(failure.CardReset, err)
	case errors.Is(err, iso7816.ErrCardBusy):
		return fail(failure.CardBusy, err)
	case errors.Is(err, iso7816.ErrCardMute), errors.Is(err, iso7816.ErrATR):
		return fail(failure.CardMute, err)
	case errors.Is(err, iso7816.ErrReader):
		return fail(failure.ReaderFailed, err)
	case errors.Is(err, cns.ErrOtherCard):
		return fail(failure.OtherCard, err)
	case errors.As(err, &refusal):
		f := fail(failure.FromService(refusal.Code), err)
		if refusal.Info == cmp.SystemFailure || refusal.Info == cmp.SystemUnavail {
			f = fail(failure.ServiceError, err)
		}
		f.Text = refusal.Text
		return f
	case errors.As(err, &code):
		return refusedCode(code, err)
	case errors.Is(err, ErrNoInput):
		return fail(failure.InputMissing, err)
	case errors.Is(err, ErrCancelled):
		return fail(failure.Cancelled, err)
	case errors.Is(err, cardmodel.ErrContactless):
		return fail(failure.CardContactless, err)
	case errors.Is(err, cardmodel.ErrCIE):
		return fail(failure.CardCIE, err)
	case errors.Is(err, cardmodel.ErrNotCNS):
		return fail(failure.CardNotCNS, err)
	case errors.Is(err, cardmodel.ErrUnknownModel):
		return fail(failure.CardModelUnknown, err)
	case errors.Is(err, cns.ErrForeign):
		return fail(failure.CardForeign, err)
	case errors.Is(err, cns.ErrNotActivated):
		return fail(failure.CardNotActivated, err)
	case errors.Is(err, cns.ErrNotHealthCard):
		return fail(failure.CardNotHealth, err)
	case errors.Is(err, holder.ErrPersonalData), errors.Is(err, holder.ErrIDCarta), errors.Is(err, iso7816.ErrTLV),
		errors.Is(err, iso7816.ErrResponse), errors.Is(err, iso7816.ErrEndless):
		return fail(failure.CardMalformed, err)
	case errors.Is(err, cns.ErrReadBack):
		return fail(failure.CardWrite, err)
	case errors.Is(err, cns.ErrSignature), errors.Is(err, cns.ErrNoPublicKey):
		return fail(failure.CardWrongKey, err)
	case errors.As(err, &sw):
		if sw == iso7816.SWNoMemory {
			return fail(failure.NoRoom, err)
		}
		return fail(failure.CardError, err)
	case errors.Is(err, proxy.ErrUnsupported):
		return fail(failure.ProxyUnsupported, err)
	case errors.Is(err, proxy.ErrScript):
		return fail(failure.ProxyScript, err)
	case errors.Is(err, proxy.ErrMalformed):
		return fail(failure.ProxyMalformed, err)
	case errors.As(err, &http):
		switch {
		case http.Status == 407:
			return fail(failure.ProxyAuth, err)
		case http.Status == 503 || http.Status == 429:
			return fail(failure.ServiceBusy, err)
		case http.Status < 400 || http.Status == 511:
			return fail(failure.ServicePortal, err) // a web page in place of a CMP message
		}
		return fail(failure.ServiceError, err)
	case errors.As(err, &chain):
		// crypto/x509 checks the dates before it looks for a root.
		if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
			return fail(failure.ClockWrong, err)
		}
		return fail(failure.TLSUntrusted, err)
	case noRoute(err):
		return fail(failure.NoRoute, err)
	case errors.As(err, &connect) && connect.Op == "proxyconnect": // net/http's word for a proxy's own connection
		return fail(failure.ProxyUnreachable, err)
	case errors.As(err, &name):
		return fail(failure.NameUnresolved, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return fail(failure.ServiceUnreachable, err)
	case errors.Is(err, errService), errors.Is(err, cmp.ErrMalformed):
		return fail(failure.ServiceUntrusted, err)
	}
	return fail(failure.Internal, err)
}

// noRoute reports whether the system has no way to an address: ENETUNREACH and EHOSTUNREACH, or Windows' WSAENETUNREACH
// and WSAEHOSTUNREACH, which Go's syscall does not give the same names.
func noRoute(err error) bool {
	for _, e := range []syscall.Errno{syscall.ENETUNREACH, syscall.EHOSTUNREACH, 10051, 10065} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// refusedCode returns the failure for a PIN or PUK that the card refused.
func refusedCode(code *cns.CodeError, err error) *Failure {
	f := fail(failure.PINWrong, err)
	switch {
	case code.Code == cardmodel.PUK && code.Tries == 0:
		f.Code = failure.PUKBlocked
	case code.Code == cardmodel.PUK:
		f.Code = failure.PUKWrong
	case code.Tries == 0:
		f.Code = failure.PINBlocked
	}
	if code.Tries >= 0 {
		f.Tries = &code.Tries
	}
	return f
}

// errService marks an answer that does not come from the service that was asked.
var errService = errors.New("the answer is not the service's")

func untrusted(err error) error {
	var refusal *cmp.Refusal
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("%w: %w", errService, err)
}
