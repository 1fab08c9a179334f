// SPDX-License-Identifier: EUPL-1.2

//go:build !linux

package pcsc

// Users names the programs that are connected to the smart-card service, besides this one. Nil: this system does not
// tell it to programs.
func Users() []string { return nil }
