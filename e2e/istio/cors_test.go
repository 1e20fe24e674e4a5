package istio

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// corsPolicy is the example's routes, with Istio's own policy for pages.
const corsPolicy = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: models, namespace: kubeflow }
spec:
  hosts: ["*"]
  gateways: [kubeflow-gateway]
  http:
    - name: pages-of-models
      corsPolicy:
        allowOrigins: [{ exact: "https://app.example.com" }]
        allowMethods: [POST]
        allowHeaders: [authorization]
      route: [{ destination: { host: rest.cors.example.com } }]
`

// TestCORSPolicy: Istio answers the preflight of a page by a VirtualService's corsPolicy, if the gate lets
// it go on, which is in front of Istio's filter for CORS in each phase. Without "cors" the
// gate refuses it.
func TestCORSPolicy(t *testing.T) {
	w := ingress(t)
	s, servers := load(t, "cors"), recording(t, "models")
	closed := edit.Delete(t, s.Config, "/cors")
	plane := newPlane(t, unnormalised, front(t, w)...)
	plane.apply(testdata(t, "models.yaml", map[string]string{"NAME": "cors", "HOSTS": `"*"`,
		"REST": portOf(servers["models"].Addr), "GRPC": portOf(servers["models"].Addr)})...)
	plane.apply(parse(t, corsPolicy)...)
	gateway := plane.start(t, w)
	team, err := s.Mint(corpus.Token{Issuer: "corp", Claims: map[string]any{"groups": []string{"team"}}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const app, evil = "https://app.example.com", "https://evil.example.com"
	for _, c := range []struct {
		name, config, mark    string
		method, origin, token string
		status                int
		allows                string
	}{
		{"closed", closed, "closed", "OPTIONS", app, "", 401, ""},
		{"a preflight", edit.Set(t, closed, "/cors", `{"origins": ["`+app+`"], "forward": true}`), "forwards", "OPTIONS", app, "", 200, app},
		{"of another page", "", "forwards", "OPTIONS", evil, "", 403, ""},
		{"a reply", "", "forwards", "POST", app, team, 200, app},
		{"a refusal", "", "forwards", "POST", app, "x", 401, app},
		{"a reply to another page", "", "forwards", "POST", evil, team, 200, ""},
	} {
		if c.config != "" {
			s.Config = c.config
			plane.apply(plugin(t, "gateway", s, marked(c.mark)))
			gateway.serves(t, "pages-of-models", c.mark)
		}
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+gateway.addr+"/serving/prod/fraud:predict", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "models.example.com"
			r.Header.Set("origin", c.origin)
			if c.method == "OPTIONS" {
				r.Header.Set("access-control-request-method", "POST")
				r.Header.Set("access-control-request-headers", "authorization")
			}
			if c.token != "" {
				r.Header.Set("authorization", "Bearer "+c.token)
			}
			eventually(t, c.name, func() bool { // the worker may not have the plugin yet
				response, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				allows := strings.Join(response.Header.Values("access-control-allow-origin"), ",")
				return response.StatusCode == c.status && allows == c.allows
			})
		})
	}
	for _, r := range servers["models"].Requests() {
		if r.Method == "OPTIONS" {
			t.Errorf("the server got %+v", r)
		}
	}
}
