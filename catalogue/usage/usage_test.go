// SPDX-License-Identifier: EUPL-1.2

package usage_test

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"rinnova.example/go/catalogue/usage"
)

type commands struct {
	JSON  bool   `name:"json" help:"Scrive JSON." again:"-"`
	Check string `enum:"on,off" default:"on" help:"Se controllare."`
	Card  string `help:"La tessera da usare, se nel lettore o nei lettori ve n'è più d'una." group:"Tessera:"`
	Proxy string `help:"Proxy." group:"Servizio:" env:"PROVA_PROXY"`
	Quick bool   `help:"Subito." group:"Servizio:"`

	Renew struct {
		Series string        `help:"Sigla della tessera."`
		Late   time.Duration `help:"Attesa."`
		File   string        `required:"" help:"File."`
	} `cmd:"" help:"Rinnova."`
	Import struct {
		Files []string `arg:"" help:"File."`
	} `cmd:"" help:"Importa."`
}

func parse(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := parseTo(t, &out, args...)
	return out.String(), err
}

func parseTo(t *testing.T, out io.Writer, args ...string) error {
	t.Helper()
	var c commands
	p, err := kong.New(&c, append(usage.Options(), kong.Name("prova"), kong.Writers(out, out), kong.Exit(func(int) { panic(true) }))...)
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { recover() }() // help ends a program
		_, err = p.Parse(args)
	}()
	return err
}

// TestMessage: every wrong command line gets an Italian message. The errors are kong's own.
func TestMessage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"renew", "--file", "x", "--frobnicate"}, "L’opzione --frobnicate non esiste."},
		{[]string{"renew", "--file", "x", "--serie", "x"}, `L’opzione --serie non esiste: intendevi "--series"?`},
		{[]string{"frobnicate"}, "«frobnicate» non è previsto."},
		{[]string{"rene"}, `«rene» non è previsto: intendevi "renew"?`},
		{nil, `Manca il comando: uno fra "renew", "import".`},
		{[]string{"renew"}, "Mancano le opzioni --file=STRING."},
		{[]string{"import"}, "Manca: <files> ..."},
		{[]string{"renew", "--file"}, "--file vuole un valore."},
		{[]string{"renew", "--file", "x", "--check", "perhaps"}, `--check vuole uno fra "on","off", non «perhaps».`},
		{[]string{"renew", "--file", "x", "--late", "soon"}, "--late non accetta «soon»."},
		{[]string{"renew", "--file", "x", "--json=perhaps"}, "--json vuole un altro valore."},
		{[]string{"renew", "--file", "x", "y"}, "«y» non è previsto."},
	} {
		_, err := parse(t, c.args...)
		if err == nil {
			t.Errorf("%q is accepted", c.args)
			continue
		}
		if got := usage.Message(err); got != c.want {
			t.Errorf("%q: %s (of %v)", c.args, got, err)
		}
	}
}

var english = regexp.MustCompile(`(?i)\b(usage|flags?|commands?|arguments?|show|help for|more information|run)\b`)

// TestHelp: the help has no English word of kong's.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"renew", "--help"}, {"import", "--help"}} {
		page, _ := parse(t, args...)
		if m := english.FindString(page); m != "" || page == "" {
			t.Errorf("%q says %q:\n%s", args, m, page)
		}
	}
}

// TestAgain: a command to type next has the common flags of the line, and no secret.
func TestAgain(t *testing.T) {
	t.Setenv("PROVA_PROXY", "http://127.0.0.1:3128")
	for _, c := range []struct{ line, want string }{
		{`renew --file x`, `prova`},
		{`renew --file x --series OT2015 --json --check off`, `prova --check off`},
		{`--quick renew --file x --card pcsc:1`, `prova --quick --card pcsc:1`},
		{`renew --file x --proxy http://name:secret@127.0.0.1:3128`, `prova`},
		{`renew --file x --proxy http://127.0.0.1:1`, `prova --proxy http://127.0.0.1:1`},
	} {
		again(t, strings.Fields(c.line), c.want)
	}
	again(t, []string{"renew", "--file", "x", "--card", "pcsc:Lettore di prova 00"}, `prova --card "pcsc:Lettore di prova 00"`)
	again(t, []string{"renew", "--file", "x", "--card", "pcsc:$(id) è 'mio'"}, `prova --card 'pcsc:$(id) è '\''mio'\'''`)
}

func again(t *testing.T, line []string, want string) {
	t.Helper()
	p, err := kong.New(&commands{}, kong.Name("prova"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := p.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	if got := usage.Again(ctx, "prova"); got != want {
		t.Errorf("%q: %s, want %s", line, got, want)
	}
}
