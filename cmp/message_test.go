// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// golden reads the messages of OpenSSL, by file name, and the lines of expected.txt that describe them.
func golden(t testing.TB) (messages map[string][]byte, lines [][]string) {
	t.Helper()
	dir := filepath.Join("testdata", "openssl")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	messages = make(map[string][]byte)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Name() == "README.md":
		case e.Name() == "expected.txt":
			for line := range strings.Lines(string(content)) {
				if !strings.HasPrefix(line, "#") {
					fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
					for i := range fields {
						fields[i] = strings.TrimSpace(fields[i])
					}
					lines = append(lines, fields)
				}
			}
		case filepath.Ext(e.Name()) == ".der":
			messages[e.Name()] = content
		default:
			t.Errorf("%s is not in expected.txt", e.Name())
		}
	}
	if len(messages) == 0 || len(messages) != len(lines) {
		t.Fatalf("%d messages and %d lines on them", len(messages), len(lines))
	}
	return messages, lines
}

func TestGolden(t *testing.T) {
	messages, lines := golden(t)
	for _, want := range lines {
		t.Run(want[0], func(t *testing.T) {
			der, there := messages[want[0]]
			if !there {
				t.Fatal("no such file")
			}
			m, err := ParseMessage(der)
			if err != nil {
				t.Fatal(err)
			}
			_, err = m.verifyProtection(x509.ParseCertificate, nil)
			got := []string{want[0], fmt.Sprint(int(m.Body)), fmt.Sprintf("%x", m.Header.TransactionID),
				fmt.Sprintf("%x", m.Header.SenderNonce), fmt.Sprint(len(m.ExtraCerts)), verdict(err), describe(t, m)}
			if g, w := strings.Join(got, " | "), strings.Join(want, " | "); g != w {
				t.Errorf("\ngot  %s\nwant %s", g, w)
			}
			if m.Header.Version != 2 {
				t.Errorf("pvno %d", m.Header.Version)
			}
			if again, err := m.Marshal(); err != nil || !bytes.Equal(again, der) {
				t.Errorf("encodes again to other bytes, %v", err)
			}
			if again, err := reencode(m.Body, m.Content); err != nil || !bytes.Equal(again, m.Content) {
				t.Errorf("content encodes again to other bytes, %v", err)
			}
			for n := range der {
				if _, err := ParseMessage(der[:n]); !errors.Is(err, ErrMalformed) {
					t.Fatalf("cut after %d bytes: %v", n, err)
				}
			}
			if _, err := ParseMessage(append(bytes.Clone(der), 0)); !errors.Is(err, ErrMalformed) {
				t.Errorf("trailing byte: %v", err)
			}
		})
	}
}

func verdict(err error) string {
	var r *Refusal
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &r):
		return string(r.Code)
	}
	return err.Error()
}

// describe returns the content in the form of expected.txt.
func describe(t *testing.T, m *Message) string {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	switch m.Body {
	case BodyKeyUpdateRequest:
		req, err := parseCertReqMessages(m.Content)
		check(err)
		key, _, err := req.template.publicKey()
		check(err)
		old, err := req.oldCertID()
		check(err)
		return fmt.Sprintf("id=%d oldCertID=%x bits=%d popo=%s", req.certReqID, old.serial,
			key.(*rsa.PublicKey).N.BitLen(), verdict(req.verifyPOPO(key)))
	case BodyKeyUpdateResponse:
		r, err := parseCertRep(m.Content)
		check(err)
		serial := "-"
		if r.certificate != nil {
			cert, err := x509.ParseCertificate(r.certificate)
			check(err)
			serial = fmt.Sprintf("%x", cert.SerialNumber)
		}
		refusal := r.status.refusal(nil)
		return strings.TrimSpace(fmt.Sprintf("id=%d status=%d fail=%d certificate=%s text=%s", r.certReqID,
			r.status.status, refusal.Info, serial, refusal.Text))
	case BodyCertConfirm:
		c, err := parseCertConfirm(m.Content)
		check(err)
		return fmt.Sprintf("id=%d status=%d fail=%d hashAlg=%v", c.certReqID, c.status.status,
			c.status.refusal(nil).Info, c.hashAlg != nil)
	case BodyPollRequest:
		id, err := parsePollReq(m.Content)
		check(err)
		return fmt.Sprintf("id=%d", id)
	case BodyPollResponse:
		p, err := parsePollRep(m.Content)
		check(err)
		return fmt.Sprintf("id=%d checkAfter=%d", p.certReqID, p.checkAfter)
	case BodyError:
		e, err := parseErrorMsg(m.Content)
		check(err)
		r := e.status.refusal(e.details)
		return fmt.Sprintf("status=%d fail=%d text=%s", e.status.status, r.Info, r.Text)
	case BodyGeneralMessage, BodyGeneralResponse:
		list, err := parseInfo(m.Content)
		check(err)
		var names []string
		for _, i := range list {
			for dotted, content := range map[string]string{"1.3.6.1.5.5.7.4.17": oidCACerts,
				"1.3.6.1.5.5.7.4.19": oidCertReqTemplate} {
				if i.Type == content {
					names = append(names, dotted)
				}
			}
		}
		return strings.Join(names, ",")
	case BodyPKIConfirm:
		check(parsePKIConfirm(m.Content))
		return ""
	}
	t.Fatalf("body %v", m.Body)
	return ""
}

// reencode parses a body's content and encodes it again. It returns the content of unsupported bodies unchanged.
func reencode(body BodyType, content []byte) ([]byte, error) {
	var parsed interface{ marshal() ([]byte, error) }
	var err error
	switch body {
	case BodyKeyUpdateRequest:
		parsed, err = parseCertReqMessages(content)
	case BodyKeyUpdateResponse:
		parsed, err = parseCertRep(content)
	case BodyCertConfirm:
		parsed, err = parseCertConfirm(content)
	case BodyPollResponse:
		parsed, err = parsePollRep(content)
	case BodyError:
		parsed, err = parseErrorMsg(content)
	case BodyPollRequest:
		id, err := parsePollReq(content)
		if err != nil {
			return nil, err
		}
		return pollReq(id)
	case BodyGeneralMessage, BodyGeneralResponse:
		list, err := parseInfo(content)
		if err != nil {
			return nil, err
		}
		var b cryptobyte.Builder
		addInfo(&b, list)
		return b.Bytes()
	case BodyPKIConfirm:
		return pkiConfirm, parsePKIConfirm(content)
	default:
		return content, nil
	}
	if err != nil {
		return nil, err
	}
	return parsed.marshal()
}

// FuzzMessage: a message that parses encodes to the same bytes, and is refused when it is cut or lengthened.
func FuzzMessage(f *testing.F) {
	messages, _ := golden(f)
	for _, der := range messages {
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		m, err := ParseMessage(der)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("error %v", err)
			}
			return
		}
		if again, err := m.Marshal(); err != nil || !bytes.Equal(again, der) {
			t.Errorf("message encodes again to other bytes, %v", err)
		}
		if again, err := reencode(m.Body, m.Content); err == nil && !bytes.Equal(again, m.Content) {
			t.Error("content encodes again to other bytes")
		}
		if _, err := ParseMessage(der[:len(der)-1]); err == nil {
			t.Error("parses although cut")
		}
		if _, err := ParseMessage(append(bytes.Clone(der), 0)); err == nil {
			t.Error("parses with a byte too many")
		}
	})
}

// FuzzInformResponse: the values of the infoTypes in our answers encode to the same bytes.
func FuzzInformResponse(f *testing.F) {
	for _, r := range []InformResponse{
		{Template: &Template{"RSA", 2048}},
		{Standing: &Standing{Decision: "renewed", Reason: "x", State: "proven", Campaigns: []string{"a"},
			Issued: []byte{1}, Position: 3, AttemptsLeft: 1, CheckAfter: time.Hour, Ticket: []byte{2}}},
		{Campaigns: []Campaign{{ID: "a", ExpiryFrom: now, OpenTo: now, Last: true, AcceptExpired: true,
			Series: []string{"ID2019"}}}},
		{Service: &ServiceFacts{"https://prova.example", "1"}, CACerts: []*x509.Certificate{}},
	} {
		der, err := r.genp()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		var r InformResponse
		if r.parse(der) != nil {
			return
		}
		r.Template = nil // a foreign template has fields that we do not keep
		again, err := r.genp()
		if err != nil {
			t.Fatal(err)
		}
		ours, err := parseInfo(again)
		if err != nil {
			t.Fatal(err)
		}
		theirs, _ := parseInfo(der)
		for _, o := range ours {
			found := false
			for _, i := range theirs {
				found = found || i.Type == o.Type && bytes.Equal(i.Value, o.Value)
			}
			if !found {
				t.Errorf("value %x encodes again to other bytes", o.Value)
			}
		}
	})
}

// FuzzHandler: any body gets a plain 4xx or a signed answer.
func FuzzHandler(f *testing.F) {
	messages, _ := golden(f)
	for _, der := range messages {
		f.Add(der)
	}
	trust := pki().trust()
	f.Fuzz(func(t *testing.T, der []byte) {
		h := &Handler{Authority: noAuthority{}, Signer: pki().signer, Secrets: secrets, Rand: rand.Reader}
		r := httptest.NewRequest("POST", "/.well-known/cmp", bytes.NewReader(der))
		r.Header.Set("Content-Type", mediaType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case 200:
			m, err := ParseMessage(w.Body.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if err := trust.check(m); err != nil {
				t.Errorf("the message does not check: %v", err)
			}
		case 400, 413:
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}

// noAuthority returns neither an answer nor an error.
type noAuthority struct{}

func (noAuthority) Inform(context.Context, InformRequest) (*InformResponse, error) { return nil, nil }
func (noAuthority) Update(context.Context, UpdateRequest) (*UpdateResponse, error) { return nil, nil }
func (noAuthority) Poll(context.Context, PollRequest) (*UpdateResponse, error)     { return nil, nil }
func (noAuthority) Confirm(context.Context, ConfirmRequest) error                  { return nil }

// TestMalformedMessage changes one thing at a time in an unprotected genm made by OpenSSL.
func TestMalformedMessage(t *testing.T) {
	messages, _ := golden(t)
	der := messages["genm-unprotected.der"]
	m, err := ParseMessage(der)
	if err != nil {
		t.Fatal(err)
	}
	var b cryptobyte.Builder
	m.Header.build(&b)
	header := b.BytesOrPanic()
	body := slices.Concat([]byte{0xB5, byte(len(m.Content))}, m.Content)
	null, more := []byte{5, 0}, func(parts ...[]byte) []byte { return sequenceOf(slices.Concat(parts...)) }
	if !bytes.Equal(more(sequenceOf(header), body), der) {
		t.Fatal("the parts do not make the whole")
	}
	// The header up to the sender; pvno takes three bytes.
	for name, bad := range map[string][]byte{
		"no header":                more(body),
		"no body":                  more(sequenceOf(header)),
		"more in the header":       more(more(header, null), body),
		"pvno of nine bytes":       more(more([]byte{2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0}, header[3:]), body),
		"pvno padded":              more(more([]byte{2, 2, 0, 2}, header[3:]), body),
		"sender is no GeneralName": more(more([]byte{2, 1, 2}, null, header[3:]), body),
		"header field twice":       more(more(header, []byte{0xA8, 2, 0x30, 0}, []byte{0xA8, 2, 0x30, 0}), body),
		"empty generalInfo":        more(more(header, []byte{0xA8, 2, 0x30, 0}), body),
		"empty freeText":           more(more(header, []byte{0xA7, 2, 0x30, 0}), body),
		"freeText not UTF-8":       more(more(header, []byte{0xA7, 5, 0x30, 3, 0x0C, 1, 0xFF}), body),
		"identifier cut":           more(more(header, []byte{0xA8, 7, 0x30, 5, 0x30, 3, 6, 1, 0x85}), body),
		"identifier padded":        more(more(header, []byte{0xA8, 8, 0x30, 6, 0x30, 4, 6, 2, 0x80, 1}), body),
		"two values": more(more(header, []byte{0xA8, 11, 0x30, 9, 0x30, 7, 6, 1, 5, 5, 0, 5, 0}),
			body),
		"body of a choice that is none":  more(sequenceOf(header), append([]byte{0xBB}, body[1:]...)),
		"body of two elements":           more(sequenceOf(header), []byte{0xB5, 4, 5, 0, 5, 0}),
		"body of none":                   more(sequenceOf(header), []byte{0xB5, 0}),
		"protection with unused bits":    more(sequenceOf(header), body, []byte{0xA0, 4, 3, 2, 1, 0x80}),
		"protection of two":              more(sequenceOf(header), body, []byte{0xA0, 6, 3, 1, 0, 3, 1, 0}),
		"no certificate in extraCerts":   more(sequenceOf(header), body, []byte{0xA1, 2, 0x30, 0}),
		"extraCerts of no SEQUENCE":      more(sequenceOf(header), body, []byte{0xA1, 4, 0x30, 2, 5, 0}),
		"more after extraCerts":          more(sequenceOf(header), body, null),
		"length in more bytes than due":  slices.Concat([]byte{0x30, 0x82, 0, byte(len(der) - 2)}, der[2:]),
		"a SET instead of the SEQUENCE":  slices.Concat([]byte{0x31}, der[1:]),
		"over the bound, otherwise good": more(sequenceOf(header), body, oversized()),
	} {
		if _, err := ParseMessage(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// oversized returns extraCerts that make a message larger than MaxAnswer.
func oversized() []byte {
	var b cryptobyte.Builder
	b.AddASN1(explicit(1),
		func(b *cryptobyte.Builder) { addSequence(b, [][]byte{sequenceOf(make([]byte, MaxAnswer))}) })
	return b.BytesOrPanic()
}

// notation encodes hexadecimal octets as DER; braces after a tag stand for its length and content.
func notation(t *testing.T, text string) []byte {
	t.Helper()
	stack := [][]byte{nil}
	for text = strings.ReplaceAll(text, " ", ""); text != ""; {
		top := len(stack) - 1
		switch {
		case text[0] == '{':
			stack, text = append(stack, nil), text[1:]
		case text[0] == '}' && top > 0 && len(stack[top]) < 128:
			stack[top-1] = append(append(stack[top-1], byte(len(stack[top]))), stack[top]...)
			stack, text = stack[:top], text[1:]
		default:
			octet, err := hex.DecodeString(text[:2])
			if err != nil {
				t.Fatal(err)
			}
			stack[top], text = append(stack[top], octet...), text[2:]
		}
	}
	return stack[0]
}

// TestMalformedContent gives each body's parser bytes with one fault.
func TestMalformedContent(t *testing.T) {
	for name, c := range map[string]struct {
		body BodyType
		der  string
		ok   bool
	}{
		"failInfo":                     {BodyError, "30{30{020102 03020780}}", true},
		"failInfo of no byte":          {BodyError, "30{30{020102 0300}}", false},
		"failInfo of eight unused":     {BodyError, "30{30{020102 03020800}}", false},
		"failInfo unused without bits": {BodyError, "30{30{020102 030101}}", false},
		"failInfo with bits unused":    {BodyError, "30{30{020102 03020701}}", false},
		"status with more":             {BodyError, "30{30{020102 0500}}", false},
		"empty statusString":           {BodyError, "30{30{020102 3000}}", false},
		"empty errorDetails":           {BodyError, "30{30{020102} 3000}", false},
		"status padded":                {BodyError, "30{30{02020002}}", false},
		"error":                        {BodyError, "30{30{020102} 020101 30{0C{41}}}", true},
		"error with more":              {BodyError, "30{30{020102} 020101 30{0C{41}} 0500}", false},
		"certConf":                     {BodyCertConfirm, "30{30{0400 020100}}", true},
		"certConf with hashAlg":        {BodyCertConfirm, "30{30{0400 020100 A0{30{060105}}}}", true},
		"two certConf":                 {BodyCertConfirm, "30{30{0400 020100}30{0400 020100}}", false},
		"no certConf":                  {BodyCertConfirm, "3000", false},
		"certConf with more":           {BodyCertConfirm, "30{30{0400 020100 0500}}", false},
		"certConf's status broken":     {BodyCertConfirm, "30{30{0400 020100 3000}}", false},
		"poll":                         {BodyPollRequest, "30{30{020100}}", true},
		"two polls":                    {BodyPollRequest, "30{30{020100}30{020100}}", false},
		"poll with more":               {BodyPollRequest, "30{30{020100 0500}}", false},
		"waiting time of ten days":     {BodyPollResponse, "30{30{020100 02030D2F00}}", true},
		"waiting time of ten and 1 s":  {BodyPollResponse, "30{30{020100 02030D2F01}}", false},
		"negative waiting time":        {BodyPollResponse, "30{30{020100 0201FF}}", false},
		"poll's reason empty":          {BodyPollResponse, "30{30{020100 020101 3000}}", false},
		"pkiConf":                      {BodyPKIConfirm, "0500", true},
		"pkiConf with content":         {BodyPKIConfirm, "050100", false},
		"waiting":                      {BodyKeyUpdateResponse, "30{30{30{020100 30{020103}}}}", true},
		"two responses": {BodyKeyUpdateResponse, "30{30{30{020100 30{020103}}30{020100 30{020103}}}}",
			false},
		"certificate": {BodyKeyUpdateResponse, "30{30{30{020100 30{020100} 30{A0{3000}}}}}", true},
		"publicationInfo and rspInfo": {BodyKeyUpdateResponse,
			"30{30{30{020100 30{020100} 30{A0{3000} A1{3000}} 0400}}}", true},
		"two certificates": {BodyKeyUpdateResponse, "30{30{30{020100 30{020100} 30{A0{3000 3000}}}}}",
			false},
		"encrypted certificate": {BodyKeyUpdateResponse, "30{30{30{020100 30{020100} 30{A1{3000}}}}}", false},
		"with private key": {BodyKeyUpdateResponse, "30{30{30{020100 30{020100} 30{A0{3000} A0{3000}}}}}",
			false},
		"empty caPubs":          {BodyKeyUpdateResponse, "30{A1{3000} 30{30{020100 30{020103}}}}", false},
		"request":               {BodyKeyUpdateRequest, "30{30{30{020100 30{A3{3000} A5{3000}}}}}", true},
		"template out of order": {BodyKeyUpdateRequest, "30{30{30{020100 30{A5{3000} A3{3000}}}}}", false},
		"template field twice":  {BodyKeyUpdateRequest, "30{30{30{020100 30{A5{3000} A5{3000}}}}}", false},
		"template field [10]":   {BodyKeyUpdateRequest, "30{30{30{020100 30{AA00}}}}", false},
		"subject primitive":     {BodyKeyUpdateRequest, "30{30{30{020100 30{8500}}}}", false},
		"control":               {BodyKeyUpdateRequest, "30{30{30{020100 3000 30{30{060105 0500}}}}}", true},
		"empty controls":        {BodyKeyUpdateRequest, "30{30{30{020100 3000 3000}}}", false},
		"control without value": {BodyKeyUpdateRequest, "30{30{30{020100 3000 30{30{060105}}}}}", false},
		"raVerified":            {BodyKeyUpdateRequest, "30{30{30{020100 3000} 8000}}", true},
		"popo of no choice":     {BodyKeyUpdateRequest, "30{30{30{020100 3000} A400}}", false},
		"popo of another tag":   {BodyKeyUpdateRequest, "30{30{30{020100 3000} 0400}}", false},
		"popo empty":            {BodyKeyUpdateRequest, "30{30{30{020100 3000} A100}}", false},
		"popo with more":        {BodyKeyUpdateRequest, "30{30{30{020100 3000} A1{3000 0301 00 0500}}}", false},
		"regInfo":               {BodyKeyUpdateRequest, "30{30{30{020100 3000} 8000 3000}}", true},
		"regInfo and more":      {BodyKeyUpdateRequest, "30{30{30{020100 3000} 8000 3000 3000}}", false},
	} {
		der := notation(t, c.der)
		again, err := reencode(c.body, der)
		if c.ok && (err != nil || !bytes.Equal(again, der)) {
			t.Errorf("%s: %x, %v, want %x", name, again, err, der)
		}
		if !c.ok && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeySizes(t *testing.T) {
	message := []byte("messaggio")
	for bits, want := range map[int]error{1000: refusalAlgorithm, 1024: errSignature, 8192: errSignature,
		8200: refusalAlgorithm} {
		key := &rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), uint(bits-1)), big.NewInt(1)),
			E: 65537}
		if err := verifySignature(key, algorithm(oidSHA256WithRSA), message, make([]byte, bits/8)); err != want {
			t.Errorf("%d bits: %v, want %v", bits, err, want)
		}
	}
	if err := verifySignature(ed25519.PublicKey(make([]byte, 32)), algorithm(oidSHA256WithRSA), message,
		nil); err != refusalAlgorithm {
		t.Errorf("Ed25519: %v", err)
	}
}
