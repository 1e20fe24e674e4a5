//go:build servers

package servers

import "testing"

func TestTriton(t *testing.T) {
	s := startTriton(t)
	t.Run("Endpoints", func(t *testing.T) { tritonEndpoints(t, s) })
	t.Run("Clients", func(t *testing.T) { clients(t, s, "triton", tritonCalls) })
	t.Run("Oracle", func(t *testing.T) { oracle(t, "Triton", s) })
}

func TestTorchServe(t *testing.T) {
	s := startTorchServe(t)
	t.Run("Endpoints", func(t *testing.T) {
		classified(t, "torchserve", append(openAPI(t, "http://"+s.http+"/api-description"), openAPI(t, "http://"+s.management+"/api-description")...))
	})
	t.Run("Clients", func(t *testing.T) { torchClients(t, s) })
	t.Run("Oracle", func(t *testing.T) { oracle(t, "TorchServe", s) })
}

func TestMLServer(t *testing.T) {
	s := startMLServer(t)
	t.Run("Endpoints", func(t *testing.T) {
		classified(t, "mlserver", append(openAPI(t, "http://"+s.http+"/openapi.json"), "GET /openapi.json"))
	})
	t.Run("Clients", func(t *testing.T) { clients(t, s, "mlserver", mlserverCalls) })
	t.Run("Oracle", func(t *testing.T) { oracle(t, "MLServer", s) })
}
