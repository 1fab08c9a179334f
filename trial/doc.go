// SPDX-License-Identifier: EUPL-1.2

// Package trial is a whole issuing service in one process, on a database in memory or on one that a DSN names, and
// cards of any series issued by it. Tests and the demonstration are made from it. Keys, clock and randomness are
// parameters. It is reached by function calls and through a pipe; it opens no socket.
package trial
