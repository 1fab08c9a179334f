// SPDX-License-Identifier: EUPL-1.2

//go:build !windows

package main

// alert does nothing where a program has an error output.
func alert(string) {}
