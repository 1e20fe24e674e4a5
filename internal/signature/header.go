package signature

import "strings"

// valuesOf returns the values of a header in order, each without the optional white space
// around it (RFC 9110 section 5.6.3).
func valuesOf(headers [][2]string, name string) (values []string) {
	for i := range headers {
		if headers[i][0] == name {
			values = append(values, strings.Trim(headers[i][1], " \t"))
		}
	}
	return values
}

// combine returns the values of a header as one (RFC 9421 section 2.1).
func combine(values []string) string { return strings.Join(values, ", ") }

// dictionaryOf reads a header that is a dictionary of at most limit members and MaxBytes.
// There are none, and no error, if the message has no such header.
func dictionaryOf(headers [][2]string, name string, limit int) ([]member, error) {
	values := valuesOf(headers, name)
	size := 0
	for _, v := range values {
		size += len(v)
	}
	if len(values) == 0 {
		return nil, nil
	}
	if size <= MaxBytes {
		if members, ok := dictionary(combine(values), limit); ok && len(members) > 0 {
			return members, nil
		}
	}
	return nil, refuse(Malformed, name)
}
