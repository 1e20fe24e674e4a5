package gate

import "testing"

// ordinary are the headers of a request that mean nothing to the gate, or fill a field.
var ordinary = [][2]string{
	{":method", "POST"}, {":path", "/v1/models/m:predict"}, {":scheme", "https"}, {":authority", "models.example.com"},
	{"content-type", "application/json"}, {"accept", "application/json"}, {"accept-encoding", "gzip"}, {"user-agent", "bench"},
	{"x-forwarded-proto", "https"}, {"x-forwarded-for", "203.0.113.7"}, {"x-request-id", "5ab4c1c2-7f3b-4f0e-8d6a-1f2e3d4c5b6a"},
	{"content-length", "60"},
}

func BenchmarkHeaderTable(b *testing.B) {
	table := newHeaderTable(&configuredHeaders{})
	for b.Loop() {
		var h head
		h.parse(&table, ordinary)
	}
}
