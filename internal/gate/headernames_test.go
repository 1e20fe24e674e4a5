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
		x-authenticated-userid x-webauth-user remote-email remote-groups remote-name
		x-maas-group x-maas-username x-maas-subscription x-authz-user-id x-jwt-sub user x-aibrix-user-id
		impersonate-extra-scopes x-remote-extra-scopes x-remote-uid x-goog-iap-attr-department
		x-authentik-username x-authentik-jwt x-pomerium-claim-email x-vouch-user x-webauth-role x-userinfo x-mse-consumer
		x-forwarded-client-cert x-amzn-mtls-clientcert ssl-client-subject-dn client-cert tailscale-user-login
		x-ms-token-aad-id-token l5d-client-id x-envoy-downstream-service-cluster`)
	// By these a caller chooses a server.
	destinationNames = strings.Fields(`
		x-gateway-destination-endpoint x-gateway-destination-endpoint-subset target-pod target-pod-ip external-filter
		x-prefiller-host-port x-encoder-hosts-ports x-data-parallel-host-port x-ai-eg-mcp-backend x-seldon-route
		k-original-host knative-serving-tag knative-serving-revision knative-serving-namespace
		serve-multiplexed-session-id azureml-model-deployment x-amzn-sagemaker-target-variant l5d-dst-override
		x-vertex-ai-triton-redirect x-vsr-looper-request x-litellm-tags`)
	// These name a model or a service.
	routingNames = strings.Fields(`
		x-gateway-model-name x-gateway-model-name-rewrite x-higress-llm-model x-higress-llm-model-final x-ai-eg-model x-selected-model model
		mm-model-id mm-vmodel-id mm-model-id-bin mm-vmodel-id-bin seldon-model seldon-internal-model
		serve-multiplexed-model-id x-amzn-sagemaker-target-model x-ms-oai-image-generation-deployment
		x-amzn-sagemaker-adapter-identifier kserve-isvc-name kserve-isvc-namespace`)
	credentialNames = strings.Fields(`
		authorization proxy-authorization x-serverless-authorization x-goog-iap-jwt-assertion cookie
		x-api-key api-key x-goog-api-key x-auth-token ingress-authorization x-forwarded-authorization
		x-aigw-api-key x-litellm-api-key x-pass-authorization x-user-openai-key ocp-apim-subscription-key
		cf-access-client-secret x-amz-security-token`)
	// relayedNames are the headers of relayIssuer.
	relayedNames = strings.Fields("x-caller x-caller-email x-caller-groups")
)
