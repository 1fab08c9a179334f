// SPDX-License-Identifier: EUPL-1.2

//go:build window && !windows

package main

// webView is true: this program is linked with its web view, and would not start without it.
func webView() bool { return true }
