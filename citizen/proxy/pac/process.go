// SPDX-License-Identifier: EUPL-1.2

package pac

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime/metrics"
	"time"
)

// Bounds of an evaluation.
const (
	longest = 3 * time.Second // in all, names included
	lookup  = time.Second     // for a name
	largest = 96 << 20        // bytes of live memory
	answers = 4 << 10         // bytes of the answer
)

// argument is the one by which a program knows that it is a script's process.
const argument = "--evaluate-proxy-script"

// task is sent to the process of a script.
type task struct{ Script, URL string }

// result is its answer.
type result struct{ Answer, Failed string }

// Find evaluates a script for an address in a process of its own, with an empty environment, and returns the proxies
// to try in their order, nil for none. The program must call Serve when it starts. Errors are [ErrScript], [ErrAnswer]
// and [ErrUnsupported].
func Find(ctx context.Context, script string, u *url.URL) ([]*url.URL, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	told, err := json.Marshal(task{script, u.Scheme + "://" + u.Host + "/"})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	c := exec.CommandContext(ctx, program, argument)
	c.Env, c.Stdin, c.Stdout = []string{}, bytes.NewReader(told), &out
	c.WaitDelay = time.Second
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%w: it takes too long or too much memory", ErrScript)
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrScript, err)
	}
	if r.Failed != "" {
		return nil, fmt.Errorf("%w: %s", ErrScript, r.Failed)
	}
	return Parse(r.Answer)
}

// Serve evaluates a script and ends the process, where the program was started for that; else it does nothing.
func Serve() {
	if len(os.Args) != 2 || os.Args[1] != argument {
		return
	}
	go bound()
	code := 0
	if err := serve(os.Stdin, os.Stdout); err != nil {
		code = 1
	}
	os.Exit(code)
}

// bound ends the process when it has too much memory.
func bound() {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	for range time.Tick(time.Millisecond) {
		if metrics.Read(sample); sample[0].Value.Uint64() > largest {
			os.Exit(1)
		}
	}
}

func serve(in io.Reader, out io.Writer) error {
	var t task
	if err := json.NewDecoder(in).Decode(&t); err != nil {
		return err
	}
	u, err := url.Parse(t.URL)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	var r result
	if r.Answer, err = here(ctx).Evaluate(ctx, t.Script, u); err != nil {
		r.Failed = err.Error()
	}
	if len(r.Answer) > answers {
		r = result{Failed: ErrAnswer.Error()}
	}
	return json.NewEncoder(out).Encode(r)
}

// here is this computer's world.
func here(ctx context.Context) World {
	return World{Now: time.Now,
		Resolve: func(host string) []net.IP {
			ctx, cancel := context.WithTimeout(ctx, lookup)
			defer cancel()
			list, err := net.DefaultResolver.LookupIP(ctx, "ip4", host)
			if err != nil {
				return nil
			}
			return list
		},
		Own: func() net.IP {
			// No packet is sent: the system chooses the address from which it would send one (TEST-NET-1).
			c, err := net.Dial("udp4", "192.0.2.1:9")
			if err != nil {
				return net.IPv4(127, 0, 0, 1)
			}
			defer c.Close()
			return c.LocalAddr().(*net.UDPAddr).IP
		}}
}
