//go:build servers

package servers

import (
	"maps"
	"testing"
)

func init() { names = append(names, "triton", "torchserve", "mlserver") }

// TestServers starts each server, and one gate before all of them.
func TestServers(t *testing.T) {
	triton, torchServe, mlserver := startTriton(t), startTorchServe(t), startMLServer(t)
	upstreams := map[string]string{}
	for name, s := range map[string]started{"triton": triton, "torchserve": torchServe, "mlserver": mlserver,
		"management": {http: torchServe.management, grpc: torchServe.managementGRPC}} {
		maps.Copy(upstreams, map[string]string{name: s.http, name + "-grpc": s.grpc})
	}
	t.Run("Endpoints", func(t *testing.T) {
		t.Run("Triton", func(t *testing.T) { tritonEndpoints(t, triton) })
		t.Run("TorchServe", func(t *testing.T) {
			classified(t, "torchserve", openAPI(t, "http://"+torchServe.http+"/api-description"))
			classified(t, "torchserve", openAPI(t, "http://"+torchServe.management+"/api-description"))
		})
		t.Run("MLServer", func(t *testing.T) { classified(t, "mlserver", openAPI(t, "http://"+mlserver.http+"/openapi.json")) })
	})
	t.Run("Clients", func(t *testing.T) {
		b := startGate(t, upstreams)
		t.Run("Triton", func(t *testing.T) { b.clients(t, "triton", tritonCalls, tritonOperator) })
		t.Run("TorchServe", func(t *testing.T) { b.torchServe(t) })
		t.Run("MLServer", func(t *testing.T) { b.clients(t, "mlserver", mlserverCalls, mlserverOperator); b.mlserver(t) })
	})
	t.Run("Oracle", func(t *testing.T) {
		for name, s := range map[string]started{"Triton": triton, "TorchServe": torchServe, "MLServer": mlserver} {
			t.Run(name, func(t *testing.T) { oracle(t, families[name], s) })
		}
	})
}
