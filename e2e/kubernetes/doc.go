// Package kubernetes installs the gate as a user does: kubectl and Helm apply the manifests to a
// real API server of Kubernetes, whose resources of Istio are those that Istio installs. Istio's own
// control plane validates them as an admission webhook, and sends them to a real Envoy.
//
// There are no nodes: nothing runs a pod, so the tests start Envoy where a pod of the gateway
// would be, and write the status that a kubelet would. Envoy has no agent of Istio's beside it,
// so the module is a local file; e2e/istio has an agent, and images. The control plane is an
// administrator and not the account of Istio's chart, and the API server calls its webhook by a
// URL, as the chart's value base.validationURL does, because nothing routes to Services. Nor do
// KServe's webhooks run, only its controller.
//
// The tests have the build tag kubernetes; `make e2e-kubernetes` runs them.
package kubernetes
