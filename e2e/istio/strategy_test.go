package istio

import (
	"testing"
	"time"

	extensions "istio.io/api/extensions/v1alpha1"
)

// TestFailStrategy kills the VM by a request that takes all its memory, which no
// code in it can prevent. The default refuses until the configuration changes,
// FAIL_RELOAD until there is another VM; FAIL_OPEN lets everybody through.
func TestFailStrategy(t *testing.T) {
	s, clusters, w := load(t, "iap"), upstreams(t, "kubeflow", "prod"), ingress(t)
	module, err := faulty()
	if err != nil {
		t.Fatal(err)
	}
	fault := native(t, s, nil)
	fault.Headers = append(fault.Headers, [2]string{"x-fault", "1"})
	for _, c := range []struct {
		strategy        extensions.FailStrategy
		granted, nobody string // what others get in the end
	}{
		{extensions.FailStrategy_FAIL_CLOSE, "503", "503"},
		{extensions.FailStrategy_FAIL_RELOAD, passed, "401 credential_missing"},
		{extensions.FailStrategy_FAIL_OPEN, passed, passed},
	} {
		plane := newPlane(t, nil, append(public(t, w, clusters), plugin(t, "gateway", s, func(w *extensions.WasmPlugin) {
			w.Url, w.FailStrategy = "file://"+module, c.strategy
			w.VmConfig = &extensions.VmConfig{Env: []*extensions.EnvVar{{Name: "MODELGATE_FAULT", Value: "memory"}}}
		}))...)
		gateway := plane.start(t, w)
		settled(t, gateway, native(t, s, ana), passed, c.strategy.String()+", before")
		if got := ask(t, gateway.addr, nil, fault).Line; got != "503" {
			t.Errorf("%v: the request that takes all memory: %s, want 503", c.strategy, got)
		}
		time.Sleep(2 * time.Second) // Envoy starts another VM a second after at the earliest
		settled(t, gateway, native(t, s, nil), c.nobody, c.strategy.String()+", nobody")
		settled(t, gateway, native(t, s, ana), c.granted, c.strategy.String()+", a caller with a grant")
		gateway.Stop()
	}
}
