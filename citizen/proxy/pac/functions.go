// SPDX-License-Identifier: EUPL-1.2

package pac

import (
	"encoding/binary"
	"net"
	"slices"
	"strings"
	"time"
)

// functions are those that a script may call.
func (w World) functions() map[string]any {
	return map[string]any{
		"isPlainHostName": func(host string) bool { return !strings.Contains(host, ".") },
		"dnsDomainIs": func(host, domain string) bool {
			return strings.HasSuffix(strings.ToLower(host), strings.ToLower(domain))
		},
		"localHostOrDomainIs": func(host, full string) bool {
			first, _, _ := strings.Cut(full, ".")
			return strings.EqualFold(host, full) || strings.EqualFold(host, first)
		},
		"isResolvable":    func(host string) bool { return w.address(host) != nil },
		"isInNet":         w.isInNet,
		"dnsResolve":      func(host string) any { return text(w.address(host)) },
		"convert_addr":    convert,
		"myIpAddress":     func() string { return w.Own().String() },
		"dnsDomainLevels": func(host string) int { return strings.Count(host, ".") },
		"shExpMatch":      func(text, pattern string) bool { return Glob(pattern, text) },
		"weekdayRange":    func(of ...any) bool { return w.weekdayRange(of) },
		"dateRange":       func(of ...any) bool { return w.dateRange(of) },
		"timeRange":       func(of ...any) bool { return w.timeRange(of) },
		"alert":           func() {},
	}
}

// text is an address as a script has it: null for none.
func text(ip net.IP) any {
	if ip == nil {
		return nil
	}
	return ip.String()
}

// address is the IPv4 address of a host; nil where it is unknown.
func (w World) address(host string) net.IP {
	if ip := net.ParseIP(host); ip != nil {
		return ip.To4()
	}
	for _, ip := range w.Resolve(host) {
		if four := ip.To4(); four != nil {
			return four
		}
	}
	return nil
}

func (w World) isInNet(host, pattern, mask string) bool {
	ip, network, bits := w.address(host), net.ParseIP(pattern).To4(), net.ParseIP(mask).To4()
	if ip == nil || network == nil || bits == nil {
		return false
	}
	return ip.Mask(net.IPMask(bits)).Equal(network.Mask(net.IPMask(bits)))
}

// convert is an address as a number, 0 for another text.
func convert(address string) uint32 {
	ip := net.ParseIP(address).To4()
	if ip == nil {
		return 0
	}
	return binary.BigEndian.Uint32(ip)
}

// Glob reports whether a text matches a pattern, in which * is any text and ? any character.
func Glob(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, mark, i, j := -1, 0, 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// moment returns the time that a range is about, and the range without a last "GMT".
func (w World) moment(of []any) (time.Time, []any) {
	if n := len(of); n > 0 && of[n-1] == "GMT" {
		return w.Now().UTC(), of[:n-1]
	}
	return w.Now(), of
}

var (
	weekdays = []any{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
	months   = []any{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
)

func (w World) weekdayRange(of []any) bool {
	now, of := w.moment(of)
	if len(of) != 1 && len(of) != 2 {
		return false
	}
	from, to := slices.Index(weekdays, of[0]), slices.Index(weekdays, of[len(of)-1])
	return from >= 0 && to >= 0 && within([]int{from}, []int{int(now.Weekday())}, []int{to})
}

// within reports whether a moment is in a range, which may go over the end of the week, the day or the year.
func within(from, now, to []int) bool {
	after, before := slices.Compare(from, now) <= 0, slices.Compare(now, to) <= 0
	if slices.Compare(from, to) <= 0 {
		return after && before
	}
	return after || before
}

// dateRange takes a day, a month or a year, or two lists of them: of a day and a month, a month and a year, or all.
func (w World) dateRange(of []any) bool {
	now, of := w.moment(of)
	if len(of) == 1 {
		of = append(of, of[0])
	}
	half := len(of) / 2
	if half == 0 || half > 3 || len(of)%2 != 0 {
		return false
	}
	from, at, year := date(of[:half], now)
	to, same, _ := date(of[half:], now)
	if from == nil || !slices.Equal(at, same) {
		return false
	}
	if year { // years do not begin again
		return slices.Compare(from, at) <= 0 && slices.Compare(at, to) <= 0
	}
	return within(from, at, to)
}

// date reads the parts of a date into a list to be compared, the year first, with the same parts of now. It is nil
// where a part is none.
func date(of []any, now time.Time) (list, at []int, year bool) {
	y, m, d := -1, -1, -1
	for _, part := range of {
		month := slices.Index(months, part) + 1
		n, number := part.(int64)
		switch {
		case month > 0:
			m = month
		case !number:
			return nil, nil, false
		case n > 31:
			y = int(n)
		default:
			d = int(n)
		}
	}
	for _, part := range []struct{ given, now int }{{y, now.Year()}, {m, int(now.Month())}, {d, now.Day()}} {
		if part.given >= 0 {
			list, at = append(list, part.given), append(at, part.now)
		}
	}
	return list, at, y >= 0
}

// timeRange takes an hour; two hours; or two times of hour and minute, or of hour, minute and second.
func (w World) timeRange(of []any) bool {
	now, of := w.moment(of)
	var n []int
	for _, a := range of {
		v, ok := a.(int64)
		if !ok {
			return false
		}
		n = append(n, int(v))
	}
	at := []int{now.Hour(), now.Minute(), now.Second()}
	switch len(n) {
	case 1:
		return n[0] == at[0]
	case 2, 4, 6:
		half := len(n) / 2
		from, to := append(n[:half:half], 0, 0)[:3], append(n[half:len(n):len(n)], 0, 0)[:3]
		return within(from, at, to)
	}
	return false
}
