// SPDX-License-Identifier: EUPL-1.2

package portal

// The tests of the pages compare with these.
const (
	SecurityContact = securityContact
	BundlePath      = bundlePath
	TrustListPath   = trustListPath
	MaxOCSPRequest  = maxOCSPRequest
)

// PageList are the pages in the order of the menu.
var PageList = pages

// NotFoundPage is what answers where no page is.
var NotFoundPage = notFoundPage

// Page is one of the pages.
type Page = page

// Platforms are the computers for which there may be a package.
var Platforms = platforms
