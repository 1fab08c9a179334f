// SPDX-License-Identifier: EUPL-1.2

package iso7816

// Instruction bytes (ISO/IEC 7816-4 table 4; 7816-8 and 7816-9 for the commands of security and of life cycle). The odd
// ones are the same commands with BER-TLV data (ISO/IEC 7816-4 §5.4.2).
const (
	INSDeactivateFile            byte = 0x04
	INSVerify                    byte = 0x20
	INSManageSecurityEnvironment byte = 0x22
	INSChangeReferenceData       byte = 0x24 // with class 90 the CHANGE KEY DATA of CNS cards
	INSPerformSecurityOperation  byte = 0x2A
	INSResetRetryCounter         byte = 0x2C
	INSActivateFile              byte = 0x44
	INSGenerateKeyPair           byte = 0x46
	INSGetChallenge              byte = 0x84
	INSSearchBinary              byte = 0xA0
	INSSearchRecord              byte = 0xA2
	INSSelect                    byte = 0xA4
	INSReadBinary                byte = 0xB0
	INSReadRecord                byte = 0xB2
	INSGetResponse               byte = 0xC0
	INSEnvelope                  byte = 0xC2
	INSGetData                   byte = 0xCA
	INSWriteBinary               byte = 0xD0
	INSWriteRecord               byte = 0xD2
	INSUpdateBinary              byte = 0xD6
	INSPutData                   byte = 0xDA
	INSUpdateRecord              byte = 0xDC
	INSCreateFile                byte = 0xE0
	INSAppendRecord              byte = 0xE2
	INSDeleteFile                byte = 0xE4
)
