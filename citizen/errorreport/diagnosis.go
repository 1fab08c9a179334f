// SPDX-License-Identifier: EUPL-1.2

package errorreport

// Diagnosis is what the desk is told of a report, in Italian.
type Diagnosis struct {
	Cause string // the likely one
	Tell  string // to the citizen
}

const (
	tellAgain  = "La tessera è integra e il vecchio certificato è al suo posto. Esegua di nuovo il rinnovo: riprende da dove si è fermato."
	tellLater  = "La tessera è integra. Riprovi più tardi: il rinnovo riprende da dove si è fermato."
	tellOther  = "La tessera è integra ma questo certificato non si può rinnovare. Può usare SPID o la CIE; alla scadenza riceverà la nuova tessera."
	tellReader = "Provi con un'altra porta USB o un altro lettore, dopo aver pulito il chip con un panno asciutto."
	tellUpdate = "La tessera è integra. Installi la versione corrente del programma ed esegua di nuovo il rinnovo."
	tellUs     = "La tessera è integra. Stiamo verificando: la ricontatteremo."
)

// byStatusWord finds the cause where the card refused a command (ISO/IEC 7816-4 §5.6, tables 5 and 6).
var byStatusWord = map[string]Diagnosis{
	"6581": {"La memoria del chip non conserva più ciò che vi si scrive: chip consumato o guasto.", "Il chip non accetta più scritture: serve una nuova tessera. " + tellOther},
	"6400": {"Il chip ha segnalato un errore di esecuzione senza cambiare nulla.", tellAgain},
	"6700": {"La tessera rifiuta la lunghezza di un comando: probabilmente il lettore, o il suo driver, non passa APDU estese o concatenate.", tellReader},
	"6881": {"La tessera non ammette canali logici: un altro programma ne ha aperto uno.", "Chiuda il browser e i programmi di firma, poi esegua di nuovo il rinnovo."},
	"6882": {"La tessera rifiuta il secure messaging: modello o stato diversi dal previsto.", tellUs},
	"6982": {"Le condizioni di sicurezza non sono soddisfatte: un altro programma ha azzerato la tessera, o il chip dimentica il PIN a ogni selezione.", "Chiuda il browser e i programmi di firma, poi esegua di nuovo il rinnovo."},
	"6983": {"Il codice è bloccato.", "Il codice è bloccato: si sblocca con il PUK, o allo sportello. Il rinnovo si esegue dopo."},
	"6984": {"Il riferimento a un codice o a una chiave non è utilizzabile: tessera non attivata, o modello diverso dal previsto.", tellUs},
	"6985": {"Le condizioni d'uso non sono soddisfatte: un oggetto è in uno stato inatteso.", tellUs},
	"6A80": {"La tessera rifiuta i dati di un comando: il chip è di una variante diversa da quella del modello.", tellUs},
	"6A81": {"La tessera non ha la funzione richiesta: il chip è di una variante diversa da quella del modello.", tellUs},
	"6A82": {"Un file atteso non è sulla tessera: contenuto diverso da quello della serie.", tellUs},
	"6A84": {"La memoria della tessera è piena.", "Sulla tessera non c'è posto per un altro certificato. " + tellOther},
	"6A86": {"La tessera rifiuta i parametri di un comando: il chip è di una variante diversa da quella del modello.", tellUs},
	"6A88": {"Una chiave o un codice atteso non è sulla tessera.", tellUs},
	"6A89": {"Il file esiste già: un rinnovo precedente è rimasto a metà in un modo non previsto.", tellUs},
	"6B00": {"Lettura o scrittura oltre la fine di un file: il file è più corto di quanto previsto dal modello.", tellUs},
	"6D00": {"La tessera non conosce un comando: il chip non è del modello riconosciuto.", tellUs},
	"6E00": {"La tessera non conosce la classe di un comando: il chip non è del modello riconosciuto, o c'è un'altra applicazione.", tellUs},
	"6F00": {"Il chip ha segnalato un errore senza precisarlo: contatti sporchi, alimentazione insufficiente o chip guasto.", tellReader},
}

// mismatch is the cause of the refusals that name the wire (RFC 9810).
var mismatch = Diagnosis{"Programma e servizio non si intendono sul protocollo: versioni diverse, o un apparato di rete altera i messaggi.", tellUpdate}

// byCode finds the cause by the failure's code.
var byCode = map[string]Diagnosis{
	"card-removed":             {"La tessera è stata tolta, o il lettore ha perso l'alimentazione o il contatto.", tellReader + " " + tellAgain},
	"other-card":               {"Durante il lavoro è stata inserita un'altra tessera.", "Inserisca la tessera con cui ha iniziato. " + tellAgain},
	"interrupted":              {"Il programma è stato chiuso durante il rinnovo.", tellAgain},
	"card-busy":                {"Un altro programma (browser, programma di firma) tiene la tessera.", "Chiuda il browser e i programmi di firma, poi esegua di nuovo il rinnovo."},
	"card-reset":               {"Un altro programma ha azzerato la tessera.", "Chiuda il browser e i programmi di firma, poi esegua di nuovo il rinnovo."},
	"no-smartcard-service":     {"Il servizio smart card del sistema non è installato o è fermo.", "Avvii il servizio «Smart card» (pcscd su Linux) e riprovi."},
	"no-reader":                {"Nessun lettore visto dal sistema: non collegato, o driver mancante.", "Colleghi il lettore, ne installi il driver se il sistema non lo riconosce, e riprovi."},
	"no-card":                  {"Nel lettore non c'è una tessera, o non fa contatto.", "Inserisca la tessera con il chip verso i contatti del lettore."},
	"card-ambiguous":           {"Più tessere inserite.", "Lasci inserita solo la tessera da rinnovare."},
	"card-mute":                {"La tessera non risponde all'accensione: al contrario, chip sporco o guasto, oppure tessera senza chip.", tellReader},
	"card-contactless":         {"Tessera letta senza contatto.", "Inserisca la tessera nella fessura del lettore a contatto."},
	"card-not-cns":             {"La tessera non è una CNS (CIE, carta bancaria o altra).", "Usi la Tessera Sanitaria con il chip."},
	"card-foreign":             {"Il chip è di una famiglia nota ma non ha il contenuto di una CNS.", "Usi la Tessera Sanitaria con il chip."},
	"card-not-health":          {"CNS di un altro ente (camera di commercio, ordine professionale).", "Questa CNS si rinnova presso chi l'ha rilasciata."},
	"card-model-unknown":       {"ATR non presente fra i modelli: variante nuova, da aggiungere.", tellUs},
	"card-malformed":           {"Dati della tessera in forma imprevista: contatti sporchi o personalizzazione errata.", tellReader},
	"card-error":               {"La tessera ha rifiutato un comando (si veda l'ultima risposta nella cronologia).", tellUs},
	"card-write":               {"Ciò che è stato scritto sul chip non si rilegge uguale: chip consumato o contatto incerto.", tellReader + " " + tellAgain},
	"card-wrong-key":           {"La chiave generata non firma come dovrebbe: generazione non riuscita sul chip.", tellAgain},
	"no-certificate":           {"Nessun certificato di autenticazione leggibile: tessera mai attivata, o contenuto danneggiato.", "Si rivolga allo sportello per attivare o sostituire la tessera."},
	"no-room":                  {"La memoria della tessera è piena, o il posto per la nuova chiave è occupato.", "Sulla tessera non c'è posto per un altro certificato. " + tellOther},
	"series-not-renewable":     {"Serie esclusa dal rinnovo.", tellOther},
	"series-not-in-campaign":   {"Serie non compresa nella campagna.", tellOther},
	"series-needed":            {"Il chip non basta a distinguere la serie e la sigla non è stata indicata.", "Indichi la sigla stampata sul fronte della tessera, vicino al chip."},
	"campaign-closed":          {"Campagna chiusa.", tellOther},
	"no-campaign":              {"Nessuna campagna aperta per questo certificato.", tellOther},
	"campaign-ambiguous":       {"Più campagne accettano il certificato e non ne è stata scelta una.", "Scelga la campagna e riprovi."},
	"campaign-unknown":         {"Il servizio non conosce la campagna chiesta.", "Ripeta il rinnovo senza indicare la campagna."},
	"not-in-window":            {"La scadenza del certificato è fuori dal periodo della campagna.", "Se il certificato non è scaduto può già usarlo. " + tellOther},
	"already-renewed":          {"Il certificato è già stato rinnovato.", "La tessera è già rinnovata: chiuda e riapra il browser e provi l'accesso."},
	"expired-credential":       {"Certificato scaduto, in una campagna che vuole certificati validi.", tellOther},
	"no-attempts-left":         {"Esauriti i tentativi ammessi per questo certificato: verificare nel registro le richieste precedenti.", tellUs},
	"not-in-registry":          {"Il certificato non è nel registro di quelli rilasciati: manca un'importazione, o l'ente è un altro.", tellUs},
	"revoked":                  {"Certificato revocato.", "Il certificato è revocato: serve una nuova tessera."},
	"suspended":                {"Certificato sospeso.", "Chieda allo sportello di riattivare il certificato, poi riprovi."},
	"service-refused":          {"Il servizio ha rifiutato la richiesta: cercare nel suo registro i numeri di richiesta riportati sopra.", tellUs},
	"pin-format":               {"PIN di forma errata, non inviato alla tessera.", "Il PIN ha da 5 a 8 cifre. Esegua di nuovo il rinnovo."},
	"pin-wrong":                {"PIN errato.", "Controlli il PIN: dopo tre errori consecutivi la tessera lo blocca."},
	"pin-blocked":              {"PIN bloccato da tentativi errati.", "Sblocchi il PIN con il PUK, o allo sportello, poi esegua di nuovo il rinnovo."},
	"puk-format":               {"PUK di forma errata, non inviato alla tessera.", "Controlli il PUK nella busta ricevuta. Esegua di nuovo il rinnovo."},
	"puk-wrong":                {"PUK errato.", "Controlli il PUK: troppi errori bloccano la tessera per sempre."},
	"puk-blocked":              {"PUK bloccato.", "Serve una nuova tessera: la chieda allo sportello."},
	"last-try":                 {"Restava un solo tentativo e il cittadino non l'ha usato.", "Se è certo del codice lo usi; altrimenti lo recuperi allo sportello."},
	"input-missing":            {"Mancava un codice e nessuno poteva inserirlo.", "Esegua il rinnovo al terminale o nella finestra, con il PIN e, se richiesto, il PUK."},
	"cancelled":                {"Rinnovo annullato dal cittadino.", tellAgain},
	"service-unreachable":      {"Il servizio non era raggiungibile: rete del cittadino, proxy o firewall, oppure servizio fermo in quell'ora.", "Controlli il collegamento a Internet. " + tellLater},
	"service-busy":             {"Servizio sovraccarico in quell'ora.", tellLater},
	"service-error":            {"Il servizio ha risposto con un errore HTTP: cercare nel suo registro i numeri di richiesta riportati sopra.", tellLater},
	"service-portal":           {"Al posto del servizio ha risposto una pagina: rete con accesso (albergo, ufficio) o filtro.", "Apra il browser, completi l'accesso alla rete, o usi un'altra rete. " + tellLater},
	"proxy-auth":               {"Il proxy della rete vuole un'autenticazione.", "Usi un'altra rete, o chieda al gestore della rete. " + tellLater},
	"tls-untrusted":            {"Connessione TLS intercettata (antivirus, proxy) oppure radici TLS non aggiornate.", "Disattivi il controllo HTTPS dell'antivirus o usi un'altra rete. " + tellLater},
	"service-untrusted":        {"Risposta non firmata dal servizio: intercettazione TLS (antivirus, proxy), o certificati radice non aggiornati.", "Disattivi il controllo HTTPS dell'antivirus o usi un'altra rete. " + tellLater},
	"program-too-old":          {"Programma più vecchio della versione minima che il servizio annuncia.", tellUpdate},
	"settings-malformed":       {"Impostazioni di chi amministra il computer scritte male: registro di Windows o /etc/rinnova/settings.json.", "Faccia correggere le impostazioni da chi amministra il computer, poi esegua il rinnovo."},
	"proxy-malformed":          {"Indirizzo del proxy scritto male, in --proxy, RINNOVA_PROXY o nelle impostazioni del computer.", "Faccia correggere l'indirizzo del proxy, poi esegua il rinnovo."},
	"service-not-given":        {"Programma non configurato con l'indirizzo del servizio.", "Reinstalli il programma."},
	"certificate-unacceptable": {"Il certificato rilasciato non supera i controlli del programma: errore del servizio.", tellUs},
	"waiting-too-long":         {"Coda troppo lunga in quell'ora.", tellLater},
	"login-unknown":            {"Il servizio non indica la pagina della prova di accesso.", "Il rinnovo è riuscito: provi l'accesso con il browser."},
	"login-unreadable":         {"La pagina della prova di accesso non ha risposto come previsto.", "Il rinnovo è riuscito: provi l'accesso con il browser."},
	"login-refused":            {"La prova di accesso non ha accettato il certificato.", "Tolga la tessera, attenda un minuto, la reinserisca e riprovi."},
	"card-cie":                 {"Inserita una carta d'identità elettronica.", "Usi la Tessera Sanitaria con il chip."},
	"card-not-activated":       {"Tessera mai attivata: PIN o dati non ancora in uso.", "Faccia attivare la tessera allo sportello, poi esegua il rinnovo."},
	"reader-failed":            {"Errore di trasmissione fra lettore e tessera: contatti sporchi, cavo, porta USB o driver.", tellReader + " " + tellAgain},
	"no-extension":             {"Il certificato vale già fino alla data della proroga.", "Il certificato è valido: può usarlo per accedere."},
	"not-yet-valid":            {"Certificato non ancora valido, oppure data del computer errata.", "Controlli la data del computer e riprovi."},
	"untrusted-issuer":         {"Il certificato è di un'autorità che il servizio non riconosce: manca la radice, o l'ente è un altro.", tellUs},
	"weak-signature":           {"Certificato firmato con un algoritmo non ammesso.", tellUs},
	"wrong-key":                {"Chiave del vecchio certificato di tipo o lunghezza non ammessi.", tellUs},
	"wrong-policy":             {"Il certificato presentato non è di autenticazione CNS.", tellUs},
	"wrong-usage":              {"Il certificato presentato non è per l'autenticazione.", tellUs},
	"unknown-extension":        {"Estensione sconosciuta nel vecchio certificato: profilo dell'ente da verificare.", tellUs},
	"malformed-subject":        {"Il titolare nel vecchio certificato non ha la forma CNS: profilo dell'ente da verificare.", tellUs},
	"not-health-card":          {"CNS di un altro ente (camera di commercio, ordine professionale).", "Questa CNS si rinnova presso chi l'ha rilasciata."},
	"wrong-subject":            {"Il nome nella richiesta non è quello del certificato: errore del programma, o richiesta alterata.", tellUs},
	"key-seen":                 {"La chiave nuova è già nota al servizio: chip clonato o generatore difettoso; da segnalare alla sicurezza.", tellUs},
	"key-not-rsa":              {"La chiave nuova non è RSA: errore del programma.", tellUs},
	"key-too-short":            {"Chiave nuova più corta di quanto chiesto: il chip è di una variante diversa da quella del modello.", tellUs},
	"key-too-long":             {"Chiave nuova più lunga di quanto ammesso.", tellUs},
	"key-bad-exponent":         {"Esponente della chiave nuova non ammesso: il chip è di una variante diversa da quella del modello.", tellUs},
	"key-small-factor":         {"Il chip ha generato una chiave debole: generatore difettoso; da segnalare alla sicurezza.", tellUs},
	"key-close-primes":         {"Il chip ha generato una chiave debole: generatore difettoso; da segnalare alla sicurezza.", tellUs},
	"key-weak-roca":            {"Il chip genera chiavi con il difetto ROCA.", tellOther},
	"key-is-old":               {"Come chiave nuova è stata presentata la vecchia: errore del programma.", tellUs},
	"unknown-certificate":      {"Conferma di un certificato che non risulta rilasciato: cercare i numeri di richiesta nel registro.", tellUs},
	"certificate-revoked":      {"Il nuovo certificato è stato revocato prima della conferma: verificare nel registro da chi.", tellUs},
	"certificate-expired":      {"Il nuovo certificato è scaduto prima della conferma.", tellAgain},
	"already-confirmed":        {"Conferma ripetuta di un certificato già confermato.", "Il rinnovo è probabilmente riuscito: provi l'accesso con il browser."},
	"wrong-old-certificate":    {"La richiesta è firmata da un certificato diverso da quello da rinnovare: più certificati sulla tessera.", tellUs},
	"bad-signer-certificate":   {"Il servizio non legge il vecchio certificato: codifica non conforme.", tellUs},
	"unsupported-algorithm":    {"Algoritmo o lunghezza della vecchia chiave non ammessi dal servizio.", tellUs},
	"bad-protection":           {"La firma della vecchia chiave non torna: chip guasto, o messaggio alterato in rete.", tellReader + " " + tellAgain},
	"bad-proof-of-possession":  {"La firma della chiave nuova non torna: generazione non riuscita sul chip.", tellAgain},
	"transaction-in-use":       {"Identificativo della richiesta già usato con altro contenuto: due rinnovi contemporanei, o diario ripristinato da una copia.", tellAgain},
	"unknown-transaction":      {"Il servizio non conosce più la richiesta.", tellAgain},
	"other-signer":             {"La richiesta è stata continuata con un altro certificato: tessera cambiata durante il lavoro.", tellAgain},
	"bad-recipient-nonce":      {"Messaggio fuori sequenza: risposta persa o ripetuta in rete.", tellAgain},
	"malformed-request":        mismatch, "malformed-message": mismatch, "unsupported-version": mismatch, "bad-transaction-id": mismatch,
	"bad-sender-nonce": mismatch, "unprotected": mismatch, "mac-protection": mismatch, "sha1": mismatch, "unsupported-message": mismatch,
	"unknown-info-type": mismatch, "bad-template": mismatch, "hash-algorithm": mismatch,
	"internal": {"Errore del programma: trasmettere il rapporto agli sviluppatori.", tellUs},
}

// refusedByCard are the codes that a status word explains better.
var refusedByCard = map[string]bool{"card-error": true, "card-write": true, "card-wrong-key": true, "card-malformed": true, "internal": true}

// Diagnose finds the likely cause, by the failure's code and, where the card refused a command, by its
// answer. The second value is false where neither is known.
func (r *Report) Diagnose() (Diagnosis, bool) {
	if d, ok := byStatusWord[r.Failure.StatusWord]; ok && refusedByCard[r.Failure.Code] {
		return d, true
	}
	if d, ok := byCode[r.Failure.Code]; ok {
		return d, true
	}
	return Diagnosis{"Causa non in elenco: il servizio ha rifiutato la richiesta con un codice suo, o il programma è più recente di questo.", tellUs}, false
}
