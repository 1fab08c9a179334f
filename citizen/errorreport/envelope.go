// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	encoding "encoding/asn1"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// This package has its own encoder because no library makes an envelope that OpenSSL opens: smallstep/pkcs7 0.2.3
// omits the mask generation function from the OAEP parameters, which then means SHA-1 (RFC 4055 §4.1), but masks with
// SHA-256; its GCM is not that of RFC 5084; and it panics on a ciphertext of a broken length.

var (
	oidEnvelopedData = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}      // RFC 5652 §6.1
	oidData          = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}      // RFC 5652 §4
	oidOAEP          = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}      // RFC 8017 appendix A.2.1
	oidMGF1          = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}      // RFC 8017 appendix A.2.1
	oidSHA256        = encoding.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}  // RFC 8017 appendix A.2.1
	oidAES256CBC     = encoding.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42} // RFC 3565 §4.1
	context0         = asn1.Tag(0).ContextSpecific()                              // IMPLICIT OCTET STRING
	context0Explicit = asn1.Tag(0).ContextSpecific().Constructed()
	context1Explicit = asn1.Tag(1).ContextSpecific().Constructed()
)

const keySize = 32 // of AES-256, in bytes

// seal makes a ContentInfo with an EnvelopedData (RFC 5652 §6.1) for all recipients:
//
//	EnvelopedData ::= SEQUENCE { version 0, recipientInfos SET OF, encryptedContentInfo }
//
// finish returns the content, which must have size bytes. It gets the file's bytes up to the ciphertext, so that the
// content can bind them.
func seal(size int, finish func(head []byte) []byte, recipients Recipients, random io.Reader) ([]byte, error) {
	secret := make([]byte, keySize+aes.BlockSize)
	defer clear(secret)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	key, iv := secret[:keySize], secret[keySize:]
	var infos [][]byte
	for _, c := range recipients {
		info, err := recipientInfo(c, key, random)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	slices.SortFunc(infos, bytes.Compare) // DER of a SET OF (X.690 §11.6)

	padding := aes.BlockSize - size%aes.BlockSize // RFC 5652 §6.3
	ciphertext := make([]byte, size+padding)
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidEnvelopedData)
		b.AddASN1(context0Explicit, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(0) // only recipients of version 0, no attributes
				b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) {
					for _, info := range infos {
						b.AddBytes(info)
					}
				})
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { // EncryptedContentInfo
					b.AddASN1ObjectIdentifier(oidData)
					b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { // RFC 3565 §2.3
						b.AddASN1ObjectIdentifier(oidAES256CBC)
						b.AddASN1OctetString(iv)
					})
					b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddBytes(ciphertext) })
				})
			})
		})
	})
	file, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding the envelope: %w", err)
	}
	end := len(file) - len(ciphertext)
	content := finish(file[:end])
	if len(content) != size {
		return nil, errors.New("the content has another size than announced")
	}
	content = append(content, bytes.Repeat([]byte{byte(padding)}, padding)...)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(file[end:], content)
	return file, nil
}

// recipientInfo encodes a KeyTransRecipientInfo of version 0 (RFC 5652 §6.2.1, RFC 3560 §2) with the certificate's
// issuer and serial number, RSAES-OAEP, and the content-encryption key encrypted with the certificate's key.
func recipientInfo(c *x509.Certificate, key []byte, random io.Reader) ([]byte, error) {
	encrypted, err := rsa.EncryptOAEP(sha256.New(), random, c.PublicKey.(*rsa.PublicKey), key, nil)
	if err != nil {
		return nil, fmt.Errorf("encrypting for the desk: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddBytes(issuerAndSerial(c))
		b.AddBytes(oaepAlgorithm())
		b.AddASN1OctetString(encrypted)
	})
	return b.Bytes()
}

// issuerAndSerial encodes the IssuerAndSerialNumber (RFC 5652 §10.2.4).
func issuerAndSerial(c *x509.Certificate) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(c.RawIssuer)
		b.AddASN1BigInt(c.SerialNumber)
	})
	return b.BytesOrPanic() // cannot fail: both were parsed from DER
}

// oaepAlgorithm encodes id-RSAES-OAEP with SHA-256 and MGF1 with SHA-256; the label is the default, empty (RFC 8017
// appendix A.2.1, RFC 3560 §3). The hash's parameters are NULL (RFC 4055 §2.1).
func oaepAlgorithm() []byte {
	hash := func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidSHA256)
			b.AddASN1NULL()
		})
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidOAEP)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(context0Explicit, hash)
			b.AddASN1(context1Explicit, func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidMGF1)
					hash(b)
				})
			})
		})
	})
	return b.BytesOrPanic() // cannot fail: all values are constants
}

// envelope is a parsed EnvelopedData.
type envelope struct {
	recipients []recipient
	head       []byte // the file up to the ciphertext
	iv         []byte
	ciphertext []byte
}

type recipient struct{ id, encryptedKey []byte }

// parseEnvelope parses an envelope of the form that seal makes, and refuses any other form and trailing bytes.
func parseEnvelope(file []byte) (*envelope, error) {
	if _, err := wholeLength(file); err != nil {
		return nil, err
	}
	var (
		s                         = cryptobyte.String(file)
		info, explicit, data      cryptobyte.String
		infos, content, algorithm cryptobyte.String
		kind, inner, cipherID     encoding.ObjectIdentifier
		version                   int
		e                         = &envelope{}
		iv, ciphertext            cryptobyte.String
	)
	ok := s.ReadASN1(&info, asn1.SEQUENCE) && s.Empty() && info.ReadASN1ObjectIdentifier(&kind) &&
		kind.Equal(oidEnvelopedData) &&
		info.ReadASN1(&explicit, context0Explicit) && info.Empty() && explicit.ReadASN1(&data, asn1.SEQUENCE) &&
		explicit.Empty() &&
		data.ReadASN1Integer(&version) && version == 0 && data.ReadASN1(&infos, asn1.SET) &&
		data.ReadASN1(&content, asn1.SEQUENCE) && data.Empty() &&
		content.ReadASN1ObjectIdentifier(&inner) && inner.Equal(oidData) &&
		content.ReadASN1(&algorithm, asn1.SEQUENCE) &&
		algorithm.ReadASN1ObjectIdentifier(&cipherID) && cipherID.Equal(oidAES256CBC) &&
		algorithm.ReadASN1(&iv, asn1.OCTET_STRING) && algorithm.Empty() &&
		content.ReadASN1(&ciphertext, context0) && content.Empty() && len(iv) == aes.BlockSize
	if !ok {
		return nil, ErrForeign
	}
	for !infos.Empty() {
		var one, id, oaep, key cryptobyte.String
		if !infos.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1Integer(&version) || version != 0 ||
			!one.ReadASN1Element(&id, asn1.SEQUENCE) ||
			!one.ReadASN1Element(&oaep, asn1.SEQUENCE) || !bytes.Equal(oaep, oaepAlgorithm()) ||
			!one.ReadASN1(&key, asn1.OCTET_STRING) || !one.Empty() ||
			len(e.recipients) == maxRecipients {
			return nil, ErrForeign
		}
		e.recipients = append(e.recipients, recipient{id, key})
	}
	if len(e.recipients) == 0 || len(ciphertext) == 0 || len(ciphertext)%aes.BlockSize != 0 {
		return nil, ErrForeign
	}
	e.iv, e.ciphertext, e.head = iv, ciphertext, file[:len(file)-len(ciphertext)]
	return e, nil
}

// wholeLength returns the length of a file of this kind in bytes, by its outermost length (X.690 §8.1.3). It tells a
// truncated file from one of another kind.
func wholeLength(file []byte) (int, error) {
	if len(file) == 0 {
		return 0, ErrTruncated
	}
	if file[0] != 0x30 {
		return 0, ErrForeign
	}
	if len(file) < 2 {
		return 0, ErrTruncated
	}
	n, length := int(file[1]&0x7F), int(file[1])
	head := 2
	if file[1]&0x80 != 0 {
		if n == 0 || n > 4 {
			return 0, ErrForeign
		}
		if head += n; len(file) < head {
			return 0, ErrTruncated
		}
		length = 0
		for _, b := range file[2:head] {
			length = length<<8 | int(b)
		}
	}
	if len(file)-head < length {
		return 0, ErrTruncated
	}
	return head + length, nil
}

// open decrypts the content with a key. With a certificate it tries only the recipient that the certificate names.
func (e *envelope) open(key crypto.Decrypter, certificate *x509.Certificate) ([]byte, error) {
	if public, ok := key.Public().(*rsa.PublicKey); !ok || certificate != nil && !public.Equal(certificate.PublicKey) {
		return nil, ErrNotRecipient
	}
	reason := ErrNotRecipient
	for _, r := range e.recipients {
		if certificate != nil {
			if !bytes.Equal(r.id, issuerAndSerial(certificate)) {
				continue
			}
			reason = ErrTampered
		}
		secret, err := key.Decrypt(nil, r.encryptedKey, &rsa.OAEPOptions{Hash: crypto.SHA256})
		if err != nil || len(secret) != keySize {
			continue
		}
		defer clear(secret)
		block, err := aes.NewCipher(secret)
		if err != nil {
			return nil, err
		}
		content := make([]byte, len(e.ciphertext))
		cipher.NewCBCDecrypter(block, e.iv).CryptBlocks(content, e.ciphertext)
		n := int(content[len(content)-1])
		if n == 0 || n > aes.BlockSize || !bytes.Equal(content[len(content)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
			return nil, ErrTampered
		}
		return content[:len(content)-n], nil
	}
	return nil, reason
}
