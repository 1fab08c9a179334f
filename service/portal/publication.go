// SPDX-License-Identifier: EUPL-1.2

package portal

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/ra"
	"rinnova.example/go/service/store"
)

// bundlePath is the path of both roots in one PEM file, for relying sites.
const bundlePath = "/fiducia.pem"

// Publication serves the addresses in certificates, over plain HTTP (RFC 5280 §8: a revocation list behind TLS could
// not be checked): the revocation lists of the current and the legacy root, OCSP for both, each root in DER and in PEM,
// both together in PEM and as a trusted list, and the practice statement of a trial. It passes other paths to pages.
func Publication(authority *ra.Authority, responder *ca.Responder, current, legacy *ca.Issuer,
	pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	for path, issuer := range map[string]*ca.Issuer{ca.CRLPath: current, ca.LegacyCRLPath: legacy} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			der, err := authority.CRL(r.Context(), issuer)
			if err != nil {
				http.Error(w, "La lista delle revoche non è disponibile in questo momento.",
					http.StatusServiceUnavailable)
				return
			}
			sendFile(w, "application/pkix-crl", der) // RFC 2585 §4.2
		})
	}
	for name, issuer := range map[string]*ca.Issuer{"ca": current, "legacy": legacy} {
		mux.HandleFunc("GET /"+name+".cer", func(w http.ResponseWriter, r *http.Request) {
			sendFile(w, "application/pkix-cert", issuer.Certificate().Raw) // RFC 2585 §4.1
		})
		mux.HandleFunc("GET /"+name+".pem", func(w http.ResponseWriter, r *http.Request) {
			sendFile(w, "application/x-pem-file", ca.EncodeCertificate(issuer.Certificate()))
		})
	}
	mux.HandleFunc("GET "+bundlePath, func(w http.ResponseWriter, r *http.Request) {
		sendFile(w, "application/x-pem-file",
			slices.Concat(ca.EncodeCertificate(current.Certificate()), ca.EncodeCertificate(legacy.Certificate())))
	})
	mux.HandleFunc("GET "+trustListPath, func(w http.ResponseWriter, r *http.Request) {
		list, err := trustListOf(authority.Clock(), current, legacy)
		if err != nil {
			http.Error(w, "L'elenco non è disponibile in questo momento.", http.StatusInternalServerError)
			return
		}
		sendFile(w, "application/vnd.etsi.tsl+xml", list) // ETSI TS 119 612 §6.1
	})
	mux.HandleFunc("GET "+ca.CPSPath, func(w http.ResponseWriter, r *http.Request) {
		sendFile(w, "text/plain; charset=utf-8",
			[]byte("Certificati rilasciati per prova da un'autorità fittizia: non identificano nessuno e nessun sito "+
				"deve accettarli.\n"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Not by the mux, which redirects a path with "//", and base64 may contain it.
		if rest, found := strings.CutPrefix(r.URL.Path, ca.OCSPPath); found && (rest == "" || rest[0] == '/') {
			serveOCSP(w, r, authority, responder, strings.TrimPrefix(rest, "/"))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// maxOCSPRequest bounds a request in bytes; one for 32 certificates has 3 KiB.
const maxOCSPRequest = 8 << 10

// serveOCSP implements RFC 6960 appendix A: POST with the request as body, or GET with the request in base64 after the
// path. Other requests get an HTTP error; every OCSP request gets an OCSP response with status 200.
func serveOCSP(w http.ResponseWriter, r *http.Request, authority *ra.Authority, responder *ca.Responder,
	encoded string) {
	var request []byte
	var err error
	switch {
	case r.Method == http.MethodPost && encoded == "":
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil ||
			kind != "application/ocsp-request" {
			http.Error(w, "Atteso application/ocsp-request.", http.StatusUnsupportedMediaType)
			return
		}
		if request, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxOCSPRequest)); err != nil {
			http.Error(w, "Richiesta troppo lunga o interrotta.", http.StatusRequestEntityTooLarge)
			return
		}
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && encoded != "":
		if request, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			request = nil // the responder says malformedRequest
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "Servizio OCSP: si interroga con POST, o con GET e la richiesta in base64 nell'indirizzo.",
			http.StatusMethodNotAllowed)
		return
	}
	response, cacheable, err := responder.Answer(request, authority.Clock(),
		func(issuer *x509.Certificate, serial *big.Int) (ca.CertificateStatus, error) {
			return statusOnRecord(r.Context(), authority.Store, issuer, serial)
		})
	if err != nil {
		authority.Log.ErrorContext(r.Context(), "OCSP request not answered", "error", err)
	}
	w.Header().Set("Content-Type", "application/ocsp-response")
	w.Header().Set("Content-Length", strconv.Itoa(len(response)))
	w.Header().Set("Cache-Control", "no-store")
	if cacheable && r.Method != http.MethodPost {
		w.Header().Set("Cache-Control", "max-age=300, no-transform, must-revalidate") // RFC 5019 §6.2
	}
	w.Write(response)
}

// statusOnRecord returns the registry's status of an issuer's serial number.
func statusOnRecord(ctx context.Context, db *store.Store, issuer *x509.Certificate,
	serial *big.Int) (ca.CertificateStatus, error) {
	found, err := db.WithSerial(ctx, store.SerialOf(serial))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return ca.CertificateStatus{}, err
	}
	for _, r := range found {
		if string(r.Issuer) == string(issuer.RawSubject) {
			return ca.CertificateStatus{Issued: true, Revoked: r.Status != store.Active, RevokedAt: r.ChangedAt,
				Reason: r.Reason}, nil
		}
	}
	return ca.CertificateStatus{}, nil
}

func sendFile(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "max-age=300")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(body)
}
