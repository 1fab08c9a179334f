package emulator

import (
	"context"
	"crypto/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"rinnova/vpcd"
)

func TestZZ(t *testing.T) {
	for _, series := range allSeries() {
		card, err := demo(series, rand.Reader, issuedKey(t, series))
		if err != nil {
			t.Fatal(err)
		}
		r := &recorder{Card: card}
		conn, err := net.Dial("tcp", "127.0.0.1:40075")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- vpcd.Serve(ctx, conn, r) }()
		time.Sleep(2 * time.Second)
		run := func(args ...string) bool {
			c := exec.Command("chroot", append([]string{"/tmp/emu-trixie", "env", "HOME=/tmp"}, args...)...)
			out, err := c.CombinedOutput()
			t.Logf("%s %v %v\n%s", series, args, err, out)
			return err == nil
		}
		ok := run("pkcs15-tool", "-D") && run("pkcs11-tool", "--module", "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so", "--token-label", "BRUNILDE ESEMPIO", "--login", "--pin", DemoPIN, "--test")
		t.Log(series, ok)
		cancel()
		<-done
		time.Sleep(2 * time.Second)
		if ok {
			os.WriteFile(filepath.Join("testdata", "opensc", series+"-0.26.apdu"), r.lines.Bytes(), 0o644)
		}
	}
}
