// Package providers has the gate verify tokens of real providers: npm's oidc-provider, Ory
// Hydra, Keycloak and SPIRE. The gate finds their keys by discovery, or in SPIRE's bundle.
// Each test asks for ID tokens, access tokens and machines' tokens, and rotates the keys
// while requests run. Thousands of mutated tokens then go to the gate, to Envoy's
// jwt_authn, to go-jose and to joserfc: what all the others refuse must not pass the gate.
//
// The tests have build tags, because they install the providers below build/:
//
//	make e2e-providers   oidc-provider, and Ory Hydra
//	make e2e-keycloak    Keycloak
//	make e2e-spire       SPIRE
//	go test -tags providers ./providers -v -args -tokens 10000
package providers
