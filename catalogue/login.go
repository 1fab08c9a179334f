// SPDX-License-Identifier: EUPL-1.2

package catalogue

import "rinnova.example/go/failure"

// Login returns the advice for the code of a refused login; false for one that a login is not refused with.
func Login(code failure.Code) (Advice, bool) {
	a, ok := advices[code]
	return a, ok
}

// Advice explains a refused login to the person, and says what to do, in Italian.
type Advice struct {
	Why string
	Do  []string
}

// reopenBrowser is the most frequent advice: an open browser keeps the certificate that was chosen first.
const reopenBrowser = "Chiudi tutte le finestre del browser e riaprilo: finché resta aperto ricorda la scelta di prima."

const regionalAssistance = "Rivolgiti all’assistenza della tua Regione; nel frattempo puoi accedere ai servizi con SPID o con la carta d’identità elettronica."

// advices has the advice for each code word of a refused login.
var advices = map[failure.Code]Advice{
	failure.NoCertificate: {"Il browser non ha presentato alcun certificato.", []string{
		"Inserisci la tessera nel lettore, con il chip fino in fondo.", "Se il certificato della tessera è scaduto il browser non lo propone: rinnovalo seguendo la guida.",
		"Controlla che il browser abbia il driver adatto alla sigla della tessera.", reopenBrowser, "Quando il browser chiede un certificato, scegli quello della tessera."}},
	failure.Expired:          {"Il certificato presentato è scaduto.", []string{"Se la tessera è stata rinnovata è stato scelto il certificato vecchio.", reopenBrowser, "Scegli il certificato con la scadenza più lontana.", "Se la tessera non è stata rinnovata, rinnovala seguendo la guida."}},
	failure.UnknownIssuer:    {"Il certificato presentato non è stato rilasciato da un ente riconosciuto per le tessere sanitarie.", []string{"Forse è stato scelto un altro certificato, per esempio quello di una firma digitale.", reopenBrowser, "Scegli il certificato della tessera."}},
	failure.Revoked:          {"Il certificato presentato è stato revocato: non vale più e non può tornare valido.", []string{"Se la tessera è stata rinnovata scegli il certificato nuovo, dopo aver chiuso e riaperto il browser.", regionalAssistance}},
	failure.Suspended:        {"Il certificato presentato è sospeso. La sospensione si può togliere.", []string{regionalAssistance}},
	failure.NotOnRecord:      {"Il certificato presentato non risulta rilasciato da questo servizio.", []string{regionalAssistance}},
	failure.NotYetValid:      {"Il certificato presentato non è ancora valido.", []string{"Controlla la data e l’ora del computer.", "Attendi il giorno in cui comincia la validità, scritto sotto."}},
	failure.WeakSignature:    {"Il certificato presentato è firmato con un algoritmo non ammesso.", []string{regionalAssistance}},
	failure.WrongKey:         {"La chiave del certificato presentato è di un tipo o di una lunghezza non ammessi.", []string{regionalAssistance}},
	failure.WrongPolicy:      {"Il certificato presentato non è un certificato di autenticazione CNS.", []string{"Forse è stato scelto un altro certificato della tessera, per esempio quello di firma.", reopenBrowser, "Scegli il certificato di autenticazione."}},
	failure.WrongUsage:       {"Il certificato presentato non serve per l’autenticazione.", []string{"Forse è stato scelto un altro certificato della tessera, per esempio quello di firma.", reopenBrowser, "Scegli il certificato di autenticazione."}},
	failure.UnknownExtension: {"Il certificato presentato contiene un’estensione critica sconosciuta.", []string{regionalAssistance}},
	failure.MalformedSubject: {"Il titolare nel certificato presentato non è scritto come in una TS-CNS.", []string{"Forse è stato scelto il certificato di un’altra carta.", reopenBrowser, "Scegli il certificato della tessera sanitaria."}},
	failure.NotHealthCard:    {"La carta presentata è una CNS, ma non è una tessera sanitaria.", []string{reopenBrowser, "Scegli il certificato della tessera sanitaria."}},
}
