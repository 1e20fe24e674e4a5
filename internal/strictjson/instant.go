package strictjson

import "strings"

// instant reads a time of RFC 3339 section 5.6 as seconds since 1970, the
// fraction left out. Like package time it also takes an hour of one digit and a
// comma before the fraction.
func instant(s string) (seconds int64, ok bool) {
	r := fields{rest: s}
	year, month, day := r.number(4, ""), r.number(2, "-"), r.number(2, "-")
	if len(r.rest) > 2 && r.rest[0] == 'T' && r.rest[2] == ':' {
		r.rest = "T0" + r.rest[1:]
	}
	hour, minute, second := r.number(2, "T"), r.number(2, ":"), r.number(2, ":")
	if len(r.rest) > 1 && (r.rest[0] == '.' || r.rest[0] == ',') && digit(r.rest[1]) {
		r.rest = strings.TrimLeft(r.rest[1:], "0123456789")
	}
	offset, sign := int64(0), int64(1)
	if r.rest != "Z" {
		if strings.HasPrefix(r.rest, "-") {
			r.rest, sign = "+"+r.rest[1:], -1
		}
		hours, minutes := r.number(2, "+"), r.number(2, ":")
		offset = sign * (hours*60 + minutes) * 60
		r.wrong = r.wrong || r.rest != "" || hours > 24 || minutes > 60
	}
	if r.wrong || month < 1 || month > 12 || day < 1 || day > daysOf(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return ((days(year, month, day)*24+hour)*60+minute)*60 + second - offset, true
}

// fields reads numbers of a fixed length one after the other.
type fields struct {
	rest  string
	wrong bool
}

// number reads that many digits, and what stands before them.
func (r *fields) number(length int, before string) (n int64) {
	rest, ok := strings.CutPrefix(r.rest, before)
	if !ok || len(rest) < length {
		r.wrong = true
		return 0
	}
	for i := range length {
		r.wrong = r.wrong || !digit(rest[i])
		n = n*10 + int64(rest[i]-'0')
	}
	r.rest = rest[length:]
	return n
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// daysOf is the length of a month.
func daysOf(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// days counts from 1970-01-01 in the calendar of RFC 3339, whose years here
// begin in March, so that the leap day is the last.
func days(year, month, day int64) int64 {
	if month -= 3; month < 0 {
		month += 12
		year--
	}
	year += 400 // 146,097 days, so that no year is negative
	return year*365 + year/4 - year/100 + year/400 + (month*153+2)/5 + day - 1 - 719468 - 146097
}
