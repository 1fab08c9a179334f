// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"

	"rinnova.example/go/failure"
)

// TestHandlerTellsRefusals: the handler logs a kur that it refuses by itself, with its transaction. It does not log one
// that the Authority answers or refuses: the Authority does.
func TestHandlerTellsRefusals(t *testing.T) {
	f := pki()
	good := func(tr *Transaction) ([]byte, error) {
		return tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
	}
	for name, row := range map[string]struct {
		authority *authority
		make      func(*Transaction) ([]byte, error)
		want      failure.Code
	}{
		"a signature that does not hold": {&authority{}, func(tr *Transaction) ([]byte, error) {
			der, err := good(tr)
			if err == nil {
				der[bytes.Index(der, tr.ID)+len(tr.ID)+20] ^= 1 // in the senderNonce, which is signed
			}
			return der, err
		}, refusalProtection.Code},
		"the old key as the new one": {&authority{}, func(tr *Transaction) ([]byte, error) {
			return tr.UpdateRequest(f.oldEC, f.oldEC.Key, nil, now, rand.Reader)
		}, refusalSameKey.Code},
		"answered":              {&authority{}, good, ""},
		"the Authority refuses": {&authority{fail: &Refusal{CertRevoked, "revoked", ""}}, good, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client, handler := serve(t, row.authority)
			var codes []failure.Code
			tr := newTransaction(t)
			handler.Refused = func(_ context.Context, transactionID []byte, code failure.Code) {
				if !bytes.Equal(transactionID, tr.ID) {
					t.Errorf("transaction %X, want %X", transactionID, tr.ID)
				}
				codes = append(codes, code)
			}
			der, err := row.make(tr)
			post(t, client, der, err)
			if row.want == "" && len(codes) != 0 || row.want != "" && (len(codes) != 1 || codes[0] != row.want) {
				t.Errorf("told of %q, want %q", codes, row.want)
			}
		})
	}
}
