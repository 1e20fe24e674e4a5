// Package uri reads the http and https URIs of a configuration and of discovery
// documents (RFC 3986). It is much smaller in the module than net/url, to which the
// tests hold it.
package uri

import "strings"

// URI is an absolute http or https URI without a user and a fragment, of visible ASCII.
type URI struct {
	Scheme string // http or https
	Host   string // host with its port, as written
	Path   string // path and query, as a request has them: not empty
}

// Parse reads a URI. ok is false for all that is not one: another scheme, no host, a
// user, a fragment, a character that RFC 3986 allows nowhere.
func Parse(text string) (u URI, ok bool) {
	scheme, rest, isAbsolute := strings.Cut(text, "://")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	u = URI{Scheme: strings.ToLower(scheme), Host: rest[:end], Path: rest[end:]}
	if !strings.HasPrefix(u.Path, "/") {
		u.Path = "/" + u.Path
	}
	ok = isAbsolute && (u.Scheme == "http" || u.Scheme == "https") && isHost(u.Host) && isPath(u.Path)
	return u, ok
}

// isHost reports whether s is a name, an IPv4 address or an IPv6 address in brackets,
// with or without a port. Names have no percent-encoded characters: DNS has none.
func isHost(s string) bool {
	name, rest := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return false
		}
		if name, rest = s[1:end], s[end+1:]; !isIPv6(name) {
			return false
		}
	} else {
		if i := strings.IndexByte(s, ':'); i >= 0 {
			name, rest = s[:i], s[i:]
		}
		if strings.Trim(name, letters+digits+"-._") != "" {
			return false
		}
	}
	return name != "" && (rest == "" || isPort(strings.TrimPrefix(rest, ":")) && rest[0] == ':')
}

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	hex     = digits + "abcdefABCDEF"
)

func isPort(s string) bool { return s != "" && len(s) <= 5 && strings.Trim(s, digits) == "" }

// isIPv6 reports whether s can be an IPv6 address (RFC 4291 section 2.2) in groups of
// hexadecimal digits: eight of them, or fewer with one "::".
func isIPv6(s string) bool {
	before, after, shortened := strings.Cut(s, "::")
	groups := countGroups(before) + countGroups(after)
	return groups == 8 && !shortened || groups >= 0 && groups < 8 && shortened
}

// countGroups returns the number of groups, which is negative if one is malformed.
func countGroups(s string) (n int) {
	if s == "" {
		return 0
	}
	for group := range strings.SplitSeq(s, ":") {
		if group == "" || len(group) > 4 || strings.Trim(group, hex) != "" {
			return -9
		}
		n++
	}
	return n
}

// isPath reports whether s has the characters of a path and a query only (RFC 3986
// sections 3.3 and 3.4), and hexadecimal digits after each "%".
func isPath(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			if i+2 >= len(s) || strings.Trim(s[i+1:i+3], hex) != "" {
				return false
			}
		case strings.IndexByte(letters+digits+"-._~!$&'()*+,;=:@/?", c) < 0:
			return false
		}
	}
	return true
}

// Unescape returns what a percent-encoded text stands for (RFC 3986 section 2.1). ok is
// false if two hexadecimal digits do not follow each "%".
func Unescape(s string) (_ string, ok bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 >= len(s) || strings.Trim(s[i+1:i+3], hex) != "" {
				return "", false
			}
			c = byte(digit(s[i+1])<<4 | digit(s[i+2]))
			i += 2
		}
		b = append(b, c)
	}
	return string(b), true
}

func digit(c byte) int {
	n := strings.IndexByte(hex, c)
	if n > 15 {
		n -= 6 // upper case
	}
	return n
}
