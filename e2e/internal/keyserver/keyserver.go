// Package keyserver is the key endpoint of an issuer, for tests: it publishes
// keys that can be rotated, signs tokens with them, counts who asks, and
// misbehaves in the ways that endpoints do.
package keyserver

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// The paths of a Server. All of them publish the same keys.
const (
	JWKS      = "/jwks.json"                        // RFC 7517 section 5
	PEM       = "/pem.json"                         // {"kid": "-----BEGIN PUBLIC KEY-----..."}, as IAP has beside it
	Discovery = "/.well-known/openid-configuration" // OpenID Connect Discovery 1.0 section 4
)

// Hit is one request for keys.
type Hit struct {
	Path string
	Host string
	At   time.Time
}

// Server listens on one port of 127.0.0.1, in plaintext. Its methods may be
// called from any goroutine.
type Server struct {
	Addr   string // "host:port", the same after Revive
	Issuer string // iss of its tokens

	algorithm string
	port      *port
	mu        sync.Mutex
	server    *http.Server // nil while dead
	signing   *key
	published []*key
	retired   []*key // no longer published
	hits      []Hit
	behave    Behaviour
	cache     string
	advertise string
}

// Start starts a server with one key, for RS256 or ES256. It runs until Close.
func Start(issuer, algorithm string) (*Server, error) {
	s := &Server{Issuer: issuer, algorithm: algorithm, behave: Well}
	if _, err := s.Rotate(false); err != nil {
		return nil, err
	}
	var err error
	if s.port, err = reservePort(); err != nil {
		return nil, err
	}
	s.Addr = s.port.addr
	return s, s.Revive()
}

// Die closes all connections, and the port refuses new ones until Revive. The keys remain.
func (s *Server) Die() {
	s.mu.Lock()
	server := s.server
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		server.Close() // what it was listening on is of no interest
	}
}

// Close ends the server and gives the port back.
func (s *Server) Close() {
	s.Die()
	s.port.release()
}

// Revive listens on the same port again.
func (s *Server) Revive() error {
	listener, err := s.port.listen()
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(s.answer)}
	s.mu.Lock()
	s.server = server
	s.mu.Unlock()
	go server.Serve(listener)
	return nil
}

// Behave changes how the server answers from now on.
func (s *Server) Behave(b Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behave = b
}

// CacheControl sets the header of that name; empty sends none.
func (s *Server) CacheControl(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache = value
}

// Advertise sets the jwks_uri of the discovery document. By default it is JWKS
// at the host that was asked.
func (s *Server) Advertise(uri string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advertise = uri
}

// Hits returns the requests so far, in the order of their arrival.
func (s *Server) Hits() []Hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hits)
}

// Count returns the number of requests for a path so far.
func (s *Server) Count(path string) int {
	n := 0
	for _, h := range s.Hits() {
		if h.Path == path {
			n++
		}
	}
	return n
}

// answer remembers the request and answers it as the server behaves.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.hits = append(s.hits, Hit{r.URL.Path, r.Host, time.Now()})
	behave, cache := s.behave, s.cache
	document := s.document(r, s.published)
	s.mu.Unlock()
	if document == nil {
		http.NotFound(w, r)
		return
	}
	if cache != "" {
		w.Header().Set("Cache-Control", cache)
	}
	w.Header().Set("Content-Type", "application/json")
	behave(w, r, document)
}
