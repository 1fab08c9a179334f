// SPDX-License-Identifier: EUPL-1.2

package catalogue

import "rinnova.example/go/failure"

// Diagnosis is the text about a failure for the assistance desk, in Italian: the likely cause, and the advice for the
// citizen.
type Diagnosis struct{ Cause, Tell string }

// NothingWrong is the desk's text about a diagnosis in which nothing is wrong.
var NothingWrong = Diagnosis{Cause: "La diagnosi non ha trovato nulla che non va.",
	Tell: "Esegui il rinnovo; se non riesce, salva i dati di errore e mandali."}

// Diagnose returns the diagnosis of a failure. For a code that has none it returns that of a foreign code, and false.
func Diagnose(code failure.Code) (Diagnosis, bool) {
	if d, ok := diagnoses[code]; ok {
		return d, true
	}
	return Diagnosis{"Causa non in elenco: il servizio ha rifiutato la richiesta con un codice suo, o il programma è più recente di questo.", tellUs}, false
}

// DiagnoseStatusWord returns the diagnosis of a command that the card refused, by its status word in four upper-case
// hexadecimal digits.
func DiagnoseStatusWord(word string) (Diagnosis, bool) {
	d, ok := statusWords[word]
	return d, ok
}

const (
	newPIN     = "Scegli un PIN meno facile da indovinare."
	tellAgain  = "La tessera è integra e il vecchio certificato è al suo posto. Ripeti il rinnovo: riprende da dove si è fermato."
	tellLater  = "La tessera è integra. Riprova più tardi: il rinnovo riprende da dove si è fermato."
	tellOther  = "La tessera è integra ma questo certificato non si può rinnovare. Puoi usare SPID o la CIE; alla scadenza riceverai la nuova tessera."
	tellReader = "Prova con un’altra porta USB o un altro lettore, dopo aver pulito il chip con un panno asciutto."
	tellUpdate = "La tessera è integra. Installa la versione corrente del programma ed ripeti il rinnovo."
	tellUs     = "La tessera è integra. Stiamo verificando: ti ricontatteremo."
)

// statusWords has the causes of refused commands (ISO/IEC 7816-4 §5.6, tables 5 and 6).
var statusWords = map[string]Diagnosis{
	"6581": {"La memoria del chip non conserva più ciò che vi si scrive: chip consumato o guasto.", "Il chip non accetta più scritture: serve una nuova tessera. " + tellOther},
	"6400": {"Il chip ha segnalato un errore di esecuzione senza cambiare nulla.", tellAgain},
	"6700": {"La tessera rifiuta la lunghezza di un comando: probabilmente il lettore, o il suo driver, non passa APDU estese o concatenate.", tellReader},
	"6881": {"La tessera non ammette canali logici: un altro programma ne ha aperto uno.", "Chiudi il browser e i programmi di firma, poi ripeti il rinnovo."},
	"6882": {"La tessera rifiuta il secure messaging: modello o stato diversi dal previsto.", tellUs},
	"6982": {"Le condizioni di sicurezza non sono soddisfatte: un altro programma ha azzerato la tessera, o il chip dimentica il PIN a ogni selezione.", "Chiudi il browser e i programmi di firma, poi ripeti il rinnovo."},
	"6983": {"Il codice è bloccato.", "Il codice è bloccato: si sblocca con il PUK, o allo sportello. Il rinnovo si esegue dopo."},
	"6984": {"Il riferimento a un codice o a una chiave non è utilizzabile: tessera non attivata, o modello diverso dal previsto.", tellUs},
	"6985": {"Le condizioni d’uso non sono soddisfatte: un oggetto è in uno stato inatteso.", tellUs},
	"6A80": {"La tessera rifiuta i dati di un comando: il chip è di una variante diversa da quella del modello.", tellUs},
	"6A81": {"La tessera non ha la funzione richiesta: il chip è di una variante diversa da quella del modello.", tellUs},
	"6A82": {"Un file atteso non è sulla tessera: contenuto diverso da quello della serie.", tellUs},
	"6A84": {"La memoria della tessera è piena.", "Sulla tessera non c’è posto per un altro certificato. " + tellOther},
	"6A86": {"La tessera rifiuta i parametri di un comando: il chip è di una variante diversa da quella del modello.", tellUs},
	"6A88": {"Una chiave o un codice atteso non è sulla tessera.", tellUs},
	"6A89": {"Il file esiste già: un rinnovo precedente è rimasto a metà in un modo non previsto.", tellUs},
	"6B00": {"Lettura o scrittura oltre la fine di un file: il file è più corto di quanto previsto dal modello.", tellUs},
	"6D00": {"La tessera non conosce un comando: il chip non è del modello riconosciuto.", tellUs},
	"6E00": {"La tessera non conosce la classe di un comando: il chip non è del modello riconosciuto, o c’è un’altra applicazione.", tellUs},
	"6F00": {"Il chip ha segnalato un errore senza precisarlo: contatti sporchi, alimentazione insufficiente o chip guasto.", tellReader},
}

// mismatch is the cause of the refusals that name the wire (RFC 9810).
var mismatch = Diagnosis{"Programma e servizio non si intendono sul protocollo: versioni diverse, o un apparato di rete altera i messaggi.", tellUpdate}

// diagnoses has the causes by the failure's code.
var diagnoses = map[failure.Code]Diagnosis{
	failure.CardRemoved:             {"La tessera è stata tolta, o il lettore ha perso l’alimentazione o il contatto.", tellReader + " " + tellAgain},
	failure.OtherCard:               {"Durante il lavoro è stata inserita un’altra tessera.", "Inserisci la tessera con cui ha iniziato. " + tellAgain},
	failure.Interrupted:             {"Il programma è stato chiuso durante il rinnovo.", tellAgain},
	failure.CardBusy:                {"Un altro programma (browser, programma di firma) tiene la tessera.", "Chiudi il browser e i programmi di firma, poi ripeti il rinnovo."},
	failure.CardReset:               {"Un altro programma ha azzerato la tessera.", "Chiudi il browser e i programmi di firma, poi ripeti il rinnovo."},
	failure.NoSmartCardService:      {"Il servizio smart card del sistema non è installato o è fermo.", "Avvia il servizio «Smart card» (pcscd su Linux) e riprova."},
	failure.NotPermitted:            {"Il sistema non lascia usare le smart card a questa sessione: accesso a distanza, o polkit.", "Accedi al computer direttamente, non a distanza, e riprova."},
	failure.NoReader:                {"Nessun lettore visto dal sistema: non collegato, o driver mancante.", "Collega il lettore, installa il suo driver se il sistema non lo riconosce, e riprova."},
	failure.NoCard:                  {"Nel lettore non c’è una tessera, o non fa contatto.", "Inserisci la tessera con il chip verso i contatti del lettore."},
	failure.CardAmbiguous:           {"Più tessere inserite.", "Lascia inserita solo la tessera da rinnovare."},
	failure.CardMute:                {"La tessera non risponde all’accensione: al contrario, chip sporco o guasto, oppure tessera senza chip.", tellReader},
	failure.CardContactless:         {"Tessera letta senza contatto.", "Inserisci la tessera nella fessura del lettore a contatto."},
	failure.CardNotCNS:              {"La tessera non è una CNS (CIE, carta bancaria o altra).", "Usa la Tessera Sanitaria con il chip."},
	failure.CardForeign:             {"Il chip è di una famiglia nota ma non ha il contenuto di una CNS.", "Usa la Tessera Sanitaria con il chip."},
	failure.CardNotHealth:           {"CNS di un altro ente (camera di commercio, ordine professionale).", "Questa CNS si rinnova presso chi l’ha rilasciata."},
	failure.CardModelUnknown:        {"ATR non presente fra i modelli: variante nuova, da aggiungere.", tellUs},
	failure.CardMalformed:           {"Dati della tessera in forma imprevista: contatti sporchi o personalizzazione errata.", tellReader},
	failure.CardError:               {"La tessera ha rifiutato un comando (si veda l’ultima risposta nella cronologia).", tellUs},
	failure.CardWrite:               {"Ciò che è stato scritto sul chip non si rilegge uguale: chip consumato o contatto incerto.", tellReader + " " + tellAgain},
	failure.CardWrongKey:            {"La chiave generata non firma come dovrebbe: generazione non riuscita sul chip.", tellAgain},
	failure.CertificateUnreadable:   {"Il certificato c’è, ma non è nella forma che il programma legge: compresso, di un’altra applicazione, o con una codifica errata.", tellUs},
	failure.NoSmartCardSoftware:     {"Su Linux mancano pcscd o la sua libreria; altrove il servizio del sistema è guasto.", "Installa il pacchetto pcscd (su Fedora pcsc-lite), o riavvia il computer."},
	failure.SmartCardMismatch:       {"Libreria e servizio PC/SC di versioni diverse: spesso un programma in una sandbox, o un aggiornamento senza riavvio.", "Aggiorna il sistema e riavvia il computer."},
	failure.ReaderDriver:            {"Un dispositivo USB della classe delle smart card non è fra i lettori di PC/SC.", "Installa libccid o il driver del produttore, poi scollega e ricollega il lettore."},
	failure.NoCertificate:           {"Nessun certificato di autenticazione leggibile: tessera mai attivata, o contenuto danneggiato.", "Rivolgiti allo sportello per attivare o sostituire la tessera."},
	failure.NoRoom:                  {"La memoria della tessera è piena, o il posto per la nuova chiave è occupato.", "Sulla tessera non c’è posto per un altro certificato. " + tellOther},
	failure.SeriesNotRenewable:      {"Serie esclusa dal rinnovo.", tellOther},
	failure.SeriesNotInCampaign:     {"Serie non compresa nella campagna.", tellOther},
	failure.SeriesNeeded:            {"Il chip non basta a distinguere la serie e la sigla non è stata indicata.", "Indica la sigla stampata sul fronte della tessera, vicino al chip."},
	failure.CampaignClosed:          {"Campagna chiusa.", tellOther},
	failure.NoCampaign:              {"Nessuna campagna aperta per questo certificato.", tellOther},
	failure.CampaignAmbiguous:       {"Più campagne accettano il certificato e non ne è stata scelta una.", "Scegli la campagna e riprova."},
	failure.CampaignUnknown:         {"Il servizio non conosce la campagna chiesta.", "Ripeti il rinnovo senza indicare la campagna."},
	failure.NotInWindow:             {"La scadenza del certificato è fuori dal periodo della campagna.", "Se il certificato non è scaduto puoi già usarlo. " + tellOther},
	failure.AlreadyRenewed:          {"Il certificato è già stato rinnovato.", "La tessera è già rinnovata: chiudi e riapri il browser e prova l’accesso."},
	failure.RenewedEnded:            {"Il certificato rinnovato è scaduto, e nessuna campagna aperta lo rinnova.", "Il certificato rinnovato è scaduto: per accedere servono SPID, la CIE o la nuova tessera."},
	failure.ExpiredCredential:       {"Certificato scaduto, in una campagna che vuole certificati validi.", tellOther},
	failure.NoAttemptsLeft:          {"Esauriti i tentativi ammessi per questo certificato: verificare nel registro le richieste precedenti.", tellUs},
	failure.NotInRegistry:           {"Il certificato non è nel registro di quelli rilasciati: manca un’importazione, o l’ente è un altro.", tellUs},
	failure.Revoked:                 {"Certificato revocato.", "Il certificato è revocato: serve una nuova tessera."},
	failure.Suspended:               {"Certificato sospeso.", "Chiedi allo sportello di riattivare il certificato, poi riprova."},
	failure.ServiceRefused:          {"Il servizio ha rifiutato la richiesta: cercare nel suo registro i numeri di richiesta riportati sopra.", tellUs},
	failure.PINFormat:               {"PIN di forma errata, non inviato alla tessera.", "Controlla il PIN: è di sole cifre. Ripeti il rinnovo."},
	failure.PINWrong:                {"PIN errato.", "Controlla il PIN: dopo 3 errori di seguito il PIN si blocca."},
	failure.PINBlocked:              {"PIN bloccato da tentativi errati.", "Sblocca il PIN con il PUK, o allo sportello, poi ripeti il rinnovo."},
	failure.PUKFormat:               {"PUK di forma errata, non inviato alla tessera.", "Controlla il PUK nella busta ricevuta. Ripeti il rinnovo."},
	failure.PUKWrong:                {"PUK errato.", "Controlla il PUK: dopo alcuni PUK sbagliati la tessera è inutilizzabile."},
	failure.PUKBlocked:              {"PUK bloccato.", "Serve una nuova tessera: chiedila allo sportello."},
	failure.LastTry:                 {"Restava un solo tentativo e il cittadino non l’ha usato.", "Se sei certo del codice usalo; altrimenti recuperalo allo sportello."},
	failure.InputMissing:            {"Mancava un codice e nessuno poteva inserirlo.", "Esegui il rinnovo al terminale o nella finestra, con il PIN e, se richiesto, il PUK."},
	failure.Cancelled:               {"Rinnovo annullato dal cittadino.", tellAgain},
	failure.PINSequence:             {"Il nuovo PIN era una sequenza.", newPIN},
	failure.PINRepetition:           {"Il nuovo PIN ripeteva le stesse cifre.", newPIN},
	failure.PINBirthDate:            {"Il nuovo PIN veniva dalla data di nascita.", newPIN},
	failure.PINPersonal:             {"Il nuovo PIN veniva dal codice fiscale o dal numero della tessera.", newPIN},
	failure.PINSame:                 {"Il nuovo PIN era quello di prima.", newPIN},
	failure.PINUnknown:              {"La tessera non ha risposto al nuovo PIN: vale quello, o il PIN è com’era.", "Usa per primo il PIN nuovo; se non è accettato, ripeti il cambio o lo sblocco."},
	failure.PINCommandUnknown:       {"Per questo modello nessuna fonte dà il comando che cambia o sblocca il PIN.", "Rivolgiti allo sportello che ha attivato la tessera."},
	failure.PinpadTimeout:           {"Il codice non è stato scritto in tempo sulla tastiera del lettore.", tellAgain},
	failure.PinpadCancelled:         {"Il cittadino ha premuto il tasto di annullamento del lettore.", tellAgain},
	failure.PinpadLength:            {"Il codice scritto sul lettore aveva troppe o troppo poche cifre.", tellAgain},
	failure.PinpadDifferent:         {"I due nuovi PIN scritti sul lettore non erano uguali.", tellAgain},
	failure.PinpadUnusable:          {"La tastiera del lettore non accetta i codici di questa tessera.", "Scrivi il codice sulla tastiera del computer."},
	failure.ServiceUnreachable:      {"Il servizio non era raggiungibile: rete del cittadino, proxy o firewall, oppure servizio fermo in quell’ora.", "Controlla il collegamento a Internet. " + tellLater},
	failure.ServiceBusy:             {"Servizio sovraccarico in quell’ora.", tellLater},
	failure.ServiceError:            {"Il servizio ha risposto con un errore HTTP: cercare nel suo registro i numeri di richiesta riportati sopra.", tellLater},
	failure.ServicePortal:           {"Al posto del servizio ha risposto una pagina: rete con accesso (albergo, ufficio) o filtro.", "Apri il browser, completa l’accesso alla rete, o usa un’altra rete. " + tellLater},
	failure.ProxyAuth:               {"Il proxy della rete vuole un’autenticazione.", "Usa un’altra rete, o chiedi al gestore della rete. " + tellLater},
	failure.TLSUntrusted:            {"Connessione TLS intercettata (antivirus, proxy) oppure radici TLS non aggiornate.", "Disattiva il controllo HTTPS dell’antivirus o usa un’altra rete. " + tellLater},
	failure.ServiceUntrusted:        {"Risposta non firmata dal servizio: intercettazione TLS (antivirus, proxy), o certificati radice non aggiornati.", "Disattiva il controllo HTTPS dell’antivirus o usa un’altra rete. " + tellLater},
	failure.ProgramTooOld:           {"Programma più vecchio della versione minima che il servizio annuncia.", tellUpdate},
	failure.SettingsMalformed:       {"Impostazioni di chi amministra il computer scritte male: registro di Windows o /etc/rinnova/settings.json.", "Fai correggere le impostazioni da chi amministra il computer, poi esegui il rinnovo."},
	failure.OperatorMalformed:       {"operator.json del programma, o quello conservato dal cittadino, scritto male o alterato.", "Installa di nuovo il programma dal portale; se il servizio era stato inserito a mano, toglilo con rinnova service --forget."},
	failure.BrowserOpen:             {"Il cittadino ha un browser aperto: mentre è aperto il suo elenco dei moduli non si cambia.", "Fai chiudere tutte le finestre del browser; `rinnova browser list` dice quale è aperto."},
	failure.BrowserStore:            {"Il file pkcs11.txt di un browser non è leggibile o scrivibile.", "Controlla spazio e permessi; `rinnova browser list` dice le cartelle."},
	failure.ModuleMissing:           {"Il programma è stato copiato senza librinnova-pkcs11.so.", "Fai installare il pacchetto del sistema."},
	failure.ServiceUnsaved:          {"Il disco del cittadino è pieno, o la cartella delle impostazioni non è scrivibile.", "Controlla lo spazio sul disco e inserisci di nuovo l’indirizzo del servizio."},
	failure.ProxyMalformed:          {"Indirizzo del proxy scritto male, in --proxy, RINNOVA_PROXY o nelle impostazioni del computer.", "Fai correggere l’indirizzo del proxy, poi esegui il rinnovo."},
	failure.ServiceNotGiven:         {"Programma senza l’indirizzo del servizio: non viene dal portale.", "Installa il programma dalla pagina «Elenco driver» del portale, o inserisci l’indirizzo del servizio."},
	failure.CertificateUnacceptable: {"Il certificato rilasciato non supera i controlli del programma: errore del servizio.", tellUs},
	failure.WaitingTooLong:          {"Coda troppo lunga in quell’ora.", tellLater},
	failure.LoginUnknown:            {"Il servizio non indica la pagina della prova di accesso.", "Il rinnovo è riuscito: prova l’accesso con il browser."},
	failure.LoginUnreadable:         {"La pagina della prova di accesso non ha risposto come previsto.", "Il rinnovo è riuscito: prova l’accesso con il browser."},
	failure.ClockWrong:              {"La data del computer è fuori dalla validità del certificato TLS del servizio; più di rado è scaduto il certificato.", "Controlla data e ora del computer, poi riprova."},
	failure.ProxyUnreachable:        {"Il proxy delle impostazioni (a mano, dell’ambiente o del sistema) non accetta connessioni.", "Controlla le impostazioni del proxy: da casa, di solito, non ne occorre uno."},
	failure.ProxyScript:             {"Lo script PAC del sistema non si scarica, non è JavaScript valido o non risponde in tempo.", "Togli lo script dalle impostazioni del proxy, o chiedi a chi gestisce la rete."},
	failure.ProxyUnsupported:        {"Le impostazioni del sistema indicano solo un proxy SOCKS, o uno script in un file.", "Chiedi a chi gestisce la rete un proxy HTTP, o usa un’altra rete."},
	failure.NameUnresolved:          {"Il DNS della rete del cittadino non trova il nome del servizio, o non risponde.", "Controlla il collegamento a Internet, o prova da un’altra rete. " + tellLater},
	failure.NoRoute:                 {"Il computer del cittadino non ha una rete, o la rete non porta al servizio.", "Collega il computer a Internet. " + tellLater},
	failure.LoginNotProven:          {"Il sito della prova di accesso non ha chiesto il certificato, o non è https: l’indirizzo è sbagliato.", "Prova l’accesso con il browser."},
	failure.LoginRefused:            {"La prova di accesso non ha accettato il certificato.", "Togli la tessera, attendi un minuto, reinseriscila e riprova."},
	failure.Expired:                 {"Alla prova di accesso è stato presentato un certificato scaduto.", "Chiudi e riapri il browser e scegli il certificato con la scadenza più lontana."},
	failure.UnknownIssuer:           {"Alla prova di accesso è stato presentato il certificato di un altro ente.", tellUs},
	failure.NotOnRecord:             {"Alla prova di accesso è stato presentato un certificato che il servizio non ha rilasciato.", tellUs},
	failure.CardCIE:                 {"Inserita una carta d’identità elettronica.", "Usa la Tessera Sanitaria con il chip."},
	failure.CardNotActivated:        {"Tessera mai attivata: PIN o dati non ancora in uso.", "Fai attivare la tessera allo sportello, poi esegui il rinnovo."},
	failure.ReaderFailed:            {"Errore di trasmissione fra lettore e tessera: contatti sporchi, cavo, porta USB o driver.", tellReader + " " + tellAgain},
	failure.IssuerEnds:              {"Il certificato dell’autorità che rilascia finisce prima della nuova scadenza: la campagna è ferma finché l’ente non lo sostituisce.", tellUs},
	failure.NoExtension:             {"Il certificato vale già fino alla data della proroga.", "Il certificato è valido: puoi usarlo per accedere."},
	failure.NotYetValid:             {"Certificato non ancora valido, oppure data del computer errata.", "Controlla la data del computer e riprova."},
	failure.UntrustedIssuer:         {"Il certificato è di un’autorità che il servizio non riconosce: manca la radice, o l’ente è un altro.", tellUs},
	failure.WeakSignature:           {"Certificato firmato con un algoritmo non ammesso.", tellUs},
	failure.WrongKey:                {"Chiave del vecchio certificato di tipo o lunghezza non ammessi.", tellUs},
	failure.WrongPolicy:             {"Il certificato presentato non è di autenticazione CNS.", tellUs},
	failure.WrongUsage:              {"Il certificato presentato non è per l’autenticazione.", tellUs},
	failure.UnknownExtension:        {"Estensione sconosciuta nel vecchio certificato: profilo dell’ente da verificare.", tellUs},
	failure.MalformedSubject:        {"Il titolare nel vecchio certificato non ha la forma CNS: profilo dell’ente da verificare.", tellUs},
	failure.NotHealthCard:           {"CNS di un altro ente (camera di commercio, ordine professionale).", "Questa CNS si rinnova presso chi l’ha rilasciata."},
	failure.WrongSubject:            {"Il nome nella richiesta non è quello del certificato: errore del programma, o richiesta alterata.", tellUs},
	failure.KeySeen:                 {"La chiave nuova è già nota al servizio: chip clonato o generatore difettoso; da segnalare alla sicurezza.", tellUs},
	failure.KeyNotRSA:               {"La chiave nuova non è RSA: errore del programma.", tellUs},
	failure.KeyTooShort:             {"Chiave nuova più corta di quanto chiesto: il chip è di una variante diversa da quella del modello.", tellUs},
	failure.KeyTooLong:              {"Chiave nuova più lunga di quanto ammesso.", tellUs},
	failure.KeyBadExponent:          {"Esponente della chiave nuova non ammesso: il chip è di una variante diversa da quella del modello.", tellUs},
	failure.KeySmallFactor:          {"Il chip ha generato una chiave debole: generatore difettoso; da segnalare alla sicurezza.", tellUs},
	failure.KeyClosePrimes:          {"Il chip ha generato una chiave debole: generatore difettoso; da segnalare alla sicurezza.", tellUs},
	failure.KeyWeakROCA:             {"Il chip genera chiavi con il difetto ROCA.", tellOther},
	failure.KeyIsOld:                {"Come chiave nuova è stata presentata la vecchia: errore del programma.", tellUs},
	failure.UnknownCertificate:      {"Conferma di un certificato che non risulta rilasciato: cercare i numeri di richiesta nel registro.", tellUs},
	failure.CertificateRevoked:      {"Il nuovo certificato è stato revocato prima della conferma: verificare nel registro da chi.", tellUs},
	failure.CertificateExpired:      {"Il nuovo certificato è scaduto prima della conferma.", tellAgain},
	failure.AlreadyConfirmed:        {"Conferma ripetuta di un certificato già confermato.", "Il rinnovo è probabilmente riuscito: prova l’accesso con il browser."},
	failure.WrongOldCertificate:     {"La richiesta è firmata da un certificato diverso da quello da rinnovare: più certificati sulla tessera.", tellUs},
	failure.BadSignerCertificate:    {"Il servizio non legge il vecchio certificato: codifica non conforme.", tellUs},
	failure.UnsupportedAlgorithm:    {"Algoritmo o lunghezza della vecchia chiave non ammessi dal servizio.", tellUs},
	failure.BadProtection:           {"La firma della vecchia chiave non torna: chip guasto, o messaggio alterato in rete.", tellReader + " " + tellAgain},
	failure.BadProofOfPossession:    {"La firma della chiave nuova non torna: generazione non riuscita sul chip.", tellAgain},
	failure.TransactionInUse:        {"Identificativo della richiesta già usato con altro contenuto: due rinnovi contemporanei, o diario ripristinato da una copia.", tellAgain},
	failure.UnknownTransaction:      {"Il servizio non conosce più la richiesta.", tellAgain},
	failure.OtherSigner:             {"La richiesta è stata continuata con un altro certificato: tessera cambiata durante il lavoro.", tellAgain},
	failure.BadRecipientNonce:       {"Messaggio fuori sequenza: risposta persa o ripetuta in rete.", tellAgain},
	failure.MalformedRequest:        mismatch, failure.MalformedMessage: mismatch, failure.UnsupportedVersion: mismatch, failure.BadTransactionID: mismatch,
	failure.BadSenderNonce: mismatch, failure.Unprotected: mismatch, failure.MACProtection: mismatch, failure.SHA1: mismatch, failure.UnsupportedMessage: mismatch,
	failure.UnknownInfoType: mismatch, failure.BadTemplate: mismatch, failure.HashAlgorithm: mismatch,
	failure.Internal: {"Errore del programma: trasmettere il rapporto agli sviluppatori.", tellUs},
}
