package gate

// credentialHeaders carry credentials by convention, whether or not an issuer reads
// them: what a caller sends to the gate is not for the server.
var credentialHeaders = []string{
	"authorization", "proxy-authorization", "x-serverless-authorization", "x-goog-iap-jwt-assertion", "cookie",
}

// spoofableHeaders are those by which a proxy in front tells a server who calls (Google's
// IAP, Kubeflow, oauth2-proxy and others), and those by which frameworks let a client
// override the method, the path or the host.
var spoofableHeaders = []string{
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

// routingHeaders are those by which model gateways and servers choose a model or route a
// request a second time, and the one by which a request chooses its address in Envoy's
// ORIGINAL_DST clusters. The gate takes only the path and the host for it.
var routingHeaders = []string{
	"x-gateway-model-name", "x-higress-llm-model", "x-vertex-ai-triton-redirect", "mm-model-id", "mm-vmodel-id",
	"kserve-isvc-name", "kserve-isvc-namespace", "x-envoy-original-dst-host",
}
