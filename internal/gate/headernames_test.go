package gate_test

import "strings"

// Headers that no client may send to the upstream. The lists repeat those of the
// gate on purpose: what is deleted there by mistake is missed here.
var (
	// By spoofable headers others tell a server who calls, or what is asked for; the
	// gate sets some of them.
	spoofableNames = strings.Fields(`
		x-goog-authenticated-user-email x-goog-authenticated-user-id kubeflow-userid kubeflow-groups
		x-forwarded-user x-forwarded-email x-forwarded-groups x-forwarded-preferred-username x-forwarded-access-token
		x-auth-request-user x-auth-request-email x-auth-request-groups x-auth-request-preferred-username
		x-auth-request-access-token
		remote-user x-remote-user x-remote-group x-http-method x-http-method-override x-method-override
		x-original-url x-original-uri x-rewrite-url
		x-forwarded-host x-forwarded-uri x-forwarded-prefix x-forwarded-method
		x-envoy-original-path x-envoy-original-host x-envoy-original-method x-envoy-original-dst-host
		x-host x-http-host-override x-forwarded-server x-script-name x-forwarded-path x-original-path impersonate-uid
		cf-access-jwt-assertion cf-access-authenticated-user-email x-consumer-id x-consumer-username
		x-authenticated-userid x-webauth-user remote-email remote-groups remote-name`)
	routingNames = strings.Fields(`
		x-gateway-model-name x-higress-llm-model x-vertex-ai-triton-redirect
		mm-model-id mm-vmodel-id kserve-isvc-name kserve-isvc-namespace`)
	credentialNames = strings.Fields(`
		authorization proxy-authorization x-serverless-authorization x-goog-iap-jwt-assertion cookie`)
	// relayedNames are the headers of relayIssuer.
	relayedNames = strings.Fields("x-caller x-caller-email x-caller-groups")
)
