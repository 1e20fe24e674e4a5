package keyserver

import (
	"bytes"
	"net/http"
	"strconv"
	"time"
)

// Behaviour answers a request. document is the correct answer.
type Behaviour func(w http.ResponseWriter, r *http.Request, document []byte)

// Well answers correctly.
func Well(w http.ResponseWriter, _ *http.Request, document []byte) { w.Write(document) }

// Stall accepts the request and never answers.
func Stall(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() }

// Status answers with a status code and the correct document.
func Status(code int) Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, document []byte) {
		w.WriteHeader(code)
		w.Write(document)
	}
}

// Garbage answers 200 with an HTML page.
func Garbage(w http.ResponseWriter, _ *http.Request, _ []byte) {
	w.Header().Set("Content-Type", "text/html")
	w.Write([]byte("<!DOCTYPE html><title>Sign in</title><p>Please sign in to continue."))
}

// Huge answers with the document after 10 MiB of white space, which JSON allows.
func Huge(w http.ResponseWriter, _ *http.Request, document []byte) {
	const size = 10 << 20
	w.Header().Set("Content-Length", strconv.Itoa(size+len(document)))
	w.Write(bytes.Repeat([]byte(" "), size))
	w.Write(document)
}

// Drip sends the document byte by byte, with a pause after each.
func Drip(pause time.Duration) Behaviour {
	return func(w http.ResponseWriter, r *http.Request, document []byte) {
		flusher := http.NewResponseController(w)
		for i := range document {
			if _, err := w.Write(document[i : i+1]); err != nil || flusher.Flush() != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(pause):
			}
		}
	}
}

// Redirect redirects the client to another URI.
func Redirect(to string) Behaviour {
	return func(w http.ResponseWriter, r *http.Request, _ []byte) { http.Redirect(w, r, to, http.StatusFound) }
}

// Empty answers with a key set that has no usable key.
func Empty(w http.ResponseWriter, r *http.Request, _ []byte) {
	empty := map[string]string{
		JWKS:      `{"keys":[{"kty":"oct","kid":"secret","k":"c2VjcmV0"}]}`,
		PEM:       `{}`,
		Discovery: `{}`,
	}
	w.Write([]byte(empty[r.URL.Path]))
}

// Lie answers with other keys under the kids of the correct ones.
func (s *Server) Lie() (Behaviour, error) {
	foreign, err := newKey(s.algorithm)
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter, r *http.Request, _ []byte) {
		s.mu.Lock()
		keys := make([]*key, len(s.published))
		for i, k := range s.published {
			keys[i] = &key{k.kid, foreign.private}
		}
		document := s.document(r, keys)
		s.mu.Unlock()
		w.Write(document)
	}, nil
}
