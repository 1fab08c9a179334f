// SPDX-License-Identifier: EUPL-1.2

package pinpad

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// GetFeatureRequest is the function whose control code asks a driver for its features (part 10 §2.2).
const GetFeatureRequest = 3400

// The features that this package knows (part 10 §2.3).
const (
	FeatureVerifyPINDirect  = 0x06
	FeatureModifyPINDirect  = 0x07
	FeatureGetTLVProperties = 0x12
)

// ErrFeatures is the error for an answer to GET_FEATURE_REQUEST that is no list of features.
var ErrFeatures = errors.New("malformed list of reader features")

// ParseFeatures reads the answer to GET_FEATURE_REQUEST (part 10 §2.2): for each feature its tag, the length 04 and the
// control code in 4 bytes, the most significant first. It returns the codes by tag. It refuses a list that is cut, an
// element of another length, and a tag that comes twice with different codes.
func ParseFeatures(list []byte) (map[byte]uint32, error) {
	features := map[byte]uint32{}
	for rest := list; len(rest) > 0; rest = rest[6:] {
		if len(rest) < 6 || rest[1] != 4 {
			return nil, fmt.Errorf("%w: at byte %d of %d", ErrFeatures, len(list)-len(rest), len(list))
		}
		code := binary.BigEndian.Uint32(rest[2:])
		if before, again := features[rest[0]]; again && before != code {
			return nil, fmt.Errorf("%w: feature %02X twice", ErrFeatures, rest[0])
		}
		features[rest[0]] = code
	}
	return features, nil
}

// Limits are what a driver says of its reader (part 10 §2.6.14). A nil field is not told.
type Limits struct {
	MinPIN, MaxPIN *byte   // digits
	MaxAPDU        *uint32 // bytes of a command
}

// The properties of Limits (part 10 §2.6.14).
const (
	minPINSize      = 0x06
	maxPINSize      = 0x07
	maxAPDUDataSize = 0x0A
)

// ParseLimits reads the answer to FEATURE_GET_TLV_PROPERTIES: tag and length in one byte each, and the value, the least
// significant byte first. It passes over what it does not know and what has another length, and stops where the list is
// cut.
func ParseLimits(list []byte) Limits {
	var l Limits
	for len(list) >= 2 && len(list) >= 2+int(list[1]) {
		value := list[2 : 2+int(list[1])]
		switch {
		case list[0] == minPINSize && len(value) == 1:
			l.MinPIN = &value[0]
		case list[0] == maxPINSize && len(value) == 1:
			l.MaxPIN = &value[0]
		case list[0] == maxAPDUDataSize && len(value) == 4:
			n := binary.LittleEndian.Uint32(value)
			l.MaxAPDU = &n
		}
		list = list[2+len(value):]
	}
	return l
}

// allow reports whether every code of a form can be typed. The CCID driver says 0 where the reader does not tell. The
// structures have 4 bits for the bytes of a code.
func (l Limits) allow(e Entry) bool {
	return e.Stored <= 15 && (l.MinPIN == nil || int(*l.MinPIN) <= e.Min) &&
		(l.MaxPIN == nil || *l.MaxPIN == 0 || int(*l.MaxPIN) >= e.Max)
}
