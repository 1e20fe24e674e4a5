package main

import (
	"encoding/json"
	"slices"
	"strings"
)

// userConfig are the fields of a configuration that say whom and what to try.
type userConfig struct {
	Issuers []userIssuer
	Routes  []userRoute
	Grants  []userGrant
	Peer    json.RawMessage
}

type userIssuer struct {
	Name, Preset                    string
	Algorithms, Tenants             []string
	From                            []struct{ Header, Scheme string }
	Groups                          any
	JWKS, Relay, APIKeys, Symmetric json.RawMessage
}

type userRoute struct {
	Protocol, Prefix, Path, Service, Base string
	Hosts                                 []string
	Names                                 json.RawMessage
	Resources                             []struct {
		Path    string
		Methods []string
	}
}

type userGrant struct {
	Issuers, Members, Models []string
	Role                     string
}

// developmentAlgorithm is the algorithm of a development key for the issuer, or "".
func (is userIssuer) developmentAlgorithm() string {
	switch is.Preset {
	case "google-iap":
		return "ES256"
	case "google-oidc", "entra", "cognito":
		return "RS256"
	}
	for _, algorithm := range is.Algorithms {
		if slices.Contains([]string{"ES256", "ES384", "RS256", "EdDSA"}, algorithm) {
			return algorithm
		}
	}
	return ""
}

// header is the beginning of the header with the issuer's token.
func (is userIssuer) header() string {
	switch {
	case len(is.From) > 0 && is.From[0].Scheme != "":
		return is.From[0].Header + ": " + is.From[0].Scheme + " "
	case len(is.From) > 0:
		return is.From[0].Header + ": "
	case is.Preset == "google-iap":
		return "x-goog-iap-jwt-assertion: "
	}
	return "authorization: Bearer "
}

// grantOf returns the first grant to members of the issuer.
func (c *userConfig) grantOf(is userIssuer) (g userGrant, ok bool) {
	i := slices.IndexFunc(c.Grants, func(g userGrant) bool { return slices.Contains(g.Issuers, is.Name) && len(g.Models) > 0 })
	if i < 0 {
		return g, false
	}
	return c.Grants[i], true
}

// callerOf returns a member of a grant, and the flags of `modelgate token mint` that make a token of
// that member.
func (c *userConfig) callerOf(is userIssuer) (member string, flags []string) {
	g, _ := c.grantOf(is)
	for _, m := range g.Members {
		kind, name, _ := strings.Cut(m, ":")
		namespace, account, isWorkload := strings.Cut(name, "/")
		switch {
		case kind == "user", kind == "serviceAccount" && strings.Contains(name, "@"):
			flags = []string{"--email", name}
		case kind == "sub":
			flags = []string{"--subject", name}
		case kind == "serviceAccount" && isWorkload:
			flags = []string{"--subject", "system:serviceaccount:" + namespace + ":" + account}
		case kind == "spiffe":
			flags = []string{"--subject", m}
		case kind == "group" && is.Groups != nil:
			flags = []string{"--groups", name}
		case kind == "domain":
			flags = []string{"--email", "someone@" + name}
		default:
			continue
		}
		member = m
		break
	}
	if claims := is.ownClaims(); claims != "" {
		flags = append(flags, "--claims", claims)
	}
	return member, flags
}

// ownClaims are claims that the preset's tokens have, and that need more than the configuration says.
func (is userIssuer) ownClaims() string {
	switch {
	case is.Preset == "kubernetes":
		return `{"kubernetes.io": {"serviceaccount": {"name": "development"}}}`
	case is.Preset == "entra" && len(is.Tenants) > 0:
		return `{"iss": "https://login.microsoftonline.com/` + is.Tenants[0] + `/v2.0"}`
	}
	return ""
}

// request is a request to try.
type request struct{ method, host, path, body string }

// callOf returns a call for a model of the issuer's first grant, by the first route that curl can ask:
// one that is of the model's service, if there is one.
func (c *userConfig) callOf(is userIssuer) (one request, model string, ok bool) {
	g, ok := c.grantOf(is)
	if !ok {
		return one, "", false
	}
	for _, pattern := range g.Models {
		for _, declared := range []bool{true, false} {
			for _, r := range c.Routes {
				if one, ok = r.callFor(strings.ReplaceAll(pattern, "*", "any"), g.Role == "viewer"); ok && declared == (r.Service != "") {
					return one, pattern, true
				}
			}
		}
	}
	return one, "", false
}

// ownPaths are what a server is asked for, by protocol; NAME is the model.
var ownPaths = map[string]request{
	"kserve-v1":  {path: "/v1/models/NAME:predict", body: `{"instances": []}`},
	"kserve-v2":  {path: "/v2/models/NAME/infer", body: `{"inputs": []}`},
	"triton":     {path: "/v2/models/NAME/infer", body: `{"inputs": []}`},
	"tfserving":  {path: "/v1/models/NAME:predict", body: `{"instances": []}`},
	"torchserve": {path: "/predictions/NAME", body: `{}`},
	"openai":     {path: "/chat/completions", body: `{"model": "NAME", "messages": []}`},
}

// readPaths are what a caller may ask who may not predict.
var readPaths = map[string]request{
	"kserve-v1": {path: "/v1/models/NAME"}, "kserve-v2": {path: "/v2/models/NAME/ready"}, "triton": {path: "/v2/models/NAME/ready"},
	"tfserving": {path: "/v1/models/NAME"}, "openai": {path: "/models/NAME"},
}

// callFor returns a call for a model by the route. ok is false if the route has none, or curl cannot
// make it.
func (r *userRoute) callFor(model string, reads bool) (one request, ok bool) {
	pattern, _, _ := strings.Cut(strings.ReplaceAll(model, "@@", "\x00"), "@")
	parts := strings.SplitN(strings.ReplaceAll(pattern, "\x00", "@"), "/", 3)
	namespace, service := parts[0], parts[1]
	name := parts[len(parts)-1]
	one, ok = ownPaths[r.Protocol]
	one.method = "POST"
	if reads {
		one, ok = readPaths[r.Protocol]
		one.method = "GET"
	}
	if r.Protocol == "http" && len(r.Resources) > 0 {
		one = request{method: r.Resources[0].Methods[0], path: strings.ReplaceAll(r.Resources[0].Path, "*", "any")}
		ok = !strings.Contains(one.path, "{model}")
	}
	if r.Protocol == "openai" {
		base := r.Base
		if base == "" {
			base = "/v1"
		}
		one.path = base + one.path
	}
	if len(r.Hosts) > 0 {
		one.host = r.Hosts[0]
	}
	one.path, one.body = strings.ReplaceAll(one.path, "NAME", name), strings.ReplaceAll(one.body, "NAME", name)
	places := strings.NewReplacer("{namespace}", namespace, "{service}", service)
	switch {
	case r.Path != "":
		one.path = places.Replace(r.Path) + one.path
	case r.Prefix != "":
		one.path = strings.TrimSuffix(r.Prefix, "/") + "/" + namespace + "/" + service + one.path
	case r.Service == "" && r.Names != nil: // the host says which service
		one.host = hostOf(r.Names, namespace, service)
		ok = ok && one.host != ""
	default:
		one.path = places.Replace(one.path)
	}
	return one, ok && (r.Service == "" || r.Service == namespace+"/"+service)
}

// hostOf returns the host of a service's predictor by the names of a route, or "".
func hostOf(names json.RawMessage, namespace, service string) string {
	var preset string
	if json.Unmarshal(names, &preset) != nil {
		var templates struct{ Preset, Predictor string }
		if err := json.Unmarshal(names, &templates); err != nil {
			return ""
		}
		if preset = templates.Preset; preset == "" {
			return strings.NewReplacer("{service}", service, "{namespace}", namespace).Replace(templates.Predictor)
		}
	}
	suffix := map[string]string{"kserve": "-predictor.", "kfserving": "-predictor-default."}[preset]
	return service + suffix + namespace + ".svc.cluster.local"
}
