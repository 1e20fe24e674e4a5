package upstream

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// answerGRPC sends one empty message and status 0. What was received goes into
// a header, since only headers are the same for every message type.
func answerGRPC(w http.ResponseWriter, request Request) {
	headers, err := json.Marshal(request.Headers)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("X-Upstream-Headers", base64.StdEncoding.EncodeToString(headers))
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	// One byte of flags and four of length: not compressed, empty.
	w.Write(make([]byte, 5))
}
