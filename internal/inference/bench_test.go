package inference_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// BenchmarkMatch has the ways in which a request names its service: a public path,
// which the gate rewrites, and the service's own host.
func BenchmarkMatch(b *testing.B) {
	const (
		two      = `[{"prefix": "/p", "protocol": "kserve-v1", "names": "kserve"}, {"prefix": "/p", "protocol": "kserve-v2", "names": "kserve"}]`
		template = `[{"protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.example.com"}}]`
	)
	for _, c := range []struct{ name, routes, host, request string }{
		{"public path", two, public, "POST /p/prod/fraud:predict"},
		{"own host", two, "fraud-predictor.prod.svc.cluster.local", "POST /v1/models/fraud:predict"},
		{"public host", template, "fraud.prod.example.com", "POST /v1/models/fraud:predict"},
	} {
		b.Run(c.name, func(b *testing.B) {
			routes, r := compile(b, c.routes), request(c.request, c.host)
			b.ReportAllocs()
			for b.Loop() {
				if _, why := routes.Match(r); why != reason.Allowed {
					b.Fatal(why)
				}
			}
		})
	}
}
