// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// forge builds a kur that a test can change at any point.
type forge struct {
	t       *testing.T
	tr      *Transaction
	old     Credential
	req     *certReqMsg
	message Message
}

func newForge(t *testing.T) *forge {
	f := pki()
	req, err := newCertReqMsg(f.oldEC.Certificate, f.newEC, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fg := &forge{t: t, tr: newTransaction(t), old: f.oldEC, req: req}
	if fg.message.Header, err = fg.tr.header(nullName, rand.Reader); err != nil {
		t.Fatal(err)
	}
	fg.tr.SenderNonce = fg.message.Header.SenderNonce
	fg.message.Body = BodyKeyUpdateRequest
	return fg
}

// prove signs the request again after a change.
func (fg *forge) prove(key crypto.Signer) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, fg.req.buildCertReq)
	fg.req.certReq = b.BytesOrPanic()
	fg.req.popo.signature = fg.must(sign(key, fg.req.certReq, rand.Reader))
}

func (fg *forge) must(der []byte, err error) []byte {
	fg.t.Helper()
	if err != nil {
		fg.t.Fatal(err)
	}
	return der
}

func (fg *forge) kur() []byte {
	fg.t.Helper()
	fg.message.Content = fg.must(fg.req.marshal())
	return fg.must(fg.message.protect(fg.old, rand.Reader))
}

// reprotect signs a message that was changed after protect.
func (fg *forge) reprotect(key crypto.Signer) []byte {
	fg.t.Helper()
	fg.message.Protection = fg.must(sign(key, sequenceOf(fg.must(fg.message.protectedPart())), rand.Reader))
	return fg.must(fg.message.Marshal())
}

func algorithm(oid string) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { addOID(b, oid) })
	return b.BytesOrPanic()
}

// hostileRequest is a request that a client may not make; want is nil where it is no message.
type hostileRequest struct {
	name string
	make func(*forge) []byte
	want *Refusal
}

// hostileMessages are answered by an error message.
func hostileMessages(f *fixture) []hostileRequest {
	return []hostileRequest{
		{"trailing byte", func(fg *forge) []byte { return append(fg.kur(), 0) }, nil},
		{"cut", func(fg *forge) []byte { k := fg.kur(); return k[:len(k)-1] }, nil},
		{"empty", func(fg *forge) []byte { return nil }, nil},
		{"indefinite length", func(fg *forge) []byte { return []byte{0x30, 0x80, 0, 0} }, nil},
		{"ten thousand levels", func(fg *forge) []byte { return nested(10_000) }, nil},
		{"ten thousand levels in a name", func(fg *forge) []byte {
			fg.message.Header.Recipient = directoryName(nested(10_000))
			return fg.kur()
		}, nil},
		// A name of RFC 5280 has less than 2 KiB, and a path to a root a few certificates.
		{"sender of 2049 bytes", func(fg *forge) []byte {
			fg.kur()
			fg.message.Header.Sender = append([]byte{0x82, 0x82, 0x07, 0xFD}, make([]byte, 2045)...)
			return fg.must(fg.message.Marshal())
		}, nil},
		{"recipient of 2049 bytes", func(fg *forge) []byte {
			fg.message.Header.Recipient = append([]byte{0x82, 0x82, 0x07, 0xFD}, make([]byte, 2045)...)
			return fg.kur()
		}, nil},
		{"17 extraCerts", func(fg *forge) []byte {
			fg.kur()
			fg.message.ExtraCerts = slices.Repeat(fg.message.ExtraCerts[:1], 17)
			return fg.must(fg.message.Marshal())
		}, nil},
		{"two bodies", func(fg *forge) []byte {
			fg.message.Content = append(fg.must(fg.req.marshal()), fg.must(fg.req.marshal())...)
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, nil},
		{"no transactionID", func(fg *forge) []byte { fg.message.Header.TransactionID = nil; return fg.kur() },
			refusalTransactionID},
		{"short transactionID",
			func(fg *forge) []byte { fg.message.Header.TransactionID = make([]byte, 15); return fg.kur() },
			refusalTransactionID},
		{"long transactionID",
			func(fg *forge) []byte { fg.message.Header.TransactionID = make([]byte, 65); return fg.kur() },
			refusalTransactionID},
		{"no senderNonce", func(fg *forge) []byte { fg.message.Header.SenderNonce = nil; return fg.kur() },
			refusalSenderNonce},
		{"short senderNonce",
			func(fg *forge) []byte { fg.message.Header.SenderNonce = make([]byte, 15); return fg.kur() },
			refusalSenderNonce},
		{"long senderNonce",
			func(fg *forge) []byte { fg.message.Header.SenderNonce = make([]byte, 65); return fg.kur() },
			refusalSenderNonce},
		{"unprotected kur", func(fg *forge) []byte {
			fg.message.Content = fg.must(fg.req.marshal())
			return fg.must(fg.message.Marshal())
		}, refusalUnprotected},
		{"protection taken off", func(fg *forge) []byte {
			fg.kur()
			fg.message.Protection = nil
			return fg.must(fg.message.Marshal())
		}, refusalUnprotected},
		{"no certificate", func(fg *forge) []byte {
			fg.kur()
			fg.message.ExtraCerts = nil
			return fg.must(fg.message.Marshal())
		}, refusalProtection},
		{"certificate that is none", func(fg *forge) []byte {
			fg.kur()
			fg.message.ExtraCerts[0] = nullName[2:]
			return fg.must(fg.message.Marshal())
		}, refusalSignerCertificate},
		{"another person's certificate first", func(fg *forge) []byte {
			fg.kur()
			fg.message.ExtraCerts[0] = f.noKeyID.Certificate.Raw
			fg.message.Header.SenderKID = nil
			return fg.must(fg.message.Marshal())
		}, refusalProtection},
		{"sender is another", func(fg *forge) []byte {
			fg.kur()
			fg.message.Header.Sender = directoryName(f.other.Certificate.RawSubject)
			return fg.reprotect(fg.old.Key)
		}, refusalProtection},
		{"senderKID of another", func(fg *forge) []byte {
			fg.kur()
			fg.message.Header.SenderKID = f.other.Certificate.SubjectKeyId
			return fg.reprotect(fg.old.Key)
		}, refusalProtection},
		{"header changed after signing", func(fg *forge) []byte {
			fg.kur()
			fg.message.Header.GeneralInfo = []InfoTypeAndValue{{oidQueueTicket, octetString([]byte("posto 1"))}}
			return fg.must(fg.message.Marshal())
		}, refusalProtection},
		{"protection cut", func(fg *forge) []byte {
			fg.kur()
			fg.message.Protection = fg.message.Protection[:10]
			return fg.must(fg.message.Marshal())
		}, refusalProtection},
		{"RSA algorithm, EC key", func(fg *forge) []byte {
			fg.kur()
			fg.message.Header.ProtectionAlg = algorithm(oidSHA256WithRSA)
			return fg.reprotect(fg.old.Key)
		}, refusalProtection},
		{"SHA-1", func(fg *forge) []byte {
			fg.old = f.old2048
			fg.kur()
			fg.message.Header.ProtectionAlg = algorithm(oidSHA1WithRSA)
			part := sequenceOf(fg.must(fg.message.protectedPart()))
			digest := sha1.Sum(part)
			fg.message.Protection = fg.must(fg.old.Key.Sign(rand.Reader, digest[:], crypto.SHA1))
			return fg.must(fg.message.Marshal())
		}, refusalSHA1},
		{"MAC", func(fg *forge) []byte {
			fg.kur()
			fg.message.ExtraCerts = nil
			fg.message.Header.ProtectionAlg = algorithm(oidPasswordBasedMAC)
			return fg.must(fg.message.Marshal())
		}, refusalMAC},
		{"RSASSA-PSS", func(fg *forge) []byte {
			fg.kur()
			fg.message.Header.ProtectionAlg = algorithm(oid("1.2.840.113549.1.1.10"))
			return fg.must(fg.message.Marshal())
		}, refusalAlgorithm},
		// RFC 9810 §5.1.1: messageTime is a GeneralizedTime (X.690 §11.7).
		{"messageTime in month 13", func(fg *forge) []byte {
			fg.message.Header.MessageTime = []byte("20261301000000Z")
			return fg.kur()
		}, refusalFormat},
		{"messageTime that is none", func(fg *forge) []byte {
			fg.message.Header.MessageTime = []byte("ieri")
			return fg.kur()
		}, refusalFormat},
		{"poll out of the blue", func(fg *forge) []byte {
			fg.message.Body, fg.message.Content = BodyPollRequest, fg.must(pollReq(0))
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, refusalRecipientNonce},
		{"poll with a nonce for another transaction", func(fg *forge) []byte {
			fg.message.Body, fg.message.Content = BodyPollRequest, fg.must(pollReq(0))
			fg.message.Header.RecipNonce = fg.must(newNonce(secrets, make([]byte, 16), fg.old.Certificate, rand.Reader))
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, refusalRecipientNonce},
		{"certConf with an empty nonce", func(fg *forge) []byte {
			fg.message.Body, fg.message.Content = BodyCertConfirm,
				fg.must((&certStatus{hash: make([]byte, 32)}).marshal())
			fg.message.Header.RecipNonce = []byte{}
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, refusalRecipientNonce},
		{"certConf with hashAlg", func(fg *forge) []byte {
			fg.message.Body = BodyCertConfirm
			fg.message.Content = fg.must((&certStatus{hash: make([]byte, 32), hashAlg: []byte{0xA0, 0}}).marshal())
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, refusalHashAlgorithm},
		{"certConf with a short hash", func(fg *forge) []byte {
			fg.message.Body, fg.message.Content = BodyCertConfirm,
				fg.must((&certStatus{hash: make([]byte, 20)}).marshal())
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, refusalFormat},
		{"certConf that waits", func(fg *forge) []byte {
			fg.message.Body = BodyCertConfirm
			fg.message.Content = fg.must((&certStatus{hash: make([]byte, 32),
				status: &statusInfo{status: statusWaiting}}).marshal())
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, refusalFormat},
		{"ir", func(fg *forge) []byte { fg.message.Body = 0; return fg.kur() }, refusalMessageType},
		{"kup", func(fg *forge) []byte { fg.message.Body = BodyKeyUpdateResponse; return fg.kur() },
			refusalMessageType},
		{"nested", func(fg *forge) []byte { fg.message.Body = 20; return fg.kur() }, refusalMessageType},
		{"genm with a signature that fails", func(fg *forge) []byte {
			fg.message.Body, fg.message.Content = BodyGeneralMessage, sequenceOf(nil)
			fg.must(fg.message.protect(fg.old, rand.Reader))
			return fg.reprotect(f.spare)
		}, refusalProtection},
		{"genm asking the unknown", func(fg *forge) []byte {
			fg.message.Body, fg.message.Content = BodyGeneralMessage,
				info(InfoTypeAndValue{Type: oid("1.3.6.1.5.5.7.4.2")})
			return fg.must(fg.message.Marshal())
		}, refusalInfoType},
		{"genm asking twice", func(fg *forge) []byte {
			fg.message.Body = BodyGeneralMessage
			fg.message.Content = info(InfoTypeAndValue{Type: oidCACerts}, InfoTypeAndValue{Type: oidCACerts})
			return fg.must(fg.message.Marshal())
		}, refusalFormat},
		{"look of 20 bytes", func(fg *forge) []byte {
			fg.message.Body, fg.message.Content = BodyGeneralMessage,
				info(InfoTypeAndValue{oidStanding, append([]byte{0x80, 20}, make([]byte, 20)...)})
			return fg.must(fg.message.Marshal())
		}, refusalFormat},
		{"standing of 20 bytes", func(fg *forge) []byte {
			fg.message.Body, fg.message.Content = BodyGeneralMessage,
				info(InfoTypeAndValue{oidStanding, octetString(make([]byte, 20))})
			return fg.must(fg.message.Marshal())
		}, refusalFormat},
		{"pvno 1", func(fg *forge) []byte { fg.message.Header.Version = 1; return fg.kur() }, refusalVersion},
		{"pvno 4", func(fg *forge) []byte { fg.message.Header.Version = 4; return fg.kur() }, refusalVersion},
		// RFC 9483 §4.1.1, §4.4: certReqId is 0, and a pollReq has one.
		{"certConf for certReqId 1", func(fg *forge) []byte {
			fg.message.Body = BodyCertConfirm
			fg.message.Content = fg.must((&certStatus{hash: make([]byte, 32), certReqID: 1}).marshal())
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, refusalRequest},
		{"poll for certReqId 1", func(fg *forge) []byte {
			fg.message.Body, fg.message.Content = BodyPollRequest, fg.must(pollReq(1))
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, refusalRequest},
		{"poll for two", func(fg *forge) []byte {
			one := unwrap(fg.must(pollReq(0)))
			fg.message.Body, fg.message.Content = BodyPollRequest, sequenceOf(bytes.Repeat(one, 2))
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, refusalRequest},
		{"certConf under pvno 3 with an unknown hashAlg", certConfWithHash(oidSHA1WithRSA, 32), refusalAlgorithm},
		{"certConf under pvno 3 with another hashAlg", certConfWithHash(oidSHA384, 32), refusalRequest},
	}
}

// hostileUpdates are kur that are answered by a kup with status rejection (RFC 9483 §3.6.2, §4.1.1).
func hostileUpdates(f *fixture) []hostileRequest {
	return []hostileRequest{
		{"ten thousand levels in the body", func(fg *forge) []byte {
			fg.message.Content = nested(10_000)
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, refusalFormat},
		{"POPO with poposkInput", func(fg *forge) []byte { fg.req.popo.keyInput = []byte{0xA0, 0}; return fg.kur() },
			refusalPOPO},
		{"POPO algorithm SHA-1",
			func(fg *forge) []byte { fg.req.popo.algorithm = algorithm(oidECDSAWithSHA1); return fg.kur() },
			refusalSHA1},
		{"key swapped after POPO", func(fg *forge) []byte {
			spki := fg.must(x509.MarshalPKIXPublicKey(f.spare.Public()))
			fg.req.template[templatePublicKey] = unwrap(spki)
			return fg.kur()
		}, refusalPOPO},
		{"subject swapped after POPO", func(fg *forge) []byte {
			fg.req.template[templateSubject] = f.other.Certificate.RawSubject
			return fg.kur()
		}, refusalPOPO},
		{"no key",
			func(fg *forge) []byte { fg.req.template[templatePublicKey] = nil; fg.prove(f.newEC); return fg.kur() },
			refusalTemplate},
		{"key unreadable", func(fg *forge) []byte {
			fg.req.template[templatePublicKey] = []byte{5, 0}
			fg.prove(f.newEC)
			return fg.kur()
		}, refusalTemplate},
		{"oldCertID twice", func(fg *forge) []byte {
			fg.req.controls = append(fg.req.controls, fg.req.controls[0])
			fg.prove(f.newEC)
			return fg.kur()
		}, refusalFormat},
		{"ticket too long", func(fg *forge) []byte {
			fg.message.Header.GeneralInfo = []InfoTypeAndValue{{oidQueueTicket, octetString(make([]byte, 1025))}}
			return fg.kur()
		}, refusalFormat},
		{"ticket twice", func(fg *forge) []byte {
			ticket := InfoTypeAndValue{oidQueueTicket, octetString([]byte("posto"))}
			fg.message.Header.GeneralInfo = []InfoTypeAndValue{ticket, ticket}
			return fg.kur()
		}, refusalFormat},
		{"ticket without value", func(fg *forge) []byte {
			fg.message.Header.GeneralInfo = []InfoTypeAndValue{{Type: oidQueueTicket}}
			return fg.kur()
		}, refusalFormat},
	}
}

func certConfWithHash(oid string, size int) func(*forge) []byte {
	return func(fg *forge) []byte {
		fg.message.Header.Version = cmp2021
		fg.message.Body = BodyCertConfirm
		fg.message.Content = fg.must((&certStatus{hash: make([]byte, size), hashAlg: hashAlgorithm(oid)}).marshal())
		return fg.must(fg.message.protect(fg.old, rand.Reader))
	}
}

// hashAlgorithm is a hashAlg with its tag.
func hashAlgorithm(oid string) []byte {
	var b cryptobyte.Builder
	b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddBytes(algorithm(oid)) })
	return b.BytesOrPanic()
}

func certConfWithFailInfo(status int64) func(*forge) []byte {
	return func(fg *forge) []byte {
		fg.message.Body = BodyCertConfirm
		fg.message.Content = fg.must((&certStatus{hash: make([]byte, 32),
			status: &statusInfo{status: status, failInfo: failInfoBits(BadRequest)}}).marshal())
		return fg.must(fg.message.protect(fg.old, rand.Reader))
	}
}

// TestHostileClient expects for each message the given refusal, or without one a plain 4xx. No message may reach the
// Authority.
func TestHostileClient(t *testing.T) {
	for _, group := range []struct {
		body     BodyType
		requests []hostileRequest
	}{{BodyError, hostileMessages(pki())}, {BodyKeyUpdateResponse, hostileUpdates(pki())}} {
		for _, c := range group.requests {
			t.Run(c.name, func(t *testing.T) {
				a := new(authority)
				client, _ := serve(t, a)
				answer, err := client.Post(t.Context(), c.make(newForge(t)))
				var status *HTTPError
				switch {
				case c.want == nil:
					if !errors.As(err, &status) || status.Status != http.StatusBadRequest {
						t.Errorf("answer %s, error %v", short(answer), err)
					}
				case err != nil:
					t.Errorf("the message was refused: %v", err)
				default:
					body, got := refusalIn(t, answer)
					if body != group.body || got != *c.want {
						t.Errorf("%v %+v, want %v %s", body, got, group.body, c.want.Code)
					}
				}
				if len(a.informs)+len(a.updates)+len(a.confirmed)+a.polls != 0 {
					t.Error("it reached the authority")
				}
			})
		}
	}
}

// refusalIn reads the refusal in an answer, whose protection must hold, and its body.
func refusalIn(t *testing.T, answer []byte) (BodyType, Refusal) {
	t.Helper()
	m, err := ParseMessage(answer)
	if err != nil {
		t.Fatal(err)
	}
	if err := pki().trust().check(m); err != nil {
		t.Errorf("the answer does not check: %v", err)
	}
	switch m.Body {
	case BodyError:
		e, err := parseErrorMsg(m.Content)
		if err != nil {
			t.Fatal(err)
		}
		return m.Body, *e.status.refusal(e.details)
	case BodyKeyUpdateResponse:
		r, err := parseCertRep(m.Content)
		if err != nil || r.certReqID != 0 || r.status.status != statusRejection || r.certificate != nil {
			t.Fatalf("%+v, %v, want a rejection", r, err)
		}
		return m.Body, *r.status.refusal(codeIn(m.Header.GeneralInfo))
	}
	t.Fatalf("%v is no refusal", m.Body)
	return 0, Refusal{}
}

func nested(levels int) []byte {
	der := []byte{0x30, 0}
	for range levels {
		if len(der) > 60_000 {
			break
		}
		der = sequenceOf(der)
	}
	return der
}

func info(list ...InfoTypeAndValue) []byte {
	var b cryptobyte.Builder
	addInfo(&b, list)
	return b.BytesOrPanic()
}

// unwrap removes the SEQUENCE tag, as the IMPLICIT tag of the template does.
func unwrap(der []byte) []byte {
	var content cryptobyte.String
	s := cryptobyte.String(der)
	s.ReadASN1(&content, asn1.SEQUENCE)
	return content
}

// TestLiberal sends messages of OpenSSL and others that deviate from the profile and are accepted.
func TestLiberal(t *testing.T) {
	f := pki()
	for name, change := range map[string]func(*forge){
		"issuer, version and validity in the template": func(fg *forge) {
			fg.req.template[0] = []byte{2}
			fg.req.template[3] = f.legacyCA.Certificate.RawSubject
			fg.req.template[4] = []byte{}
			fg.prove(f.newEC)
		},
		"no oldCertID":        func(fg *forge) { fg.req.controls = nil; fg.prove(f.newEC) },
		"messageTime of 1999": func(fg *forge) { fg.message.Header.MessageTime = []byte("19991231235959Z") },
		"recipient is the legacy CA": func(fg *forge) {
			fg.message.Header.Recipient = directoryName(f.legacyCA.Certificate.RawSubject)
		},
		"recipient by name of a host": func(fg *forge) { fg.message.Header.Recipient = []byte{0x82, 1, 'x'} },
		"recipient of 2048 bytes": func(fg *forge) {
			fg.message.Header.Recipient = append([]byte{0x82, 0x82, 0x07, 0xFC}, make([]byte, 2044)...)
		},
		"regInfo": func(fg *forge) { fg.req.regInfo = sequenceOf(nil) },
		"an unknown control": func(fg *forge) {
			fg.req.controls = append(fg.req.controls, InfoTypeAndValue{oidRSAKeyLen, []byte{2, 1, 1}})
			fg.prove(f.newEC)
		},
		"implicitConfirm is not obeyed": func(fg *forge) {
			fg.message.Header.GeneralInfo = []InfoTypeAndValue{{oid("1.3.6.1.5.5.7.4.13"), []byte{5, 0}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := serve(t, new(authority))
			fg := newForge(t)
			change(fg)
			m, err := ParseMessage(post(t, client, fg.kur(), nil))
			if err != nil || m.Body != BodyKeyUpdateResponse || len(m.Header.GeneralInfo) != 1 ||
				m.Header.GeneralInfo[0].Type != oidConfirmWaitTime {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
	// A certConf whose statusInfo is absent accepts; an error message of the client is answered.
	a := new(authority)
	client, _ := serve(t, a)
	fg := newForge(t)
	fg.message.Body, fg.message.Content = BodyCertConfirm, fg.must((&certStatus{hash: make([]byte, 32)}).marshal())
	if err := fg.tr.ConfirmResponse(post(t, client, fg.must(fg.message.protect(fg.old, rand.Reader)), nil),
		f.trust()); err != nil || !a.confirmed[0].Accepted {
		t.Errorf("a confirmation by the old certificate: %v", err)
	}
	fg = newForge(t)
	fg.message.Body, fg.message.Content = BodyError, fg.must(errorMsgOf(refusalSystem).marshal())
	if err := fg.tr.ConfirmResponse(post(t, client, fg.must(fg.message.protect(fg.old, rand.Reader)), nil),
		f.trust()); err != nil {
		t.Errorf("an error in place of the confirmation: %v", err)
	}
}

// TestHostileFollower tries to take over the transaction of another person's kur.
func TestHostileFollower(t *testing.T) {
	f := pki()
	for _, c := range []struct {
		name string
		by   Credential
		lost bool // the nonce that the server sent
		want *Refusal
	}{
		{"another certificate", f.other, false, refusalRecipientNonce},
		{"another certificate of the same person", f.noKeyID, false, refusalRecipientNonce},
		{"another nonce", f.oldEC, true, refusalRecipientNonce},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &authority{wait: 1, after: time.Second}
			client, _ := serve(t, a)
			tr := newTransaction(t)
			der, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
			if _, err := tr.UpdateResponse(post(t, client, der, err), f.trust()); err != nil {
				t.Fatal(err)
			}
			if c.lost {
				tr.RecipNonce = make([]byte, 16)
			}
			der, err = tr.PollRequest(c.by, now, rand.Reader)
			wantRefusal(t, post(t, client, der, err), tr, c.want)
			der, err = tr.ConfirmRequest(c.by, f.citizen.Certificate, true, "", now, rand.Reader)
			wantRefusal(t, post(t, client, der, err), tr, c.want)
			if len(a.updates) != 1 || len(a.confirmed)+a.polls != 0 {
				t.Error("it reached the authority")
			}
		})
	}
}

// TestGrantedWithMods asks in the template for what the service decides by itself: the kup says that it was not given
// (RFC 9810 §5.2.3, RFC 9483 §4.1.1), also after polling.
func TestGrantedWithMods(t *testing.T) {
	f := pki()
	for name, c := range map[string]struct {
		field   int
		content []byte
		want    int64
	}{
		"issuer":   {3, f.legacyCA.Certificate.RawSubject, statusAccepted},
		"no date":  {templateValidity, []byte{}, statusAccepted},
		"validity": {templateValidity, []byte("\xA1\x11\x18\x0F20491231235959Z"), statusGrantedWithMods},
		"extensions": {templateExtension, []byte("\x30\x09\x06\x03\x55\x1D\x13\x04\x02\x30\x00"),
			statusGrantedWithMods},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := serve(t, &authority{wait: 1, after: time.Second})
			fg := newForge(t)
			fg.req.template[c.field] = c.content
			fg.prove(f.newEC)
			fg.tr.NewKey = sequenceOf(fg.req.template[templatePublicKey])
			if r, err := fg.tr.UpdateResponse(post(t, client, fg.kur(), nil), f.trust()); err != nil ||
				r.CheckAfter == 0 {
				t.Fatalf("%+v, %v", r, err)
			}
			m, err := ParseMessage(post(t, client, fg.must(fg.tr.PollRequest(fg.old, now, rand.Reader)), nil))
			if err != nil || m.Body != BodyKeyUpdateResponse {
				t.Fatalf("%+v, %v", m, err)
			}
			r, err := parseCertRep(m.Content)
			if err != nil || r.status.status != c.want || r.certificate == nil {
				t.Errorf("%+v, %v, want status %d", r, err, c.want)
			}
		})
	}
}
