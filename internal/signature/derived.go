package signature

import (
	"strings"
	"unicode/utf8"
)

// isMethod reports whether s is a method without a small letter: some clients write those in
// capitals when they send them.
func isMethod(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) || s[i] >= 'a' && s[i] <= 'z' {
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
	if address, isLiteral := strings.CutPrefix(host, "["); isLiteral {
		address, ok = strings.CutSuffix(address, "]")
		ok = ok && address != "" && strings.Trim(address, "0123456789abcdef:.") == ""
	} else {
		ok = isURL(host, "") && !strings.Contains(host, ",") // which joins two
	}
	if !ok {
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

// isURL reports whether a part of a URL has only what RFC 3986 (section 2) lets it have without
// meaning, and what more names. Readers repair anything else, each in its own way.
func isURL(part, more string) bool {
	for i := 0; i < len(part); i++ {
		c := part[i]
		if c == '%' && i+2 < len(part) && hexDigit(part[i+1]) >= 0 && hexDigit(part[i+2]) >= 0 {
			i += 2
			continue
		}
		isText := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~!$&'()*+,;=", c) >= 0
		if !isText && strings.IndexByte(more, c) < 0 {
			return false
		}
	}
	return part != ""
}

// queryParam returns one parameter of the query (RFC 9421 section 2.2.8). Its name must occur
// once. The query is read as HTML forms write it; bytes that are no UTF-8 are refused, as
// readers differ on them.
func (c *Component) queryParam(query string) (string, error) {
	wanted, ok := unescape(c.key)
	found, raw := false, ""
	for more := ok && escape(wanted) == c.key; more; {
		var pair string
		pair, query, more = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		if name, ok = unescape(name); !ok {
			return "", refuse(Unsupported, c.text)
		}
		if pair == "" || name != wanted {
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
	value, ok := unescape(raw)
	if !ok {
		return "", refuse(Unsupported, c.text)
	}
	return escape(value), nil
}

// escape returns text in the one encoding of RFC 9421 section 2.2.8: everything but letters,
// digits and *-._ as a percent sign and two upper-case digits.
func escape(text string) string {
	const digits = "0123456789ABCDEF"
	escaped := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '*' || c == '-' || c == '.' || c == '_' {
			escaped = append(escaped, c)
		} else {
			escaped = append(escaped, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(escaped)
}

// unescape returns what a part of a query stands for, as HTML forms write it. ok is false if
// it is no UTF-8.
func unescape(part string) (text string, ok bool) {
	if !strings.ContainsAny(part, "%+") {
		return part, true
	}
	unescaped := make([]byte, 0, len(part))
	for i := 0; i < len(part); i++ {
		c := part[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(part):
			c = byte(hexDigit(part[i+1])<<4 | hexDigit(part[i+2]))
			i += 2
		}
		unescaped = append(unescaped, c)
	}
	return string(unescaped), utf8.Valid(unescaped)
}

func hexDigit(c byte) int {
	if c >= 'A' && c <= 'F' {
		c += 'a' - 'A'
	}
	return strings.IndexByte("0123456789abcdef", c)
}
