package signature

import (
	"strings"
	"unicode/utf8"
)

func isMethod(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isStatus(s string) bool {
	return len(s) == 3 && s[0] >= '1' && s[0] <= '9' && s[1] >= '0' && s[1] <= '9' && s[2] >= '0' && s[2] <= '9'
}

func (m *Message) isKnownScheme() bool { return m.Scheme == "https" || m.Scheme == "http" }

// canonicalAuthority returns the authority in lower case, without the port that the scheme
// has anyhow (RFC 9421 section 2.2.3, RFC 9110 section 4.2.3). ok is false if it is none,
// or if the scheme that would tell is unknown.
func (m *Message) canonicalAuthority() (authority string, ok bool) {
	authority = strings.ToLower(m.Authority)
	colon := strings.LastIndexByte(authority, ':')
	if colon < strings.LastIndexByte(authority, ']') { // an IPv6 address without a port
		colon = -1
	}
	host, port := authority, ""
	if colon >= 0 {
		host, port = authority[:colon], authority[colon+1:]
		if port == "" || port[0] == '0' || len(port) > 5 || strings.Trim(port, "0123456789") != "" {
			return "", false
		}
	}
	if host == "" || host[0] != '[' && strings.Contains(host, ":") || strings.ContainsAny(host, " \t/?#@\\\"<>,;") {
		return "", false
	}
	switch {
	case (port == "443" || port == "80") && !m.isKnownScheme():
		return "", false
	case port == "443" && m.Scheme == "https", port == "80" && m.Scheme == "http":
		return host, true
	}
	return authority, true
}

// queryParam returns one parameter of the query (RFC 9421 section 2.2.8). Its name must occur
// once. The query is read as HTML forms write it; a percent sign that begins no sequence and
// bytes that are no UTF-8 are refused, as readers differ on both.
func (c *Component) queryParam(query string) (string, error) {
	var found bool
	var encoded []byte
	decoded := make([]byte, 0, len(query))
	raw := ""
	for more := true; more; {
		var pair string
		pair, query, more = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		var ok bool
		if decoded, ok = unescape(decoded[:0], name); !ok {
			return "", refuse(Unsupported, c.text)
		}
		if encoded = escape(encoded[:0], decoded); pair == "" || string(encoded) != c.key {
			continue
		}
		if found {
			return "", refuse(Unsupported, c.text)
		}
		raw, found = value, true
	}
	if !found {
		return "", refuse(Absent, c.text)
	}
	decoded, ok := unescape(decoded[:0], raw)
	if !ok {
		return "", refuse(Unsupported, c.text)
	}
	return string(escape(nil, decoded)), nil
}

// escape appends text in the one encoding of RFC 9421 section 2.2.8: everything but letters,
// digits and *-._ as a percent sign and two upper-case digits.
func escape(b, text []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range text {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '*' || c == '-' || c == '.' || c == '_' {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

// unescape appends what a part of a query stands for, as HTML forms write it.
func unescape(b []byte, part string) ([]byte, bool) {
	from := len(b)
	for i := 0; i < len(part); i++ {
		switch c := part[i]; c {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 >= len(part) {
				return b, false
			}
			high, low := hexDigit(part[i+1]), hexDigit(part[i+2])
			if high < 0 || low < 0 {
				return b, false
			}
			b = append(b, byte(high<<4|low))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return b, utf8.Valid(b[from:])
}

func hexDigit(c byte) int {
	if c >= 'A' && c <= 'F' {
		c += 'a' - 'A'
	}
	return strings.IndexByte("0123456789abcdef", c)
}
