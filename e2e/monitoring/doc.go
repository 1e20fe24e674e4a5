// Package monitoring runs a real Prometheus on real Envoys with the gate: by the scrape, the rules and the
// dashboard of manifests/prometheus. `make e2e-metrics` runs it.
package monitoring
