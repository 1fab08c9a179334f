// SPDX-License-Identifier: EUPL-1.2

package catalogue

import "fmt"

// Area is one of the things that a diagnosis examines.
type Area string

const (
	AreaSmartCards  Area = "smart-cards"
	AreaReaders     Area = "readers"
	AreaCard        Area = "card"
	AreaPIN         Area = "pin"
	AreaCertificate Area = "certificate"
	AreaService     Area = "service"
	AreaState       Area = "state"
	AreaBrowsers    Area = "browsers"
)

// Areas are all areas, in the order in which they are examined: each needs those before it.
var Areas = []Area{AreaSmartCards, AreaReaders, AreaCard, AreaPIN, AreaCertificate, AreaService, AreaState,
	AreaBrowsers}

// Note is a remark of a diagnosis that is no failure.
type Note string

const (
	NoteBegun     Note = "begun"
	NoteTries     Note = "tries"
	NoteNewPIN    Note = "new-pin"
	NoteUnknown   Note = "unknown"
	NoteModule    Note = "module"
	NoteNoBrowser Note = "no-browser"
)

type examination struct {
	titles map[Area]string
	well   map[Area]string
	notes  map[Note]Explanation
}

var examinations = map[Language]examination{
	Italian: {
		titles: map[Area]string{AreaSmartCards: "Servizio per le smart card", AreaReaders: "Lettori", AreaCard: "Tessera",
			AreaPIN: "PIN e PUK", AreaCertificate: "Certificato", AreaService: "Servizio di rinnovo",
			AreaState: "Dati del programma", AreaBrowsers: "Browser"},
		well: map[Area]string{AreaSmartCards: "Il servizio risponde.", AreaReaders: "È collegato un lettore.",
			AreaCard: "La tessera si legge.", AreaPIN: "Nessun tentativo sbagliato è noto a questo computer.",
			AreaCertificate: "Il certificato è rinnovabile.", AreaService: "Il servizio risponde.",
			AreaState:    "Il programma può conservare il diario dei rinnovi.",
			AreaBrowsers: "Il modulo di Rinnova c’è."},
		notes: map[Note]Explanation{
			NoteBegun: {What: "Un rinnovo di questa tessera è rimasto a metà.",
				Do: "Riprendi il rinnovo: continua da dove si è fermato."},
			NoteTries: {What: "Prima del blocco restano tentativi: {}.", Do: "Controlla il codice prima di riprovare."},
			NoteNewPIN: {What: "La tessera non ha risposto a un nuovo PIN.",
				Do: "Prova per primo il PIN nuovo, poi quello di prima."},
			NoteUnknown: {What: "Non si può sapere finché il resto non è a posto.",
				Do: "Sistema le altre voci e ripeti la diagnosi."},
			NoteModule: {What: "Il modulo di Rinnova non c’è: {}.",
				Do: "Aggiungilo con «Aggiungi ai browser», o con `rinnova browser add`."},
			NoteNoBrowser: {What: "Nessun browser trovato.", Do: "Se usi Firefox, avvialo una volta e ripeti la diagnosi."},
		},
	},
	German: {
		titles: map[Area]string{AreaSmartCards: "Smartcard-Dienst", AreaReaders: "Lesegeräte", AreaCard: "Karte",
			AreaPIN: "PIN und PUK", AreaCertificate: "Zertifikat", AreaService: "Erneuerungsdienst",
			AreaState: "Daten des Programms", AreaBrowsers: "Browser"},
		well: map[Area]string{AreaSmartCards: "Der Dienst antwortet.", AreaReaders: "Ein Lesegerät ist angeschlossen.",
			AreaCard: "Die Karte lässt sich lesen.", AreaPIN: "Diesem Computer ist kein falscher Versuch bekannt.",
			AreaCertificate: "Das Zertifikat kann erneuert werden.", AreaService: "Der Dienst antwortet.",
			AreaState:    "Das Programm kann das Tagebuch der Erneuerungen führen.",
			AreaBrowsers: "Das Modul von Rinnova ist vorhanden."},
		notes: map[Note]Explanation{
			NoteBegun: {What: "Eine Erneuerung dieser Karte wurde unterbrochen.",
				Do: "Setzen Sie die Erneuerung fort: Sie geht weiter, wo sie stehen blieb."},
			NoteTries: {What: "Vor der Sperre bleiben Versuche: {}.", Do: "Prüfen Sie den Code vor dem nächsten Versuch."},
			NoteNewPIN: {What: "Die Karte hat auf eine neue PIN nicht geantwortet.",
				Do: "Versuchen Sie zuerst die neue PIN, dann die vorherige."},
			NoteUnknown: {What: "Nicht bekannt, solange anderes nicht in Ordnung ist.",
				Do: "Beheben Sie die anderen Punkte und wiederholen Sie die Diagnose."},
			NoteModule: {What: "Das Modul von Rinnova fehlt: {}.",
				Do: "Fügen Sie es mit „Zu den Browsern hinzufügen“ hinzu, oder mit `rinnova browser add`."},
			NoteNoBrowser: {What: "Kein Browser gefunden.",
				Do: "Wenn Sie Firefox verwenden, starten Sie ihn einmal und wiederholen Sie die Diagnose."},
		},
	},
}

// AreaTitle names an area.
func AreaTitle(l Language, a Area) string { return examinations[l].titles[a] }

// Well is the sentence about an area in which all is well.
func Well(l Language, a Area) string { return examinations[l].well[a] }

// Noted returns the text of a note. It panics at a note without one.
func Noted(l Language, n Note) Explanation {
	e, ok := examinations[l].notes[n]
	if !ok {
		panic(fmt.Sprintf("no text for the note %q", n))
	}
	return e
}
