// SPDX-License-Identifier: EUPL-1.2

package token

import "fmt"

// RV is a CK_RV (PKCS #11 v3.0 §3.6). It is an error; OK is never returned as one.
type RV uint64

// The return values that this package uses (PKCS #11 v3.0 appendix B).
const (
	OK                        RV = 0x000
	SlotIDInvalid             RV = 0x003
	GeneralError              RV = 0x005
	ArgumentsBad              RV = 0x007
	NoEvent                   RV = 0x008
	AttributeSensitive        RV = 0x011
	AttributeTypeInvalid      RV = 0x012
	DataLenRange              RV = 0x021
	DeviceError               RV = 0x030
	DeviceRemoved             RV = 0x032
	EncryptedDataInvalid      RV = 0x040
	EncryptedDataLenRange     RV = 0x041
	FunctionCanceled          RV = 0x050
	FunctionNotSupported      RV = 0x054
	KeyHandleInvalid          RV = 0x060
	KeyFunctionNotPermitted   RV = 0x068
	MechanismInvalid          RV = 0x070
	MechanismParamInvalid     RV = 0x071
	ObjectHandleInvalid       RV = 0x082
	OperationActive           RV = 0x090
	OperationNotInitialized   RV = 0x091
	PINIncorrect              RV = 0x0A0
	PINInvalid                RV = 0x0A1
	PINLenRange               RV = 0x0A2
	PINLocked                 RV = 0x0A4
	SessionHandleInvalid      RV = 0x0B3
	SessionParallelNotSupport RV = 0x0B4
	TokenNotPresent           RV = 0x0E0
	TokenNotRecognized        RV = 0x0E1
	TokenWriteProtected       RV = 0x0E2
	UserAlreadyLoggedIn       RV = 0x100
	UserNotLoggedIn           RV = 0x101
	UserTypeInvalid           RV = 0x103
	BufferTooSmall            RV = 0x150
)

func (rv RV) Error() string { return fmt.Sprintf("CK_RV %03X", uint64(rv)) }

// Attribute types (PKCS #11 v3.0 §4).
const (
	attrClass              = 0x000
	attrToken              = 0x001
	attrPrivate            = 0x002
	attrLabel              = 0x003
	attrValue              = 0x011
	attrCertificateType    = 0x080
	attrIssuer             = 0x081
	attrSerialNumber       = 0x082
	attrTrusted            = 0x086
	attrCertificateKind    = 0x087 // CKA_CERTIFICATE_CATEGORY
	attrKeyType            = 0x100
	attrSubject            = 0x101
	attrID                 = 0x102
	attrSensitive          = 0x103
	attrEncrypt            = 0x104
	attrDecrypt            = 0x105
	attrWrap               = 0x106
	attrUnwrap             = 0x107
	attrSign               = 0x108
	attrSignRecover        = 0x109
	attrVerify             = 0x10A
	attrVerifyRecover      = 0x10B
	attrDerive             = 0x10C
	attrStartDate          = 0x110
	attrEndDate            = 0x111
	attrModulus            = 0x120
	attrModulusBits        = 0x121
	attrPublicExponent     = 0x122
	attrPrivateExponent    = 0x123
	attrCoefficient        = 0x128
	attrPublicKeyInfo      = 0x129
	attrExtractable        = 0x162
	attrLocal              = 0x163
	attrNeverExtractable   = 0x164
	attrAlwaysSensitive    = 0x165
	attrModifiable         = 0x170
	attrCopyable           = 0x171
	attrDestroyable        = 0x172
	attrAlwaysAuthenticate = 0x202
	attrProfileID          = 0x601
)

// Object classes (PKCS #11 v3.0 §4).
const (
	classCertificate = 1
	classPublicKey   = 2
	classPrivateKey  = 3
	classProfile     = 9
)

// profilePublicCertificates is CKP_PUBLIC_CERTIFICATES_TOKEN: certificates can be listed before a login. Browsers that
// find it do not ask for the PIN in order to list them.
const profilePublicCertificates = 4

// Flags of slots, tokens, sessions and mechanisms (PKCS #11 v3.0 §3).
const (
	slotTokenPresent    = 0x001
	slotRemovableDevice = 0x002
	slotHardware        = 0x004

	tokenWriteProtected     = 0x000002
	tokenLoginRequired      = 0x000004
	tokenUserPINInitialized = 0x000008
	tokenProtectedPath      = 0x000100 // CKF_PROTECTED_AUTHENTICATION_PATH
	tokenInitialized        = 0x000400
	tokenUserPINCountLow    = 0x010000
	tokenUserPINFinalTry    = 0x020000
	tokenUserPINLocked      = 0x040000

	sessionReadWrite = 0x002
	sessionSerial    = 0x004

	stateReadOnlyPublic  = 0
	stateReadOnlyUser    = 1
	stateReadWritePublic = 2
	stateReadWriteUser   = 3

	mechanismHardware = 0x00001
	mechanismDecrypt  = 0x00200
	mechanismSign     = 0x00800
)

// userNormal is CKU_USER; the security officer has no code on these cards.
const userNormal = 1
