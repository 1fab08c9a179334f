// SPDX-License-Identifier: EUPL-1.2

package usage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"

	"rinnova.example/go/failure"
)

// manuals are the files and the templates they come from.
var manuals = map[string]string{
	"rinnova.1": manPage, "rinnova-window.1": windowPage, "rinnova.bash": bashCompletion, "_rinnova": zshCompletion, "rinnova.fish": fishCompletion,
}

// Manual writes the pages of the manual and the shells' completions of a program from its kong commands, by the names of
// their files. The hidden command "window" is the program's window.
func Manual(program, version, date string, commands any) (map[string]string, error) {
	m, err := readManual(program, version, date, commands)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for name, text := range manuals {
		t, err := template.New(name).Delims("⟨", "⟩").Funcs(manualFunctions).Parse(text)
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		if err := t.Execute(&b, m); err != nil {
			return nil, err
		}
		files[name] = b.String()
	}
	return files, nil
}

// manual is what the templates are filled with.
type manual struct {
	Version, Date string
	Flags         []*kong.Flag // common to all commands
	Commands      []*kong.Node
	Window        *kong.Node
	Exits         []exitCode
}

type exitCode struct {
	Code int
	Text string
}

var exitCodes = []exitCode{
	{0, "Fatto."},
	{failure.ExitFailure, "Non riuscito."},
	{failure.ExitUsage, "La riga di comando è sbagliata, o manca un dato."},
	{failure.ExitNothing, "Non c'è niente da rinnovare."},
	{failure.ExitCard, "Non c'è il lettore o la tessera, oppure la tessera è occupata."},
	{failure.ExitPINOrPUK, "PIN o PUK errato, malformato o bloccato."},
	{failure.ExitRefused, "Il servizio ha rifiutato, o l'accesso è stato rifiutato."},
	{failure.ExitInterrupted, "Interrotto: rieseguire il comando, che riprende da dove era."},
}

// readManual describes the program without the commands of a development build.
func readManual(program, version, date string, commands any) (*manual, error) {
	k, err := kong.New(commands, kong.Name(program))
	if err != nil {
		return nil, err
	}
	m := &manual{Version: version, Date: date, Flags: shown(k.Model.Flags), Exits: exitCodes}
	for _, n := range k.Model.Children {
		if n.Name == "window" {
			m.Window = n
		}
		if !n.Hidden {
			m.Commands = append(m.Commands, n)
		}
	}
	return m, nil
}

// shown leaves out what is hidden, and has kong's own flag in Italian.
func shown(flags []*kong.Flag) []*kong.Flag {
	for _, f := range flags {
		if f.Name == "help" {
			f.Help = "Mostra i comandi e le opzioni."
		}
	}
	return slices.DeleteFunc(slices.Clone(flags), func(f *kong.Flag) bool { return f.Hidden })
}

// values returns the kind of a flag's value: "" for none, "file", the words of an enumeration, or "other".
func values(f *kong.Flag) string {
	switch {
	case f.IsBool():
		return ""
	case f.Tag.Type == "path" || f.Tag.Type == "existingfile" || f.Tag.Type == "existingdir":
		return "file"
	case f.Enum != "":
		return strings.Join(f.EnumSlice(), " ")
	}
	return "other"
}

var manualFunctions = template.FuncMap{
	"shown":  shown,
	"values": values,
	"place":  func(f *kong.Flag) string { return cmp.Or(f.PlaceHolder, strings.ToUpper(f.Name)) },
	"environment": func(m *manual) []*kong.Flag {
		var list []*kong.Flag
		for _, flags := range [][]*kong.Flag{m.Flags, m.Window.Flags} {
			for _, f := range flags {
				if len(f.Envs) > 0 {
					list = append(list, f)
				}
			}
		}
		return list
	},
	// names returns a command's flags with values of one kind, as a shell's case pattern after the command's name.
	"names": func(command string, flags []*kong.Flag, kind string) string {
		var list []string
		for _, f := range shown(flags) {
			if values(f) == kind {
				list = append(list, command+"--"+f.Name)
			}
		}
		return strings.Join(list, "|")
	},
	// takesFiles returns the commands whose arguments are files, each with the end of a shell's pattern.
	"takesFiles": func(commands []*kong.Node, between, end string) string {
		var list []string
		for _, n := range commands {
			if len(n.Positional) > 0 {
				list = append(list, n.Name+end)
			}
		}
		return strings.Join(list, between)
	},
	"roff": func(s string) string {
		s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(s)
		if strings.HasPrefix(s, ".") {
			s = `\&` + s
		}
		return s
	},
	// quoted is one word within single quotes in bash, zsh and fish alike; colons and brackets mean something to _arguments.
	"quoted": func(s string) string { return strings.ReplaceAll(s, "'", "’") },
	"zsh": func(s string) string {
		return strings.NewReplacer("'", "’", "[", `\[`, "]", `\]`, ":", `\:`).Replace(s)
	},
	"function": func(s string) string { return strings.ReplaceAll(s, "-", "_") },
	"upper":    strings.ToUpper,
	"join":     func(s []string) string { return strings.Join(s, ", ") },
	"arguments": func(n *kong.Node) string {
		s := ""
		for _, a := range n.Positional {
			s += " " + a.Summary()
		}
		return s
	},
	"number": func(n int) string { return fmt.Sprint(n) },
}

const flagList = `⟨define "flags"⟩⟨range shown .⟩.TP
.B \-\-⟨roff .Name⟩⟨if values .⟩ \fI⟨roff (place .)⟩\fR⟨end⟩
⟨roff .Help⟩
⟨end⟩⟨end⟩`

const manPage = flagList + `.\" SPDX-License-Identifier: CC-BY-4.0
.TH RINNOVA 1 "⟨.Date⟩" "rinnova ⟨.Version⟩" "Rinnova"
.SH NOME
rinnova \- rinnova il certificato di autenticazione di una TS\-CNS
.SH SINTASSI
.B rinnova
.I COMANDO
.RI [ OPZIONI ]
.SH DESCRIZIONE
Legge la tessera sanitaria nel lettore, chiede il PIN e, per alcune serie, il PUK, genera una chiave nuova sulla
tessera, ottiene il certificato dal servizio, lo scrive e lo prova. La tessera resta utilizzabile qualunque cosa accada:
se la si toglie o manca la corrente, si riesegue il comando e il rinnovo riprende da dove era.
.PP
PIN e PUK si scrivono al terminale, oppure si leggono da dove dicono
.B \-\-pin\-from
e
.BR \-\-puk\-from :
.BI env: NOME\fR,
.BI file: PERCORSO
o
.BI fd: N\fR.
.SH COMANDI
⟨range .Commands⟩.SS rinnova ⟨roff .Name⟩⟨roff (arguments .)⟩
⟨roff .Help⟩
⟨template "flags" .Flags⟩⟨end⟩.SH OPZIONI COMUNI
⟨template "flags" .Flags⟩.SH AMBIENTE
⟨range environment .⟩.TP
.B ⟨join .Envs⟩
Come
.BR \-\-⟨roff .Name⟩ .
⟨end⟩.TP
.BR HTTPS_PROXY ", " NO_PROXY
Il proxy verso il servizio.
.SH FILE
.TP
.I /etc/rinnova/settings.json
Ciò che vale per tutti gli utenti del computer.
.SH USCITA
⟨range .Exits⟩.TP
.B ⟨number .Code⟩
⟨roff .Text⟩
⟨end⟩.SH VEDERE ANCHE
.BR rinnova\-window (1),
.BR pcscd (8)
`

const windowPage = flagList + `.\" SPDX-License-Identifier: CC-BY-4.0
.TH RINNOVA\-WINDOW 1 "⟨.Date⟩" "rinnova ⟨.Version⟩" "Rinnova"
.SH NOME
rinnova\-window \- rinnova il certificato di una TS\-CNS in una finestra
.SH SINTASSI
.B rinnova\-window
.br
.B rinnova\-window window
.RI [ OPZIONI ]
.br
.B rinnova\-window
.I COMANDO
.RI [ OPZIONI ]
.SH DESCRIZIONE
Senza argomenti apre la finestra, che guida dal lettore fino alla prova dell\(aqaccesso. Con un comando fa ciò che fa
.BR rinnova (1).
.SH OPZIONI
⟨template "flags" .Window.Flags⟩.SH VEDERE ANCHE
.BR rinnova (1)
`

const bashCompletion = `# SPDX-License-Identifier: EUPL-1.2
# bash completion for rinnova ⟨.Version⟩
_rinnova() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
			⟨names "" .Flags "file"⟩|⟨names "" .Flags "other"⟩) ((i++)) ;;
			⟨range $n, $c := .Commands⟩⟨if $n⟩|⟨end⟩⟨$c.Name⟩⟨end⟩) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $command/$prev in
		⟨names "*/" .Flags "file"⟩⟨range .Commands⟩⟨with names (printf "%s/" .Name) .Flags "file"⟩|⟨.⟩⟨end⟩⟨end⟩)
			compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
		⟨names "*/" .Flags "other"⟩⟨range .Commands⟩⟨with names (printf "%s/" .Name) .Flags "other"⟩|⟨.⟩⟨end⟩⟨end⟩) return ;;
	esac
	local words='--help⟨range .Flags⟩⟨if ne .Name "help"⟩ --⟨.Name⟩⟨end⟩⟨end⟩'
	case $command in
⟨range .Commands⟩⟨if shown .Flags⟩		⟨.Name⟩) words+='⟨range shown .Flags⟩ --⟨.Name⟩⟨end⟩' ;;
⟨end⟩⟨end⟩		'') words+='⟨range .Commands⟩ ⟨.Name⟩⟨end⟩' ;;
	esac
⟨with takesFiles .Commands "|" "/*"⟩	case $command/$cur in
		*/-*) ;;
		⟨.⟩)
			compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	esac
⟨end⟩	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _rinnova rinnova
`

const zshCompletion = `#compdef rinnova
⟨define "flags"⟩⟨range shown .⟩ '--⟨.Name⟩[⟨zsh .Help⟩]⟨$v := values .⟩⟨if eq $v "file"⟩:⟨zsh (place .)⟩:_files⟨else if eq $v "other"⟩:⟨zsh (place .)⟩: ⟨else if $v⟩:⟨zsh (place .)⟩:(⟨$v⟩)⟨end⟩'⟨end⟩⟨end⟩# SPDX-License-Identifier: EUPL-1.2
# zsh completion for rinnova ⟨.Version⟩
_rinnova() {
	local state line context
	local -a common commands
	common=(⟨template "flags" .Flags⟩)
	commands=(⟨range .Commands⟩ '⟨.Name⟩:⟨zsh .Help⟩'⟨end⟩)
	_arguments -C $common '1: :->command' '*:: :->rest'
	case $state in
		command) _describe comando commands ;;
		rest)
			case $line[1] in
⟨range .Commands⟩				⟨.Name⟩) _arguments $common⟨template "flags" .Flags⟩⟨if .Positional⟩ '*:file:_files'⟨end⟩ ;;
⟨end⟩			esac ;;
	esac
}
_rinnova "$@"
`

const fishCompletion = `⟨define "value"⟩⟨$v := values .⟩⟨if eq $v "file"⟩ -r -F⟨else if eq $v "other"⟩ -x⟨else if $v⟩ -x -a '⟨$v⟩'⟨end⟩⟨end⟩# SPDX-License-Identifier: EUPL-1.2
# fish completion for rinnova ⟨.Version⟩
complete -c rinnova -f
⟨range shown .Flags⟩complete -c rinnova -l ⟨.Name⟩⟨template "value" .⟩ -d '⟨quoted .Help⟩'
⟨end⟩⟨with takesFiles .Commands " " ""⟩complete -c rinnova -n '__fish_seen_subcommand_from ⟨.⟩' -F
⟨end⟩⟨range .Commands⟩⟨$c := .Name⟩complete -c rinnova -n __fish_use_subcommand -a ⟨.Name⟩ -d '⟨quoted .Help⟩'
⟨range shown .Flags⟩complete -c rinnova -n '__fish_seen_subcommand_from ⟨$c⟩' -l ⟨.Name⟩⟨template "value" .⟩ -d '⟨quoted .Help⟩'
⟨end⟩⟨end⟩`
