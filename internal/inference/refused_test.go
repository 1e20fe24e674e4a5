package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

const (
	inv   = reason.PathInvalid
	unk   = reason.PathUnknown
	model = reason.ModelInvalid
	badH  = reason.HostInvalid
	other = reason.IdentityConflict
)

func TestRefused(t *testing.T) {
	routes := compile(t, everyRoute)
	long := strings.Repeat("a", 63)
	for _, c := range []struct {
		host, request string
		want          reason.Reason
	}{
		// Methods and verbs.
		{public, "GET /kfserving/prod/fraud:predict", unk},
		{public, "POST /kfserving/prod/fraud", unk},
		{public, "HEAD /kfserving/prod/fraud", unk},
		{public, "post /kfserving/prod/fraud:predict", unk},
		{public, " /kfserving/prod/fraud:predict", unk},
		{public, "PUT /kfserving/prod/fraud:predict", unk},
		{public, "POST /kfserving/prod/fraud:", unk},
		{public, "GET /kfserving/prod/fraud:", unk},
		{public, "POST /kfserving/prod/fraud:generate", unk},
		{public, "POST /kfserving/prod/fraud:predict:predict", unk},
		{public, "POST /kfserving/prod/fraud:Predict", unk},
		{public, "POST /kfserving/prod/fraud:PREDICT", unk},
		{public, "POST /kfserving/prod/fraud:predict.", unk},
		{public, "POST /kfserving/prod/fraud%3Apredict", inv},
		{"fraud-predictor.prod", "GET /v1/models/fraud:predict", unk},
		{"fraud-predictor.prod", "POST /v1/models/fraud", unk},
		{"fraud-predictor.prod", "DELETE /v1/models/fraud", unk},
		{"fraud-predictor.prod", "POST /v1/models/fraud:predict:predict", unk},
		// Segments: none less, none more, none elsewhere.
		{public, "GET /", inv}, {public, "GET /healthz", unk}, {public, "GET /kfserving", unk},
		{public, "GET /kfserving/prod", unk}, {public, "GET /kfserving/prod/fraud/more", unk},
		{public, "POST /kfserving/prod/fraud/v1:predict", unk},
		{public, "POST /kfserving/prod:predict", unk},
		{public, "POST /kfservingprod/fraud:predict", unk},
		{public, "POST /kfserving-x/prod/fraud:predict", unk},
		{public, "POST /x/kfserving/prod/fraud:predict", unk},
		{"fraud-predictor.prod", "GET /v1", unk},
		{"fraud-predictor.prod", "POST /v1/models/fraud/versions/1:predict", unk},
		{"fraud-predictor.prod", "GET /v1/models/fraud/versions/1", unk},
		{"fraud-predictor.prod", "POST /v1/models/fraud/labels/x:predict", unk},
		{"fraud-predictor.prod", "GET /v1/models/fraud/metadata", unk},
		{"fraud-predictor.prod", "POST /v2/models/fraud/infer", unk},
		{"fraud-predictor.prod", "POST /v2/repository/models/fraud/load", unk},
		{"fraud-predictor.prod", "POST /V1/models/fraud:predict", unk},
		{"fraud-predictor.prod", "POST /v1/Models/fraud:predict", unk},
		// What becomes a host name is made of labels.
		{public, "POST /kfserving/Prod/fraud:predict", model}, {public, "POST /kfserving/prod/Fraud:predict", model},
		{public, "POST /kfserving/prod.evil/fraud:predict", model}, {public, "POST /kfserving/prod/fraud.evil:predict", model},
		{public, "POST /kfserving/-prod/fraud:predict", model}, {public, "POST /kfserving/prod-/fraud:predict", model},
		{public, "POST /kfserving/prod/-fraud:predict", model}, {public, "POST /kfserving/prod/fraud-:predict", model},
		{public, "POST /kfserving/prod/fr_aud:predict", model}, {public, "POST /kfserving/prod/fr@ud:predict", model},
		{public, "POST /kfserving/prod/*:predict", model}, {public, "POST /kfserving/*/fraud:predict", model},
		{public, "POST /kfserving/prod/:predict", model}, {public, "GET /kfserving/a:b/fraud", model},
		{public, "GET /kfserving/prod/fraud.", model}, {public, "GET /kfserving/prod/...", model},
		{public, "POST /kfserving/prod/fraud,other:predict", model}, {public, "POST /kfserving/prod/a+b:predict", model},
		{public, "POST /kfserving/prod/" + long + "a:predict", model}, {public, "POST /kfserving/" + long + "a/fraud:predict", model},
		{public, "POST /kfserving/prod/" + long + ":predict", model}, // too long with "-predictor-default"
		{public, "POST /a/b~c/prod/" + long[:54] + ":predict", model},
		{"fraud-predictor.prod", "POST /v1/models/:predict", model}, {"fraud-predictor.prod", "POST /v1/models/.hidden:predict", model},
		{"fraud-predictor.prod", "POST /v1/models/a@b:predict", model}, {"fraud-predictor.prod", "POST /v1/models/a~b:predict", model},
		{"fraud-predictor.prod", "POST /v1/models/" + strings.Repeat("m", 254) + ":predict", model},
		// gRPC is POST, says so, has a method's name and no query.
		{public, "POST /echo.EchoServer/Echo", unk}, {public, "GET /echo.EchoServer/Echo", unk},
		{public, "gRPC /echo.EchoServer", unk}, {public, "gRPC /echo.EchoServer/Echo/More", unk},
		{public, "gRPC /echo.EchoServer/Echo?q=1", unk}, {public, "gRPC /echo.EchoServer/2nd", unk},
		{public, "gRPC /echo.echoserver/Echo", unk}, {public, "gRPC /Echo.EchoServer/Echo", unk},
		{public, "gRPC /x.echo.EchoServer/Echo", unk}, {public, "gRPC /echo.EchoServers/Echo", unk},
		{public, "gRPC /echo.EchoServer/Echo.", unk}, {public, "gRPC echo.EchoServer/Echo", inv},
		{public, "gRPC //echo.EchoServer/Echo", inv}, {public, "gRPC /echo.EchoServer/Echo/", inv},
		{public, "gRPC /grpc.reflection.v1.ServerReflection/ServerReflectionInfo", unk},
		// A path on the host of another service, of any route's names.
		{"other-predictor-default.prod", "POST /kfserving/prod/fraud:predict", other},
		{"fraud-predictor-default.staging.svc.cluster.local:80", "POST /kfserving/prod/fraud:predict", other},
		{"other-explainer.prod", "POST /kfserving/prod/fraud:predict", other},
		{"other.prod.edge.example.com", "POST /kfserving/prod/fraud:predict", other},
		{"Other-predictor.prod", "POST /kfserving/prod/fraud:predict", other},
		{"fraud-predictor.prod", "gRPC /echo.EchoServer/Echo", other},
		{"iris-predictor.staging", "gRPC /iris/Explain", other},
		{"Fraud-predictor.prod", "POST /kfserving/prod/fraud:predict", badH}, // the same service, in odd case
		// A native path on a host that names no component.
		{public, "POST /v1/models/fraud:predict", badH}, {"fraud.prod", "POST /v1/models/fraud:predict", badH},
		{"fraud-predictor", "POST /v1/models/fraud:predict", badH}, {"fraud-predictor.", "POST /v1/models/fraud:predict", badH},
		{"Fraud-predictor.prod", "POST /v1/models/fraud:predict", badH}, {"fraud-PREDICTOR.prod", "POST /v1/models/fraud:predict", badH},
		{"fraud-predictor.prod.SVC", "POST /v1/models/fraud:predict", badH}, {"fraud-predictor.prod.svc.cluster", "POST /v1/models/fraud:predict", badH},
		{"fraud-predictor.a.prod", "POST /v1/models/fraud:predict", badH}, {"a.fraud-predictor.prod", "POST /v1/models/fraud:predict", badH},
		{"fraud-predictor.prod.svc.svc", "POST /v1/models/fraud:predict", badH}, {"-predictor.prod", "POST /v1/models/fraud:predict", badH},
		{"fraud-predictor.prod.svc.cluster.local.evil.com", "POST /v1/models/fraud:predict", badH},
		{"fraud_x-predictor.prod", "POST /v1/models/fraud:predict", badH}, {"fraud-predictor.pr_od", "POST /v1/models/fraud:predict", badH},
		{"[::1]", "POST /v1/models/fraud:predict", badH}, {"10.0.0.1:80", "POST /v1/models/fraud:predict", badH},
	} {
		if m, why := routes.Match(request(c.request, c.host)); why != c.want || m.Route != nil {
			t.Errorf("Match(%s on %s) = %s %s, want %s", c.request, c.host, why, show(m.Call), c.want)
		}
	}
}

func TestRefusedHosts(t *testing.T) {
	routes := compile(t, everyRoute)
	for _, host := range []string{
		"", ":", ":80", "a:", "a:b", "a:80:80", "a:123456", "a: 80", "a:+80", "a:８０", "models.example.com.", "models.example.com.:80", ".models", "a..b", ".",
		"user@models.example.com", "user:pass@models.example.com", "models.example.com,other", "a b", " a", "a ", "a\t", "a\x00b", "a\r\nb", "é.example", "a\xff",
		"a/b", "a?b", "a#b", "a\\b", "a%2eb", "a%00", "http://a", "//a", "*", "*.example.com", "a;b", "a'b", `"a"`, "a|b", "<a>", "(a)", "a!", "a$", "a&b", "a+b", "a=b", "a~b",
		"::1", "[::1", "::1]", "[]", "[]:80", "[::1]x", "[::1]:", "[::1]:x", "[::g]", "[v1.a]", "[fe80::1%25eth0]", "x[::1]", "[[::1]]",
	} {
		for _, line := range []string{"POST /kfserving/prod/fraud:predict", "POST /v1/models/fraud:predict", "gRPC /echo.EchoServer/Echo"} {
			if _, why := routes.Match(request(line, host)); why != badH {
				t.Errorf("Match(%s on %q) = %s, want %s", line, host, why, badH)
			}
		}
	}
}

// TestHostile applies to every accepted path what proxies, frameworks and
// servers have been known to read differently.
func TestHostile(t *testing.T) {
	routes := compile(t, everyRoute)
	tried := 0
	refused := func(r inference.Request, path string) {
		t.Helper()
		tried++
		r.Path = path
		if m, why := routes.Match(r); why != inv {
			t.Errorf("Match(%s %q on %s) = %s %s, want %s", r.Method, path, r.Authority, why, show(m.Call), inv)
		}
	}
	for _, c := range accepted {
		r := request(c.request, c.host)
		path, _, _ := strings.Cut(r.Path, "?")
		for i := range path {
			if path[i] == '/' {
				for _, s := range []string{"//", "///", "/./", "/../", "/x/../", "/%2e/", "/%2e%2e/", "/%2E%2E/", "/..;/", "/.;/", "/;/", "%2F", "%2f", "%5C", "%5c", "\\", "/\\", "%252F", "%c0%af", "%u002f", "/%00", "/ ", "\t/"} {
					refused(r, path[:i]+s+path[i+1:])
				}
			}
			const hex = "0123456789ABCDEF"
			refused(r, path[:i]+"%"+hex[path[i]>>4:][:1]+hex[path[i]&15:][:1]+path[i+1:])
			for _, s := range []string{";v=1", ";", "%00", "%0a", "%0d%0a", "\x00", "\n", "\r\n", " ", "\x7f", "\x80", "é", "#", "#f", "%", "%zz", "|", "^", "`", "<", "\"", "{", "["} {
				refused(r, path[:i+1]+s+path[i+1:])
			}
		}
		for _, p := range []string{"", "*", path[1:], "http://models.example.com" + path, "//models.example.com" + path, " " + path, path + "/", path + "/.", path + "/..", path + "#f", path + "#f?x", path + "?x#f", path + "?x y", path + "?\x00", path + "?\x80", path + "?x\\y", path + "?" + strings.Repeat("x", 64<<10), path + strings.Repeat("x", 64<<10), "/" + strings.Repeat("a/", 32<<10) + "a"} {
			refused(r, p)
		}
	}
	t.Logf("%d hostile paths", tried)
}

// TestOtherReadingIsOtherModel: what is allowed in a path and read verbatim by
// the model server must be read verbatim here too.
func TestOtherReadingIsOtherModel(t *testing.T) {
	routes := compile(t, everyRoute)
	for _, name := range []string{"Fraud", "fraud.", "fraud-", "fraud_", "f.r.a.u.d", "0", "fraud-predictor"} {
		m, why := routes.Match(request("GET /v1/models/"+name, "fraud-predictor.prod"))
		if want := "kserve-v1 ready prod/fraud/" + name; why != reason.Allowed || show(m.Call) != want {
			t.Errorf("Match(%s) = %s %s, want %s", name, why, show(m.Call), want)
		}
	}
}
