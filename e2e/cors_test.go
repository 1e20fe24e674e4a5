package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// page is a web page in a browser: its scripts send requests by the rules of the Fetch standard.
type page struct {
	origin string
	addr   string
	proto  rawhttp.Proto
}

// fetch is what a script gets: the status and the body, or what the browser says on its console.
func (p page) fetch(t *testing.T, r rawhttp.Request) string {
	t.Helper()
	r.Proto = p.proto
	var unsafe []string // "CORS-unsafe request-header names"
	for _, h := range r.Headers {
		if h[0] != "content-type" || h[1] != "text/plain" {
			unsafe = append(unsafe, h[0])
		}
	}
	slices.Sort(unsafe)
	if simple := r.Method == "GET" || r.Method == "POST"; !simple || len(unsafe) > 0 {
		if why := p.preflight(t, r, simple, unsafe); why != "" {
			return "network error: preflight: " + why
		}
	}
	r.Headers = append(slices.Clone(r.Headers), [2]string{"origin", p.origin})
	response := p.send(t, r)
	if why := p.check(response); why != "" {
		return "network error: " + why
	}
	return fmt.Sprintf("%d %s", response.Status, strings.TrimSpace(string(response.Body)))
}

// preflight is "CORS-preflight fetch" of the standard.
func (p page) preflight(t *testing.T, r rawhttp.Request, simple bool, unsafe []string) (why string) {
	t.Helper()
	ask := rawhttp.Request{Proto: p.proto, Method: "OPTIONS", Path: r.Path, Authority: r.Authority, Headers: rawhttp.Headers{
		{"origin", p.origin}, {"access-control-request-method", r.Method},
	}}
	if len(unsafe) > 0 {
		ask.Headers = append(ask.Headers, [2]string{"access-control-request-headers", strings.Join(unsafe, ",")})
	}
	response := p.send(t, ask)
	if why := p.check(response); why != "" {
		return why
	}
	if response.Status < 200 || response.Status > 299 {
		return fmt.Sprint("status ", response.Status)
	}
	if !simple && !slices.Contains(list(response, "access-control-allow-methods"), r.Method) {
		return "method"
	}
	for _, name := range unsafe {
		if !slices.Contains(list(response, "access-control-allow-headers"), name) {
			return "header " + name
		}
	}
	return ""
}

func list(r rawhttp.Response, name string) (items []string) {
	for item := range strings.SplitSeq(strings.Join(r.Headers.Values(name), ","), ",") {
		items = append(items, strings.TrimSpace(item))
	}
	return items
}

// check is "CORS check" of the standard, of a request without the browser's credentials.
func (p page) check(r rawhttp.Response) (why string) {
	switch allowed := r.Headers.Values("access-control-allow-origin"); {
	case len(allowed) != 1:
		return fmt.Sprintf("%d allowed origins", len(allowed))
	case allowed[0] != "*" && allowed[0] != p.origin:
		return "origin"
	}
	return ""
}

func (p page) send(t *testing.T, r rawhttp.Request) rawhttp.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	response, err := rawhttp.Do(ctx, p.addr, nil, r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	return response
}

// pages has scripts call: those of a listed origin read replies and refusals, and others nothing.
func pages(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy, model *upstream.Server) {
	team, err := s.Mint(corpus.Token{Issuer: "corp", Claims: map[string]any{"groups": []string{"team"}}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	model.Answer(`{"predictions":[1]}`)
	const app, evil = "https://app.example.com", "https://evil.example.com"
	bearer, typed := [2]string{"authorization", "Bearer " + team}, [2]string{"content-type", "application/json"}
	const body, predict = `{"instances":[[1]]}`, "/serving/prod/fraud:predict"
	for _, c := range []struct {
		name, origin string
		request      rawhttp.Request
		want         string
	}{
		{"a listed page", app, rawhttp.Request{Method: "POST", Path: predict, Headers: rawhttp.Headers{bearer, typed}, Body: []byte(body)},
			`200 {"predictions":[1]}`},
		{"a listed page without a token", app,
			rawhttp.Request{Method: "POST", Path: predict, Headers: rawhttp.Headers{typed}, Body: []byte(body)},
			`401 {"reason":"credential_missing","error":"model gate: credential_missing"`},
		{"a listed page without a grant", app, rawhttp.Request{Method: "POST", Path: "/serving/prod/other:predict",
			Headers: rawhttp.Headers{bearer, typed}, Body: []byte(body)}, `403 {"reason":"grant_missing","error":"model gate: grant_missing"`},
		{"a listed page that sends no preflight", app, rawhttp.Request{Method: "GET", Path: "/nowhere"},
			`401 {"reason":"credential_missing"`},
		{"a method that is not listed", app, rawhttp.Request{Method: "PATCH", Path: predict, Headers: rawhttp.Headers{bearer}},
			"network error: preflight: method"},
		{"a header that is not listed", app, rawhttp.Request{Method: "GET", Path: predict, Headers: rawhttp.Headers{bearer, {"x-more", "a"}}},
			"network error: preflight: header x-more"},
		{"another page", evil, rawhttp.Request{Method: "POST", Path: predict, Headers: rawhttp.Headers{bearer, typed}, Body: []byte(body)},
			"network error: preflight: 0 allowed origins"},
		{"another page that sends no preflight", evil, rawhttp.Request{Method: "GET", Path: predict}, "network error: 0 allowed origins"},
	} {
		for _, proto := range []rawhttp.Proto{rawhttp.H1, rawhttp.H2} {
			c.request.Authority = "models.example.com"
			got := page{c.origin, envoy.Addr(), proto}.fetch(t, c.request)
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("%s over %s: %s, want %s", c.name, proto, got, c.want)
			}
		}
	}
	response := page{app, envoy.Addr(), rawhttp.H1}.send(t, rawhttp.Request{Method: "POST", Path: predict, Authority: "models.example.com",
		Headers: rawhttp.Headers{bearer, typed, {"origin", app}}, Body: []byte(body)})
	exposed, vary := list(response, "access-control-expose-headers"), list(response, "vary")
	if !slices.Contains(exposed, "x-request-id") || !slices.Contains(vary, "origin") {
		t.Errorf("a reply has the headers %v", response.Headers)
	}
}

// TestCORSBehindTheGate: with "forward" the gate lets preflights go on, and Envoy's own filter
// for CORS answers them by its policy, as an Istio VirtualService has one. The gate's refusals
// have the headers all the same.
func TestCORSBehindTheGate(t *testing.T) {
	t.Parallel()
	s := load(t, "cors")
	s.Config = edit.Set(t, s.Config, "/cors", `{"origins": ["https://app.example.com"], "forward": true}`)
	envoy, servers := runWith(t, s, harness.Options{Edit: addEnvoysCORS})
	token, err := s.Mint(corpus.Token{Issuer: "corp", Claims: map[string]any{"groups": []string{"team"}}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	servers["models"].Answer("{}")
	post := rawhttp.Request{Method: "POST", Path: "/serving/prod/fraud:predict", Authority: "models.example.com", Body: []byte("{}"),
		Headers: rawhttp.Headers{{"authorization", "Bearer " + token}, {"content-type", "application/json"}}}
	refused := post
	refused.Path = "/serving/prod/other:predict"
	unknown := post
	unknown.Path = "/nowhere"
	for _, c := range []struct {
		name, origin string
		request      rawhttp.Request
		want         string
	}{
		{"a listed page", "https://app.example.com", post, "200 {}"},
		{"a refusal", "https://app.example.com", refused, `403 {"reason":"grant_missing"`},
		{"a path that no route knows", "https://app.example.com", unknown, "network error: preflight: status 404"},
		{"another page", "https://evil.example.com", post, "network error: preflight: 0 allowed origins"},
	} {
		if got := (page{c.origin, envoy.Addr(), rawhttp.H1}).fetch(t, c.request); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	for _, r := range servers["models"].Requests() {
		if r.Method == "OPTIONS" {
			t.Errorf("the server got %+v, which Envoy's filter answers", r)
		}
	}
}

// addEnvoysCORS puts Envoy's filter for CORS behind the gate, with a policy for all routes.
func addEnvoysCORS(tree map[string]any) {
	const api = "type.googleapis.com/envoy.extensions.filters.http.cors.v3."
	eachObject(tree, func(o map[string]any) {
		if filters, ok := o["http_filters"].([]any); ok {
			cors := map[string]any{"name": "envoy.filters.http.cors", "typed_config": map[string]any{"@type": api + "Cors"}}
			o["http_filters"] = slices.Insert(filters, len(filters)-1, any(cors))
		}
		if o["domains"] != nil {
			o["typed_per_filter_config"] = map[string]any{"envoy.filters.http.cors": map[string]any{
				"@type":                     api + "CorsPolicy",
				"allow_origin_string_match": []any{map[string]any{"exact": "https://app.example.com"}},
				"allow_methods":             "GET, POST", "allow_headers": "authorization, content-type",
			}}
		}
	})
}
