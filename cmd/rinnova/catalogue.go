// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"fmt"
	"slices"

	"rinnova.example/go/citizen/renewal"
)

// Texts of the guide, to the letter (its numbers are those of the project's list of strings).
const (
	textNothing  = "Nessun certificato rinnovabile presente nella carta: %s" // T5
	textWindow   = "Rinnovo certificato"                                     // T7
	textEnterPIN = "Inserisci il PIN corretto per continuare il rinnovo"     // T9
	textPIN      = "Codice PIN"                                              // T10
	textRunning  = "Rinnovo del certificato in corso, attendere..."          // T13
	textEnterPUK = "Inserisci il PUK corretto per continuare il rinnovo"     // T15
	textPUK      = "Codice PUK"                                              // T16
	textFailed   = "Rinnovo certificato non riuscito"                        // T17
	textDone     = "Certificato rinnovato con successo"                      // T20
)

// stage is the text under the progress bar for each step. Generazione chiave is the guide's; the texts for
// the file system and the installation are formed after it.
var stage = map[string]string{
	"identify": "Lettura della tessera ...",
	"inspect":  "Verifica della rinnovabilità ...",
	"unlock":   "Verifica del PIN ...",
	"prepare":  "Generazione filesystem di firma in corso ...",
	"generate": "Generazione chiave in corso ...",
	"request":  "Richiesta del certificato in corso ...",
	"check":    "Controllo del certificato ...",
	"install":  "Installazione certificato in corso ...",
	"prove":    "Prova del nuovo certificato ...",
	"confirm":  "Conferma al servizio ...",
	"reinsert": "Rimuova la tessera, attenda circa un minuto e la inserisca di nuovo.",
	"login":    "Prova di accesso ...",
	"result":   textDone,
}

// noted are the texts of what a run remarks without stopping.
var noted = map[string]string{
	"journal-unreadable":        "Il diario dei rinnovi su questo computer non è leggibile: si procede senza.",
	"minimum-version-malformed": "Il servizio indica una versione minima del programma che non si comprende: si procede senza tenerne conto.",
	"journal-unwritable":        "Il diario dei rinnovi su questo computer non è scrivibile: si procede senza.",
}

// explanation is what a person is told of a failure.
type explanation struct{ What, Card, Do string }

const (
	intact   = "La tessera è integra: il certificato attuale è al suo posto e nulla è stato cambiato."
	resumes  = "La tessera è integra: il certificato attuale è al suo posto. Il rinnovo riprende da dove si è fermato."
	again    = "Esegua di nuovo il rinnovo."
	desk     = "Si rivolga all'assistenza e indichi il codice riportato qui sotto."
	instead  = "Per accedere ai servizi può usare SPID o la CIE; alla scadenza riceverà la nuova tessera per posta."
	noReader = "Nessuna tessera è stata letta."
	upgrade  = "Installi la versione corrente del programma; se si ripete, si rivolga all'assistenza."
	updateDo = "Il rinnovo non ne dipende. Se si ripete, lo segnali all'assistenza."
	usageDo  = "Corregga il comando; `rinnova --help` elenca le opzioni."
)

var explanations = map[string]explanation{
	"card-removed":             {"La tessera è stata tolta, o il lettore scollegato, durante il lavoro.", resumes, "Reinserisca la tessera ed esegua di nuovo il rinnovo."},
	"other-card":               {"Nel lettore c'è una tessera diversa da quella di prima.", "Nessuna delle due tessere è stata cambiata.", "Inserisca la tessera con cui ha iniziato ed esegua di nuovo il rinnovo."},
	"interrupted":              {"Il rinnovo è stato interrotto.", resumes, again},
	"card-busy":                {"Un altro programma sta usando la tessera.", intact, "Chiuda il browser e i programmi di firma, poi riprovi."},
	"no-smartcard-service":     {"Il servizio del sistema per le smart card non risponde.", noReader, "Verifichi che il servizio (pcscd su Linux, «Smart card» su Windows) sia installato e attivo, poi riprovi."},
	"no-reader":                {"Non è collegato alcun lettore di smart card.", noReader, "Colleghi il lettore al computer e riprovi."},
	"no-card":                  {"Nel lettore non c'è alcuna tessera.", noReader, "Inserisca la tessera, con il chip verso il lettore, e riprovi."},
	"card-ambiguous":           {"È inserita più di una tessera: %s.", intact, "Scelga quale con --card pcsc:<lettore>."},
	"card-mute":                {"La tessera non risponde: forse è inserita al contrario, o non ha il chip.", noReader, "Controlli che il chip sia rivolto verso i contatti del lettore; lo pulisca e riprovi. Una Tessera Sanitaria senza chip non ha certificati da rinnovare."},
	"card-contactless":         {"La tessera è letta senza contatto: così non si può rinnovare.", intact, "Inserisca la Tessera Sanitaria a fondo nella fessura del lettore a contatto; una carta d'identità elettronica non è la tessera da rinnovare."},
	"card-not-cns":             {"La tessera inserita non è una TS-CNS: è forse una carta di pagamento o un'altra tessera con il chip.", intact, "Inserisca la Tessera Sanitaria con il chip."},
	"card-cie":                 {"La tessera inserita è una carta d'identità elettronica (CIE), non una TS-CNS.", intact, "Inserisca la Tessera Sanitaria con il chip."},
	"card-foreign":             {"La tessera si presenta come una CNS ma non ne ha il contenuto.", intact, "Inserisca la Tessera Sanitaria con il chip."},
	"card-not-health":          {"La tessera è una Carta Nazionale dei Servizi, ma non una Tessera Sanitaria: l'ha forse rilasciata una camera di commercio o un ordine.", intact, "Per rinnovarla si rivolga a chi l'ha rilasciata."},
	"card-not-activated":       {"La tessera non è attiva: il PIN, o i suoi dati, non sono ancora in uso.", intact, "Si rivolga allo sportello che attiva le tessere, poi riprovi."},
	"card-model-unknown":       {"Questo modello di tessera non è ancora conosciuto dal programma.", intact, desk},
	"card-malformed":           {"I dati letti dalla tessera non sono nella forma prevista.", intact, "Pulisca il chip e riprovi; se si ripete, si rivolga all'assistenza."},
	"card-error":               {"La tessera ha rifiutato un comando.", resumes, "Riprovi; se si ripete, si rivolga all'assistenza e indichi il codice riportato qui sotto."},
	"card-write":               {"La tessera non ha conservato quanto le è stato scritto.", resumes, "Riprovi; se si ripete, si rivolga all'assistenza."},
	"card-wrong-key":           {"La chiave sulla tessera non ha dato la firma attesa.", resumes, "Riprovi; se si ripete, si rivolga all'assistenza."},
	"card-reset":               {"Un altro programma ha azzerato la tessera durante il lavoro.", resumes, "Chiuda il browser e i programmi di firma ed esegua di nuovo il rinnovo."},
	"reader-failed":            {"Il lettore non è riuscito a parlare con la tessera.", resumes, "Pulisca il chip, reinserisca a fondo la tessera ed esegua di nuovo il rinnovo; se si ripete, provi un altro lettore o un'altra porta USB."},
	"no-certificate":           {"Sulla tessera non c'è un certificato di autenticazione del titolare.", intact, "Se la tessera non è mai stata attivata, si rivolga allo sportello che l'attiva."},
	"no-room":                  {"Sulla tessera non c'è posto per un altro certificato.", intact, instead},
	"series-not-renewable":     {"Le tessere di questa serie non si possono rinnovare.", intact, instead},
	"series-not-in-campaign":   {"La serie di questa tessera non è compresa nella campagna di rinnovo.", intact, instead},
	"series-needed":            {"Occorre sapere la sigla stampata sul fronte della tessera, vicino al chip (per esempio ID 2019).", intact, "La indichi con --series."},
	"campaign-closed":          {"La campagna di rinnovo è chiusa.", intact, instead},
	"no-campaign":              {"Nessuna campagna di rinnovo è aperta per questo certificato.", intact, instead},
	"campaign-ambiguous":       {"Più campagne accettano questo certificato: %s.", intact, "Scelga quale con --campaign."},
	"campaign-unknown":         {"Il servizio non conosce questa campagna.", intact, usageDo},
	"not-in-window":            {"La scadenza del certificato non rientra nel periodo della campagna.", intact, "Se il certificato non è scaduto può già usarlo per accedere. " + instead},
	"already-renewed":          {"Il certificato è già stato rinnovato in questa campagna.", "La tessera contiene già il certificato rinnovato.", "Può usarla per accedere: chiuda e riapra il browser."},
	"expired-credential":       {"Il certificato è scaduto e questa campagna accetta solo certificati ancora validi.", intact, instead},
	"no-attempts-left":         {"Per questo certificato non sono ammesse altre richieste.", intact, desk},
	"not-in-registry":          {"Il servizio non conosce il certificato di questa tessera.", intact, desk},
	"revoked":                  {"Il certificato di questa tessera è stato revocato.", intact, instead},
	"suspended":                {"Il certificato di questa tessera è sospeso.", intact, "Chieda allo sportello di riattivarlo, poi riprovi."},
	"service-refused":          {"Il servizio ha rifiutato la richiesta.", resumes, desk},
	"pin-format":               {"Il PIN ha da 5 a 8 cifre: quanto inserito non è stato inviato alla tessera.", intact, again},
	"pin-wrong":                {"Il PIN non è corretto.", intact, "Controlli il PIN prima di riprovare: dopo tre errori consecutivi la tessera lo blocca."},
	"pin-blocked":              {"Il PIN è bloccato.", intact, "Si sblocca con il PUK, con il programma del suo lettore o allo sportello."},
	"puk-format":               {"Il PUK ha da 5 a 8 cifre: quanto inserito non è stato inviato alla tessera.", intact, again},
	"puk-wrong":                {"Il PUK non è corretto.", intact, "Controlli il PUK prima di riprovare: troppi errori bloccano la tessera per sempre."},
	"puk-blocked":              {"Il PUK è bloccato.", intact, "La tessera non si può più rinnovare: ne chieda un'altra allo sportello."},
	"last-try":                 {"Resta un solo tentativo prima del blocco, e non è stato usato.", intact, "Se è certo del codice, lo confermi (--last-try)."},
	"input-missing":            {"Manca un codice e nessuno può inserirlo.", intact, "Usi un terminale, oppure --pin-from e, dove occorre, --puk-from."},
	"cancelled":                {"Il rinnovo è stato annullato.", intact, again},
	"service-unreachable":      {"Il servizio di rinnovo non è raggiungibile.", resumes, "Controlli il collegamento a Internet e riprovi più tardi."},
	"service-busy":             {"Il servizio di rinnovo è molto occupato.", resumes, "Riprovi fra qualche minuto."},
	"service-error":            {"Il servizio di rinnovo ha risposto con un errore.", resumes, "Riprovi più tardi."},
	"service-portal":           {"Al posto del servizio ha risposto una pagina: la rete chiede forse un accesso.", resumes, "Apra il browser, completi l'accesso alla rete e riprovi."},
	"tls-untrusted":            {"La connessione al servizio non è autentica: un antivirus, un proxy o la rete la intercettano, oppure --tls-ca non è del servizio.", resumes, "Provi da un'altra rete o sospenda il controllo delle connessioni cifrate; non inserisca il PIN altrove."},
	"proxy-auth":               {"Il proxy della rete chiede nome e password.", resumes, "Li indichi nella variabile d'ambiente HTTPS_PROXY, o usi un'altra rete."},
	"service-untrusted":        {"La risposta ricevuta non è del servizio di rinnovo, o è stata alterata.", resumes, "Controlli --ca e --tls-ca; se usa una rete altrui, provi da un'altra."},
	"service-not-given":        {"Non è indicato alcun servizio di rinnovo.", intact, "Lo indichi con --service."},
	"settings-malformed":       {"Le impostazioni di chi amministra il computer non sono valide: %s.", noReader, "Le faccia correggere da chi amministra il computer; i nomi e i valori ammessi sono in docs/UPDATES.md."},
	"proxy-malformed":          {"L'indirizzo del proxy non è valido.", noReader, "Lo scriva come http://nome:porta, oppure direct per non usarne."},
	"update-absent":            {"Il servizio non pubblica un elenco delle versioni del programma: non si può sapere se ce n'è una nuova.", noReader, updateDo},
	"update-signature":         {"L'elenco delle versioni non è firmato da chi pubblica il programma: è stato alterato, o viene da altri. Non se ne tiene conto.", noReader, "Non installi programmi offerti dalla rete in uso. " + updateDo},
	"update-malformed":         {"L'elenco delle versioni non è nella forma prevista.", noReader, updateDo},
	"update-rollback":          {"L'elenco delle versioni è più vecchio di uno già visto: qualcuno nasconde quello nuovo, o il servizio ne offre uno superato. Non se ne tiene conto.", noReader, "Provi da un'altra rete. " + updateDo},
	"update-expired":           {"L'elenco delle versioni non vale in questa data: è scaduto, o la data del computer è sbagliata. Non si può sapere se c'è una versione nuova.", noReader, "Controlli la data del computer. " + updateDo},
	"update-memory":            {"Il file update.json, che ricorda l'ultimo elenco delle versioni visto, non è leggibile o non è scrivibile.", noReader, "Controlli lo spazio sul disco e i permessi della cartella dello stato del programma; se il file è danneggiato, lo cancelli."},
	"update-key":               {"La chiave con cui questa copia del programma verifica gli aggiornamenti non è leggibile.", noReader, "Installi il programma dalla pagina «Elenco driver» del servizio."},
	"service-malformed":        {"L'indirizzo del servizio non è valido: deve iniziare con https://.", intact, usageDo},
	"ca-needed":                {"Mancano i certificati radice di chi emette.", intact, "Li indichi con --ca."},
	"ca-unreadable":            {"Il file dei certificati radice non è leggibile.", intact, usageDo},
	"program-too-old":          {"Questo programma è troppo vecchio per il servizio, che ne vuole almeno la versione %s.", intact, "Scarichi la versione corrente dalla pagina «Elenco driver» del servizio, la installi ed esegua di nuovo il rinnovo."},
	"certificate-unacceptable": {"Il certificato ricevuto non è quello richiesto: non è stato installato.", resumes, desk},
	"waiting-too-long":         {"Il servizio fa attendere troppo a lungo.", resumes, "Riprovi più tardi."},
	"login-unknown":            {"Non è noto dove provare l'accesso.", intact, "Lo indichi con --login."},
	"login-unreadable":         {"La pagina di prova non ha dato una risposta comprensibile.", intact, "Controlli l'indirizzo e riprovi."},
	"login-refused":            {"La pagina di prova non ha accettato il certificato.", intact, "Se è appena stato rinnovato, tolga la tessera, attenda un minuto e la reinserisca."},
	"card-malformed-name":      {"--card non è nella forma prevista.", noReader, usageDo},
	"card-file-missing":        {"Il file della tessera non esiste o non è leggibile.", noReader, usageDo},
	"card-file-malformed":      {"Il file non contiene una tessera emulata intera; non è stato cambiato.", noReader, usageDo},
	"clock-only-emulated":      {"--clock vale solo per tessere emulate.", intact, usageDo},
	"clock-malformed":          {"--clock non è un'ora RFC 3339.", intact, usageDo},
	"replay-malformed":         {"Il file registrato non è leggibile.", noReader, usageDo},
	"record-unwritable":        {"Il file della registrazione non è scrivibile.", intact, usageDo},
	"journal-nowhere":          {"Non c'è una cartella per il diario dei rinnovi.", intact, "La indichi con --journal."},
	"secret-malformed":         {"--pin-from e --puk-from vogliono env:NOME, file:PERCORSO o fd:N.", intact, usageDo},
	"not-in-this-version":      {"Questo comando non è ancora in questa versione.", intact, usageDo},
	"demo-failed":              {"La dimostrazione non è partita: il servizio di prova non risponde.", intact, "Verifichi che rinnovad stia accanto a rinnova."},
	// The service's own refusals; it sends a text of its own with most of them. Those that name the wire say
	// that program and service do not understand each other.
	"no-extension":            {"Il certificato vale già fino alla data della proroga.", intact, "Può usarlo per accedere: non serve rinnovarlo."},
	"not-yet-valid":           {"Il certificato della tessera non è ancora valido.", intact, "Controlli la data del computer; se è giusta, riprovi quando il certificato sarà valido."},
	"wrong-subject":           {"La richiesta porta un nome diverso da quello del certificato della tessera.", resumes, desk},
	"key-seen":                {"La chiave presentata appartiene a un'altra tessera.", resumes, desk},
	"unknown-certificate":     {"Il certificato da confermare non risulta rilasciato per questa tessera.", resumes, desk},
	"certificate-revoked":     {"Il certificato rilasciato per questa chiave è stato revocato: serve una chiave nuova.", resumes, desk},
	"certificate-expired":     {"Il certificato da confermare è scaduto.", resumes, again},
	"already-confirmed":       {"Il certificato è già stato confermato.", resumes, desk},
	"malformed-request":       {"Il servizio non ha compreso la richiesta.", resumes, upgrade},
	"untrusted-issuer":        {"Il certificato della tessera non è stato rilasciato da un ente riconosciuto.", intact, desk},
	"weak-signature":          {"Il certificato della tessera è firmato con un algoritmo non ammesso.", intact, desk},
	"wrong-key":               {"La chiave del certificato della tessera è di un tipo o di una lunghezza non ammessi.", intact, desk},
	"wrong-policy":            {"Il certificato della tessera non è un certificato di autenticazione CNS.", intact, desk},
	"wrong-usage":             {"Il certificato della tessera non serve per l'autenticazione.", intact, desk},
	"unknown-extension":       {"Il certificato della tessera contiene un'estensione sconosciuta.", intact, desk},
	"malformed-subject":       {"Il titolare nel certificato non è scritto come in una TS-CNS.", intact, desk},
	"not-health-card":         {"La tessera è una Carta Nazionale dei Servizi, ma non una Tessera Sanitaria.", intact, "Per rinnovarla si rivolga a chi l'ha rilasciata."},
	"key-not-rsa":             {"La chiave nuova non è una chiave RSA.", resumes, desk},
	"key-too-short":           {"La chiave nuova è troppo corta.", resumes, desk},
	"key-too-long":            {"La chiave nuova è troppo lunga.", resumes, desk},
	"key-bad-exponent":        {"L'esponente della chiave nuova non è ammesso.", resumes, desk},
	"key-small-factor":        {"La chiave nuova è debole.", resumes, desk},
	"key-close-primes":        {"La chiave nuova è debole.", resumes, desk},
	"key-weak-roca":           {"Il chip ha generato una chiave debole (difetto noto come ROCA).", resumes, desk},
	"key-is-old":              {"La chiave presentata è quella vecchia: il rinnovo ne richiede una nuova.", resumes, desk},
	"unsupported-version":     {"Il servizio usa un'altra versione del protocollo.", resumes, upgrade},
	"malformed-message":       {"Il servizio non ha compreso il messaggio.", resumes, upgrade},
	"bad-transaction-id":      {"Il servizio non ha accettato l'identificativo del messaggio.", resumes, upgrade},
	"bad-sender-nonce":        {"Il servizio non ha accettato il valore casuale del messaggio.", resumes, upgrade},
	"bad-recipient-nonce":     {"Il messaggio non risponde all'ultimo del servizio.", resumes, again},
	"unprotected":             {"Il servizio ha ricevuto un messaggio senza firma.", resumes, upgrade},
	"mac-protection":          {"Il servizio vuole messaggi firmati.", resumes, upgrade},
	"sha1":                    {"Il messaggio è firmato con SHA-1, che il servizio non ammette.", resumes, upgrade},
	"unsupported-algorithm":   {"Il servizio non ammette l'algoritmo o la lunghezza della chiave con cui la tessera firma.", resumes, desk},
	"bad-protection":          {"Il servizio non ha riconosciuto la firma della tessera.", resumes, "Riprovi; se si ripete, si rivolga all'assistenza."},
	"bad-signer-certificate":  {"Il servizio non ha potuto leggere il certificato della tessera.", resumes, desk},
	"unsupported-message":     {"Il servizio non tratta questo tipo di richiesta.", resumes, upgrade},
	"unknown-info-type":       {"Il servizio non ha l'informazione richiesta.", resumes, upgrade},
	"bad-template":            {"Il servizio non ha potuto leggere la chiave nuova nella richiesta.", resumes, upgrade},
	"bad-proof-of-possession": {"Il servizio non ha riconosciuto la firma della chiave nuova.", resumes, "Riprovi; se si ripete, si rivolga all'assistenza."},
	"wrong-old-certificate":   {"Il certificato da rinnovare non è quello che firma la richiesta.", resumes, desk},
	"transaction-in-use":      {"Il servizio ha già visto un'altra richiesta con lo stesso identificativo.", resumes, again},
	"unknown-transaction":     {"Il servizio non conosce più questa richiesta: occorre ripeterla.", resumes, again},
	"other-signer":            {"Il messaggio non è firmato con il certificato che ha aperto la richiesta.", resumes, again},
	"hash-algorithm":          {"Il servizio non accetta la conferma nella forma inviata.", resumes, upgrade},
	"already-open":            {"Il programma è già aperto in un'altra finestra.", intact, "Usi la finestra già aperta."},
	"usage":                   {"Il comando non è scritto come previsto.", intact, usageDo},
	"internal":                {"Il programma ha incontrato un errore imprevisto.", resumes, desk},
}

// explain finds the texts of a failure, and says where a newer program is had.
func (p *program) explain(f *renewal.Failure) explanation {
	e := explain(f)
	if page := p.page(); f.Code == "program-too-old" && page != "" {
		e.Do += " L'indirizzo è " + page
	}
	return e
}

// explain finds the texts of a failure. What the service said for itself takes the place of the first.
func explain(f *renewal.Failure) explanation {
	e, ok := explanations[f.Code]
	if !ok {
		e = explanations["service-refused"] // a word of another service's
	}
	// A run that has come to the card's files and was stopped by something else than a code has changed them.
	if prepare := slices.Index(renewal.Steps, "prepare"); slices.Index(renewal.Steps, f.Step) >= prepare &&
		(e.Card == intact || e.Card == noReader) && f.Exit != renewal.ExitCode {
		e.Card = resumes
	}
	switch {
	case f.Code == "card-ambiguous" || f.Code == "campaign-ambiguous" || f.Code == "program-too-old" || f.Code == "settings-malformed":
		e.What = fmt.Sprintf(e.What, f.Text)
	case f.Text != "":
		e.What = f.Text
	}
	if f.Tries > 0 {
		e.What += " " + triesLeft(f.Tries)
	}
	return e
}

func triesLeft(n int) string {
	if n == 1 {
		return "Resta 1 tentativo."
	}
	return fmt.Sprintf("Restano %d tentativi.", n)
}
