// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Handler is the server's half: POST to /.well-known/cmp and /.well-known/cmp/p/<campaign>, either with an
// operation label of RFC 9483 §6.1 behind it (as /keyupdate; the message says what it is, the label adds
// nothing) and with or without a slash at the end. A request has at most [MaxRequest] bytes and is of type
// application/pkixcmp; otherwise, and for bytes that are no PKIMessage, the answer is a plain 4xx. To a
// PKIMessage the answer is always a signed PKIMessage in a 200: OpenSSL throws the body of any other away.
//
// Before the Authority is asked: pvno is 2, transactionID and senderNonce have 128 bits at least, the
// signature by extraCerts[0] verifies (a genm may come without), and for a kur possession of the new key is
// proved, the key is new, and oldCertID, if there, names the signer. The chain of the signer is the
// Authority's business. From the template only subject and key are taken; recipient, messageTime and
// implicitConfirm are not looked at.
//
// The same bytes get the same answer, and other bytes under the transactionID of a kur are refused, as long
// as this process remembers: at most 4096 answers and transactions for an hour. A poll
// needs its transaction remembered; a certConf does not, since the Authority finds the certificate by the
// old one and the hash.
type Handler struct {
	Authority Authority
	Signer    Credential
	Now       func() time.Time // nil means time.Now
	Rand      io.Reader        // nil means crypto/rand

	answers      memory[[sha256.Size]byte, *cachedAnswer]
	transactions memory[string, *transaction]
}

// What a Handler keeps in memory. Polls are for waits of seconds.
const (
	maxRemembered = 4096
	rememberedFor = time.Hour
)

// cachedAnswer is what certain bytes were answered with; the lock is held while the answer is made.
type cachedAnswer struct {
	mu  sync.Mutex
	der []byte // nil: not yet, or failed in a way that may pass
}

// transaction is a kur and what followed it.
type transaction struct {
	digest [sha256.Size]byte // of the kur
	signer [sha256.Size]byte // of the old certificate

	mu      sync.Mutex
	request *UpdateRequest // nil once the Authority refused it
	nonces  [][]byte       // those of our last answers: any of them may come back, since answers get lost
}

const keptNonces = 8

func (t *transaction) hasSent(nonce []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.nonces, func(n []byte) bool { return bytes.Equal(n, nonce) })
}

func (t *transaction) addNonce(nonce []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nonces = append(t.nonces, nonce)
	if len(t.nonces) > keptNonces {
		t.nonces = t.nonces[1:]
	}
}

var errNoAnswer = errors.New("authority gave neither answer nor error")

// request is a message with what was learnt of it on the way to the Authority.
type request struct {
	*Message
	campaign    string
	digest      [sha256.Size]byte // of campaign and message: elsewhere the same bytes are another request
	signer      *x509.Certificate // nil for an unprotected genm
	transaction *transaction      // nil outside a known one
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	campaign, ok := campaignOf(r.URL.Path)
	if !ok {
		http.Error(w, "Pagina inesistente.", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Qui si accettano solo richieste POST.", http.StatusMethodNotAllowed)
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != mediaType {
		http.Error(w, "Il tipo di contenuto deve essere application/pkixcmp.", http.StatusUnsupportedMediaType)
		return
	}
	der, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxRequest))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		http.Error(w, "La richiesta supera i 65536 byte.", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "La richiesta è arrivata incompleta.", http.StatusBadRequest)
		return
	}
	m, err := ParseMessage(der)
	if err != nil {
		http.Error(w, "La richiesta non è un messaggio CMP.", http.StatusBadRequest)
		return
	}
	reply, err := h.answer(r.Context(), campaign, der, m)
	if err != nil {
		http.Error(w, "Il servizio non può firmare la risposta.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
	w.Header().Set("Cache-Control", "no-store")
	w.Write(reply)
}

// operations are the labels of RFC 9483 §6.1.
var operations = []string{
	"initialization", "certification", "keyupdate", "pkcs10", "revocation", "getcacerts", "getrootupdate",
	"getcertreqtemplate", "getcrls", "nested",
}

// campaignOf reads the path (RFC 9811 §3): the campaign stands where an arbitrary label may, after /p/.
func campaignOf(path string) (campaign string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/.well-known/cmp")
	if !ok {
		return "", false
	}
	rest = strings.TrimSuffix(rest, "/")
	if after, there := strings.CutPrefix(rest, "/p/"); there {
		campaign, rest, _ = strings.Cut(after, "/")
		if !isLabel(campaign) {
			return "", false
		}
		return campaign, rest == "" && !strings.HasSuffix(after, "/") || slices.Contains(operations, rest)
	}
	return "", rest == "" || rest[0] == '/' && slices.Contains(operations, rest[1:])
}

// answer finds or makes the answer to a message. An error means that nothing could be signed.
func (h *Handler) answer(ctx context.Context, campaign string, der []byte, m *Message) ([]byte, error) {
	now := h.now()
	r := &request{Message: m, campaign: campaign, digest: sha256.Sum256(slices.Concat([]byte(campaign), []byte{0}, der))}
	a, _ := h.answers.findOrAdd(r.digest, now, func() *cachedAnswer { return new(cachedAnswer) })
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.der != nil {
		return a.der, nil
	}
	body, content, err := h.dispatch(ctx, r)
	passing := false
	if err != nil {
		refusal := h.refusalOf(err)
		passing = refusal.Info == SystemFailure || refusal.Info == SystemUnavail
		body = BodyError
		if content, err = errorMsgOf(refusal).marshal(); err != nil {
			return nil, err
		}
	}
	reply, err := h.reply(r, body, content, now)
	if err != nil {
		return nil, err
	}
	if !passing {
		a.der = reply
	}
	return reply, nil
}

// refusalOf keeps to itself what the person at the other end has no use for.
func (h *Handler) refusalOf(err error) *Refusal {
	if r := new(Refusal); errors.As(err, &r) {
		return r
	}
	if errors.Is(err, ErrMalformed) {
		return refusalFormat
	}
	return refusalSystem
}

func (h *Handler) reply(r *request, body BodyType, content []byte, now time.Time) ([]byte, error) {
	nonce, err := random(h.random(), nonceSize)
	if err != nil {
		return nil, err
	}
	m := Message{Body: body, Content: content, Header: Header{
		Version:     version,
		Recipient:   r.Header.Sender,
		MessageTime: []byte(now.UTC().Format(generalizedTime)),
		SenderNonce: nonce,
	}}
	if len(r.Header.TransactionID) <= maxTransactionIDSize {
		m.Header.TransactionID = r.Header.TransactionID
	}
	if len(r.Header.SenderNonce) <= maxNonceSize {
		m.Header.RecipNonce = r.Header.SenderNonce
	}
	der, err := m.protect(h.Signer, h.random())
	if err == nil && r.transaction != nil {
		r.transaction.addNonce(nonce)
	}
	return der, err
}

// dispatch checks what all messages have in common (RFC 9483 §3.5) and passes on by body.
func (h *Handler) dispatch(ctx context.Context, r *request) (BodyType, []byte, error) {
	head := &r.Header
	if head.Version != version {
		return 0, nil, refusalVersion
	}
	if n := len(head.TransactionID); n < transactionIDSize || n > maxTransactionIDSize {
		return 0, nil, refusalTransactionID
	}
	if n := len(head.SenderNonce); n < nonceSize || n > maxNonceSize {
		return 0, nil, refusalSenderNonce
	}
	if r.Body != BodyGeneralMessage || r.Protection != nil || head.ProtectionAlg != nil {
		var err error
		if r.signer, err = r.verifyProtection(); err != nil {
			return 0, nil, err
		}
	}
	switch r.Body {
	case BodyGeneralMessage:
		return h.inform(ctx, r)
	case BodyKeyUpdateRequest:
		return h.update(ctx, r)
	case BodyPollRequest:
		return h.poll(ctx, r)
	case BodyCertConfirm:
		return h.confirm(ctx, r)
	case BodyError:
		// RFC 9810 §5.3.21: a client that gives up gets a pkiConf, and there is nothing to undo.
		return BodyPKIConfirm, pkiConfirm, nil
	}
	return 0, nil, refusalMessageType
}

func (h *Handler) inform(ctx context.Context, r *request) (BodyType, []byte, error) {
	q := InformRequest{Campaign: r.campaign, TransactionID: r.Header.TransactionID}
	if err := q.parse(r.Content); err != nil {
		return 0, nil, err
	}
	resp, err := h.Authority.Inform(ctx, q)
	if err != nil {
		return 0, nil, err
	}
	if resp == nil {
		return 0, nil, errNoAnswer
	}
	content, err := resp.genp()
	return BodyGeneralResponse, content, err
}

func (h *Handler) update(ctx context.Context, r *request) (BodyType, []byte, error) {
	req, err := r.keyUpdate()
	if err != nil {
		return 0, nil, err
	}
	t, _ := h.transactions.findOrAdd(string(r.Header.TransactionID), h.now(), func() *transaction {
		return &transaction{digest: r.digest, signer: sha256.Sum256(r.signer.Raw), request: req}
	})
	if t.digest != r.digest {
		return 0, nil, refusalInUse
	}
	r.transaction = t
	return h.askAuthority(ctx, t, *req)
}

// keyUpdate reads and checks the content of a kur (RFC 9483 §4.1.3).
func (r *request) keyUpdate() (*UpdateRequest, error) {
	msg, err := parseCertReqMessages(r.Content)
	if err != nil {
		return nil, err
	}
	if msg.certReqID != 0 {
		return nil, malformed("certReqId")
	}
	key, spki, err := msg.template.publicKey()
	if err != nil {
		return nil, refusalTemplate
	}
	if err := msg.verifyPOPO(key); err != nil {
		return nil, err
	}
	if samePublicKey(key, r.signer.PublicKey) {
		return nil, refusalSameKey
	}
	old, err := msg.oldCertID()
	if err != nil {
		return nil, err
	}
	if old != nil && !old.matches(r.signer) {
		return nil, refusalOldCertificate
	}
	ticket, err := r.ticket()
	if err != nil {
		return nil, err
	}
	return &UpdateRequest{
		Campaign: r.campaign, OldCertificate: r.signer, Others: r.otherCertificates(),
		Subject: msg.template[templateSubject], PublicKey: key, SPKI: spki,
		TransactionID: r.Header.TransactionID, Ticket: ticket,
	}, nil
}

// ticket is the queue ticket that the kur's generalInfo carries.
func (r *request) ticket() ([]byte, error) {
	var ticket []byte
	for _, i := range r.Header.GeneralInfo {
		if i.Type != oidQueueTicket {
			continue
		}
		value, err := readOctetString(i.Value)
		if err != nil || len(value) == 0 || len(value) > maxTicket || ticket != nil {
			return nil, malformed("queue ticket")
		}
		ticket = value
	}
	return ticket, nil
}

// askAuthority asks the Authority. A first answer of waiting is a kup of that status, since OpenSSL takes no
// pollRep before it; the following ones say when to come back (RFC 9810 §5.3.22).
func (h *Handler) askAuthority(ctx context.Context, t *transaction, req UpdateRequest) (BodyType, []byte, error) {
	resp, err := h.Authority.Update(ctx, req)
	if err != nil {
		if r := new(Refusal); errors.As(err, &r) && r.Info != SystemFailure && r.Info != SystemUnavail {
			t.mu.Lock()
			t.request = nil
			t.mu.Unlock()
		}
		return 0, nil, err
	}
	rep := certRep{}
	switch {
	case resp == nil || resp.Certificate == nil && resp.CheckAfter <= 0:
		return 0, nil, errNoAnswer
	case resp.Certificate != nil:
		rep.certificate = resp.Certificate.Raw
	case req.Polled:
		content, err := (&pollRep{checkAfter: wholeSeconds(resp.CheckAfter)}).marshal()
		return BodyPollResponse, content, err
	default:
		rep.status.status = statusWaiting
	}
	content, err := rep.marshal()
	return BodyKeyUpdateResponse, content, err
}

// checkFollows checks that a message continues t: same signer as the kur's, and one of our nonces.
func (r *request) checkFollows(t *transaction) error {
	if t.signer != sha256.Sum256(r.signer.Raw) {
		return refusalOtherSigner
	}
	if !t.hasSent(r.Header.RecipNonce) {
		return refusalRecipientNonce
	}
	r.transaction = t
	return nil
}

func (h *Handler) poll(ctx context.Context, r *request) (BodyType, []byte, error) {
	certReqID, err := parsePollReq(r.Content)
	if err != nil {
		return 0, nil, err
	}
	if certReqID != 0 {
		return 0, nil, malformed("certReqId")
	}
	t, known := h.transactions.find(string(r.Header.TransactionID), h.now())
	if !known {
		return 0, nil, refusalUnknownTransaction
	}
	if err := r.checkFollows(t); err != nil {
		return 0, nil, err
	}
	t.mu.Lock()
	pending := t.request
	t.mu.Unlock()
	if pending == nil {
		return 0, nil, refusalUnknownTransaction
	}
	req := *pending
	req.Polled = true
	return h.askAuthority(ctx, t, req)
}

func (h *Handler) confirm(ctx context.Context, r *request) (BodyType, []byte, error) {
	c, err := parseCertConfirm(r.Content)
	if err != nil {
		return 0, nil, err
	}
	if c.certReqID != 0 || len(c.hash) < sha256.Size || len(c.hash) > 64 {
		return 0, nil, malformed("certReqId or certHash")
	}
	if c.hashAlg != nil {
		return 0, nil, refusalHashAlgorithm
	}
	if t, known := h.transactions.find(string(r.Header.TransactionID), h.now()); known {
		if err := r.checkFollows(t); err != nil {
			return 0, nil, err
		}
	}
	conf := ConfirmRequest{
		OldCertificate: r.signer, CertificateHash: c.hash, Accepted: true, TransactionID: r.Header.TransactionID,
	}
	if c.status != nil {
		switch c.status.status {
		case statusAccepted, statusGrantedWithMods:
		case statusRejection:
			conf.Accepted = false
			conf.Reason = c.status.refusal(nil).Text
		default:
			return 0, nil, malformed(fmt.Sprintf("PKIStatus %d in a certConf", c.status.status))
		}
	}
	if err := h.Authority.Confirm(ctx, conf); err != nil {
		return 0, nil, err
	}
	return BodyPKIConfirm, pkiConfirm, nil
}

func (h *Handler) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

func (h *Handler) random() io.Reader {
	if h.Rand == nil {
		return rand.Reader
	}
	return h.Rand
}
