// SPDX-License-Identifier: EUPL-1.2

package pcsc

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// socket is where pcscd listens (pcsclite.h, PCSCLITE_CSOCK_NAME; the variable of that name moves it).
const socket = "/run/pcscd/pcscd.comm"

// Users names the programs that are connected to the smart-card service, besides this one: those of this user, or of
// everybody for root. A program that holds a card is among them. Nil where the system does not tell.
func Users() []string {
	path := socket
	if p := os.Getenv("PCSCLITE_CSOCK_NAME"); p != "" {
		path = p
	}
	peers := clients(path)
	if len(peers) == 0 {
		return nil
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	var names []string
	for _, process := range processes {
		if filepath.Base(process) == strconv.Itoa(os.Getpid()) {
			continue
		}
		files, err := os.ReadDir(filepath.Join(process, "fd"))
		if err != nil {
			continue // another user's
		}
		for _, f := range files {
			target, err := os.Readlink(filepath.Join(process, "fd", f.Name()))
			inode, ok := strings.CutPrefix(target, "socket:[")
			if err != nil || !ok || !peers[strings.TrimSuffix(inode, "]")] {
				continue
			}
			b, err := os.ReadFile(filepath.Join(process, "comm"))
			if name := strings.TrimSpace(string(b)); err == nil && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// Numbers of linux/unix_diag.h and linux/sock_diag.h.
const (
	sockDiagByFamily = 20
	showName         = 1
	showPeer         = 4
	attributeName    = 0
	attributePeer    = 2
	headerSize       = 16 // of a netlink message
	requestSize      = 24 // of unix_diag_req
	answerSize       = 16 // of unix_diag_msg
)

// clients returns the inodes of the sockets that are connected to a listening one (sock_diag(7)).
func clients(path string) map[string]bool {
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil
	}
	defer unix.Close(s)
	request := make([]byte, headerSize+requestSize)
	native := binary.NativeEndian
	native.PutUint32(request, uint32(len(request)))
	native.PutUint16(request[4:], sockDiagByFamily)
	native.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request[headerSize] = unix.AF_UNIX
	native.PutUint32(request[headerSize+4:], 1<<1) // TCP_ESTABLISHED
	native.PutUint32(request[headerSize+12:], showName|showPeer)
	if unix.Sendto(s, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) != nil {
		return nil
	}
	peers := map[string]bool{}
	buf := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(s, buf, 0)
		if err != nil || n < headerSize {
			return peers
		}
		for b := buf[:n]; len(b) >= headerSize; {
			size := int(native.Uint32(b))
			if size < headerSize || size > len(b) || native.Uint16(b[4:]) != sockDiagByFamily {
				return peers // NLMSG_DONE or NLMSG_ERROR
			}
			if peer := peerOf(b[headerSize:size], path); peer != 0 {
				peers[strconv.FormatUint(uint64(peer), 10)] = true
			}
			b = b[min(len(b), (size+3)&^3):]
		}
	}
}

// peerOf returns the inode at the other end of a socket with this name, 0 for another socket.
func peerOf(message []byte, path string) (peer uint32) {
	if len(message) < answerSize {
		return 0
	}
	named := false
	for b := message[answerSize:]; len(b) >= 4; {
		size := int(binary.NativeEndian.Uint16(b))
		if size < 4 || size > len(b) {
			return 0
		}
		switch value := b[4:size]; binary.NativeEndian.Uint16(b[2:]) {
		case attributeName:
			named = strings.TrimRight(string(value), "\x00") == path
		case attributePeer:
			if len(value) == 4 {
				peer = binary.NativeEndian.Uint32(value)
			}
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	if !named {
		return 0
	}
	return peer
}
