// SPDX-License-Identifier: EUPL-1.2

//go:build window

package main

import "github.com/wailsapp/go-webview2/webviewloader"

// webView reports whether WebView2 is installed. Stripped and managed computers do not have it.
func webView() bool {
	v, err := webviewloader.GetAvailableCoreWebView2BrowserVersionString("")
	return err == nil && v != ""
}
