// SPDX-License-Identifier: EUPL-1.2

//go:build !linux

package cns

// RefuseDumps does nothing here: macOS writes no core file by default, and on Windows the administrator decides on
// dumps.
func RefuseDumps() {}
