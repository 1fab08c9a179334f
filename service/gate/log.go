// SPDX-License-Identifier: EUPL-1.2

package gate

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"strings"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// serverLog returns the ErrorLog of a server. Panics and failed accepts are errors; the rest is strangers' doing, as a
// failed handshake, and for debugging.
func serverLog(to *slog.Logger) *log.Logger {
	return log.New(lines{slog.New(Sampled(to.Handler(), Budget{1, 20}))}, "", 0)
}

type lines struct{ log *slog.Logger }

func (l lines) Write(line []byte) (int, error) {
	text := string(bytes.TrimSpace(line))
	if strings.HasPrefix(text, "http: panic serving") || strings.HasPrefix(text, "http: Accept error") {
		l.log.Error(text)
	} else {
		l.log.Debug(text)
	}
	return len(line), nil
}

// Sampled returns a handler that passes on records while its bucket has tokens. The first record after others were left
// out says how many, as the attribute "unlogged".
func Sampled(to slog.Handler, size Budget) slog.Handler {
	return &sampled{to, rate.NewLimiter(rate.Limit(size.PerSecond), size.AtOnce), new(atomic.Int64)}
}

type sampled struct {
	slog.Handler
	bucket   *rate.Limiter
	unlogged *atomic.Int64
}

func (s *sampled) Handle(ctx context.Context, r slog.Record) error {
	if !s.bucket.AllowN(r.Time, 1) {
		s.unlogged.Add(1)
		return nil
	}
	if n := s.unlogged.Swap(0); n > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int64("unlogged", n))
	}
	return s.Handler.Handle(ctx, r)
}

func (s *sampled) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &sampled{s.Handler.WithAttrs(attrs), s.bucket, s.unlogged}
}

func (s *sampled) WithGroup(name string) slog.Handler {
	return &sampled{s.Handler.WithGroup(name), s.bucket, s.unlogged}
}
