package signatures

import (
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/modelgate/modelgate/internal/signature"
)

// rules are why ours refuses what both libraries take, each with how such a request is told.
var rules = []struct {
	name    string
	applies func(r *request, v verdict) bool
}{
	{"at most four signatures", func(r *request, v verdict) bool {
		return v == "signature: signature-input: malformed" && strings.Count(r.header("signature-input"), "(") > signature.MaxSignatures
	}},
	{"no unknown parameter, of whichever signature", func(r *request, v verdict) bool {
		return strings.HasSuffix(string(v), ": unsupported") && unknownParameter.MatchString(r.header("signature-input"))
	}},
	{"no parameter twice", func(r *request, v verdict) bool {
		return v == "signature: signature-input: malformed" && hasParameterTwice(r.header("signature-input"))
	}},
	{"a signature has no parameters", func(r *request, v verdict) bool {
		return v == "signature: signature: malformed" && bytesWithParameter.MatchString(r.header("signature"))
	}},
	{"a digest has no parameters", func(r *request, v verdict) bool {
		return v == "signature: content-digest: malformed" && bytesWithParameter.MatchString(r.header("content-digest"))
	}},
	{"every digest is a byte sequence", func(r *request, v verdict) bool {
		return v == "signature: content-digest: malformed" && memberWithoutBytes.MatchString(r.header("content-digest"))
	}},
	{"every component has a name, of whichever signature", func(r *request, v verdict) bool {
		return oddComponent.MatchString(string(v)) && strings.Contains(r.header("signature-input"), ", b=(")
	}},
	{"a question mark alone is no query", func(r *request, v verdict) bool {
		return v == `signature: "@query": unsupported` && strings.HasSuffix(r.path, "?")
	}},
	{"a request target begins with a path", func(r *request, v verdict) bool {
		return strings.HasPrefix(string(v), `signature: "@`) && strings.HasSuffix(string(v), ": unsupported") && !strings.HasPrefix(r.path, "/")
	}},
	{"a path has no fragment", func(r *request, v verdict) bool {
		return strings.HasPrefix(string(v), `signature: "@`) && strings.HasSuffix(string(v), ": unsupported") && strings.Contains(r.path, "#")
	}},
	{"base64 has one spelling", func(r *request, v verdict) bool {
		return strings.HasSuffix(string(v), ": malformed") && (hasLaxBase64(r.header("signature")) || hasLaxBase64(r.header("content-digest")))
	}},
}

var (
	unknownParameter   = regexp.MustCompile(`; *x\b`)
	bytesWithParameter = regexp.MustCompile(`: *;`)
	memberWithoutBytes = regexp.MustCompile(`(^|,)[^:]*(,|$)`)
	oddComponent       = regexp.MustCompile(`^signature: "[^"]*": (malformed|unsupported)$`)
	parameterLists     = regexp.MustCompile(`(?:; *[a-z]+(?:=(?:"[^"]*"|[^;,]*))?)+`)
	parameterName      = regexp.MustCompile(`; *([a-z]+)`)
	byteSequence       = regexp.MustCompile(`=:([A-Za-z0-9+/=]*):`)
)

func hasParameterTwice(input string) bool {
	for _, list := range parameterLists.FindAllString(input, -1) {
		seen := map[string]bool{}
		for _, name := range parameterName.FindAllStringSubmatch(list, -1) {
			if seen[name[1]] {
				return true
			}
			seen[name[1]] = true
		}
	}
	return false
}

// hasLaxBase64 reports whether a byte sequence is not padded, or sets bits behind its end.
func hasLaxBase64(value string) bool {
	for _, b := range byteSequence.FindAllStringSubmatch(value, -1) {
		if _, err := base64.StdEncoding.Strict().DecodeString(b[1]); err != nil {
			return true
		}
	}
	return false
}

// header returns all values of a header.
func (r *request) header(name string) string {
	var values []string
	for _, h := range r.headers {
		if h[0] == name {
			values = append(values, h[1])
		}
	}
	return strings.Join(values, ", ")
}

// ruleFor returns the rule by which ours refuses a request, or "".
func ruleFor(r *request, v verdict) string {
	for _, rule := range rules {
		if rule.applies(r, v) {
			return rule.name
		}
	}
	return ""
}
