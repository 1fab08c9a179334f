// SPDX-License-Identifier: EUPL-1.2

// Package pac evaluates a script for the automatic choice of a proxy (PAC): FindProxyForURL, with the functions of the
// format's public description (developer.mozilla.org, Proxy Auto-Configuration file). A script sees no file and no
// environment; its time and its memory are bounded by a process of its own, because no engine inside of a program can
// stop every built-in loop.
package pac

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// Errors of a script.
var (
	// ErrScript says that a script cannot be read, fails, or does not end in its time and memory.
	ErrScript = errors.New("the proxy script fails")
	// ErrAnswer is an ErrScript: a script answers with something that is no list of proxies.
	ErrAnswer = fmt.Errorf("%w: its answer is no list of proxies", ErrScript)
	// ErrUnsupported says that a script answers with proxies of unsupported kinds alone: SOCKS 4.
	ErrUnsupported = errors.New("no proxy of a supported kind")
)

// World is what a script can learn.
type World struct {
	Now     func() time.Time
	Resolve func(host string) []net.IP // IPv4; empty where the name is unknown
	Own     func() net.IP              // this computer's address, of IPv4
}

// deepest is the largest number of calls inside of one another.
const deepest = 500

// Evaluate runs a script for an address and returns its answer. It ends with ctx, except in a built-in function.
func (w World) Evaluate(ctx context.Context, script string, u *url.URL) (string, error) {
	vm := goja.New()
	vm.SetMaxCallStackSize(deepest)
	defer context.AfterFunc(ctx, func() { vm.Interrupt("time") })()
	for name, f := range w.functions() {
		if err := vm.Set(name, f); err != nil {
			return "", err
		}
	}
	if _, err := vm.RunString(script); err != nil {
		return "", fmt.Errorf("%w: %s", ErrScript, kind(err))
	}
	find, ok := goja.AssertFunction(vm.Get("FindProxyForURL"))
	if !ok {
		return "", fmt.Errorf("%w: no FindProxyForURL", ErrScript)
	}
	answer, err := find(goja.Undefined(), vm.ToValue(u.String()), vm.ToValue(u.Hostname()))
	if err != nil {
		return "", fmt.Errorf("%w: %s", ErrScript, kind(err))
	}
	if goja.IsNull(answer) || goja.IsUndefined(answer) {
		return "", nil
	}
	if _, text := answer.Export().(string); !text {
		return "", ErrAnswer
	}
	return answer.String(), nil
}

// kind tells an error of a script without its text, which may be of any length.
func kind(err error) string {
	var (
		syntax   *goja.CompilerSyntaxError
		stopped  *goja.InterruptedError
		overflow *goja.StackOverflowError
	)
	switch {
	case errors.As(err, &syntax):
		return "it is no JavaScript"
	case errors.As(err, &stopped):
		return "it takes too long"
	case errors.As(err, &overflow):
		return "it calls itself for ever"
	}
	return "it ends with an exception"
}

// Parse returns the proxies of an answer in its order, nil for none (DIRECT). Errors are [ErrAnswer] and
// [ErrUnsupported]; entries of unsupported kinds beside others are left out.
func Parse(answer string) ([]*url.URL, error) {
	var list []*url.URL
	unsupported := false
	for _, entry := range strings.Split(answer, ";") {
		fields := strings.Fields(entry)
		switch {
		case len(fields) == 0:
			continue
		case len(fields) == 1 && strings.EqualFold(fields[0], "DIRECT"):
			list = append(list, nil)
			continue
		case len(fields) != 2:
			return nil, ErrAnswer
		}
		schemes := map[string]string{"PROXY": "http", "HTTP": "http", "HTTPS": "https", "SOCKS5": "socks5"}
		scheme := schemes[strings.ToUpper(fields[0])]
		switch strings.ToUpper(fields[0]) {
		case "SOCKS", "SOCKS4": // a plain SOCKS is of version 4
			unsupported = true
			continue
		}
		u, err := url.Parse(scheme + "://" + fields[1])
		if scheme == "" || err != nil || u.Hostname() == "" || u.Path != "" || u.User != nil {
			return nil, ErrAnswer
		}
		list = append(list, u)
	}
	if len(list) == 0 && unsupported {
		return nil, ErrUnsupported
	}
	if len(list) == 0 {
		list = append(list, nil) // an empty answer means DIRECT
	}
	return list, nil
}
