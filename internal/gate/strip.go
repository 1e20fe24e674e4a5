package gate

import "slices"

// credentials are the headers that carry them by convention, whether or not an
// issuer reads them: what a caller sends to the gate is not for the server.
var credentials = []string{"authorization", "proxy-authorization", "x-serverless-authorization",
	"x-goog-iap-jwt-assertion", "cookie"}

// forgeries are headers by which a proxy in front tells a server who called
// (Google's IAP, Kubeflow, oauth2-proxy and those like it), and those by which
// frameworks let a client override the method, the path or the host.
var forgeries = []string{
	"x-goog-authenticated-user-email", "x-goog-authenticated-user-id",
	"kubeflow-userid", "kubeflow-groups",
	"x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-forwarded-preferred-username",
	"x-forwarded-access-token",
	"x-auth-request-user", "x-auth-request-email", "x-auth-request-groups", "x-auth-request-preferred-username",
	"x-auth-request-access-token",
	"remote-user", "x-remote-user", "x-remote-group",
	"x-http-method", "x-http-method-override", "x-method-override",
	"x-original-url", "x-original-uri", "x-rewrite-url",
	"x-forwarded-host", "x-forwarded-uri", "x-forwarded-prefix", "x-forwarded-method",
	"x-envoy-original-path", "x-envoy-original-host", "x-envoy-original-method", "x-original-host", "forwarded",
	"x-endpoint-api-userinfo", "x-apigateway-api-userinfo",
	"x-amzn-oidc-data", "x-amzn-oidc-identity", "x-amzn-oidc-accesstoken",
	"x-ms-client-principal", "x-ms-client-principal-id", "x-ms-client-principal-name", "x-ms-client-principal-idp",
	"x-pomerium-jwt-assertion", "impersonate-user", "impersonate-group", "impersonate-uid",
	"cf-access-jwt-assertion", "cf-access-authenticated-user-email",
	"x-consumer-id", "x-consumer-username", "x-authenticated-userid", "x-webauth-user",
	"remote-email", "remote-groups", "remote-name",
	"x-host", "x-http-host-override", "x-forwarded-server", "x-script-name", "x-forwarded-path", "x-original-path",
}

// routing are headers by which model gateways and servers choose a model, or
// enter their routes a second time, and by which Envoy's ORIGINAL_DST clusters let
// a request choose its address. The path and the host say it all here.
var routing = []string{
	"x-gateway-model-name", "x-higress-llm-model", "x-vertex-ai-triton-redirect", "mm-model-id", "mm-vmodel-id",
	"kserve-isvc-name", "kserve-isvc-namespace", "x-envoy-original-dst-host",
}

// strip lists the headers that do not go on: the credentials, identities and
// overrides of the client's.
func (x *Exchange) strip(keepCredentials bool) {
	e := &x.edited
	e.Remove = e.Remove[:0]
	for _, m := range x.head.marked {
		name := x.whole.Pairs[m.at][0]
		if keepCredentials && m.kind == credential && name == fold(name) {
			continue // a twin, which nobody has looked at, does not go on
		}
		if !slices.Contains(e.Remove, name) {
			e.Remove = append(e.Remove, name)
		}
	}
}
