// SPDX-License-Identifier: EUPL-1.2

// Package driver has the tests of the PKCS #11 library as programs use it: through pcscd and a virtual reader, on cards
// that were renewed.
package driver
