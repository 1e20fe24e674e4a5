package gate

import (
	"slices"
	"strings"
)

// stripSet says which headers of a client never reach the upstream, by their
// folded names.
type stripSet map[string]kind

type kind uint8

const (
	kept       kind = iota
	credential      // goes on where the route says credentials: forward
	forged          // identities and overrides: only the gate may set these
)

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

func newStripSet(carriers, relayed []string, identity []identityHeader) stripSet {
	s := stripSet{}
	for _, name := range append(carriers, credentials...) {
		s[fold(name)] = credential
	}
	for _, name := range slices.Concat(forgeries, routing, relayed) {
		s[name] = forged
	}
	for _, h := range identity {
		s[h.name] = forged
	}
	return s
}

// has finds a header under every spelling that a server could take for it:
// CGI, WSGI and those after them read '_' and '-' and both cases alike.
func (s stripSet) has(name string) kind { return s[fold(name)] }

func fold(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}
