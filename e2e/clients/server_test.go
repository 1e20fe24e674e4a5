//go:build clients

package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// llm is the server behind the gate.
type llm struct {
	addr string
	mu   sync.Mutex
	seen []arrival
}

// arrival is a request that has reached the server.
type arrival struct{ line, model string }

// arrivals returns what has come since the last call.
func (s *llm) arrivals() []arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// startLLM serves the forms of reply of every API.
func startLLM(t *testing.T) *llm {
	t.Helper()
	s := &llm{}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.addr = server.Listener.Addr().(*net.TCPAddr).String()
	return s
}

// asked is what a request says of its model, and whether it wants a stream.
type asked struct {
	Model  string `json:"model"`
	Name   string `json:"name"`
	Stream *bool  `json:"stream"`
}

func (s *llm) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil { // of a refused request, whose head was sent on before its body was read
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var a asked
	if strings.HasPrefix(r.Header.Get("content-type"), "multipart/") {
		a.Model = r.FormValue("model")
	} else {
		json.Unmarshal(body, &a) // GET has no body
	}
	endpoint := r.Method + " " + r.URL.Path
	if _, rest, ok := strings.Cut(r.URL.Path, "/models/"); ok && r.Method == http.MethodPost { // Gemini's; the name may have a colon too
		colon := strings.LastIndexByte(rest, ':')
		a.Model, endpoint = rest[:colon], "Gemini "+rest[colon+1:]
	}
	if a.Model == "" {
		a.Model = a.Name
	}
	s.mu.Lock()
	s.seen = append(s.seen, arrival{r.Method + " " + r.URL.RequestURI(), a.Model})
	s.mu.Unlock()
	answer, ok := answers[endpoint]
	if !ok {
		http.NotFound(w, r)
		return
	}
	text, kind := answer.whole, "application/json"
	if stream := a.Stream != nil && *a.Stream || a.Stream == nil && answer.streams; stream && answer.stream != "" {
		text, kind = answer.stream, answer.kind
	}
	w.Header().Set("content-type", kind)
	fmt.Fprint(w, strings.ReplaceAll(text, "MODEL", a.Model))
}
