// Package upstream is a server that remembers every request it gets and says in
// its answer what it saw: the far side of a proxy under test.
package upstream

import (
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Request is one request as it arrived.
type Request struct {
	Upstream  string `json:"upstream"`
	Method    string `json:"method"`
	Authority string `json:"authority"`
	Path      string `json:"path"` // the raw request target
	// Headers are in lower case, sorted by name, repeats kept in order. The
	// authority is not among them, nor what HTTP/1.1 frames a body with.
	Headers   [][2]string `json:"headers"`
	BodyBytes int64       `json:"body_bytes"`
	// Trailers of HTTP/2 are only those that a trailer header announced:
	// net/http drops the others.
	Trailers [][2]string `json:"trailers"`
}

// Server answers HTTP/1.1 and plaintext HTTP/2 on one port of 127.0.0.1.
type Server struct {
	// Addr is its "host:port".
	Addr string

	name   string
	server http.Server

	mu       sync.Mutex
	requests []Request
	silent   bool
	answer   string
}

// Start starts a server; name is how it calls itself in its answers. It runs
// until Close.
func Start(name string) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: listener.Addr().String(), name: name}
	s.server.Handler = s
	s.server.Protocols = new(http.Protocols)
	s.server.Protocols.SetHTTP1(true)
	s.server.Protocols.SetUnencryptedHTTP2(true)
	go s.server.Serve(listener)
	return s, nil
}

// Close stops the server and cuts every connection.
func (s *Server) Close() error { return s.server.Close() }

// Requests returns the requests so far, those whose body has been read, in the
// order in which they were.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Reset forgets the requests so far.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Record turns the remembering of requests off, for a load that memory would
// not hold, or on again.
func (s *Server) Record(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = !on
}

// Answer has the server answer everything with this body from now on, and say
// what it saw in x-upstream-headers alone; "" undoes that.
func (s *Server) Answer(body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = body
}

// ServeHTTP answers 200 with headers x-upstream, x-upstream-authority and
// x-upstream-path. The body is the Request in JSON; where the request's
// content-type is gRPC's, it is one empty gRPC message, and x-upstream-headers
// holds the headers in JSON in base64, as it does for HEAD. An upgrade to a WebSocket that it
// does not speak is a request like any other, after which its connection goes on.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "websocket" && r.Header.Get("Sec-WebSocket-Version") == "13" {
		s.echo(w, r)
		return
	}
	size, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	request := Request{
		Upstream:  s.name,
		Method:    r.Method,
		Authority: r.Host,
		Path:      r.RequestURI,
		Headers:   flatten(r.Header),
		BodyBytes: size,
		Trailers:  flatten(r.Trailer),
	}
	answer := s.record(request)
	header := w.Header()
	header.Set("X-Upstream", s.name)
	header.Set("X-Upstream-Authority", request.Authority)
	header.Set("X-Upstream-Path", request.Path)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		answerGRPC(w, request, answer)
		return
	}
	header.Set("Content-Type", "application/json")
	if r.Method == http.MethodHead { // the answer has no body
		sayInHeader(header, request)
		return
	}
	if answer != "" {
		sayInHeader(w.Header(), request)
		header.Set("Content-Length", strconv.Itoa(len(answer)))
		header.Set("Etag", `"1"`)
		io.WriteString(w, answer)
		return
	}
	json.NewEncoder(w).Encode(request)
}

func (s *Server) record(request Request) (answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.silent {
		s.requests = append(s.requests, request)
	}
	return s.answer
}

// flatten never returns nil: the JSON shows an empty list.
func flatten(header http.Header) [][2]string {
	pairs := [][2]string{}
	for name, values := range header {
		for _, value := range values {
			pairs = append(pairs, [2]string{strings.ToLower(name), value})
		}
	}
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return cmp.Compare(a[0], b[0]) })
	return pairs
}
