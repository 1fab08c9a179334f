// SPDX-License-Identifier: EUPL-1.2

// Package usage has kong's help and its errors in Italian, manual pages and completions, for the programs that citizens,
// clerks and operators start.
package usage

import (
	"bytes"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// words are kong's own words in its help, with their places.
var words = []struct {
	at      *regexp.Regexp
	italian string
}{
	{regexp.MustCompile(`(?m)^Usage: `), "Uso: "},
	{regexp.MustCompile(`(?m)^Flags:$`), "Opzioni:"},
	{regexp.MustCompile(`(?m)^Commands:$`), "Comandi:"},
	{regexp.MustCompile(`(?m)^Arguments:$`), "Argomenti:"},
	{regexp.MustCompile(`(?m)^Run "(.*) <command> --help" for more information on a command\.$`), `"$1 <comando> --help" spiega un comando.`},
	{regexp.MustCompile(`(?m)^Run "(.*) --help" for more information\.$`), `"$1 --help" spiega il comando.`},
	{regexp.MustCompile(`\[flags\]`), "[opzioni]"},
	{regexp.MustCompile(`<command>`), "<comando>"},
}

// Options are the options of a program that speaks Italian. After its help the program ends by kong.Exit.
func Options() []kong.Option {
	return []kong.Option{
		kong.PostBuild(func(k *kong.Kong) error {
			k.Model.HelpFlag.Help = "Mostra questo aiuto."
			return nil
		}),
		kong.Help(func(o kong.HelpOptions, ctx *kong.Context) error {
			out := ctx.Stdout
			if f, ok := out.(interface{ Fd() uintptr }); ok {
				o.WrapUpperBound, _, _ = term.GetSize(int(f.Fd())) // 0 where it is no terminal: kong's own width
			}
			var page bytes.Buffer
			ctx.Stdout = &page
			err := kong.DefaultHelpPrinter(o, ctx)
			ctx.Stdout = out
			text := page.String()
			for _, w := range words {
				text = w.at.ReplaceAllString(text, w.italian)
			}
			if err == nil {
				_, err = io.WriteString(out, text)
			}
			return err
		}),
	}
}

// messages are the errors of a command line, in the order in which they are tried.
var messages = []struct {
	kong    *regexp.Regexp
	italian string
}{
	{regexp.MustCompile(`^unknown flag (\S+), did you mean (?:one of )?(.*)\?$`), "L’opzione $1 non esiste: intendevi $2?"},
	{regexp.MustCompile(`^unknown flag (\S+)$`), "L’opzione $1 non esiste."},
	{regexp.MustCompile(`^unexpected argument (.+), did you mean (?:one of )?(.*)\?$`), "«$1» non è previsto: intendevi $2?"},
	{regexp.MustCompile(`^unexpected (?:argument|token) (.+)$`), "«$1» non è previsto."},
	{regexp.MustCompile(`^unexpected flag argument (.+)$`), "L’opzione non vuole un valore: $1."},
	{regexp.MustCompile(`^expected one of (.*)$`), "Manca il comando: uno fra $1."},
	{regexp.MustCompile(`^expected "?([^"]*)"?$`), "Manca: $1"},
	{regexp.MustCompile(`^missing flags: (.*)$`), "Mancano le opzioni $1."},
	{regexp.MustCompile(`^missing positional arguments (.*)$`), "Mancano gli argomenti $1."},
	{regexp.MustCompile(`^(--\S+?)(?:=\S*)? must be one of (.*) but got "(.*)"$`), "$1 vuole uno fra $2, non «$3»."},
	{regexp.MustCompile(`^(--\S+?)(?:=\S*)?: missing value.*$`), "$1 vuole un valore."},
	{regexp.MustCompile(`^(--\S+?)(?:=\S*)?: expected .* but got "EOL".*$`), "$1 vuole un valore."},
	{regexp.MustCompile(`^(--\S+?)(?:=\S*)?: expected (?:\S+ value|duration|an int|a valid .*? u?int|a float) but got "(.*?)".*$`), "$1 non accetta «$2»."},
	{regexp.MustCompile(`^(--\S+?)(?:=\S*)?: .*$`), "$1 vuole un altro valore."},
	{regexp.MustCompile(`^(--\S+) and (--\S+) can't be used together$`), "$1 e $2 non si usano insieme."},
}

// Message returns what is wrong with a command line, from the error of kong's Parse. For an error that it does not
// know it has a general sentence, so that no English reaches a citizen.
func Message(err error) string {
	text := strings.TrimSpace(err.Error())
	for _, m := range messages {
		if at := m.kong.FindStringSubmatchIndex(text); at != nil {
			return string(m.kong.ExpandString(nil, m.italian, text, at))
		}
	}
	return "Il comando non è scritto come previsto."
}

// Again returns a command to type after that of ctx, with those flags of its line that all commands have. It leaves
// out flags with the tag again:"-", and a URL with a user name or password.
func Again(ctx *kong.Context, command string) string {
	words := []string{command}
	for _, p := range ctx.Path {
		if p.Flag == nil || p.Resolved || p.Flag.Tag.Get("again") == "-" || !slices.Contains(ctx.Model.Flags, p.Flag) {
			continue
		}
		if p.Flag.IsBool() {
			words = append(words, "--"+p.Flag.Name)
			continue
		}
		value := p.Flag.Target.String()
		if u, err := url.Parse(value); err == nil && u.User != nil {
			continue
		}
		words = append(words, "--"+p.Flag.Name, quoted(value))
	}
	return strings.Join(words, " ")
}

// plain matches values without a character that a shell interprets, cmd.exe and PowerShell among them.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:\\=+-]+$`)

// quoted returns a value between double quotes, which every shell understands, unless it has a character that a shell
// interprets between them; then between single quotes.
func quoted(value string) string {
	if plain.MatchString(value) {
		return value
	}
	if !strings.ContainsAny(value, "\"$`\\") {
		return `"` + value + `"`
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
