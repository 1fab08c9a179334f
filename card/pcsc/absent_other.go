// SPDX-License-Identifier: EUPL-1.2

//go:build !linux

package pcsc

// absent tells why there is no service, which is part of these systems.
func absent(code) error { return ErrNoService }
