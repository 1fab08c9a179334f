// SPDX-License-Identifier: EUPL-1.2

package cardmodel

import (
	"encoding/hex"

	"rinnova.example/go/failure"
)

// Sources are named as in the project's card facts: OpenSC's itacns driver and PKCS#15 emulation,
// OpenSC's former Incrypto34 driver, its CardOS driver, OpenSC issue traces by number, pcsc-tools' list
// of answers to reset, the guide, and public pages of regions.
const (
	fromATRList   = "pcsc-tools ATR list; historical bytes as OpenSC itacns reads them"
	fromItacns    = "OpenSC itacns driver"
	fromUserPages = "OpenSC itacns (5 to 8 digits, stored 8, padded FF); three tries: regional user pages"
	assumedPUK    = "assumed: form as the PIN (OpenSC itacns); ten tries is the Incrypto34 profile's number, none is " +
		"public for TS-CNS"
	assumedSeries = "assumed: the guide's middleware groups (Athena: AC; Bit4id: OT, ID, ACe2021, ACx2021) and the " +
		"mask in the ATR; no public table maps a sigla to an ATR"
	assumedSigla = "assumed: a real ATR of the family; no public source ties it to this sigla"
	assumedChunk = "assumed: 128 is within every limit seen (Incrypto34 at most 120 payload bytes for some commands, " +
		"UPDATE BINARY up to 255)"
	assumedAccess = "assumed: reading free, writing and deleting with the PIN; the byte order is OpenSC's and the " +
		"CIE specification's"
	assumedTemp = "assumed: Incrypto34 uses 7EAD; a 2048-bit modulus does not fit its record form, so a transparent " +
		"file with 7F49 { 81 modulus, 82 exponent } as on CardOS above 1024 bits"
	assumedAlgo  = "assumed: 0C, RSA without card padding, as OpenSC uses the issued CNS key"
	fromISO      = "OpenSC itacns driver: ISO 7816 as all its cards, codes padded (docs/CARDS.md §4.2)"
	assumedBits  = "assumed: current issuers want 2048 bits; that these chips generate them is not public"
	assumedRecov = "assumed: none of these cards is known to read a public key back once its file is gone"
)

var (
	// free lets the PIN alone add objects and files; the bytes are those of DF 9002 of a real card.
	free = Access{0xFF, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x10, 0xFF}
	// open lets every program add and delete; the bytes are those of DF 9001 of a real card.
	open = Access{0xFF, 0x00, 0x00, 0xFF, 0xFF, 0x00, 0xFF, 0x00, 0xFF}
	// shut allows no change.
	shut = Access{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}
	// object: read always; update, append and delete with the PIN.
	object = Access{0x00, 0x10, 0x10, 0xFF, 0xFF, 0x10, 0xFF, 0xFF, 0xFF}

	userPIN = Fact[Code]{Code{Reference: 0x10, Min: 5, Max: 8, Stored: 8, Pad: 0xFF, Tries: 3}, fromUserPages}
	userPUK = Fact[Code]{Code{Reference: 0x11, Min: 5, Max: 8, Stored: 8, Pad: 0xFF, Tries: 10}, assumedPUK}

	direct = Fact[Hex]{nil, "inferred: OpenSC itacns selects no application"}
	inSlot = Fact[string]{"", "OpenSC itacns: certificate 1100/1101"}

	issued = Fact[Slot]{Slot{Certificate: Path{0x1100, 0x1101}, Key: KeyRef{ID: 0x01}},
		"OpenSC itacns: certificate 1100/1101, key 01 in the MF"}

	// classic is DF_DS of cards whose second pair OpenSC looks for at 9010, 8110 and 8108/8010.
	classic = []DF{
		{Path: Path{0x1400}, Size: 8192, Access: free},
		{Path: Path{0x1400, 0x8108}, Size: 1024, Access: free},
		{Path: Path{0x1400, 0x8110}, Size: 4096, Access: free},
	}
	classicSlots = []Slot{
		{Path{0x1400, 0x9010}, Path{0x1400, 0x8108, 0x8010}, KeyRef{Path{0x1400, 0x8110}, 0x10}},
		{Path{0x1400, 0x9011}, Path{0x1400, 0x8108, 0x8011}, KeyRef{Path{0x1400, 0x8110}, 0x11}},
		{Path{0x1400, 0x9012}, Path{0x1400, 0x8108, 0x8012}, KeyRef{Path{0x1400, 0x8110}, 0x12}},
	}
)

// foreign holds cards whose historical bytes carry the CNS marker although they are no Italian CNS, or
// that are another product on a family's bytes.
var foreign = [][]byte{
	atr("3BFF1800008131FE45006B11050700012101434E531031804A"), // Izenpe, Spain
	atr("3BFF1800008131FE45006B150C0302010101434E5310318061"), // Digital-DNA, NXP ChipDoc under Athena's code
}

var models = []*Model{
	{
		ID: "athena", Name: "CNS 1.0, mask Athena",
		ATR: Fact[Pattern]{Pattern{IC: Hex{0x02, 0x04, 0x15}, Mask: 0x0C, First: 0x00, Last: 0xFF}, fromATRList},
		Series: Fact[[]Series]{[]Series{
			{"AC2013", Fact[Hex]{atr("3BDF18008131FE7D006B020C0182011101434E53103180FC"), assumedSigla}},
			{"AC2014", Fact[Hex]{atr("3BDF18008131FE7D006B150C0181011101434E53103180E8"), assumedSigla}},
			{"AC2018", Fact[Hex]{atr("3BDF18008131FE7D006B040C0184011101434E53103180FC"), assumedSigla}},
		}, assumedSeries},
		NotRenewable:   Fact[failure.Code]{"", "the guide names AC2013, AC2014, AC2018"},
		Application:    direct,
		ExtendedLength: Fact[bool]{false, "OpenSC itacns: CNS 1.0 gets short APDUs"},
		WriteChunk:     Fact[int]{128, assumedChunk},
		Memory: Fact[int]{16384,
			"assumed: no free memory of an AC card is public; enough for two slots, as a later campaign needs"},
		PIN: userPIN, PUK: userPUK,
		Backtrack:     Fact[bool]{false, fromItacns},
		CountsTries:   Fact[bool]{true, "assumed: CNS cards answer 63Cx; the bare Incrypto34 answered 6300"},
		ChangePIN:     Fact[bool]{true, fromISO},
		UnblockPIN:    Fact[bool]{true, fromISO},
		Environment:   Fact[byte]{0x03, fromItacns},
		IssuedKeyBits: Fact[int]{1024, "OpenSC itacns: CNS 1.0"},
		IssuedSlot:    issued,
		Elsewhere:     inSlot,
		MFCreate: Fact[byte]{0x11,
			"assumed: the guide asks the PUK on these series only, before the signature file system is made"},
		DFsAtIssue: Fact[[]DF]{nil, "assumed: the guide generates the signature file system on these series only"},
		NeededDFs: Fact[[]DF]{classic,
			"assumed: identifiers OpenSC itacns looks for; sizes and access bytes are ours"},
		NewEnvironment: Fact[bool]{true,
			"assumed: the Incrypto34 profile creates one; backtracking to the MF's is not public"},
		NewSlots: Fact[[]Slot]{classicSlots,
			"assumed: the first is where OpenSC itacns looks; bound to PIN 10h, since a second PIN could drift from " +
				"the first"},
		NewKeyBits:        Fact[int]{2048, assumedBits},
		ObjectAccess:      Fact[Access]{object, assumedAccess},
		CertificateSize:   Fact[int]{2048, "assumed: as EF 2002 on a card of 2021 (OpenSC issue 2483)"},
		PublicKeySize:     Fact[int]{300, "assumed: a PKCS#1 public key of 2048 bits takes 270 bytes"},
		TemporaryFile:     Fact[uint16]{0x7EAD, assumedTemp},
		TemporarySize:     Fact[int]{512, assumedTemp},
		KeyAlgorithm:      Fact[byte]{0x0C, assumedAlgo},
		PublicKeyRecovery: Fact[string]{"none", assumedRecov},
	},
	{
		ID: "oberthur", Name: "CNS 1.0, mask Oberthur",
		ATR: Fact[Pattern]{Pattern{IC: Hex{0x04, 0x05, 0x11}, Mask: 0x05, First: 0x00, Last: 0x1F}, fromATRList},
		Series: Fact[[]Series]{[]Series{
			{"OT2015", Fact[Hex]{atr("3BFF1800008131FE45006B04050100012101434E5310318059"), assumedSigla}},
			{"OT2016", Fact[Hex]{atr("3BFF1800008131FE45006B05051017012101434E531031805E"), assumedSigla}},
		}, assumedSeries},
		NotRenewable:   Fact[failure.Code]{"", "the guide names OT2015, OT2016"},
		Application:    direct,
		ExtendedLength: Fact[bool]{false, "OpenSC itacns: CNS 1.0 gets short APDUs"},
		WriteChunk:     Fact[int]{128, assumedChunk},
		Memory: Fact[int]{16384,
			"assumed: no free memory of an OT card is public; enough for two slots, as a later campaign needs"},
		PIN: userPIN, PUK: userPUK,
		Backtrack:     Fact[bool]{false, fromItacns},
		CountsTries:   Fact[bool]{true, "assumed: CNS cards answer 63Cx; the bare Incrypto34 answered 6300"},
		ChangePIN:     Fact[bool]{true, fromISO},
		UnblockPIN:    Fact[bool]{true, fromISO},
		Environment:   Fact[byte]{0x03, fromItacns},
		IssuedKeyBits: Fact[int]{1024, "OpenSC itacns: CNS 1.0"},
		IssuedSlot:    issued,
		Elsewhere:     inSlot,
		MFCreate:      Fact[byte]{0xFF, "assumed: nothing needs to be created in the MF of these series"},
		DFsAtIssue: Fact[[]DF]{classic[:1],
			"assumed: the guide asks no PUK here, so DF 1400 is there and opens to the PIN"},
		NeededDFs: Fact[[]DF]{classic,
			"assumed: identifiers OpenSC itacns looks for; sizes and access bytes are ours"},
		NewEnvironment: Fact[bool]{true,
			"assumed: the Incrypto34 profile creates one; backtracking to the MF's is not public"},
		NewSlots: Fact[[]Slot]{classicSlots,
			"assumed: the first is where OpenSC itacns looks; bound to PIN 10h, since the guide asks one PIN only"},
		NewKeyBits:        Fact[int]{2048, assumedBits},
		ObjectAccess:      Fact[Access]{object, assumedAccess},
		CertificateSize:   Fact[int]{2048, "assumed: as EF 2002 on a card of 2021 (OpenSC issue 2483)"},
		PublicKeySize:     Fact[int]{300, "assumed: a PKCS#1 public key of 2048 bits takes 270 bytes"},
		TemporaryFile:     Fact[uint16]{0x7EAD, assumedTemp},
		TemporarySize:     Fact[int]{512, assumedTemp},
		KeyAlgorithm:      Fact[byte]{0x0C, assumedAlgo},
		PublicKeyRecovery: Fact[string]{"none", assumedRecov},
	},
	{
		ID: "idemia", Name: "CNS 1.0, mask Idemia, 2048 bit",
		ATR: Fact[Pattern]{Pattern{IC: Hex{0x05}, Mask: 0x05, First: 0x20, Last: 0xFF},
			"OpenSC itacns: IC 05, mask 05, firmware from 20h"},
		Series: Fact[[]Series]{[]Series{
			{"ID2019", Fact[Hex]{atr("3BFF1800008131FE45006B05052000012101434E5310318079"), assumedSigla}},
			{"ACe2021", Fact[Hex]{atr("3BFF1800008131FE45006B0505912001F101434E5310318038"), assumedSigla}},
			{"ACx2021", Fact[Hex]{atr("3BFF1800008131FE45006B0505200001F101434E53103180A9"), assumedSigla}},
		}, assumedSeries},
		NotRenewable: Fact[failure.Code]{"",
			"the guide names ID2019; the tool's version of 2022 added ACe2021, ACx2021"},
		Application:    direct,
		ExtendedLength: Fact[bool]{true, fromItacns},
		WriteChunk:     Fact[int]{128, assumedChunk},
		Memory: Fact[int]{28716,
			"assumed: 702Ch is what another TS-CNS application reports (OpenSC issue 3804)"},
		PIN: userPIN, PUK: userPUK,
		Backtrack:     Fact[bool]{false, fromItacns},
		CountsTries:   Fact[bool]{true, "assumed: CNS cards answer 63Cx; the bare Incrypto34 answered 6300"},
		ChangePIN:     Fact[bool]{true, fromISO},
		UnblockPIN:    Fact[bool]{true, fromISO},
		Environment:   Fact[byte]{0x03, fromItacns},
		IssuedKeyBits: Fact[int]{2048, fromItacns},
		IssuedSlot:    issued,
		Elsewhere:     inSlot,
		MFCreate:      Fact[byte]{0xFF, "assumed: nothing needs to be created in the MF of these series"},
		DFsAtIssue: Fact[[]DF]{[]DF{
			{Path: Path{0x1400}, Size: 16384, Access: shut},
			{Path: Path{0x1400, 0x9001}, Size: 8192, Access: open},
			{Path: Path{0x1400, 0x9002}, Size: 8192, Access: free},
		}, "access bytes of 9001 and 9002: OpenSC issue 2483; sizes are ours"},
		NeededDFs:      Fact[[]DF]{nil, "OpenSC issue 2483: DF 9001 and 9002 are there"},
		NewEnvironment: Fact[bool]{false, "OpenSC issue 2483: environment 03 can be restored in 9002"},
		NewSlots: Fact[[]Slot]{[]Slot{
			{Path{0x1400, 0x9001, 0x2002}, Path{0x1400, 0x9001, 0x3002}, KeyRef{Path{0x1400, 0x9002}, 0x02}},
			{Path{0x1400, 0x9001, 0x2003}, Path{0x1400, 0x9001, 0x3003}, KeyRef{Path{0x1400, 0x9002}, 0x03}},
			{Path{0x1400, 0x9001, 0x2004}, Path{0x1400, 0x9001, 0x3004}, KeyRef{Path{0x1400, 0x9002}, 0x04}},
		}, "assumed: the first is where OpenSC itacns looks on cards issued with it; whether such a card has it " +
			"free is not public"},
		NewKeyBits:        Fact[int]{2048, fromItacns},
		ObjectAccess:      Fact[Access]{object, assumedAccess},
		CertificateSize:   Fact[int]{2048, "OpenSC issue 2483"},
		PublicKeySize:     Fact[int]{300, "assumed: a PKCS#1 public key of 2048 bits takes 270 bytes"},
		TemporaryFile:     Fact[uint16]{0x7EAD, assumedTemp},
		TemporarySize:     Fact[int]{512, assumedTemp},
		KeyAlgorithm:      Fact[byte]{0x0C, assumedAlgo},
		PublicKeyRecovery: Fact[string]{"none", assumedRecov},
	},
	{
		ID: "stincard", Name: "CNS 1.0 e 1.1, mask STIncard",
		ATR: Fact[Pattern]{Pattern{IC: Hex{0x02}, Mask: 0x09, First: 0x00, Last: 0xFF}, fromATRList},
		Series: Fact[[]Series]{[]Series{
			{"ST2021", Fact[Hex]{atr("3BFF1800FF8131FE55006B02091617011101434E531131808D"),
				"pcsc-tools ATR list: national TS-CNS"}},
		}, assumedSeries},
		NotRenewable: Fact[failure.Code]{failure.SeriesNotRenewable,
			"press of 2022: ST2021 is excluded from the extension"},
		Application:    direct,
		ExtendedLength: Fact[bool]{true, "OpenSC itacns: CNS 1.1"},
		WriteChunk:     Fact[int]{128, assumedChunk},
		Memory:         Fact[int]{0, "assumed: never asked, since nothing is written"},
		PIN:            userPIN, PUK: userPUK,
		Backtrack:     Fact[bool]{true, fromItacns},
		CountsTries:   Fact[bool]{true, "assumed: 63Cx or 6300, not public"},
		ChangePIN:     Fact[bool]{true, fromISO},
		UnblockPIN:    Fact[bool]{true, fromISO},
		Environment:   Fact[byte]{0x03, fromItacns},
		IssuedKeyBits: Fact[int]{2048, "OpenSC itacns: CNS 1.1"},
		IssuedSlot:    issued,
		Elsewhere:     inSlot,
	},
	{
		ID: "cardos", Name: "CNS 1.0, mask Siemens CardOS",
		ATR: Fact[Pattern]{Pattern{IC: Hex{0x05}, Mask: 0x08, First: 0x00, Last: 0xFF}, fromATRList},
		Series: Fact[[]Series]{[]Series{
			{"CRS", Fact[Hex]{atr("3BFF1800FFC10A31FE55006B0508C80A011101434E5310318003"),
				"pcsc-tools ATR list: CRS Lombardia"}},
		}, "pcsc-tools ATR list: regional service cards before the siglas"},
		NotRenewable:   Fact[failure.Code]{failure.SeriesNotRenewable, "the guide does not name them"},
		Application:    direct,
		ExtendedLength: Fact[bool]{false, "OpenSC itacns: CNS 1.0 gets short APDUs"},
		WriteChunk:     Fact[int]{128, assumedChunk},
		Memory:         Fact[int]{0, "assumed: never asked, since nothing is written"},
		PIN:            userPIN, PUK: userPUK,
		Backtrack:     Fact[bool]{false, "OpenSC itacns; its CardOS driver does the contrary"},
		CountsTries:   Fact[bool]{false, "OpenSC CardOS driver: 6300 without VerifyRC"},
		ChangePIN:     Fact[bool]{true, "OpenSC CardOS driver: ISO 7816 (docs/CARDS.md §4.2)"},
		UnblockPIN:    Fact[bool]{true, "OpenSC CardOS driver: ISO 7816 (docs/CARDS.md §4.2)"},
		Environment:   Fact[byte]{0x03, fromItacns},
		IssuedKeyBits: Fact[int]{1024, "OpenSC itacns: CNS 1.0"},
		IssuedSlot:    issued,
		Elsewhere:     inSlot,
	},
	{
		ID: "gd", Name: "CNS 1.0, mask Giesecke & Devrient",
		ATR: Fact[Pattern]{Pattern{IC: Hex{0x04}, Mask: 0x04, First: 0x00, Last: 0xFF}, fromATRList},
		Series: Fact[[]Series]{[]Series{
			{"ACe2025", Fact[Hex]{atr("3BFF1800FF8131FE4D006B0404B85B01F101434E531031809D"),
				"OpenSC issue 3804: same chip and mask"}},
		}, "OpenSC issue 3804"},
		NotRenewable: Fact[failure.Code]{failure.SeriesNotRenewable,
			"OpenSC issue 3804: the certificate lies behind another application; no campaign names it"},
		Application: Fact[Hex]{Hex{0xA0, 0x00, 0x00, 0x05, 0x30, 0x00, 0x0B, 0x10, 0x40, 0x01, 0x02, 0x1A},
			"assumed: that the card answers 6A82 to the paths before; the name is that of OpenSC issue 3804"},
		ExtendedLength: Fact[bool]{false, "assumed: never used, since nothing is signed"},
		WriteChunk:     Fact[int]{128, assumedChunk},
		Memory:         Fact[int]{0, "assumed: never asked, since nothing is written"},
		PIN:            userPIN, PUK: userPUK,
		Backtrack:     Fact[bool]{false, fromItacns},
		CountsTries:   Fact[bool]{true, "assumed: 63Cx or 6300, not public"},
		ChangePIN:     Fact[bool]{false, "not public: its application is not one that OpenSC knows"},
		UnblockPIN:    Fact[bool]{false, "not public: its application is not one that OpenSC knows"},
		Environment:   Fact[byte]{0x03, fromItacns},
		IssuedKeyBits: Fact[int]{2048, "OpenSC issue 3804: size of the certificate"},
		IssuedSlot:    issued,
		Elsewhere: Fact[string]{"DA01/C001 of another application",
			"OpenSC issue 3804; the application's name is not public"},
	},
}

func atr(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err) // a literal of this file
	}
	return b
}
