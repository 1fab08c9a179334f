// SPDX-License-Identifier: EUPL-1.2

//go:build !linux

package main

// refuseDumps does nothing here: macOS writes no core file unless it is asked to, and Windows leaves dumps to the
// administrator.
func refuseDumps() {}
