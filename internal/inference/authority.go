package inference

import "strings"

// IsAuthority reports whether s is host[:port] as requests may have it.
func IsAuthority(s string) bool {
	_, ok := splitAuthority(s)
	return ok
}

// maxAuthority bounds an authority in bytes: a host name has 253 (RFC 1035 section 2.3.4),
// a port up to five digits. The length is checked before anything reads the host.
const maxAuthority = 253 + len(":65535")

// splitAuthority takes host[:port] apart (RFC 9110 section 7.2). It refuses
// userinfo, a trailing dot, an empty port or one that is no number, and
// everything else that is no host.
func splitAuthority(authority string) (host string, ok bool) {
	if len(authority) > maxAuthority {
		return "", false
	}
	host = authority
	if colon := strings.LastIndexByte(authority, ':'); colon >= 0 && !strings.HasSuffix(authority, "]") {
		port := authority[colon+1:]
		if len(port) > 5 || !isNumber(port) {
			return "", false
		}
		host = authority[:colon]
	}
	if !isIPv6Literal(host) && !isRegisteredName(host) {
		return "", false
	}
	return host, true
}

// isIPv6Literal reports whether s looks like an IPv6 address in brackets (RFC 3986
// section 3.2.2), without a zone.
func isIPv6Literal(s string) bool {
	inner, opened := strings.CutPrefix(s, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	return opened && closed && consistsOf(inner, ipv6Bytes)
}

// isRegisteredName reports whether s is a name or an IPv4 address: of RFC 3986's
// reg-name only what occurs in host names, and no empty label.
func isRegisteredName(s string) bool {
	return consistsOf(s, nameBytes) && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}
