package signature

import "strings"

// appendCombined appends the values of a header as one, as RFC 9421 section 2.1 does: each
// without the white space around it, joined by a comma and a space. n is how many there are.
func appendCombined(b []byte, headers [][2]string, name string) (combined []byte, n int) {
	for i := range headers {
		if headers[i][0] != name {
			continue
		}
		if n++; n > 1 {
			b = append(b, ", "...)
		}
		b = append(b, trim(headers[i][1])...)
	}
	return b, n
}

// trim returns a value without the optional white space around it (RFC 9110 section 5.6.3).
func trim(value string) string { return strings.Trim(value, " \t") }

// dictionaryOf reads a header that is a dictionary of at most limit members and MaxBytes.
// There are none, and no error, if the message has no such header.
func dictionaryOf(headers [][2]string, name string, limit int) ([]member, error) {
	var value string
	n, size := 0, 0
	for i := range headers {
		if headers[i][0] == name {
			value = headers[i][1]
			n++
			size += len(value) + len(", ")
		}
	}
	if n == 0 {
		return nil, nil
	}
	if size <= MaxBytes {
		if n > 1 {
			combined, _ := appendCombined(nil, headers, name)
			value = string(combined)
		}
		if members, ok := dictionary(trim(value), limit); ok && len(members) > 0 {
			return members, nil
		}
	}
	return nil, &Error{Malformed, name}
}
