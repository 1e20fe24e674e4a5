package tfserving

import (
	"encoding/json"
	"fmt"
	"net/http"

	"google.golang.org/grpc/metadata"
)

// serveHTTP is the part of the REST API (model_servers/http_rest_api_handler.cc) that has
// one model in one version: prediction by instances, and status.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	header := metadata.MD{}
	for name, values := range r.Header {
		header.Append(name, values...)
	}
	s.record(Call{Method: r.Method + " " + r.URL.Path, Metadata: header})
	w.Header().Set("Content-Type", "application/json")
	switch r.Method + " " + r.URL.Path {
	case "POST /v1/models/" + Model + ":predict":
		var body struct{ Instances []float32 }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			fail(w, http.StatusBadRequest, "JSON Parse error: "+err.Error())
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"predictions": halfPlusTwo(body.Instances)})
	case "GET /v1/models/" + Model:
		json.NewEncoder(w).Encode(map[string]any{"model_version_status": []any{map[string]any{
			"version": fmt.Sprint(Version), "state": "AVAILABLE", "status": map[string]any{"error_code": "OK", "error_message": ""},
		}}})
	default:
		fail(w, http.StatusNotFound, "Malformed request: "+r.Method+" "+r.URL.Path)
	}
}

func fail(w http.ResponseWriter, code int, text string) {
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]string{"error": text})
}
