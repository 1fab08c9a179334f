// SPDX-License-Identifier: EUPL-1.2

//go:build unix

package cns

import "golang.org/x/sys/unix"

func lock(page []byte)   { _ = unix.Mlock(page) }
func unlock(page []byte) { _ = unix.Munlock(page) }
