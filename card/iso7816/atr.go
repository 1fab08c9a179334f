// SPDX-License-Identifier: EUPL-1.2

package iso7816

import (
	"errors"
	"fmt"
)

// ErrATR says that bytes are no answer to reset.
var ErrATR = errors.New("not an answer to reset")

// Historical returns the historical bytes of an answer to reset after checking its structure and, where
// a protocol other than T=0 is announced, the check byte TCK (ISO/IEC 7816-3 §8.2).
func Historical(atr []byte) ([]byte, error) {
	if len(atr) < 2 || len(atr) > 33 || atr[0] != 0x3B && atr[0] != 0x3F {
		return nil, fmt.Errorf("%w: %d bytes", ErrATR, len(atr))
	}
	k, y, i, tck := int(atr[1]&0x0F), atr[1]>>4, 2, false
	for y != 0 {
		for _, bit := range []byte{1, 2, 4} {
			if y&bit != 0 {
				i++
			}
		}
		if y&8 == 0 {
			break
		}
		if i >= len(atr) {
			return nil, fmt.Errorf("%w: interface bytes cut short", ErrATR)
		}
		tck = tck || atr[i]&0x0F != 0
		y = atr[i] >> 4
		i++
	}
	end := i + k
	if tck {
		end++
	}
	if end != len(atr) {
		return nil, fmt.Errorf("%w: %d bytes, %d announced", ErrATR, len(atr), end)
	}
	if tck {
		var x byte
		for _, b := range atr[1:] {
			x ^= b
		}
		if x != 0 {
			return nil, fmt.Errorf("%w: check byte", ErrATR)
		}
	}
	return atr[i : i+k], nil
}
