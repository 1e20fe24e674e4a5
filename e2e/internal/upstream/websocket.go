package upstream

import (
	"io"
	"net/http"

	"golang.org/x/net/websocket"
)

// echo answers an upgrade to WebSocket, says in headers what it saw, and sends back what
// it gets, as a kernel of Jupyter's might.
func (s *Server) echo(w http.ResponseWriter, r *http.Request) {
	request := Request{
		Upstream: s.name, Method: r.Method, Authority: r.Host, Path: r.RequestURI,
		Headers: flatten(r.Header), Trailers: flatten(r.Trailer),
	}
	s.record(request)
	seen := http.Header{"X-Upstream": {s.name}, "X-Upstream-Authority": {r.Host}, "X-Upstream-Path": {r.RequestURI}}
	sayInHeader(seen, request)
	websocket.Server{
		Handshake: func(c *websocket.Config, _ *http.Request) error {
			c.Header = seen
			return nil
		},
		Handler: func(ws *websocket.Conn) { io.Copy(ws, ws) },
	}.ServeHTTP(w, r)
}
