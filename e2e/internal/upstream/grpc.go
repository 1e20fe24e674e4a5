package upstream

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
)

// answerGRPC sends one message, which is empty unless there is an answer in its
// frame, and status 0. What was received goes into a header, since only headers
// are the same for every message type.
func answerGRPC(w http.ResponseWriter, request Request, answer string) {
	sayInHeader(w.Header(), request)
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	if answer == "" {
		// One byte of flags and four of length: not compressed, empty.
		answer = string(make([]byte, 5))
	}
	io.WriteString(w, answer)
}

func sayInHeader(h http.Header, request Request) {
	headers, _ := json.Marshal(request.Headers) // strings only: cannot fail
	h.Set("X-Upstream-Headers", base64.StdEncoding.EncodeToString(headers))
}
