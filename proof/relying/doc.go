// SPDX-License-Identifier: EUPL-1.2

// Package relying holds tests only: the web servers that sites of interest use, with the configurations that
// docs/RELYING-SITE.md gives them, let a renewed certificate in and nothing else. They need the Debian packages
// apache2-bin, nginx-light, curl and openssl, and run as processes of the test, never as services.
package relying
