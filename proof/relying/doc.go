// SPDX-License-Identifier: EUPL-1.2

// Package relying runs the web servers that sites of interest use, with the configurations that docs/RELYING-SITE.md
// gives them, and tests that they let a renewed certificate in and nothing else. It serves tests only. The servers need
// the Debian packages apache2-bin, nginx-light, curl and openssl, and run as processes of the test, never as services.
package relying
