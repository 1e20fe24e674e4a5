package strictjson

import (
	"strconv"
	"strings"
	"time"
)

// Instant reads a time as RFC 3339 writes it, after 1970, and returns the seconds
// since then; 0 if there is none.
func (v Value) Instant() int64 {
	if !v.Exists() {
		return 0
	}
	seconds, ok := ParseInstant(v.json.Str)
	if !ok {
		v.MustBe("a time such as 2026-12-31T00:00:00Z")
	}
	return seconds
}

// ParseInstant reads what Instant reads. ok is false for anything else.
func ParseInstant(s string) (seconds int64, ok bool) {
	t, ok := parseInstant(s)
	if !ok || t.Unix() <= 0 {
		return 0, false
	}
	return t.Unix(), true
}

// parseInstant reads date-time of RFC 3339 section 5.6, with "T" and "Z" in upper case
// and without leap seconds. It is much smaller in the module than time.Parse, to which
// the tests hold it.
func parseInstant(s string) (t time.Time, ok bool) {
	const form = "0000-00-00T00:00:00"
	if len(s) <= len(form) || !hasForm(s[:len(form)], form) {
		return t, false
	}
	zone := strings.TrimLeft(s[len(form):], ".0123456789")
	fraction := s[len(form) : len(s)-len(zone)]
	if fraction != "" && (fraction[0] != '.' || strings.LastIndexByte(fraction, '.') != 0 || len(fraction) < 2) {
		return t, false
	}
	offset, ok := zoneOffset(zone)
	year, month, day := number(s[0:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	t = time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	// time.Date normalises: the 31st of June would be the 1st of July.
	ok = ok && int(t.Month()) == month && t.Day() == day && hour < 24 && minute < 60 && second < 60
	return t.Add(-offset), ok
}

// zoneOffset reads "Z" or a numeric offset such as +02:00.
func zoneOffset(s string) (offset time.Duration, ok bool) {
	if s == "Z" {
		return 0, true
	}
	if !hasForm(s, "+00:00") && !hasForm(s, "-00:00") {
		return 0, false
	}
	hours, minutes := number(s[1:3]), number(s[4:6])
	offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, hours < 24 && minutes < 60
}

// hasForm reports whether s is form with any digits in place of its zeros.
func hasForm(s, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i := range form {
		if form[i] == '0' && (s[i] < '0' || s[i] > '9') || form[i] != '0' && s[i] != form[i] {
			return false
		}
	}
	return true
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
