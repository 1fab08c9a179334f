// SPDX-License-Identifier: EUPL-1.2

package catalogue

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Sentence is a text about the recording of a card. {} stands for each of its values, in their order.
type Sentence string

// Sentences about a recording: what is in it, each step of it, and what it shows.
const (
	RecordingOf        Sentence = "of"
	RecordingEmulated  Sentence = "emulated"
	RecordingATR       Sentence = "atr"
	RecordingCommands  Sentence = "commands"
	RecordingFiles     Sentence = "files"
	RecordingKept      Sentence = "kept"
	RecordingReplaced  Sentence = "replaced"
	RecordingBefore    Sentence = "before"
	RecordingSession   Sentence = "session"
	RecordingEvery     Sentence = "every"
	RecordingDirectory Sentence = "directory"
	RecordingFile      Sentence = "file"
	RecordingThere     Sentence = "there"
	RecordingAbsent    Sentence = "absent"
	RecordingAnswer    Sentence = "answer"
	RecordingRead      Sentence = "read"
	RecordingWithheld  Sentence = "withheld"
	RecordingNoAnswer  Sentence = "no-answer"
	RecordingMeaning   Sentence = "meaning"
	RecordingModel     Sentence = "model"
	RecordingPair      Sentence = "pair"
	RecordingKey       Sentence = "key"
	RecordingNothing   Sentence = "nothing"
	RecordingUnknown   Sentence = "unknown"
	RecordingFree      Sentence = "free"
	RecordingUnread    Sentence = "unread"
	RecordingFacts     Sentence = "facts"
	RecordingAgrees    Sentence = "agrees"
	RecordingDiffers   Sentence = "differs"
	RecordingAssumed   Sentence = "assumed"
	RecordingNoModel   Sentence = "no-model"
	RecordingNoPerson  Sentence = "no-person"
	RecordingSave      Sentence = "save"
	RecordingSaved     Sentence = "saved"
	RecordingSeries    Sentence = "series"
	RecordingPasses    Sentence = "passes"
	RecordingHeader    Sentence = "header"
	RecordingNote      Sentence = "note"
	RecordingFailure   Sentence = "failure"
	RecordingCommand   Sentence = "command"
	RecordingContent   Sentence = "content"
	RecordingBadATR    Sentence = "bad-atr"
)

var recordings = map[Language]map[Sentence]string{
	Italian: {
		RecordingOf:        "Registrazione di una tessera. Serie: {}. Modello: {}.",
		RecordingEmulated:  "È stata fatta con l’emulatore: non prova nulla su una tessera vera.",
		RecordingATR:       "Risposta del chip (ATR): {}.",
		RecordingCommands:  "Comandi: {}, tutti di sola lettura. Nessun PIN né PUK è stato chiesto o inviato, e nulla è cambiato.",
		RecordingFiles:     "File cercati: {}; trovati: {}.",
		RecordingKept:      "Contiene: risposte della tessera, nomi dei file in cifre, dimensioni, condizioni di accesso, struttura dei certificati e anno delle loro date.",
		RecordingReplaced:  "Non contiene: nome, codice fiscale, nascita, residenza, numero della tessera, numeri di serie, chiavi, firme. Al loro posto ci sono X, 0 e C5, della stessa lunghezza.",
		RecordingBefore:    "Prima di scegliere l’applicazione:",
		RecordingSession:   "La lettura con cui comincia un rinnovo:",
		RecordingEvery:     "File per file:",
		RecordingDirectory: "{}: cartella, liberi {} byte, condizioni di accesso {}",
		RecordingFile:      "{}: file di {} byte, condizioni di accesso {}",
		RecordingThere:     "{}: c’è",
		RecordingAbsent:    "{}: non c’è",
		RecordingAnswer:    "{}: la tessera risponde {}",
		RecordingRead:      "{}: letti {} byte dal byte {}",
		RecordingWithheld:  "{}: letti {} byte, che la registrazione non riporta",
		RecordingNoAnswer:  "{}: tessera o lettore non rispondono",
		RecordingMeaning:   "Che cosa ne capisce il programma:",
		RecordingModel:     "modello {}, numero {}",
		RecordingPair:      "{}: {}",
		RecordingKey:       "{}: certificato, chiave di {} bit, fino al {}",
		RecordingNothing:   "nulla",
		RecordingUnknown:   "non si sa",
		RecordingFree:      "liberi {} byte dove va la nuova coppia",
		RecordingUnread:    "non la capisce: {}",
		RecordingFacts:     "Che cosa dice del modello:",
		RecordingAgrees:    "{}: registrato {}, come nel modello",
		RecordingDiffers:   "{}: registrato {}, nel modello {}",
		RecordingAssumed:   " (finora supposto)",
		RecordingNoModel:   "nessun modello ha questa risposta del chip: la registrazione serve a farne uno",
		RecordingNoPerson:  "Qui nessuno può rispondere alle domande: rispondi con --series e --yes.",
		RecordingSave:      "Salvare la registrazione in {}? Scrivi SI per salvarla:",
		RecordingSaved:     "Salvata in {}. Nulla è stato inviato: decidi tu se darla a qualcuno.",
		RecordingSeries:    "Sigla stampata sul fronte della tessera, vicino al chip, come AC2014 (Invio se non la sai):",
		RecordingPasses:    "{}: si può dare, non contiene dati della persona né codici.",
		RecordingHeader:    "nell’intestazione c’è una riga che una registrazione non ha, o ne manca una",
		RecordingNote:      "riga {}: un’annotazione che il programma non scrive",
		RecordingFailure:   "riga {}: il testo di un errore",
		RecordingCommand:   "riga {}: un comando che non legge soltanto",
		RecordingContent:   "riga {}: dati della tessera che non sono stati sostituiti",
		RecordingBadATR:    "la risposta del chip (ATR) non ha la forma dovuta",
	},
	German: {
		RecordingOf:        "Aufzeichnung einer Karte. Serie: {}. Modell: {}.",
		RecordingEmulated:  "Sie wurde mit dem Emulator gemacht und beweist nichts über eine echte Karte.",
		RecordingATR:       "Antwort des Chips (ATR): {}.",
		RecordingCommands:  "Befehle: {}, alle nur lesend. Keine PIN und keine PUK wurde verlangt oder gesendet, nichts wurde geändert.",
		RecordingFiles:     "Gesuchte Dateien: {}; gefunden: {}.",
		RecordingKept:      "Sie enthält: Antworten der Karte, Dateinamen in Ziffern, Größen, Zugriffsbedingungen, den Aufbau der Zertifikate und das Jahr ihrer Daten.",
		RecordingReplaced:  "Sie enthält nicht: Name, Steuernummer, Geburt, Wohnsitz, Kartennummer, Seriennummern, Schlüssel, Signaturen. An ihrer Stelle stehen X, 0 und C5 gleicher Länge.",
		RecordingBefore:    "Vor der Wahl der Anwendung:",
		RecordingSession:   "Das Lesen, mit dem eine Erneuerung beginnt:",
		RecordingEvery:     "Datei für Datei:",
		RecordingDirectory: "{}: Verzeichnis, {} Byte frei, Zugriffsbedingungen {}",
		RecordingFile:      "{}: Datei von {} Byte, Zugriffsbedingungen {}",
		RecordingThere:     "{}: vorhanden",
		RecordingAbsent:    "{}: nicht vorhanden",
		RecordingAnswer:    "{}: die Karte antwortet {}",
		RecordingRead:      "{}: {} Byte ab Byte {} gelesen",
		RecordingWithheld:  "{}: {} Byte gelesen, die die Aufzeichnung nicht wiedergibt",
		RecordingNoAnswer:  "{}: Karte oder Lesegerät antworten nicht",
		RecordingMeaning:   "Was das Programm daraus versteht:",
		RecordingModel:     "Modell {}, Nummer {}",
		RecordingPair:      "{}: {}",
		RecordingKey:       "{}: Zertifikat, Schlüssel von {} Bit, bis {}",
		RecordingNothing:   "nichts",
		RecordingUnknown:   "nicht bekannt",
		RecordingFree:      "{} Byte frei, wo das neue Paar hinkommt",
		RecordingUnread:    "es versteht sie nicht: {}",
		RecordingFacts:     "Was sie über das Modell sagt:",
		RecordingAgrees:    "{}: aufgezeichnet {}, wie im Modell",
		RecordingDiffers:   "{}: aufgezeichnet {}, im Modell {}",
		RecordingAssumed:   " (bisher angenommen)",
		RecordingNoModel:   "kein Modell hat diese Antwort des Chips: Aus der Aufzeichnung kann eines werden",
		RecordingNoPerson:  "Hier kann niemand die Fragen beantworten: Antworten Sie mit --series und --yes.",
		RecordingSave:      "Die Aufzeichnung in {} speichern? Schreiben Sie SI, um sie zu speichern:",
		RecordingSaved:     "Gespeichert in {}. Nichts wurde gesendet: Sie entscheiden, ob Sie sie weitergeben.",
		RecordingSeries:    "Kürzel auf der Vorderseite der Karte beim Chip, wie AC2014 (Eingabetaste, wenn Sie es nicht kennen):",
		RecordingPasses:    "{}: kann weitergegeben werden, enthält weder Daten der Person noch Codes.",
		RecordingHeader:    "im Kopf steht eine Zeile, die eine Aufzeichnung nicht hat, oder es fehlt eine",
		RecordingNote:      "Zeile {}: eine Anmerkung, die das Programm nicht schreibt",
		RecordingFailure:   "Zeile {}: der Text eines Fehlers",
		RecordingCommand:   "Zeile {}: ein Befehl, der nicht nur liest",
		RecordingContent:   "Zeile {}: Daten der Karte, die nicht ersetzt wurden",
		RecordingBadATR:    "die Antwort des Chips (ATR) hat nicht die vorgeschriebene Form",
	},
}

// Recording returns a sentence with its values. It panics at a sentence without a text, or with another number of
// values.
func Recording(l Language, s Sentence, values ...any) string {
	text, ok := recordings[l][s]
	parts := strings.Split(text, "{}")
	if !ok || len(parts) != len(values)+1 {
		panic(fmt.Sprintf("%d values for the sentence %q", len(values), s))
	}
	var b strings.Builder
	for i, part := range parts {
		b.WriteString(part)
		if i < len(values) {
			fmt.Fprint(&b, values[i])
		}
	}
	return b.String()
}

// RecordingSentences returns every sentence, by name.
func RecordingSentences() []Sentence { return slices.Sorted(maps.Keys(recordings[Italian])) }
