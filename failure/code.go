// SPDX-License-Identifier: EUPL-1.2

package failure

// Code is the word of one failure. It is an interface for scripts, the wire and the assistance desk.
type Code string

// Reader and card.
const (
	CardRemoved           Code = "card-removed"
	OtherCard             Code = "other-card"
	Interrupted           Code = "interrupted"
	CardReset             Code = "card-reset"
	ReaderFailed          Code = "reader-failed"
	CardBusy              Code = "card-busy"
	CardMute              Code = "card-mute"
	NoSmartCardService    Code = "no-smartcard-service"
	NotPermitted          Code = "not-permitted"
	NoReader              Code = "no-reader"
	NoCard                Code = "no-card"
	CardAmbiguous         Code = "card-ambiguous"
	CardNotCNS            Code = "card-not-cns"
	CardCIE               Code = "card-cie"
	CardForeign           Code = "card-foreign"
	CardNotHealth         Code = "card-not-health"
	CardContactless       Code = "card-contactless"
	CardModelUnknown      Code = "card-model-unknown"
	CardMalformed         Code = "card-malformed"
	CardNotActivated      Code = "card-not-activated"
	NoCertificate         Code = "no-certificate"
	CertificateUnreadable Code = "certificate-unreadable"
	NoRoom                Code = "no-room"
	CardError             Code = "card-error"
	CardWrite             Code = "card-write"
	CardWrongKey          Code = "card-wrong-key"
)

// PIN, PUK and what a person decides.
const (
	PINFormat    Code = "pin-format"
	PINWrong     Code = "pin-wrong"
	PINBlocked   Code = "pin-blocked"
	PUKFormat    Code = "puk-format"
	PUKWrong     Code = "puk-wrong"
	PUKBlocked   Code = "puk-blocked"
	LastTry      Code = "last-try"
	InputMissing Code = "input-missing"
	Cancelled    Code = "cancelled"
)

// A new PIN.
const (
	PINSequence       Code = "pin-sequence"
	PINRepetition     Code = "pin-repetition"
	PINBirthDate      Code = "pin-birth-date"
	PINPersonal       Code = "pin-personal"
	PINSame           Code = "pin-same"
	PINUnknown        Code = "pin-unknown"
	PINCommandUnknown Code = "pin-command-unknown"
)

// A code typed at the keypad of the reader: nothing was sent to the card.
const (
	PinpadTimeout   Code = "pinpad-timeout"
	PinpadCancelled Code = "pinpad-cancelled"
	PinpadLength    Code = "pinpad-length"
	PinpadDifferent Code = "pinpad-different"
	PinpadUnusable  Code = "pinpad-unusable"
)

// Whether the certificate may be renewed.
const (
	SeriesNotRenewable  Code = "series-not-renewable"
	SeriesNotInCampaign Code = "series-not-in-campaign"
	SeriesNeeded        Code = "series-needed"
	CampaignClosed      Code = "campaign-closed"
	IssuerEnds          Code = "issuer-ends"
	NoCampaign          Code = "no-campaign"
	CampaignAmbiguous   Code = "campaign-ambiguous"
	CampaignUnknown     Code = "campaign-unknown"
	NotInWindow         Code = "not-in-window"
	AlreadyRenewed      Code = "already-renewed"
	ExpiredCredential   Code = "expired-credential"
	NoExtension         Code = "no-extension"
	NotYetValid         Code = "not-yet-valid"
	NoAttemptsLeft      Code = "no-attempts-left"
	NotInRegistry       Code = "not-in-registry"
	Revoked             Code = "revoked"
	Suspended           Code = "suspended"
	UntrustedIssuer     Code = "untrusted-issuer"
	WeakSignature       Code = "weak-signature"
	WrongKey            Code = "wrong-key"
	WrongPolicy         Code = "wrong-policy"
	WrongUsage          Code = "wrong-usage"
	UnknownExtension    Code = "unknown-extension"
	MalformedSubject    Code = "malformed-subject"
	NotHealthCard       Code = "not-health-card"
	RenewedEnded        Code = "renewed-ended"
)

// The way to the service.
const (
	ServiceUnreachable Code = "service-unreachable"
	ServiceBusy        Code = "service-busy"
	ServiceError       Code = "service-error"
	ServicePortal      Code = "service-portal"
	TLSUntrusted       Code = "tls-untrusted"
	ProxyAuth          Code = "proxy-auth"
	ServiceUntrusted   Code = "service-untrusted"
	ServiceRefused     Code = "service-refused"
	ServiceNotGiven    Code = "service-not-given"
	ServiceMalformed   Code = "service-malformed"
	ProxyMalformed     Code = "proxy-malformed"
	CANeeded           Code = "ca-needed"
	CAUnreadable       Code = "ca-unreadable"
	WaitingTooLong     Code = "waiting-too-long"
	LoginUnknown       Code = "login-unknown"
	LoginUnreadable    Code = "login-unreadable"
	LoginRefused       Code = "login-refused"
	LoginNotProven     Code = "login-not-proven"
	ClockWrong         Code = "clock-wrong"
	ProgramTooOld      Code = "program-too-old"
	Expired            Code = "expired"
	UnknownIssuer      Code = "unknown-issuer"
	NotOnRecord        Code = "not-on-record"
)

// The service refuses a message.
const (
	InternalError        Code = "internal-error"
	MalformedRequest     Code = "malformed-request"
	UnsupportedVersion   Code = "unsupported-version"
	MalformedMessage     Code = "malformed-message"
	BadTransactionID     Code = "bad-transaction-id"
	BadSenderNonce       Code = "bad-sender-nonce"
	BadRecipientNonce    Code = "bad-recipient-nonce"
	Unprotected          Code = "unprotected"
	MACProtection        Code = "mac-protection"
	SHA1                 Code = "sha1"
	UnsupportedAlgorithm Code = "unsupported-algorithm"
	BadProtection        Code = "bad-protection"
	BadSignerCertificate Code = "bad-signer-certificate"
	UnsupportedMessage   Code = "unsupported-message"
	UnknownInfoType      Code = "unknown-info-type"
	BadTemplate          Code = "bad-template"
	BadProofOfPossession Code = "bad-proof-of-possession"
	WrongOldCertificate  Code = "wrong-old-certificate"
	TransactionInUse     Code = "transaction-in-use"
	UnknownTransaction   Code = "unknown-transaction"
	OtherSigner          Code = "other-signer"
	HashAlgorithm        Code = "hash-algorithm"
	WrongSubject         Code = "wrong-subject"
)

// The new key and the new certificate.
const (
	KeySeen                 Code = "key-seen"
	KeyNotRSA               Code = "key-not-rsa"
	KeyTooShort             Code = "key-too-short"
	KeyTooLong              Code = "key-too-long"
	KeyBadExponent          Code = "key-bad-exponent"
	KeySmallFactor          Code = "key-small-factor"
	KeyClosePrimes          Code = "key-close-primes"
	KeyWeakROCA             Code = "key-weak-roca"
	KeyIsOld                Code = "key-is-old"
	UnknownCertificate      Code = "unknown-certificate"
	CertificateRevoked      Code = "certificate-revoked"
	CertificateExpired      Code = "certificate-expired"
	AlreadyConfirmed        Code = "already-confirmed"
	CertificateUnacceptable Code = "certificate-unacceptable"
)

// The program, its command line and its settings.
const (
	Usage             Code = "usage"
	Internal          Code = "internal"
	AlreadyOpen       Code = "already-open"
	DemoFailed        Code = "demo-failed"
	CardMalformedName Code = "card-malformed-name"
	CardFileMissing   Code = "card-file-missing"
	CardFileMalformed Code = "card-file-malformed"
	ClockOnlyEmulated Code = "clock-only-emulated"
	ClockMalformed    Code = "clock-malformed"
	ReplayMalformed   Code = "replay-malformed"
	RecordUnwritable  Code = "record-unwritable"
	RecordingRefused  Code = "recording-refused"
	JournalNowhere    Code = "journal-nowhere"
	SecretMalformed   Code = "secret-malformed"
	SettingsMalformed Code = "settings-malformed"
	OperatorMalformed Code = "operator-malformed"
	ServiceUnsaved    Code = "service-unsaved"
	BrowserOpen       Code = "browser-open"
	BrowserStore      Code = "browser-store"
	ModuleMissing     Code = "module-missing"
	ReportUnsaved     Code = "report-unsaved"
	ReportNoDesk      Code = "report-no-desk"
	UpdateAbsent      Code = "update-absent"
	UpdateSignature   Code = "update-signature"
	UpdateMalformed   Code = "update-malformed"
	UpdateRollback    Code = "update-rollback"
	UpdateExpired     Code = "update-expired"
	UpdateMemory      Code = "update-memory"
	UpdateKey         Code = "update-key"
)

// A command of an operator or of the desk fails.
const (
	Failed               Code = "failed"
	TryAgain             Code = "try-again"
	AlreadyInitialised   Code = "already-initialised"
	NotInitialised       Code = "not-initialised"
	Database             Code = "database"
	Packages             Code = "packages"
	PackagesNoService    Code = "packages-no-service"
	PackagesOther        Code = "packages-other-service"
	Listen               Code = "listen"
	FileExists           Code = "file-exists"
	UnknownSeries        Code = "unknown-series"
	CardData             Code = "card-data"
	CodiceFiscale        Code = "codice-fiscale"
	CampaignOver         Code = "campaign-over"
	CertificateUnknown   Code = "certificate-unknown"
	CertificateAmbiguous Code = "certificate-ambiguous"
	Unreadable           Code = "unreadable"
	NoTranscript         Code = "no-transcript"
	DeskKey              Code = "key"
	DeskCertificate      Code = "certificate"
	ReportTooLarge       Code = "report-too-large"
	ReportTruncated      Code = "report-truncated"
	ReportOtherKey       Code = "report-other-key"
	ReportTampered       Code = "report-tampered"
	ReportNewer          Code = "report-newer"
	ReportForeign        Code = "report-foreign"
)
