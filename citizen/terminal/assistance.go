// SPDX-License-Identifier: EUPL-1.2

package terminal

import (
	"fmt"
	"io"

	"rinnova.example/go/operator"
)

// PrintContact says how to reach the assistance, a line for each way; nothing where none is known.
func PrintContact(w io.Writer, c operator.Contact) {
	for _, way := range []struct{ name, value string }{{"telefono", c.Telephone}, {"posta", c.Mail},
		{"orari", c.Hours}, {"pagina", c.Page}} {
		if way.value != "" {
			fmt.Fprintf(w, "Assistenza, %s: %s\n", way.name, way.value)
		}
	}
}

// PrintService shows a service, its roots with their fingerprints to compare, and its assistance.
func PrintService(w io.Writer, o operator.Operator) {
	fmt.Fprintln(w, "Servizio:", o.Service)
	for _, one := range []struct{ title, text string }{{"Radice di chi emette", o.CA}, {"Radice del server", o.TLSCA}} {
		roots, err := operator.Roots(one.text)
		if err != nil {
			continue // the system's roots
		}
		for _, r := range roots {
			fmt.Fprintf(w, "%s: %s\n  SHA-256 %s\n", one.title, r.Name, r.SHA256)
		}
	}
	PrintContact(w, o.Contact)
}
