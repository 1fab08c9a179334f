// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// Handler is the server half. It serves POST requests to /.well-known/cmp and /.well-known/cmp/p/<campaign>, each also
// with an operation label of RFC 9483 §6.1 (as /keyupdate; the label is ignored, the message tells its own type) and
// with a slash at the end. A request has at most [MaxRequest] bytes and the type application/pkixcmp. Any other
// request, and bytes that are no PKIMessage, get a plain 4xx. The answer to a PKIMessage is, but for Charge, a
// signed PKIMessage with status 200, since OpenSSL discards the body of any other status.
//
// Before it asks the Authority, it checks that pvno is 2 or 3, that transactionID and senderNonce have at least 128
// bits, that the signature by extraCerts[0] verifies (a genm may be unprotected), and for a kur that possession of the
// new key is proved, that the key is new, and that oldCertID, if present, names the signer. The Authority judges the
// chain of the signer. From the template, whose subject is required, the handler takes subject and key only; it ignores
// recipient, the time that messageTime tells, and implicitConfirm. A kur that it or the Authority refuses is answered
// by a kup with status rejection, also after polling; an error message answers a fault of pvno, nonces, transactionID
// or protection, a signer that is not trusted, a transactionID in use, and any other body.
//
// A Handler keeps nothing between two messages: any replica serves any message. The nonces of its answers carry a code
// by which every replica knows them, and the Authority keeps on record what a later message needs. The same bytes get
// the same certificate. A certConf that echoes no nonce must begin a transaction of its own (RFC 9483 §3.5 asks for the
// kur's): the Authority finds the certificate by the old one and the hash.
type Handler struct {
	Authority Authority
	Signer    Credential
	Secrets   [][]byte         // of the service's replicas: the first makes codes, each is accepted
	Now       func() time.Time // nil means time.Now
	Rand      io.Reader        // nil means crypto/rand
	// Refused is told of each message that is refused before the Authority is asked; nil: not told.
	Refused func(ctx context.Context, transactionID []byte, code failure.Code)
	// CheckSigner and CheckNewKey refuse what is certain to be refused later, a signer's certificate and the new key of
	// a kur, before a signature by that key is verified. nil: nothing is refused.
	CheckSigner func(*x509.Certificate) error
	CheckNewKey func(crypto.PublicKey) error
	// Charge counts a message whose protection holds, before anything is signed for it. A positive result is the time
	// to wait: the answer is then a plain 503 with Retry-After. nil: nothing is counted.
	Charge func(signer *x509.Certificate) time.Duration
}

var errNoAnswer = errors.New("authority gave neither answer nor error")

// request is a message with the facts that the handler has established about it.
type request struct {
	*Message
	campaign string
	digest   [sha256.Size]byte  // of campaign and message: the same bytes elsewhere are another request
	signer   *x509.Certificate  // nil for an unprotected genm
	asked    bool               // the Authority has been asked
	update   bool               // a kur whose header and protection hold, or a poll for one
	kurNonce []byte             // of the kur that a poll is for, once it is known
	info     []InfoTypeAndValue // generalInfo of the answer
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
	if wait := new(overdrawn); errors.As(err, wait) {
		w.Header().Set("Retry-After", strconv.FormatInt(wholeSeconds(time.Duration(*wait)), 10))
		http.Error(w, "Troppe richieste con questa tessera. Riprova fra poco.", http.StatusServiceUnavailable)
		return
	}
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

// overdrawn is the error for a card that sends more than Charge allows: the time to wait.
type overdrawn time.Duration

func (overdrawn) Error() string { return "too many messages of one card" }

// answer returns the answer to a message. It fails only when signing does, and with overdrawn.
func (h *Handler) answer(ctx context.Context, campaign string, der []byte, m *Message) ([]byte, error) {
	r := &request{Message: m, campaign: campaign,
		digest: sha256.Sum256(slices.Concat([]byte(campaign), []byte{0}, der))}
	body, content, err := h.dispatch(ctx, r)
	if wait := new(overdrawn); errors.As(err, wait) {
		return nil, err
	}
	if err != nil {
		refusal := h.refusalOf(err)
		if !r.asked && h.Refused != nil {
			h.Refused(ctx, m.Header.TransactionID, refusal.Code)
		}
		if body, content, err = r.refuse(refusal); err != nil {
			return nil, err
		}
	}
	return h.reply(r, body, content)
}

// refuse encodes a refusal: of a kur in a kup (RFC 9483 §3.6.2, §4.1.1), otherwise in an error message.
func (r *request) refuse(refusal *Refusal) (BodyType, []byte, error) {
	if !r.update || refusal.Info == SignerNotTrusted || refusal.Info == TransactionIDInUse ||
		refusal.Code == failure.UnknownTransaction {
		content, err := errorMsgOf(refusal).marshal()
		return BodyError, content, err
	}
	r.info = codeInfo(refusal)
	content, err := (&certRep{status: rejectionOf(refusal)}).marshal()
	return BodyKeyUpdateResponse, content, err
}

// refusalOf maps an error to a refusal and hides internal causes.
func (h *Handler) refusalOf(err error) *Refusal {
	if r := new(Refusal); errors.As(err, &r) {
		return r
	}
	if errors.Is(err, errSeveral) {
		return refusalRequest
	}
	if errors.Is(err, ErrMalformed) {
		return refusalFormat
	}
	return refusalSystem
}

func (h *Handler) reply(r *request, body BodyType, content []byte) ([]byte, error) {
	nonce, err := newNonce(h.Secrets, r.Header.TransactionID, r.signer, h.random())
	if err != nil {
		return nil, err
	}
	m := Message{Body: body, Content: content, Header: Header{
		// RFC 9810 §7: that of the request, or the supported one that is next to it.
		Version:     min(max(r.Header.Version, cmp2000), cmp2021),
		Recipient:   r.Header.Sender,
		MessageTime: []byte(h.now().UTC().Format(generalizedTime)),
		SenderNonce: nonce,
		GeneralInfo: r.info,
	}}
	if len(r.Header.TransactionID) <= maxTransactionIDSize {
		m.Header.TransactionID = r.Header.TransactionID
	}
	if len(r.Header.SenderNonce) <= maxNonceSize {
		m.Header.RecipNonce = r.Header.SenderNonce
	}
	// RFC 9483 §3.1, §4.4: a delayed kup echoes the kur's nonce. OpenSSL 3.0, which sends cmp2000, refuses that and
	// wants the last pollReq's, as in RFC 9810 §5.1.1.
	if r.kurNonce != nil && body == BodyKeyUpdateResponse && r.Header.Version == cmp2021 {
		m.Header.RecipNonce = r.kurNonce
	}
	return m.protect(h.Signer, h.random())
}

// dispatch makes the checks that apply to every message (RFC 9483 §3.5) and then handles the body.
func (h *Handler) dispatch(ctx context.Context, r *request) (BodyType, []byte, error) {
	head := &r.Header
	if head.Version != cmp2000 && head.Version != cmp2021 {
		return 0, nil, refusalVersion
	}
	if head.MessageTime != nil {
		// Its form only (X.690 §11.7): a citizen's clock may be wrong.
		if _, err := time.Parse(generalizedTime, string(head.MessageTime)); err != nil {
			return 0, nil, malformed("messageTime")
		}
	}
	if n := len(head.TransactionID); n < transactionIDSize || n > maxTransactionIDSize {
		return 0, nil, refusalTransactionID
	}
	if n := len(head.SenderNonce); n < nonceSize || n > maxNonceSize {
		return 0, nil, refusalSenderNonce
	}
	if r.Body != BodyGeneralMessage || r.Protection != nil || head.ProtectionAlg != nil {
		var err error
		if r.signer, err = r.verifyProtection(holder.ParseCertificate, h.CheckSigner); err != nil {
			return 0, nil, err
		}
		if h.Charge != nil {
			if wait := h.Charge(r.signer); wait > 0 {
				return 0, nil, overdrawn(wait)
			}
		}
	}
	switch r.Body {
	case BodyGeneralMessage:
		return h.inform(ctx, r)
	case BodyKeyUpdateRequest:
		r.update = true
		return h.update(ctx, r)
	case BodyPollRequest:
		return h.poll(ctx, r)
	case BodyCertConfirm:
		return h.confirm(ctx, r)
	case BodyError:
		// RFC 9810 §5.3.21: a client that gives up gets a pkiConf; nothing has to be undone.
		return BodyPKIConfirm, pkiConfirm, nil
	}
	return 0, nil, refusalMessageType
}

func (h *Handler) inform(ctx context.Context, r *request) (BodyType, []byte, error) {
	q := InformRequest{Campaign: r.campaign, TransactionID: r.Header.TransactionID}
	if err := q.parse(r.Content); err != nil {
		return 0, nil, err
	}
	r.asked = true
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
	req, err := r.keyUpdate(h.CheckNewKey)
	if err != nil {
		return 0, nil, err
	}
	r.asked = true
	resp, err := h.Authority.Update(ctx, *req)
	if err != nil {
		return 0, nil, err
	}
	return r.updated(resp, req.Kur.Mods)
}

// keyUpdate reads and checks the content of a kur (RFC 9483 §4.1.3). checkKey, if not nil, may refuse the new key
// before its proof of possession is verified.
func (r *request) keyUpdate(checkKey func(crypto.PublicKey) error) (*UpdateRequest, error) {
	msg, err := parseCertReqMessages(r.Content)
	if err != nil {
		return nil, err
	}
	if msg.certReqID != 0 {
		return nil, refusalRequest // RFC 9483 §4.1.1: it must be 0
	}
	key, spki, err := msg.template.publicKey()
	if err != nil || !msg.template.named() {
		return nil, refusalTemplate
	}
	if err := checkSize(key); err != nil {
		return nil, err
	}
	if checkKey != nil {
		if err := checkKey(key); err != nil {
			return nil, err
		}
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
		Campaign: r.campaign, OldCertificate: r.signer, Subject: msg.template[templateSubject], PublicKey: key,
		SPKI: spki, TransactionID: r.Header.TransactionID, Ticket: ticket,
		Kur: Kur{Digest: r.digest, Nonce: r.Header.SenderNonce, Mods: msg.template.asksMore()},
	}, nil
}

// checkSize refuses an RSA key whose size is out of the bounds for a signature's verification. The Authority has its
// own bounds for a key that it certifies.
func checkSize(key crypto.PublicKey) error {
	public, ok := key.(*rsa.PublicKey)
	switch {
	case !ok:
		return nil
	case public.N.BitLen() < minRSABits:
		return refusalKeyTooShort
	case public.N.BitLen() > maxRSABits:
		return refusalKeyTooLong
	}
	return nil
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

// updated encodes the Authority's answer to a kur or a poll. The first answer of waiting is a kup with that status,
// since OpenSSL accepts no pollRep before it; later ones are pollReps with the time of the next poll (RFC 9810
// §5.3.22). mods: the template asks for more than the certificate has.
func (r *request) updated(resp *UpdateResponse, mods bool) (BodyType, []byte, error) {
	rep := certRep{}
	switch {
	case resp == nil || resp.Certificate == nil && resp.CheckAfter <= 0:
		return 0, nil, errNoAnswer
	case resp.Certificate != nil:
		rep.certificate = resp.Certificate.Raw
		r.info = confirmWaitTime(resp.Certificate)
		if mods {
			rep.status.status = statusGrantedWithMods // RFC 9810 §5.2.3
		}
	case r.Body == BodyPollRequest:
		content, err := (&pollRep{checkAfter: wholeSeconds(resp.CheckAfter)}).marshal()
		return BodyPollResponse, content, err
	default:
		rep.status.status = statusWaiting
	}
	content, err := rep.marshal()
	return BodyKeyUpdateResponse, content, err
}

func (h *Handler) poll(ctx context.Context, r *request) (BodyType, []byte, error) {
	certReqID, err := parsePollReq(r.Content)
	if err != nil {
		return 0, nil, err
	}
	if certReqID != 0 {
		return 0, nil, refusalRequest // RFC 9483 §4.4
	}
	if !isNonce(h.Secrets, r.Header.RecipNonce, r.Header.TransactionID, r.signer) {
		return 0, nil, refusalRecipientNonce
	}
	r.asked, r.update = true, true
	resp, err := h.Authority.Poll(ctx, PollRequest{OldCertificate: r.signer, TransactionID: r.Header.TransactionID})
	if resp != nil {
		r.kurNonce = resp.Kur.Nonce
	}
	if err != nil {
		return 0, nil, err
	}
	if resp == nil {
		return 0, nil, errNoAnswer
	}
	return r.updated(resp, resp.Kur.Mods)
}

func (h *Handler) confirm(ctx context.Context, r *request) (BodyType, []byte, error) {
	c, err := parseCertConfirm(r.Content)
	if err != nil {
		return 0, nil, err
	}
	if c.certReqID != 0 {
		return 0, nil, refusalRequest // RFC 9483 §4.1.1
	}
	if len(c.hash) < sha256.Size || len(c.hash) > sha512.Size {
		return 0, nil, malformed("certHash")
	}
	var hash crypto.Hash
	if c.hashAlg != nil {
		if r.Header.Version != cmp2021 {
			return 0, nil, refusalHashAlgorithm // RFC 9810 §5.3.18
		}
		if hash, err = c.hashOf(); err != nil {
			return 0, nil, err
		}
		if hash.Size() != len(c.hash) {
			return 0, nil, refusalRequest
		}
	}
	nonce := r.Header.RecipNonce
	if nonce != nil && !isNonce(h.Secrets, nonce, r.Header.TransactionID, r.signer) {
		return 0, nil, refusalRecipientNonce
	}
	conf := ConfirmRequest{
		OldCertificate: r.signer, CertificateHash: c.hash, Hash: hash, Accepted: true,
		TransactionID: r.Header.TransactionID, Begins: nonce == nil,
	}
	if c.status != nil {
		switch c.status.status {
		case statusAccepted, statusGrantedWithMods:
			// RFC 9483 §4.1.1: failInfo is absent with a positive status, so the message contradicts itself.
			if c.status.failInfo != nil {
				return 0, nil, refusalRequest
			}
		case statusRejection:
			conf.Accepted = false
			conf.Reason = c.status.refusal(nil).Text
		default:
			return 0, nil, malformed(fmt.Sprintf("PKIStatus %d in a certConf", c.status.status))
		}
	}
	r.asked = true
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
