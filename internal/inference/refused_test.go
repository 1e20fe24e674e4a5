package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

var long = strings.Repeat("a", 63) // the longest label

// refused lists requests that everyRoute refuses.
var refused = []struct {
	name  string
	cases []hostCase
}{
	{"Methods and verbs", []hostCase{
		{public, "GET /kfserving/prod/fraud:predict", reason.PathUnknown},
		{public, "POST /kfserving/prod/fraud", reason.PathUnknown},
		{public, "HEAD /kfserving/prod/fraud", reason.PathUnknown},
		{public, "post /kfserving/prod/fraud:predict", reason.PathUnknown},
		{public, " /kfserving/prod/fraud:predict", reason.PathUnknown},
		{public, "PUT /kfserving/prod/fraud:predict", reason.PathUnknown},
		{public, "POST /kfserving/prod/fraud:", reason.PathUnknown},
		{public, "GET /kfserving/prod/fraud:", reason.PathUnknown},
		{public, "POST /kfserving/prod/fraud:generate", reason.PathUnknown},
		{public, "POST /kfserving/prod/fraud:predict:predict", reason.PathUnknown},
		{public, "POST /kfserving/prod/fraud:Predict", reason.PathUnknown},
		{public, "POST /kfserving/prod/fraud:PREDICT", reason.PathUnknown},
		{public, "POST /kfserving/prod/fraud:predict.", reason.PathUnknown},
		{public, "POST /kfserving/prod/fraud%3Apredict", reason.PathInvalid},
		{"fraud-predictor.prod", "GET /v1/models/fraud:predict", reason.PathUnknown},
		{"fraud-predictor.prod", "POST /v1/models/fraud", reason.PathUnknown},
		{"fraud-predictor.prod", "DELETE /v1/models/fraud", reason.PathUnknown},
		{"fraud-predictor.prod", "POST /v1/models/fraud:predict:predict", reason.PathUnknown},
	}},
	{"Too few segments, too many, or elsewhere", []hostCase{
		{public, "GET /", reason.PathUnknown},
		{public, "GET /healthz", reason.PathUnknown},
		{public, "GET /kfserving", reason.PathUnknown},
		{public, "GET /kfserving/prod", reason.PathUnknown},
		{public, "GET /kfserving/prod/fraud/more", reason.PathUnknown},
		{public, "POST /kfserving/prod/fraud/v1:predict", reason.PathUnknown},
		{public, "POST /kfserving/prod:predict", reason.PathUnknown},
		{public, "POST /kfservingprod/fraud:predict", reason.PathUnknown},
		{public, "POST /kfserving-x/prod/fraud:predict", reason.PathUnknown},
		{public, "POST /x/kfserving/prod/fraud:predict", reason.PathUnknown},
		{"fraud-predictor.prod", "GET /v1", reason.PathUnknown},
		{"fraud-predictor.prod", "POST /v1/models/fraud/versions/1:predict", reason.PathUnknown},
		{"fraud-predictor.prod", "GET /v1/models/fraud/versions/1", reason.PathUnknown},
		{"fraud-predictor.prod", "POST /v1/models/fraud/labels/x:predict", reason.PathUnknown},
		{"fraud-predictor.prod", "GET /v1/models/fraud/metadata", reason.PathUnknown},
		{"fraud-predictor.prod", "POST /v2/models/fraud/infer", reason.PathUnknown},
		{"fraud-predictor.prod", "POST /v2/repository/models/fraud/load", reason.PathUnknown},
		{"fraud-predictor.prod", "POST /V1/models/fraud:predict", reason.PathUnknown},
		{"fraud-predictor.prod", "POST /v1/Models/fraud:predict", reason.PathUnknown},
	}},
	{"What becomes a host name is made of labels", []hostCase{
		{public, "POST /kfserving/Prod/fraud:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/Fraud:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod.evil/fraud:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/fraud.evil:predict", reason.ModelInvalid},
		{public, "POST /kfserving/-prod/fraud:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod-/fraud:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/-fraud:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/fraud-:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/fr_aud:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/fr@ud:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/*:predict", reason.ModelInvalid},
		{public, "POST /kfserving/*/fraud:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/:predict", reason.ModelInvalid},
		{public, "GET /kfserving/a:b/fraud", reason.ModelInvalid},
		{public, "GET /kfserving/prod/fraud.", reason.ModelInvalid},
		{public, "GET /kfserving/prod/...", reason.ModelInvalid},
		{public, "POST /kfserving/prod/fraud,other:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/a+b:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/" + long + "a:predict", reason.ModelInvalid},
		{public, "POST /kfserving/" + long + "a/fraud:predict", reason.ModelInvalid},
		{public, "POST /kfserving/prod/" + long + ":predict", reason.ModelInvalid}, // too long with "-predictor-default"
		{public, "POST /a/b~c/prod/" + long[:54] + ":predict", reason.ModelInvalid},
		{"fraud-predictor.prod", "POST /v1/models/:predict", reason.ModelInvalid},
		{"fraud-predictor.prod", "POST /v1/models/.hidden:predict", reason.ModelInvalid},
		{"fraud-predictor.prod", "POST /v1/models/a@b:predict", reason.ModelInvalid},
		{"fraud-predictor.prod", "POST /v1/models/a~b:predict", reason.ModelInvalid},
		{"fraud-predictor.prod", "POST /v1/models/" + strings.Repeat("m", 254) + ":predict", reason.ModelInvalid},
	}},
	{"gRPC is POST, says so, has a method's name and no query", []hostCase{
		{public, "POST /echo.EchoServer/Echo", reason.PathUnknown},
		{public, "GET /echo.EchoServer/Echo", reason.PathUnknown},
		{public, "gRPC /echo.EchoServer", reason.PathUnknown},
		{public, "gRPC /echo.EchoServer/Echo/More", reason.PathUnknown},
		{public, "gRPC /echo.EchoServer/Echo?q=1", reason.PathUnknown},
		{public, "gRPC /echo.EchoServer/2nd", reason.PathUnknown},
		{public, "gRPC /echo.echoserver/Echo", reason.PathUnknown},
		{public, "gRPC /Echo.EchoServer/Echo", reason.PathUnknown},
		{public, "gRPC /x.echo.EchoServer/Echo", reason.PathUnknown},
		{public, "gRPC /echo.EchoServers/Echo", reason.PathUnknown},
		{public, "gRPC /echo.EchoServer/Echo.", reason.PathUnknown},
		{public, "gRPC echo.EchoServer/Echo", reason.PathInvalid},
		{public, "gRPC //echo.EchoServer/Echo", reason.PathInvalid},
		{public, "gRPC /echo.EchoServer/Echo/", reason.PathInvalid},
		{public, "gRPC /grpc.reflection.v1.ServerReflection/ServerReflectionInfo", reason.PathUnknown},
	}},
	{"A path on the host of another service, of any route's names", []hostCase{
		{"other-predictor-default.prod", "POST /kfserving/prod/fraud:predict", reason.IdentityConflict},
		{"fraud-predictor-default.staging.svc.cluster.local:80", "POST /kfserving/prod/fraud:predict", reason.IdentityConflict},
		{"other-explainer.prod", "POST /kfserving/prod/fraud:predict", reason.IdentityConflict},
		{"other.prod.edge.example.com", "POST /kfserving/prod/fraud:predict", reason.IdentityConflict},
		{"Other-predictor.prod", "POST /kfserving/prod/fraud:predict", reason.IdentityConflict},
		{"fraud-predictor.prod", "gRPC /echo.EchoServer/Echo", reason.IdentityConflict},
		{"iris-predictor.staging", "gRPC /iris/Explain", reason.IdentityConflict},
		{"Fraud-predictor.prod", "POST /kfserving/prod/fraud:predict", reason.HostInvalid}, // the same service, in odd case
	}},
	{"A native path on a host that names no component", []hostCase{
		{public, "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud.prod", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud-predictor", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud-predictor.", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"Fraud-predictor.prod", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud-PREDICTOR.prod", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud-predictor.prod.SVC", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud-predictor.prod.svc.cluster", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud-predictor.a.prod", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"a.fraud-predictor.prod", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud-predictor.prod.svc.svc", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"-predictor.prod", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud-predictor.prod.svc.cluster.local.evil.com", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud_x-predictor.prod", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"fraud-predictor.pr_od", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"[::1]", "POST /v1/models/fraud:predict", reason.HostInvalid},
		{"10.0.0.1:80", "POST /v1/models/fraud:predict", reason.HostInvalid},
	}},
}

type hostCase struct {
	host, request string
	want          reason.Reason
}

func TestRefused(t *testing.T) {
	routes := compile(t, everyRoute)
	for _, g := range refused {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.cases {
				t.Run(c.request+" on "+c.host, func(t *testing.T) {
					if m, why := routes.Match(request(c.request, c.host)); why != c.want || m.Route != nil {
						t.Errorf("Match = %s %s, want %s", why, callText(m.Call), c.want)
					}
				})
			}
		})
	}
}
