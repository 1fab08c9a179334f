// SPDX-License-Identifier: EUPL-1.2

// Package judges holds tests only: programs of other projects use the cards that we renewed and the
// service that we run, and what is published for Windows is installed and used under Wine. The newer ones and
// Wine run in a Debian 13 root, which the tests make once under the user's cache folder; that needs root and,
// the first time, the network.
package judges
