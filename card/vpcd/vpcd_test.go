// SPDX-License-Identifier: EUPL-1.2

package vpcd

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// A recorder records the reader's messages, and answers a command with its last byte and 9000.
type card struct {
	log      []byte
	response []byte
	err      error
}

func (c *card) ATR() []byte { return []byte{0x3B, 0x00} }
func (c *card) PowerOff()   { c.log = append(c.log, 'o') }
func (c *card) Reset()      { c.log = append(c.log, 'r') }
func (c *card) Transmit(b []byte) ([]byte, error) {
	c.log = append(c.log, 't')
	if c.response != nil || c.err != nil {
		return c.response, c.err
	}
	return []byte{b[len(b)-1], 0x90, 0x00}, nil
}

func serving(t *testing.T, c *card) (reader net.Conn, end <-chan error, cancel func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	reader, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, conn, c) }()
	return reader, done, cancel
}

func wait(t *testing.T, end <-chan error) error {
	t.Helper()
	select {
	case err := <-end:
		return err
	case <-time.After(5 * time.Second):
		t.Fatal("Serve did not return")
		return nil
	}
}

// The frames are written by hand after vpcd.h and the description in vsmartcard's manual.
func TestSession(t *testing.T) {
	c := &card{}
	reader, end, _ := serving(t, c)
	for _, step := range []struct{ in, out string }{
		{"000101", ""},
		{"000104", "00023B00"},
		{"000500A4000005", "0003059000"},
		{"000102", ""},
		{"000400B00007", "0003079000"},
		{"000100", ""},
		{"000104", "00023B00"},
	} {
		in, _ := hex.DecodeString(step.in)
		if _, err := reader.Write(in); err != nil {
			t.Fatal(err)
		}
		out := make([]byte, len(step.out)/2)
		reader.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadFull(reader, out); err != nil || hex.EncodeToString(out) != lower(step.out) {
			t.Fatalf("%s: got %X, %v, want %s", step.in, out, err, step.out)
		}
	}
	reader.Close()
	if err := wait(t, end); err != nil {
		t.Errorf("the reader closed the connection: %v", err)
	}
	if string(c.log) != "rtrto" {
		t.Errorf("the card saw %s, want rtrto", c.log)
	}
}

func lower(s string) string { return string(bytes.ToLower([]byte(s))) }

func TestLargestFrame(t *testing.T) {
	c := &card{response: append(bytes.Repeat([]byte{0x5A}, 0xFFFF-2), 0x90, 0x00)}
	reader, _, _ := serving(t, c)
	go reader.Write(append([]byte{0xFF, 0xFF}, make([]byte, 0xFFFF)...))
	got := make([]byte, 2+0xFFFF)
	if _, err := io.ReadFull(reader, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, append([]byte{0xFF, 0xFF}, c.response...)) {
		t.Error("the response came changed")
	}
}

func TestRefusals(t *testing.T) {
	failure := errors.New("power cut")
	for name, test := range map[string]struct {
		card *card
		in   string
		want error
	}{
		"empty message":       {&card{}, "0000", nil},
		"unknown control":     {&card{}, "000103", nil},
		"cut message":         {&card{}, "000500A4", io.ErrUnexpectedEOF},
		"cut length":          {&card{}, "00", io.ErrUnexpectedEOF},
		"card fails":          {&card{err: failure}, "000400B00000", failure},
		"response too long":   {&card{response: make([]byte, 0x10000)}, "000400B00000", nil},
		"response without SW": {&card{response: []byte{0x90}}, "000400B00000", nil},
	} {
		reader, end, _ := serving(t, test.card)
		in, _ := hex.DecodeString(test.in)
		reader.Write(in)
		reader.(*net.TCPConn).CloseWrite()
		err := wait(t, end)
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if n, _ := reader.Read(make([]byte, 1)); n != 0 {
			t.Errorf("%s: an answer came", name)
		}
	}
}

func TestContextPullsTheCard(t *testing.T) {
	reader, end, cancel := serving(t, &card{})
	cancel()
	if err := wait(t, end); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled card ended with %v", err)
	}
	reader.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := reader.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the reader sees %v, want the end of the connection", err)
	}
}
