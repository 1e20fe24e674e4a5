// Package istio delivers the project's manifests to a real Envoy by Istio's own control
// plane, without a cluster. Istio's discovery server answers xDS in this process. A short
// agent between it and Envoy downloads modules with Istio's own code. A small server
// issues certificates. The package is a Go module of its own, because Istio has many
// dependencies, and a single package, because they take long to link.
//
// Two things are not Istio's. The proxy is upstream's Envoy and not Istio's build, so the
// two filters that only Istio's build has are switched off. And the proxies are told where
// to listen; no traffic is redirected to them.
package istio
