// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/store"
	"rinnova.example/go/service/store/storetest"
)

// balancer sends each request to the next of the replicas that run.
type balancer struct {
	mu        sync.Mutex
	addresses []string
	next      int
	transport *http.Transport
}

func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	b.next++
	to := b.addresses[b.next%len(b.addresses)]
	b.mu.Unlock()
	r = r.Clone(r.Context())
	r.URL.Host = strings.TrimPrefix(to, "https://")
	return b.transport.RoundTrip(r)
}

func (b *balancer) set(i int, address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addresses[i] = address
}

// oldCard is a certificate of the legacy root that the registry knows, with its key.
func oldCard(t *testing.T, legacy *ca.Issuer, db *store.Store) cmp.Credential {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	cn, err := holder.ParseCN("SMPBNL78R47D612H/6090900000003001.3SsHNs8uNFgeYKY73uk31/nMtfI=")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cert, err := legacy.IssueOld(ca.OldRequest{Administration: "Regione Esempio", CN: cn, PublicKey: &key.PublicKey,
		Signature: x509.SHA256WithRSA, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 1, 0),
		PublicURL: "http://localhost"})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Register(t.Context(), cert, "", now); err != nil {
		t.Fatal(err)
	}
	return cmp.Credential{Certificate: cert, Key: key}
}

// persistent sends the same bytes until read accepts the answer, or it is a refusal that does not pass.
func persistent(ctx context.Context, client *cmp.Client, der []byte, read func([]byte) error) error {
	var err error
	for range 400 {
		var answer []byte
		if answer, err = client.Post(ctx, der); err == nil {
			err = read(answer)
		}
		var refusal *cmp.Refusal
		if err == nil || errors.As(err, &refusal) && !refusal.Temporary() {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// renewOnce makes a new key and renews with it.
func renewOnce(ctx context.Context, client *cmp.Client, old cmp.Credential, root *x509.Certificate) (*x509.Certificate,
	error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	tr, err := cmp.NewTransaction(rand.Reader)
	if err != nil {
		return nil, err
	}
	trust := cmp.Trust{Anchors: []*x509.Certificate{root}, Now: time.Now()}
	kur, err := tr.UpdateRequest(old, key, nil, trust.Now, rand.Reader)
	if err != nil {
		return nil, err
	}
	var cert *x509.Certificate
	if err := persistent(ctx, client, kur, func(b []byte) error {
		response, err := tr.UpdateResponse(b, trust)
		if err == nil {
			cert = response.Certificate
		}
		return err
	}); err != nil || cert == nil {
		return nil, fmt.Errorf("kur: %w", err)
	}
	time.Sleep(500 * time.Millisecond) // the card is written
	conf, err := tr.ConfirmRequest(old, cert, true, "", trust.Now, rand.Reader)
	if err != nil {
		return nil, err
	}
	err = persistent(ctx, client, conf, func(b []byte) error { return tr.ConfirmResponse(b, trust) })
	if err != nil {
		return nil, fmt.Errorf("certConf: %w", err)
	}
	return cert, nil
}

// TestKilledReplicas: three processes on one PostgreSQL behind a round robin, of which one is killed by SIGKILL several
// times while cards are renewed. No certificate is lost, none is there twice, and none is valid that is not on record.
func TestKilledReplicas(t *testing.T) {
	const cards, workers = 24, 4
	dir := t.TempDir()
	where := []string{"--dir", filepath.Join(dir, "s"), "--dsn", storetest.PostgreSQL(t).Database(t)}
	do(t, dir, "rinnovad", append([]string{"init"}, where...)...)
	folder := serviceDir{Dir: where[1], DSN: where[3]}
	legacy, err := folder.issuer(legacyName)
	if err != nil {
		t.Fatal(err)
	}
	current, err := folder.issuer(currentName)
	if err != nil {
		t.Fatal(err)
	}
	db, err := folder.open(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(filepath.Join(folder.Dir, tlsName+".pem"))
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	b := &balancer{addresses: make([]string, 3),
		transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	replicas := make([]*running, len(b.addresses))
	for i := range replicas {
		replicas[i] = serve(t, where...)
		b.addresses[i] = replicas[i].cmp
	}
	client := &cmp.Client{URL: "https://rinnova.example/.well-known/cmp/p/prova", HTTP: &http.Client{Transport: b}}
	olds, certs, errs := make([]cmp.Credential, cards), make([]*x509.Certificate, cards), make([]error, cards)
	for i := range olds {
		olds[i] = oldCard(t, legacy, db)
	}
	work, ended := make(chan int), make(chan struct{})
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range work {
				certs[i], errs[i] = renewOnce(t.Context(), client, olds[i], current.Certificate())
			}
		})
	}
	go func() {
		for i := range olds {
			work <- i
		}
		close(work)
		group.Wait()
		close(ended)
	}()
	kills := 0
	for renewing := true; renewing; {
		select {
		case <-ended:
			renewing = false
		case <-time.After(300 * time.Millisecond):
			r := replicas[kills%len(replicas)]
			if err := r.command.Process.Kill(); err != nil {
				t.Errorf("a replica that cannot be killed: %v", err)
			}
			_ = r.command.Wait() // it was killed
			replicas[kills%len(replicas)] = serve(t, where...)
			b.set(kills%len(replicas), replicas[kills%len(replicas)].cmp)
			kills++
		}
	}
	t.Logf("%d kills", kills)
	if kills < 3 {
		t.Errorf("only %d kills", kills)
	}
	list := certificates(t, dir, where)
	for i, old := range olds {
		if errs[i] != nil {
			t.Errorf("card %d: %v", i, errs[i])
			continue
		}
		digest := store.Sum(old.Certificate.Raw).String()
		mine := slices.DeleteFunc(slices.Clone(list), func(c certificateLine) bool {
			return c.OldSHA256 != digest || c.Campaign == ""
		})
		if len(mine) != 1 || mine[0].State != "installed" || !mine[0].Valid ||
			mine[0].Serial != string(store.SerialOf(certs[i].SerialNumber)) {
			t.Errorf("card %d: on record %+v", i, mine)
		}
		held, err := db.WithDigest(t.Context(), store.Sum(certs[i].Raw))
		if err != nil || !bytes.Equal(held.DER, certs[i].Raw) {
			t.Errorf("card %d: its certificate is not on record: %v", i, err)
		}
	}
}
