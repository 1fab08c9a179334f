// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
)

// Files of a service's folder. The key of certificate NAME.pem is NAME.key. Each of the three roots has a file of its
// own, so that trust anchors never mix.
const (
	legacyName   = "legacy" // root of the old certificates
	currentName  = "ca"     // root that renews
	tlsName      = "tls"    // root of the TLS server
	serverName   = "server" // TLS server
	signerName   = "cmp"    // signer of the CMP answers
	databaseName = "rinnovad.db"
)

const organization = "Rinnova (PROVA)"

// ocspName is the name of the signers of OCSP answers, under either root.
var ocspName = ca.Name{Organization: organization, OrganizationalUnit: "Servizi di Certificazione",
	CommonName: "Rinnova - risposte OCSP (TEST)"}

type initCommand struct {
	serviceDir
	Key string `enum:"rsa,p256" default:"rsa" placeholder:"rsa|p256" help:"Chiave dell'autorità che rinnova: rsa (2048 bit) o p256."`
}

// firstYear is the beginning of the first shipped campaign: a trial service can run at the time of any campaign.
var firstYear = time.Date(2020, time.January, 1, 0, 0, 0, 0, campaign.Rome)

// Run makes a service. Its certificates are valid at --clock, today, and from the first campaign on.
func (c *initCommand) Run(p *program) error {
	clock, err := c.clock()
	if err != nil {
		return err
	}
	first, last := clock(), clock()
	for _, t := range []time.Time{time.Now(), firstYear} {
		if t.Before(first) {
			first = t
		}
		if t.After(last) {
			last = t
		}
	}
	first, last = first.Truncate(time.Second), last.Truncate(time.Second)
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(c.Dir, currentName+".pem")); err == nil {
		return ended(failure.AlreadyInitialised, nil)
	}

	kind := ca.RSA2048
	if c.Key == "p256" {
		kind = ca.P256
	}
	root := func(file string, name ca.Name, kind ca.KeyKind, from time.Time) (*ca.Issuer, error) {
		key, err := ca.GenerateKey(kind)
		if err != nil {
			return nil, err
		}
		issuer, err := ca.NewRoot(ca.RootRequest{Name: name, Key: key, NotBefore: from,
			NotAfter: last.AddDate(20, 0, 0)})
		if err != nil {
			return nil, err
		}
		keyPEM, err := ca.EncodeKey(key)
		if err != nil {
			return nil, err
		}
		return issuer, c.write(file, issuer.Certificate(), keyPEM)
	}
	// A card is valid for six years, so the oldest one of the first campaign is from 2014.
	if _, err := root(legacyName, ca.Name{Organization: organization, OrganizationalUnit: "Servizi di Certificazione",
		CommonName: "Regione Esempio - CA Cittadini (TEST, VECCHIA)"}, ca.RSA2048,
		first.AddDate(-10, 0, 0)); err != nil {
		return err
	}
	current, err := root(currentName,
		ca.Name{Organization: organization, OrganizationalUnit: "Servizi di Certificazione",
			CommonName: "Regione Esempio - CA Cittadini (TEST)"}, kind, first.AddDate(-1, 0, 0))
	if err != nil {
		return err
	}
	network, err := root(tlsName, ca.Name{Organization: organization, OrganizationalUnit: "Servizi di rete",
		CommonName: "Rinnova - CA TLS (TEST)"}, ca.P256, first.AddDate(-1, 0, 0))
	if err != nil {
		return err
	}

	from, until := first.AddDate(0, -1, 0), last.AddDate(10, 0, 0)
	for file, issue := range map[string]func(public any) (*x509.Certificate, error){
		serverName: func(public any) (*x509.Certificate, error) {
			return network.ServerCertificate(ca.ServerRequest{Name: ca.Name{Organization: organization,
				OrganizationalUnit: "Servizi di rete", CommonName: "localhost"}, PublicKey: public, NotBefore: from,
				NotAfter: until})
		},
		signerName: func(public any) (*x509.Certificate, error) {
			return current.SignerCertificate(ca.SignerRequest{Name: ca.Name{Organization: organization,
				OrganizationalUnit: "Servizi di Certificazione",
				CommonName:         "Rinnova - firma delle risposte CMP (TEST)"}, PublicKey: public, NotBefore: from,
				NotAfter: until})
		},
	} {
		key, err := ca.GenerateKey(ca.P256)
		if err != nil {
			return err
		}
		certificate, err := issue(key.Public())
		if err != nil {
			return err
		}
		keyPEM, err := ca.EncodeKey(key)
		if err != nil {
			return err
		}
		if err := c.write(file, certificate, keyPEM); err != nil {
			return err
		}
	}
	if err := c.desk(from, until); err != nil {
		return err
	}
	if err := c.makeSecrets(); err != nil {
		return err
	}
	s, err := c.open(p.ctx, clock())
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Fprintf(p.out, "Servizio di prova creato in %s.\n", c.Dir)
	return nil
}

// write writes a certificate and its key, readable by its owner only. It overwrites no file.
func (l serviceDir) write(name string, certificate *x509.Certificate, keyPEM []byte) error {
	if err := createFile(filepath.Join(l.Dir, name+".key"), keyPEM, 0o600); err != nil {
		return err
	}
	return createFile(filepath.Join(l.Dir, name+".pem"), ca.EncodeCertificate(certificate), 0o644)
}

// createFile writes a new file durably.
func createFile(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// open opens the service's database; a new one gets the shipped campaigns.
func (l serviceDir) open(ctx context.Context, now time.Time) (*store.Store, error) {
	dsn := l.DSN
	if dsn == "" {
		if _, err := os.Stat(filepath.Join(l.Dir, currentName+".pem")); err != nil {
			return nil, ended(failure.NotInitialised, nil)
		}
		dsn = filepath.Join(l.Dir, databaseName)
		// Certificates name people: only the owner may read the file, and SQLite's other files get its mode.
		f, err := os.OpenFile(dsn, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		f.Close()
	}
	s, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, ended(failure.Database, err)
	}
	known, err := s.Campaigns(ctx)
	if err == nil && len(known) == 0 {
		for _, c := range campaign.Shipped() {
			// Another replica may be doing the same.
			if err = s.AddCampaign(ctx, c, now); err != nil && !errors.Is(err, store.ErrChanged) {
				break
			}
			err = nil
		}
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (l serviceDir) read(name string) (certificate, key []byte, err error) {
	if certificate, err = os.ReadFile(filepath.Join(l.Dir, name+".pem")); err == nil {
		key, err = os.ReadFile(filepath.Join(l.Dir, name+".key"))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, ended(failure.NotInitialised, err)
	}
	return certificate, key, err
}

// verifierOf judges the certificates of both roots.
func verifierOf(legacy, current *ca.Issuer) (*ca.Verifier, error) {
	return ca.NewVerifier([]*x509.Certificate{legacy.Certificate()}, []*x509.Certificate{current.Certificate()})
}

func (l serviceDir) issuer(name string) (*ca.Issuer, error) {
	certificate, key, err := l.read(name)
	if err != nil {
		return nil, err
	}
	issuer, err := ca.LoadIssuer(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return issuer, nil
}

// server reads the TLS server's certificate and key.
func (l serviceDir) server() (tls.Certificate, error) {
	certificate, key, err := l.read(serverName)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificate, key)
}

func (l serviceDir) signer(current *ca.Issuer) (cmp.Credential, error) {
	certificate, key, err := l.read(signerName)
	if err != nil {
		return cmp.Credential{}, err
	}
	certificates, err := ca.ParseCertificates(certificate)
	if err != nil {
		return cmp.Credential{}, fmt.Errorf("%s: %w", signerName, err)
	}
	signer, err := ca.ParseKey(key)
	if err != nil {
		return cmp.Credential{}, fmt.Errorf("%s: %w", signerName, err)
	}
	return cmp.Credential{Certificate: certificates[0], Chain: []*x509.Certificate{current.Certificate()}, Key: signer},
		nil
}
