package gate

import "testing"

// ordinary are headers that mean nothing to the gate, or fill a field.
var ordinary = [][2]string{
	{":method", "POST"}, {":path", "/v1/models/m:predict"}, {":scheme", "https"}, {":authority", "models.example.com"},
	{"content-type", "application/json"}, {"accept", "application/json"}, {"accept-encoding", "gzip"}, {"user-agent", "bench"},
	{"x-forwarded-proto", "https"}, {"x-forwarded-for", "203.0.113.7"}, {"x-request-id", "5ab4c1c2-7f3b-4f0e-8d6a-1f2e3d4c5b6a"},
	{"content-length", "60"},
}

// TestOrdinaryHeadersAreNoPrefixes: the bits of prefixLetters tell so without a look at the
// prefixes.
func TestOrdinaryHeadersAreNoPrefixes(t *testing.T) {
	table := newHeaderTable(&configuredHeaders{})
	names := []string{"accept-language", "cache-control", "traceparent", "tracestate", "x-b3-traceid", "x-b3-sampled", "grpc-timeout",
		"x-envoy-expected-rq-timeout-ms", "x-envoy-attempt-count", "x-stainless-lang", "anthropic-version", "openai-organization", "origin",
		"referer", "via", "priority"}
	for _, h := range ordinary[4:] {
		names = append(names, h[0])
	}
	for _, name := range names {
		if len(name) < 5 {
			continue
		}
		if index, letter := prefixBits(name); table.prefixLetters[index]&letter != 0 {
			t.Errorf("%s is compared with each prefix", name)
		}
	}
}

func BenchmarkHeaderTable(b *testing.B) {
	table := newHeaderTable(&configuredHeaders{})
	for b.Loop() {
		var h head
		h.parse(&table, ordinary)
	}
}
