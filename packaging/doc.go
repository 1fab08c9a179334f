// SPDX-License-Identifier: EUPL-1.2

// Package packaging holds what the installers are made from, and the tests of what "make packages" made.
package packaging
