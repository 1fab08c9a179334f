// SPDX-License-Identifier: EUPL-1.2

package portal

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"time"

	"rinnova.example/go/service/ca"
)

// trustListPath is the path of the authorities in the format of the national trusted list.
const trustListPath = "/tsl.xml"

// serviceIdV is the service type of the authorities of CNS certificates in the national list.
const serviceIdV = "http://uri.etsi.org/TrstSvc/Svctype/IdV"

// trustedList is the part of a trusted list (ETSI TS 119 612) that relying sites read the roots from. It is not signed,
// so it proves nothing by itself.
type trustedList struct {
	XMLName xml.Name       `xml:"http://uri.etsi.org/02231/v2# TrustServiceStatusList"`
	Scheme  trustScheme    `xml:"SchemeInformation"`
	Service []trustService `xml:"TrustServiceProviderList>TrustServiceProvider>TSPServices>TSPService"`
}

type trustScheme struct {
	Version  int       `xml:"TSLVersionIdentifier"`
	Sequence int       `xml:"TSLSequenceNumber"`
	Operator trustName `xml:"SchemeOperatorName>Name"`
	Issued   string    `xml:"ListIssueDateTime"`
	Next     string    `xml:"NextUpdate>dateTime"`
}

type trustName struct {
	Language string `xml:"xml:lang,attr"`
	Text     string `xml:",chardata"`
}

type trustService struct {
	Type        string    `xml:"ServiceInformation>ServiceTypeIdentifier"`
	Name        trustName `xml:"ServiceInformation>ServiceName>Name"`
	Certificate string    `xml:"ServiceInformation>ServiceDigitalIdentity>DigitalId>X509Certificate"`
	Status      string    `xml:"ServiceInformation>ServiceStatus"`
	Since       string    `xml:"ServiceInformation>StatusStartingTime"`
}

func trustListOf(now time.Time, issuers ...*ca.Issuer) ([]byte, error) {
	moment := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	list := trustedList{Scheme: trustScheme{
		Version: 5, Sequence: 1, Operator: trustName{"it", "Regione Esempio (ente di fantasia)"},
		Issued: moment(now.Truncate(24 * time.Hour)), Next: moment(now.Truncate(24*time.Hour).AddDate(0, 1, 0)),
	}}
	for _, i := range issuers {
		c := i.Certificate()
		list.Service = append(list.Service, trustService{
			serviceIdV, trustName{"it", c.Subject.CommonName}, base64.StdEncoding.EncodeToString(c.Raw),
			"http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/recognisedatnationallevel", moment(c.NotBefore),
		})
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	b.WriteString("<!-- Elenco di prova, non firmato: enti di fantasia. -->\n")
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(list); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
