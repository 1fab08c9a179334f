// SPDX-License-Identifier: EUPL-1.2

package vpcd

import (
	"net"
	"syscall"
)

// quickAck has the kernel acknowledge at once. The driver sends a message's length and its bytes as two
// segments, and waits with the second for the acknowledgement of the first: 40 ms for each command
// otherwise. The kernel forgets the option, so it is set before each message.
func quickAck(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK,
			1)
	})
}
