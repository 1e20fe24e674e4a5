package gate

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
	"github.com/modelgate/modelgate/internal/uri"
)

// wellKnown is where the metadata of a protected resource is (RFC 9728 section 3).
const wellKnown = "/.well-known/oauth-protected-resource"

// compileChallenge reads where the metadata of the protected resource is, or the metadata
// itself, which the gate then serves (RFC 9728).
func (g *Gate) compileChallenge(v strictjson.Value) {
	m := v.Object("resourceMetadata").Need("resourceMetadata")
	if m.JSON().IsObject() {
		g.compileMetadata(m)
	} else {
		compileHTTPS(m, "", httpsURL)
		g.metadataURL = m.JSON().Str
	}
}

const httpsURL = "an https URL with a host, without a user and a fragment"

// compileHTTPS reads a URL, which fits into a quoted string as it is. It must not have one
// of the characters in without.
func compileHTTPS(v strictjson.Value, without, mustBe string) (u uri.URI) {
	text := v.Text()
	if text == "" { // absent, or reported
		return u
	}
	u, ok := uri.Parse(text)
	switch {
	case ok && u.Scheme == "https" && !strings.ContainsAny(text, without):
		return u
	case strings.Contains(text, "@"): // what is before it may be a password
		v.Fail("must be %s", mustBe)
	default:
		v.MustBe("%s", mustBe)
	}
	return uri.URI{}
}

// compileMetadata reads the metadata (RFC 9728 section 2). The gate serves it as it is
// written, to everybody, at the URL that follows from "resource" (section 3.1).
func (g *Gate) compileMetadata(v strictjson.Value) {
	o := v.Object("resource", "authorization_servers", "scopes_supported", "bearer_methods_supported", "resource_name",
		"resource_documentation", "resource_policy_uri", "resource_tos_uri", "tls_client_certificate_bound_access_tokens")
	const noQuery = httpsURL + ", without a query, and in lower case with a canonical path"
	u := compileHTTPS(o.Need("resource"), "?", noQuery)
	path := strings.TrimSuffix(u.Path, "/")
	if u.Host != strings.ToLower(u.Host) || path != "" && !inference.IsCanonicalPath(path) {
		o.Get("resource").MustBe("%s", noQuery)
	}
	for _, item := range o.Get("authorization_servers").Items() {
		compileHTTPS(item, "?", httpsURL+", and without a query")
	}
	for _, item := range o.Get("scopes_supported").Items() {
		if text := item.Text(); text != "" && !authz.IsScope(text) {
			item.MustBe("a scope (RFC 6749 section 3.3) without spaces")
		}
	}
	for _, item := range o.Get("bearer_methods_supported").Items() {
		if text := item.Text(); text != "" && text != "header" {
			item.MustBe("header: the gate reads no token from a body or a query")
		}
	}
	o.Get("resource_name").Text()
	for _, name := range []string{"resource_documentation", "resource_policy_uri", "resource_tos_uri"} {
		compileHTTPS(o.Get(name), "", httpsURL)
	}
	o.Get("tls_client_certificate_bound_access_tokens").Bool()
	if u.Host != "" { // else it is reported
		g.serveMetadata(u.Host, path, v.JSON().Raw)
	}
}

// serveMetadata has the document answer requests for it. The port 443 may be left out.
func (g *Gate) serveMetadata(host, path, document string) {
	g.metadataURL = "https://" + host + wellKnown + path
	hosts := []string{host}
	if name, isDefault := strings.CutSuffix(host, ":443"); isDefault {
		hosts = append(hosts, name)
	} else if !strings.Contains(host[strings.LastIndexByte(host, ']')+1:], ":") {
		hosts = append(hosts, host+":443")
	}
	for _, method := range []string{"GET", "HEAD"} {
		g.exemptions = append(g.exemptions, exemption{method: method, path: wellKnown + path, hosts: hosts, document: document})
	}
}

// metadataReply serves the metadata (RFC 9728 section 3.2).
func metadataReply(document string) Reply {
	return documentReply(reason.ResourceMetadata, document, "max-age=300")
}

// documentReply answers with a document in JSON.
func documentReply(why reason.Reason, document, cacheControl string) Reply {
	return Reply{
		Status: why.HTTP(), GRPC: why.GRPC(), Body: document + "\n",
		Headers: [][2]string{{"content-type", "application/json"}, {"cache-control", cacheControl}},
		Details: "modelgate_" + why.String(),
	}
}
