// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/citizen/desktop"
)

// visitor is a person at the page. It keeps all answers.
type visitor struct {
	t    *testing.T
	h    http.Handler
	w    *desktop.Window
	seen bytes.Buffer
}

func (c *visitor) do(method, target, kind, body string) int {
	c.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	a := httptest.NewRecorder()
	c.h.ServeHTTP(a, r)
	c.seen.Write(a.Body.Bytes())
	return a.Code
}

func (c *visitor) post(action string, fields ...string) {
	c.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	if code := c.do(http.MethodPost, "/api/"+action, "application/x-www-form-urlencoded",
		form.Encode()); code != http.StatusOK {
		c.t.Fatalf("%s %v: %d", action, fields, code)
	}
}

func (c *visitor) state() desktop.State {
	c.t.Helper()
	s := c.w.State()
	b, err := json.Marshal(s)
	if err != nil {
		c.t.Fatal(err)
	}
	c.seen.Write(b)
	return s
}

// until waits for a screen.
func (c *visitor) until(what string, yes func(desktop.State) bool) desktop.State {
	c.t.Helper()
	for range 3000 {
		if s := c.state(); yes(s) {
			return s
		}
		time.Sleep(5 * time.Millisecond)
	}
	s := c.state()
	s.Demo = nil
	c.t.Fatalf("no %s: %+v", what, s)
	return s
}

func (c *visitor) screen(name desktop.Screen) desktop.State {
	c.t.Helper()
	return c.until(string(name), func(s desktop.State) bool { return s.Screen == name })
}

func (c *visitor) code(kind desktop.PromptKind, value string) {
	c.t.Helper()
	s := c.until(string(kind), func(s desktop.State) bool {
		return s.Screen == desktop.ScreenPrompt &&
			s.Prompt.Kind == kind
	})
	if code := c.do(http.MethodPost, "/api/code?prompt="+strconv.Itoa(s.Prompt.ID), "application/octet-stream",
		value); code != http.StatusOK {
		c.t.Fatal(kind, code)
	}
	c.until("another prompt", func(n desktop.State) bool { return n.Prompt == nil || n.Prompt.ID != s.Prompt.ID })
}

func (c *visitor) phase(name desktop.Phase) desktop.State {
	c.t.Helper()
	return c.until(string(name), func(s desktop.State) bool { return s.Done != nil && s.Done.Phase == name })
}
