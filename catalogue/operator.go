// SPDX-License-Identifier: EUPL-1.2

package catalogue

import "rinnova.example/go/failure"

// operator has the clauses that end a command of rinnovad, for a person who runs the service or the desk.
var operator = map[failure.Code]string{
	failure.CampaignUnknown:      "campagna inesistente",
	failure.Usage:                "comando o argomenti non validi; rinnovad --help elenca i comandi",
	failure.Failed:               "operazione non riuscita",
	failure.TryAgain:             "un altro comando ha cambiato gli stessi dati: riprova",
	failure.AlreadyInitialised:   "la cartella contiene già un servizio",
	failure.NotInitialised:       "la cartella non contiene un servizio: esegui prima rinnovad init",
	failure.Database:             "la base dati non si apre",
	failure.Packages:             "la cartella dei programmi non si apre",
	failure.PackagesNoService:    "i programmi di questa cartella non conoscono un servizio, e non vengono pubblicati: preparali con make packages OPERATOR=FILE",
	failure.PackagesOther:        "i programmi di questa cartella sono preparati per un altro servizio, e non vengono pubblicati",
	failure.Listen:               "non è possibile ascoltare su questo indirizzo",
	failure.FileExists:           "il file esiste già e non viene sovrascritto",
	failure.UnknownSeries:        "sigla della tessera sconosciuta",
	failure.CardData:             "dati non adatti a questa tessera",
	failure.CodiceFiscale:        "codice fiscale non valido",
	failure.CampaignOver:         "la data fino a cui la campagna estende i certificati è passata",
	failure.CertificateUnknown:   "nessun certificato ha questo numero di serie o questa impronta",
	failure.CertificateAmbiguous: "più certificati hanno questo numero di serie: indica lo SHA-256",
	failure.Unreadable:           "il file non è leggibile",
	failure.NoTranscript:         "la segnalazione non contiene scambi con la tessera",
	failure.DeskKey:              "la chiave non è leggibile o non decifra: occorre una chiave RSA in PEM o DER (PKCS#8 o PKCS#1), non protetta da password",
	failure.DeskCertificate:      "il certificato dell’assistenza non è utilizzabile",
	failure.ReportTooLarge:       "il file è più grande di quanto una segnalazione possa essere",
	failure.ReportTruncated:      "il file è incompleto: chiedilo di nuovo al cittadino",
	failure.ReportOtherKey:       "il file è cifrato per un’altra chiave",
	failure.ReportTampered:       "il file è stato alterato dopo la cifratura: non è attendibile",
	failure.ReportNewer:          "il file è di un programma più recente di questo",
	failure.ReportForeign:        "il file non è una segnalazione di Rinnova, o la posta l'ha cambiato: fallo spedire dentro un archivio ZIP",
}
