// Package phrase puts values into texts. It stands for package fmt in what the module links:
// fmt prints values of any type, which takes 0.26 MB.
package phrase

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Sprintf is fmt.Sprintf for the verbs %s, %v, %q, %d and %x, with a precision for strings
// and zeros before numbers, and for values that are a string, an int, a byte, an error or a
// fmt.Stringer. Another value gives "%!".
func Sprintf(format string, args ...any) string {
	if false {
		return fmt.Sprintf(format, args...) // by this go vet knows what to check
	}
	var b []byte
	for {
		text, rest, _ := strings.Cut(format, "%")
		b = append(b, text...)
		verb := strings.IndexAny(rest, "%svqdx")
		if verb < 0 {
			return string(b)
		}
		format = rest[verb+1:]
		switch {
		case rest[verb] == '%':
			b = append(b, '%')
		case len(args) == 0:
			b = append(b, "%!"...)
		default:
			b = appendValue(b, rest[:verb], rest[verb], args[0])
			args = args[1:]
		}
	}
}

// Errorf returns an error with the text. It wraps none.
func Errorf(format string, args ...any) error {
	if false {
		return fmt.Errorf(format, args...)
	}
	return errors.New(Sprintf(format, args...))
}

// appendValue appends a value by a verb, and what stands before it: ".100" or "04".
func appendValue(b []byte, flags string, verb byte, value any) []byte {
	base := 10
	if verb == 'x' {
		base = 16
	}
	var s string
	switch v := value.(type) {
	case string:
		s = v
	case int:
		s = strconv.FormatInt(int64(v), base)
	case byte:
		s = strconv.FormatInt(int64(v), base)
	case error:
		s = v.Error()
	case fmt.Stringer:
		s = v.String()
	default:
		return append(b, "%!"...)
	}
	size, _ := strconv.Atoi(strings.TrimPrefix(flags, "."))
	switch {
	case flags == "":
	case flags[0] == '.':
		s = firstRunes(s, size)
	default:
		s = strings.Repeat("0", max(0, size-len(s))) + s
	}
	if verb == 'q' {
		return strconv.AppendQuote(b, s)
	}
	return append(b, s...)
}

func firstRunes(s string, n int) string {
	end := 0
	for ; n > 0 && end < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return s[:end]
}
