// SPDX-License-Identifier: EUPL-1.2

package portal

import (
	"net/http"
	"strconv"

	"rinnova/ca"
	"rinnova/ra"
)

// Publication serves what certificates and relying sites point to, over plain HTTP (RFC 5280 §8: a revocation list
// behind TLS could not be checked): the revocation lists of the current and the legacy root, each root as one DER
// certificate and in PEM, and the practice statement of a trial. OCSP is not served yet.
func Publication(authority *ra.Authority, current, legacy *ca.Issuer) http.Handler {
	mux := http.NewServeMux()
	for path, issuer := range map[string]*ca.Issuer{ca.CRLPath: current, ca.LegacyCRLPath: legacy} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			der, err := authority.CRL(r.Context(), issuer)
			if err != nil {
				http.Error(w, "La lista delle revoche non è disponibile in questo momento.", http.StatusServiceUnavailable)
				return
			}
			send(w, "application/pkix-crl", der) // RFC 2585 §4.2
		})
	}
	for name, issuer := range map[string]*ca.Issuer{"ca": current, "legacy": legacy} {
		mux.HandleFunc("GET /"+name+".cer", func(w http.ResponseWriter, r *http.Request) {
			send(w, "application/pkix-cert", issuer.Certificate().Raw) // RFC 2585 §4.1
		})
		mux.HandleFunc("GET /"+name+".pem", func(w http.ResponseWriter, r *http.Request) {
			send(w, "application/x-pem-file", ca.EncodeCertificate(issuer.Certificate()))
		})
	}
	mux.HandleFunc("GET "+ca.CPSPath, func(w http.ResponseWriter, r *http.Request) {
		send(w, "text/plain; charset=utf-8", []byte("Certificati rilasciati per prova da un'autorità fittizia: non identificano nessuno e nessun sito deve accettarli.\n"))
	})
	return mux
}

func send(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "max-age=300")
	w.Write(body)
}
