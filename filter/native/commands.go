package main

import (
	"encoding/binary"
	"strconv"

	"github.com/modelgate/modelgate/internal/gate"
)

// The kinds of commands, with their arguments: those of commands.h.
const (
	commandLog        = 1 + iota // a: level
	commandAddCounter            // a: id, b: how much
	commandAddGauge              // a: id, b: how much
	commandSubGauge              // a: id, b: how much
	commandSetGauge              // a: id, b: value
	commandRemove                // a: header map
	commandSet                   // a: header map, b: size of the name
	commandClearRoute
	commandBody        // a: buffer, b: how many bytes of it stay
	commandReply       // see appendReply
	commandMetadata    // b: size of the name, payload: name and value
	commandFilterState // b: size of the key, payload: key and value
	commandCountLabels // a: id, payload: the labels, each after its size
	commandRecord      // a: id of a histogram, b: value
)

// commandSize is the size of a command without its payload: two uint32, two uint64.
const commandSize = 24

// commands is a list of commands in memory of C.
type commands struct {
	memory []byte
	used   int
	failed bool                  // some are lost, because there is no more memory
	grow   func(size int) []byte // returns at least size bytes which start with what memory has, or nil
}

// add appends a command, whose payload is the concatenation of the parts.
func (c *commands) add(kind, a uint32, b uint64, payload ...string) {
	size := 0
	for _, part := range payload {
		size += len(part)
	}
	p := c.reserve(kind, a, b, size)
	for _, part := range payload {
		p = p[copy(p, part):]
	}
}

// reserve appends a command, and returns the memory of its payload.
func (c *commands) reserve(kind, a uint32, b uint64, size int) []byte {
	end := c.used + commandSize + size
	if end > len(c.memory) {
		memory := c.grow(max(end, 2*len(c.memory), 4<<10))
		if memory == nil {
			c.failed = true
			return make([]byte, size)
		}
		c.memory = memory
	}
	p := c.memory[c.used:end]
	binary.NativeEndian.PutUint32(p, kind)
	binary.NativeEndian.PutUint32(p[4:], a)
	binary.NativeEndian.PutUint64(p[8:], b)
	binary.NativeEndian.PutUint64(p[16:], uint64(size))
	c.used = end
	return p[commandSize:]
}

// edit appends what changes a header map of Envoy's; routes says that the route depends on it. It
// reports false if it cannot be done: Envoy takes an empty value for a removal.
func (c *commands) edit(m uint32, routes bool, e *gate.Edit) bool {
	for _, name := range e.Remove {
		c.add(commandRemove, m, 0, name)
	}
	for i := range e.Set {
		if e.Set[i][1] == "" {
			return false
		}
		c.add(commandSet, m, uint64(len(e.Set[i][0])), e.Set[i][0], e.Set[i][1])
	}
	if routes && len(e.Remove)+len(e.Set) > 0 {
		c.add(commandClearRoute, 0, 0)
	}
	return true
}

// appendReply appends the payload of the command reply: the status, the number of headers, the
// gRPC status in decimal, and strings, each after its size: see reply.c.
func appendReply(p []byte, r gate.Reply) []byte {
	p = binary.NativeEndian.AppendUint32(p, uint32(r.Status))
	p = binary.NativeEndian.AppendUint32(p, uint32(len(r.Headers)))
	var grpc [4]byte
	copy(grpc[:], strconv.Itoa(r.GRPC))
	p = append(p, grpc[:]...)
	p = appendString(appendString(p, r.Details), r.Body)
	for _, h := range r.Headers {
		p = appendString(appendString(p, h[0]), h[1])
	}
	return p
}

func appendString(p []byte, s string) []byte {
	return append(binary.NativeEndian.AppendUint32(p, uint32(len(s))), s...)
}
