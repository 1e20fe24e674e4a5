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
				Details: noSpaces(c.bytes(1)),
				Body:    c.text(3),
				Headers: decodePairs(c.bytes(5)),
				GRPC:    int32(c.u32(7)),
			}
			c.vm.replied = true
			c.vm.after(func() { s.reply(r) })
			return OK
		},
		"proxy_continue_stream": func(c call) Status {
			s, d := c.stream(), direction(c.u32(0))
			if d > response {
				return BadArgument
			}
			// Envoy takes the request from the guest whichever side continues.
			s.maps[requestHeaders].open, s.maps[requestTrailers].open = false, false
			c.vm.after(func() { s.resume(d) })
			return OK
		},
		"proxy_close_stream": func(c call) Status {
			const upstream = 3 // like downstream, a side of a TCP connection
			s, side := c.stream(), c.u32(0)
			if side > upstream {
				return BadArgument
			}
			c.vm.after(func() { s.reset = s.reset || direction(side) <= response })
			return OK
		},
	}
}

// property is a property of the stream, of its host, or set by the guest.
func (s *Stream) property(path string) ([]byte, bool) {
	for _, known := range []map[string][]byte{s.properties, s.vm.options.Properties} {
		if value, ok := known[path]; ok {
			return value, true
		}
	}
	if strings.Contains(path, "\x00") {
		return nil, false // what is set under a longer path cannot be read back
	}
	value, ok := s.filterState["wasm."+path]
	return value, ok
}

// setProperty sets filter state, which only streams have.
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
