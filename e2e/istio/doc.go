// Package istio serves the project's manifests by Istio's own control plane to a
// real Envoy, without a cluster: Istio's discovery server answers xDS in this
// process, an agent of a few lines stands between it and Envoy and downloads
// modules with Istio's own code, and a small server hands out certificates. It
// is a module of its own, because Istio's dependencies are many; what is tested
// is one package, because they take long to link.
//
// What is not Istio's here: the proxy is upstream's Envoy instead of Istio's
// build of it, so the two filters that only Istio's has are switched off, and
// proxies are told where to listen instead of having their traffic redirected.
package istio
