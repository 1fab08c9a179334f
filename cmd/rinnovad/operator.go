// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"errors"
	"os"
	"path/filepath"

	"rinnova.example/go/jsonfile"
	"rinnova.example/go/operator"
)

// operatorCommand writes operator.json, with which packages are assembled for this service.
type operatorCommand struct {
	Dir       string `required:"" type:"path" placeholder:"DIR" help:"Cartella del servizio."`
	Service   string `required:"" placeholder:"URL" help:"Indirizzo con cui i programmi raggiungono il servizio."`
	SystemTLS bool   `name:"system-tls" help:"Il certificato del server è di un'autorità che i sistemi conoscono: senza, vale tls.pem della cartella."`
	Desk      string `type:"path" placeholder:"FILE" help:"Certificati dell'assistenza (PEM); senza, desk.pem della cartella."`
	Telephone string `placeholder:"NUMERO" help:"Telefono dell'assistenza."`
	Mail      string `placeholder:"INDIRIZZO" help:"Posta elettronica dell'assistenza."`
	Hours     string `placeholder:"TESTO" help:"Orari dell'assistenza."`
	Page      string `placeholder:"URL" help:"Pagina dell'assistenza."`
	Out       string `required:"" type:"path" placeholder:"FILE" help:"File da scrivere; non deve esistere."`
}

func (c *operatorCommand) Run(*program) error {
	o := operator.Operator{Service: c.Service, Contact: operator.Contact{Telephone: c.Telephone, Mail: c.Mail,
		Hours: c.Hours, Page: c.Page}}
	files := map[string]*string{filepath.Join(c.Dir, currentName+".pem"): &o.CA,
		filepath.Join(c.Dir, deskName+".pem"): &o.Desk}
	if c.Desk != "" {
		delete(files, filepath.Join(c.Dir, deskName+".pem"))
		files[c.Desk] = &o.Desk
	}
	if !c.SystemTLS {
		files[filepath.Join(c.Dir, tlsName+".pem")] = &o.TLSCA
	}
	for file, text := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		*text = string(b)
	}
	b, err := o.Encode()
	var bad *jsonfile.Error
	if errors.As(err, &bad) {
		return misused("operator.json avrebbe un valore non utilizzabile", bad)
	}
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}
