package wasmhost

import (
	"bytes"
	"strings"
)

func streamCalls() map[string]hostFunc {
	return map[string]hostFunc{
		"proxy_send_local_response": func(c call) Status {
			s := c.stream()
			r := &LocalReply{
				Status:  c.u32(0),
				Details: sanitizeDetails(c.bytes(1)),
				Body:    c.text(3),
				Headers: decodePairs(c.bytes(5)),
				GRPC:    int32(c.u32(7)),
			}
			c.vm.replied = true
			c.vm.deferEffect(func() { s.sendReply(r) })
			return OK
		},
		"proxy_continue_stream": func(c call) Status {
			s, d := c.stream(), direction(c.u32(0))
			if d > response {
				return BadArgument
			}
			// In Envoy the guest can no longer edit the request, whichever side continues.
			s.maps[requestHeaders].open, s.maps[requestTrailers].open = false, false
			c.vm.deferEffect(func() { s.resume(d) })
			return OK
		},
		"proxy_close_stream": func(c call) Status {
			const upstream = 3 // 2 and 3 are the sides of a TCP connection
			s, side := c.stream(), c.u32(0)
			if side > upstream {
				return BadArgument
			}
			c.vm.deferEffect(func() { s.reset = s.reset || direction(side) <= response })
			return OK
		},
	}
}

// property returns a property of the stream or of its host, or one that the guest has
// set.
func (s *Stream) property(path string) ([]byte, bool) {
	for _, known := range []map[string][]byte{s.properties, s.vm.options.Properties} {
		if value, ok := known[path]; ok {
			return value, true
		}
	}
	if strings.Contains(path, "\x00") {
		return nil, false // a property that is set with a longer path cannot be read
	}
	value, ok := s.filterState["wasm."+path]
	return value, ok
}

// setProperty sets filter state. Only streams have filter state.
func (s *Stream) setProperty(path string, value []byte) Status {
	if s.parent == nil {
		return NotFound
	}
	if s.filterState == nil {
		s.filterState = map[string][]byte{}
	}
	s.filterState["wasm."+path] = bytes.Clone(value)
	return OK
}
