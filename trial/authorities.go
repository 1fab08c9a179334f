// SPDX-License-Identifier: EUPL-1.2

package trial

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
)

// AuthoritiesRequest says how a trial's certificates are made.
type AuthoritiesRequest struct {
	From, Until time.Time // validity of the roots; the others end a year earlier
	Keys        *Keys     // source of the legacy root's key; the trial login's root has one of its own

	Current   crypto.Signer           // signs renewed certificates; nil: a new P-256 key
	Signature x509.SignatureAlgorithm // of the legacy root; zero: SHA-256 with RSA
}

// Authorities are the keys and certificates of a service. Any number of services may share them.
type Authorities struct {
	Legacy   *ca.Issuer      // of the certificates that cards leave the factory with
	Current  *ca.Issuer      // of renewed certificates
	Verifier *ca.Verifier    // of both
	Signer   cmp.Credential  // signs CMP answers
	Server   tls.Certificate // of the trial login, for localhost and 127.0.0.1
	Roots    *x509.CertPool  // of Server
}

// name is the name of one of a trial's certificates.
func name(unit, common string) ca.Name {
	return ca.Name{Organization: "Rinnova (PROVA)", OrganizationalUnit: unit, CommonName: common}
}

// LegacyName is the name of the legacy root.
var LegacyName = name("Servizi di Certificazione", "Regione Esempio - CA Cittadini (PROVA, VECCHIA)")

// NewAuthorities makes the roots and what they certify.
func NewAuthorities(r AuthoritiesRequest) (*Authorities, error) {
	from, until := r.From.Truncate(time.Second), r.Until.Truncate(time.Second)
	a := &Authorities{Roots: x509.NewCertPool()}
	legacyKey, err := r.Keys.Key("legacy", 2048)
	if err != nil {
		return nil, err
	}
	a.Legacy, err = ca.NewRoot(ca.RootRequest{Name: LegacyName, Key: legacyKey, Signature: r.Signature, NotBefore: from,
		NotAfter: until})
	if err != nil {
		return nil, err
	}
	if r.Current == nil {
		if r.Current, err = ca.GenerateKey(ca.P256); err != nil {
			return nil, err
		}
	}
	a.Current,
		err = ca.NewRoot(ca.RootRequest{Name: name("Servizi di Certificazione",
		"Regione Esempio - CA Cittadini (PROVA)"),
		Key: r.Current, NotBefore: from, NotAfter: until})
	if err != nil {
		return nil, err
	}
	a.Verifier, err = ca.NewVerifier([]*x509.Certificate{a.Legacy.Certificate()},
		[]*x509.Certificate{a.Current.Certificate()})
	if err != nil {
		return nil, err
	}
	if err := a.certifySigner(from, until.AddDate(-1, 0, 0)); err != nil {
		return nil, err
	}
	return a, a.certifyServer(from, until)
}

func (a *Authorities) certifySigner(from, until time.Time) error {
	key, err := ca.GenerateKey(ca.P256)
	if err != nil {
		return err
	}
	certificate, err := a.Current.SignerCertificate(ca.SignerRequest{Name: name("Servizi", "CMP (PROVA)"),
		PublicKey: key.Public(), NotBefore: from, NotAfter: until})
	a.Signer = cmp.Credential{Certificate: certificate, Chain: []*x509.Certificate{a.Current.Certificate()}, Key: key}
	return err
}

func (a *Authorities) certifyServer(from, until time.Time) error {
	rootKey, err := ca.GenerateKey(ca.P256)
	if err != nil {
		return err
	}
	root, err := ca.NewRoot(ca.RootRequest{Name: name("Servizi di rete", "Rinnova - CA TLS (PROVA)"), Key: rootKey,
		NotBefore: from, NotAfter: until})
	if err != nil {
		return err
	}
	a.Roots.AddCert(root.Certificate())
	key, err := ca.GenerateKey(ca.P256)
	if err != nil {
		return err
	}
	certificate, err := root.ServerCertificate(ca.ServerRequest{Name: name("Servizi di rete", "localhost"),
		PublicKey: key.Public(), NotBefore: from, NotAfter: until.AddDate(-1, 0, 0)})
	if err != nil {
		return err
	}
	a.Server = tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: key}
	return nil
}
