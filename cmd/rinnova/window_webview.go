// SPDX-License-Identifier: EUPL-1.2

//go:build window && !windows

package main

// webView: here the program is linked with its web view, and would not start without.
func webView() bool { return true }
