package inference

import "strings"

// maxName bounds the name and the version of a model inside a service, in bytes.
const maxName = 253

// charset is a set of ASCII characters. A table is faster than a condition for each
// class of them: forms are checked for every request.
type charset [256]bool

func newCharset(characters string) *charset {
	set := &charset{}
	for i := range len(characters) {
		set[characters[i]] = true
	}
	return set
}

const (
	digits            = "0123456789"
	lowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz" + digits
	alphanumeric      = lowerAlphanumeric + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

var (
	numberBytes     = newCharset(digits)
	labelBytes      = newCharset(lowerAlphanumeric + "-")
	nameBytes       = newCharset(alphanumeric + "._-")
	freeNameBytes   = newCharset(alphanumeric + "._-" + ":@+~=") // see isFreeName
	identifierBytes = newCharset(alphanumeric + "_")
	unreservedBytes = newCharset(alphanumeric + "-._~")                   // RFC 3986 section 2.3
	pathBytes       = newCharset(alphanumeric + "-._~" + "!$&'()*+,=:@/") // see IsCanonicalPath
	ipv6Bytes       = newCharset(digits + "abcdefABCDEF:.")
	hexBytes        = newCharset(digits + "abcdefABCDEF")
)

// consistsOf reports whether s is not empty and each of its bytes is in the set.
func consistsOf(s string, set *charset) bool {
	for i := 0; i < len(s); i++ {
		if !set[s[i]] {
			return false
		}
	}
	return s != ""
}

// eachPart reports whether every part of s between separators has a form.
func eachPart(s string, separator byte, form func(part string) bool) bool {
	for {
		i := strings.IndexByte(s, separator)
		if i < 0 {
			return form(s)
		}
		if !form(s[:i]) {
			return false
		}
		s = s[i+1:]
	}
}

// maxLabel is the length of the longest label of a host name, in bytes (RFC 1035 section 2.3.4).
const maxLabel = 63

// IsLabel reports whether s is a label of RFC 1123 section 2.1 in lower case, as
// Kubernetes wants the names of namespaces and services. Only a label may become
// part of a host name.
func IsLabel(s string) bool {
	return len(s) <= maxLabel && consistsOf(s, labelBytes) && s[0] != '-' && s[len(s)-1] != '-'
}

// isHostName reports whether s is a host name of at most 253 bytes (RFC 1035
// section 2.3.4) whose labels are all in lower case.
func isHostName(s string) bool { return len(s) <= 253 && eachPart(s, '.', IsLabel) }

// isNameSegment reports whether s, one path segment, may be a model's name.
func isNameSegment(s string) bool {
	return len(s) <= maxName && consistsOf(s, nameBytes) && s[0] != '.'
}

// isModelName reports whether s may be the name of a model inside a service:
// segments with '/' between them.
func isModelName(s string) bool { return len(s) <= maxName && eachPart(s, '/', isNameSegment) }

// isFreeName reports whether s may be the name of a model where requests name it in a body.
// Names have a tag (llama3:8b of Ollama, anthropic.claude-v1:0 of Bedrock), an adapter
// (base:adapter of SGLang), an owner (ft:gpt-4o:org::id of OpenAI), a version (claude@2025 of
// Vertex) or a build in them, or are paths (/mnt/models of vLLM). Each character can stand in
// a path and in a header as it is, and none of them separates models in a list.
func isFreeName(s string) bool {
	return len(s) <= maxName && eachPart(strings.TrimPrefix(s, "/"), '/', isFreeSegment)
}

func isFreeSegment(s string) bool { return consistsOf(s, freeNameBytes) && !isDotSegment(s) }

func isNumber(s string) bool { return consistsOf(s, numberBytes) }

// isIdentifier reports whether s is a name of the Protocol Buffers language.
func isIdentifier(s string) bool {
	return consistsOf(s, identifierBytes) && !numberBytes[s[0]]
}

// isGRPCService reports whether s is identifiers with dots between them.
func isGRPCService(s string) bool { return eachPart(s, '.', isIdentifier) }

// isPathPrefix reports whether s is a path of segments of RFC 3986's unreserved
// characters, none of which begins with a dot.
func isPathPrefix(s string) bool {
	rest, ok := strings.CutPrefix(s, "/")
	return ok && eachPart(rest, '/', func(segment string) bool {
		return consistsOf(segment, unreservedBytes) && segment[0] != '.'
	})
}

// isBase is isPathPrefix for a path that may name a model, such as claude@2025 of Vertex.
func isBase(s string) bool {
	rest, ok := strings.CutPrefix(s, "/")
	return ok && eachPart(rest, '/', func(segment string) bool {
		return consistsOf(segment, freeNameBytes) && segment[0] != '.'
	})
}

// IsHeaderName reports whether s is the name of a header that the gate may write:
// lower case letters, digits and hyphens. It is narrower than what package authn
// reads tokens from, every token of RFC 9110 section 5.6.2: behind CGI and WSGI an
// underscore, and with some servers other punctuation, cannot be told from a hyphen.
func IsHeaderName(s string) bool {
	return consistsOf(s, labelBytes)
}
