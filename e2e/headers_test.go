package e2e

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// headersRequest is a request of the example headers for the model base.
func headersRequest(t *testing.T, s *corpus.Scenario) corpus.Request {
	t.Helper()
	i := slices.IndexFunc(s.Cases, func(c corpus.Case) bool { return c.Name == "no header of these kinds" })
	if i < 0 {
		t.Fatal("the example headers has no such case")
	}
	r, err := s.Request(s.Cases[i], time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// arrivesOnly are the known headers that may arrive: the gate writes the first, the
// example keeps the second.
var arrivesOnly = []string{"x-maas-username", "x-litellm-tags"}

// TestKnownHeadersInEnvoy sends all of headers.Known in one request, once in each of three
// spellings. None of them reaches the upstream.
func TestKnownHeadersInEnvoy(t *testing.T) {
	t.Parallel()
	s := load(t, "headers")
	envoy, _ := runWith(t, s, harness.Options{Edit: allowManyHeaders})
	for name, spell := range map[string]func(string) string{
		"usual":       func(s string) string { return s },
		"hyphens":     headers.Fold,
		"underscores": underscored,
	} {
		t.Run(name, func(t *testing.T) {
			r := headersRequest(t, s)
			sent := 0
			for _, h := range headers.Known {
				prefix, isPrefix := h.Prefix()
				if isPrefix {
					prefix += "x"
				}
				value := "root"
				switch {
				case h.Name == "authorization", h.Name == "ingress-authorization": // an issuer reads them
					continue
				case h.Kind == headers.Model:
					value = "base"
				case h.Kind == headers.ModelBase64:
					value = "YmFzZQ=="
				case h.Kind == headers.Service:
					value = "llm"
				case h.Kind == headers.Namespace:
					value = "prod"
				}
				sent++
				r.Headers = append(r.Headers, [2]string{spell(prefix), value})
			}
			r.Headers = append(r.Headers, [2]string{"x-kept", "1"})
			for _, proto := range []rawhttp.Proto{rawhttp.H1, rawhttp.H2} {
				ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
				o, err := testbed.Ask(ctx, envoy.Addr(), nil, proto, r)
				cancel()
				if err != nil || o.Line != "allow llm.example.com /v1/chat/completions" {
					t.Fatalf("%v with %d headers: %s (%v)\n%s", proto, sent, o.Line, err, tail(envoy.Log()))
				}
				kept := false
				for _, h := range o.Headers {
					kind := headers.KindOf(h[0])
					kept = kept || h[0] == "x-kept"
					if kind != headers.Unknown && kind != headers.Framing && !slices.Contains(arrivesOnly, h[0]) {
						t.Errorf("%v: %s: %q arrives, which %s", proto, h[0], h[1], kind)
					}
				}
				if !kept {
					t.Errorf("%v: x-kept does not arrive in %v", proto, o.Headers)
				}
			}
		})
	}
}

func underscored(name string) string {
	b := []byte(name)
	for i := range b {
		if b[i] == '-' {
			b[i] = '_'
		}
	}
	return string(b)
}

// allowManyHeaders raises Envoy's limit of 100 headers.
func allowManyHeaders(tree map[string]any) {
	eachObject(tree, func(o map[string]any) {
		if _, ok := o["http_filters"]; ok {
			o["common_http_protocol_options"] = map[string]any{"max_headers_count": 1000}
		}
	})
}

// eachObject calls f with each object of a configuration.
func eachObject(node any, f func(map[string]any)) {
	switch node := node.(type) {
	case map[string]any:
		f(node)
		for _, value := range node {
			eachObject(value, f)
		}
	case []any:
		for _, value := range node {
			eachObject(value, f)
		}
	}
}

// TestAccessLogHasNoQuery: the log of the examples has the path of the request without its
// query, in which a caller may send a token, and without what a caller says of it.
func TestAccessLogHasNoQuery(t *testing.T) {
	t.Parallel()
	s := load(t, "headers")
	envoy := run(t, s, harness.Options{})
	for _, path := range []string{"/logged/one?access_token=s3cret", "/logged/two?s3cret"} {
		ask(t, envoy, corpus.Request{
			Method: "GET", Path: path, Authority: "llm.example.com",
			Headers: [][2]string{{"x-envoy-original-path", "/s3cret"}, {"authorization", "s3cret"}},
		})
	}
	for deadline := time.Now().Add(harness.Patience); !strings.Contains(envoy.Log(), "/logged/two"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log has no line of the second request:\n%s", tail(envoy.Log()))
		}
	}
	if log := envoy.Log(); strings.Contains(log, "s3cret") || !strings.Contains(log, "GET llm.example.com/logged/one ") {
		t.Errorf("the log has a query:\n%s", tail(log))
	}
}

// TestDestinationEndpoint has a cluster as implementations of InferencePool make it: the
// endpoint picker, a filter behind the gate, names the server in a header
// (docs/proposals/004-endpoint-picker-protocol of gateway-api-inference-extension). Here
// the picker leaves the header as it is if the request has one. A caller does not get to
// another server by it, unless the configuration keeps the header.
func TestDestinationEndpoint(t *testing.T) {
	t.Parallel()
	for keep, want := range map[string]string{"x-seldon-route": "picked", "x-gateway-destination-endpoint": "other"} {
		t.Run("keep "+keep, func(t *testing.T) {
			t.Parallel()
			s := load(t, "headers")
			s.Config = edit.Set(t, s.Config, "/headers/keep/0", strconv.Quote(keep))
			servers, addrs, err := testbed.Upstreams("picked", "other")
			if err != nil {
				t.Fatal(err)
			}
			for _, server := range servers {
				t.Cleanup(func() { server.Close() })
			}
			envoy, _ := runWith(t, s, harness.Options{Edit: func(tree map[string]any) { pickEndpoint(tree, addrs["picked"]) }})
			for _, c := range []struct {
				name, want string
				proto      rawhttp.Proto
			}{
				{"", "picked", rawhttp.H1},
				{"x-gateway-destination-endpoint", want, rawhttp.H1},
				{"x-gateway-destination-endpoint", want, rawhttp.H2},
				{"X-Gateway-Destination-Endpoint", want, rawhttp.H1},
				{"x_gateway_destination_endpoint", "picked", rawhttp.H1},
				{"x-envoy-original-dst-host", "picked", rawhttp.H1},
			} {
				r := headersRequest(t, s)
				if c.name != "" {
					r.Headers = append(r.Headers, [2]string{c.name, addrs["other"]})
				}
				for _, server := range servers {
					server.Reset()
				}
				ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
				o, err := testbed.Ask(ctx, envoy.Addr(), nil, c.proto, r)
				cancel()
				if err != nil || o.Line != "allow llm.example.com /v1/chat/completions" {
					t.Fatalf("%v with %q: %s (%v)\n%s", c.proto, c.name, o.Line, err, tail(envoy.Log()))
				}
				for name, server := range servers {
					if got := len(server.Requests()); (got == 1) != (name == c.want) {
						t.Errorf("%v with %q: the %s server got %d requests, want the one to go to the %s one", c.proto, c.name, name, got, c.want)
					}
				}
			}
		})
	}
}

// pickEndpoint makes the cluster an ORIGINAL_DST one that reads the picker's header, and
// adds the picker behind the gate.
func pickEndpoint(tree map[string]any, addr string) {
	eachObject(tree, func(o map[string]any) {
		if o["name"] == "models" && o["type"] == "STATIC" {
			delete(o, "load_assignment")
			o["type"], o["lb_policy"] = "ORIGINAL_DST", "CLUSTER_PROVIDED"
			o["original_dst_lb_config"] = map[string]any{"use_http_header": true, "http_header_name": "x-gateway-destination-endpoint"}
		}
		if filters, ok := o["http_filters"].([]any); ok {
			picker := map[string]any{
				"name": "picker",
				"typed_config": map[string]any{
					"@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
					"mutations": map[string]any{"request_mutations": []any{map[string]any{"append": map[string]any{
						"header":        map[string]any{"key": "x-gateway-destination-endpoint", "value": addr},
						"append_action": "ADD_IF_ABSENT",
					}}}},
				},
			}
			o["http_filters"] = slices.Insert(filters, len(filters)-1, any(picker))
		}
	})
}
