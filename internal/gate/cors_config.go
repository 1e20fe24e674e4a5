package gate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
	"github.com/modelgate/modelgate/internal/uri"
)

// cors is "cors": the pages whose scripts a browser may let call, and who answers what it asks
// first (CORS protocol, https://fetch.spec.whatwg.org/#http-cors-protocol).
type cors struct {
	origins    []string // nil for any
	forward    bool     // preflights go on, and what is behind the gate answers them and adds headers to its replies
	anyHeader  bool     // a request may have whatever headers the browser asks for
	private    bool     // pages of a public network may call
	preflight  [][2]string
	everyReply [][2]string // of a reply to an origin that may read it, beside the origin
	expose     string      // a list of header names, or ""
}

// maxCORSAge is the longest time for which a browser keeps an answer, in seconds.
const maxCORSAge = 86400

// compileCORS reads "cors"; nil if there is none.
func compileCORS(v strictjson.Value) *cors {
	if !v.Exists() {
		return nil
	}
	o := v.Object("origins", "forward", "methods", "headers", "expose", "maxAge", "credentials", "privateNetwork")
	c := &cors{origins: compileOrigins(o.Need("origins")), forward: o.Get("forward").Bool(), private: o.Get("privateNetwork").Bool()}
	if o.Get("credentials").Bool() {
		if c.everyReply = [][2]string{{"access-control-allow-credentials", "true"}}; c.origins == nil {
			o.Get("credentials").Fail(`must not stand beside the origin "*": no browser accepts both`)
		}
	}
	for _, name := range []string{"methods", "headers", "maxAge", "privateNetwork"} {
		if c.forward && o.Get(name).Exists() {
			o.Get(name).Fail(`must not stand beside "forward": what is behind the gate answers`)
		}
	}
	c.expose = strings.Join(compileNames(o.Get("expose"), false, inference.IsHeaderName), ", ")
	methods := []string{"GET", "POST"}
	if given := o.Get("methods"); given.Exists() {
		methods = compileNames(given, false, func(s string) bool { return strings.Trim(s, upperCase) == "" })
	}
	names := []string{"authorization", "content-type"}
	if given := o.Get("headers"); given.Exists() {
		names = compileNames(given, true, inference.IsHeaderName)
		c.anyHeader = names == nil
	}
	c.preflight = append(c.preflight, [2]string{"access-control-allow-methods", strings.Join(methods, ", ")})
	if !c.anyHeader {
		c.preflight = append(c.preflight, [2]string{"access-control-allow-headers", strings.Join(names, ", ")})
	}
	if age := o.Get("maxAge"); age.Exists() {
		c.preflight = append(c.preflight, [2]string{"access-control-max-age", strconv.Itoa(age.Integer(0, maxCORSAge))})
	}
	return c
}

const upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// compileOrigins reads the origins; nil means any.
//
//go:noinline
func compileOrigins(v strictjson.Value) (origins []string) {
	origins = v.Texts()
	if slices.Contains(origins, "*") {
		if len(origins) > 1 {
			v.Fail(`must not have further origins beside "*", which is any origin`)
		}
		return nil
	}
	for i, origin := range origins {
		if origin != "" && !isOrigin(origin) {
			v.Items()[i].MustBe(`an origin as a browser sends it, in lower case and without a path, for example "https://app.example.com"`)
		}
	}
	return origins
}

// isOrigin reports whether text is the ASCII serialization of an origin (RFC 6454 section
// 6.2). "null" is none: every page without an origin of its own sends it.
//
//go:noinline
func isOrigin(text string) bool {
	scheme, host, ok := strings.Cut(text, "://")
	u, isHost := uri.Parse("http://" + host)
	isDefault := scheme == "http" && strings.HasSuffix(host, ":80") || scheme == "https" && strings.HasSuffix(host, ":443")
	isScheme := scheme != "" && scheme[0] >= 'a' && inference.IsHeaderName(scheme)
	return ok && isScheme && strings.ToLower(text) == text && isHost && u.Host == host && !isDefault
}

// compileNames reads a list of names; nil means any, where "*" is allowed.
//
//go:noinline
func compileNames(v strictjson.Value, mayBeAny bool, isName func(string) bool) []string {
	names := v.Texts()
	if mayBeAny && len(names) == 1 && names[0] == "*" {
		return nil
	}
	for i, name := range names {
		if name != "" && !isName(name) {
			v.Items()[i].MustBe("a name: of a method in upper case, of a header in lower case")
		}
	}
	return names
}

// isNameList reports whether text can be a list of header names, as a browser writes it, and is
// not long.
func isNameList(text string) bool {
	const maxNameList = 1 << 10
	return text != "" && len(text) <= maxNameList && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_., ") == ""
}
