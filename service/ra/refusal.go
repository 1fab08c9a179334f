// SPDX-License-Identifier: EUPL-1.2

package ra

import (
	"errors"
	"regexp"
	"strings"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
)

// Codes of this package; those of campaigns, certificates and keys are campaign's and ca's.
const (
	codeNotInRegistry      = "not-in-registry"
	codeWrongSubject       = "wrong-subject"
	codeKeySeen            = "key-seen"
	codeCampaignUnknown    = "campaign-unknown"
	codeCampaignAmbiguous  = "campaign-ambiguous"
	codeUnknownCertificate = "unknown-certificate"
	codeCertificateRevoked = "certificate-revoked"
	codeCertificateExpired = "certificate-expired"
	codeAlreadyConfirmed   = "already-confirmed"
)

const (
	otherWays  = " Per accedere ai servizi può usare SPID o la CIE; alla scadenza della tessera ne riceve una nuova per posta."
	newKey     = " La vecchia chiave della tessera non è stata toccata."
	assistance = " Si rivolga all'assistenza."
)

// refusals is the bit and the Italian text of every code; each text stays under 500 bytes.
var refusals = map[string]cmp.Refusal{
	codeNotInRegistry:      {Info: cmp.NotAuthorized, Text: "Questa tessera non risulta fra quelle che si possono rinnovare." + assistance},
	codeWrongSubject:       {Info: cmp.BadCertTemplate, Text: "La richiesta porta un nome diverso da quello del certificato della tessera."},
	codeKeySeen:            {Info: cmp.NotAuthorized, Text: "La chiave presentata appartiene a un'altra tessera." + assistance},
	codeCampaignUnknown:    {Info: cmp.BadRequest, Text: "La campagna di rinnovo indicata non esiste."},
	codeCampaignAmbiguous:  {Info: cmp.BadRequest, Text: "Più campagne di rinnovo accettano questa tessera; scelga quale usare:"},
	codeUnknownCertificate: {Info: cmp.BadCertID, Text: "Il certificato da confermare non risulta rilasciato per questa tessera." + assistance},
	codeCertificateRevoked: {Info: cmp.CertRevoked, Text: "Il certificato rilasciato per questa chiave è stato revocato: serve una chiave nuova." + newKey},
	codeCertificateExpired: {Info: cmp.BadTime, Text: "Il certificato da confermare è scaduto."},
	codeAlreadyConfirmed:   {Info: cmp.CertConfirmed, Text: "Il certificato è già stato confermato e non si può più rifiutare." + assistance},

	campaign.CampaignClosed:    {Info: cmp.NotAuthorized, Text: "La campagna di rinnovo non è aperta." + otherWays},
	campaign.NoCampaign:        {Info: cmp.NotAuthorized, Text: "Nessuna campagna di rinnovo è aperta." + otherWays},
	campaign.NotInWindow:       {Info: cmp.NotAuthorized, Text: "La scadenza del certificato della tessera non rientra nel periodo ammesso al rinnovo." + otherWays},
	campaign.ExpiredCredential: {Info: cmp.NotAuthorized, Text: "Il certificato della tessera è scaduto e la campagna di rinnovo non ammette tessere scadute." + otherWays},
	campaign.NoExtension:       {Info: cmp.NotAuthorized, Text: "Il certificato della tessera vale già fino alla data della proroga: non serve rinnovarlo."},
	campaign.AlreadyRenewed:    {Info: cmp.DuplicateCertReq, Text: "La tessera è già stata rinnovata: usi il certificato nuovo che si trova sulla tessera."},
	campaign.NoAttemptsLeft:    {Info: cmp.NotAuthorized, Text: "Per questa tessera sono già state presentate tutte le chiavi ammesse dalla campagna." + assistance},
	campaign.Revoked:           {Info: cmp.CertRevoked, Text: "Il certificato della tessera è stato revocato e non si può rinnovare." + otherWays},
	campaign.Suspended:         {Info: cmp.CertRevoked, Text: "Il certificato della tessera è sospeso: il rinnovo è possibile dopo la riattivazione." + assistance},
	campaign.NotYetValid:       {Info: cmp.BadTime, Text: "Il certificato della tessera non è ancora valido."},

	string(ca.UntrustedIssuer):  {Info: cmp.SignerNotTrusted, Text: "Il certificato presentato non è stato rilasciato da un ente riconosciuto per le tessere sanitarie."},
	string(ca.WeakSignature):    {Info: cmp.SignerNotTrusted, Text: "Il certificato presentato è firmato con un algoritmo non ammesso."},
	string(ca.WrongKey):         {Info: cmp.BadAlg, Text: "La chiave del certificato presentato è di un tipo o di una lunghezza non ammessi."},
	string(ca.WrongPolicy):      {Info: cmp.NotAuthorized, Text: "Il certificato presentato non è un certificato di autenticazione CNS."},
	string(ca.WrongUsage):       {Info: cmp.NotAuthorized, Text: "Il certificato presentato non serve per l'autenticazione."},
	string(ca.UnknownExtension): {Info: cmp.NotAuthorized, Text: "Il certificato presentato contiene un'estensione critica sconosciuta."},
	string(ca.MalformedSubject): {Info: cmp.NotAuthorized, Text: "Il titolare nel certificato presentato non è scritto come in una TS-CNS." + assistance},
	string(ca.NotHealthCard):    {Info: cmp.NotAuthorized, Text: "La carta non è una tessera sanitaria: il rinnovo riguarda solo le TS-CNS."},

	string(ca.KeyNotRSA):      {Info: cmp.BadAlg, Text: "La chiave nuova non è una chiave RSA."},
	string(ca.KeyTooShort):    {Info: cmp.BadCertTemplate, Text: "La chiave nuova è troppo corta: servono almeno 2048 bit."},
	string(ca.KeyTooLong):     {Info: cmp.BadCertTemplate, Text: "La chiave nuova è troppo lunga: sono ammessi al più 4096 bit."},
	string(ca.KeyBadExponent): {Info: cmp.BadCertTemplate, Text: "L'esponente della chiave nuova non è ammesso."},
	string(ca.KeySmallFactor): {Info: cmp.BadCertTemplate, Text: "La chiave nuova è debole." + newKey},
	string(ca.KeyClosePrimes): {Info: cmp.BadCertTemplate, Text: "La chiave nuova è debole." + newKey},
	string(ca.KeyWeakROCA):    {Info: cmp.BadCertTemplate, Text: "Il chip ha generato una chiave debole (difetto noto come ROCA)." + newKey},
	string(ca.KeyIsOld):       {Info: cmp.BadCertTemplate, Text: "La chiave presentata è quella vecchia: il rinnovo richiede una chiave nuova."},
}

// refuse makes the refusal of a code.
func refuse(code string) *cmp.Refusal {
	r := refusals[code]
	r.Code = code
	return &r
}

// refuseReason turns what ca found into a refusal; any other error stays what it is.
func refuseReason(err error) error {
	var reason ca.Reason
	if errors.As(err, &reason) {
		return refuse(string(reason))
	}
	return err
}

func ambiguous(accepting []campaign.Choice) *cmp.Refusal {
	r := refuse(codeCampaignAmbiguous)
	r.Text += " " + strings.Join(ids(accepting), ", ") + "."
	return r
}

// personalPattern matches possible codici fiscali and card numbers in a client's text.
var personalPattern = regexp.MustCompile(`[0-9A-Za-z]{11,}`)

// withoutPersonal cuts the client's text to 200 bytes of valid UTF-8 and replaces possible personal identifiers.
func withoutPersonal(text string) string {
	return strings.ToValidUTF8(personalPattern.ReplaceAllString(text[:min(len(text), 200)], "…"), "")
}
