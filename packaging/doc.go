// SPDX-License-Identifier: EUPL-1.2

// Package packaging has the sources of the installers, and the tests of the files that "make packages" made.
package packaging
