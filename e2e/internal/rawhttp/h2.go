package rawhttp

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	// window is what HTTP/2 grants either side before any SETTINGS.
	window = 65535
	// maxFrame is the payload every peer must accept.
	maxFrame = 16384
)

// h2 sends one stream after another, and reads only while it waits for an
// answer or for room to send: it needs no goroutine.
type h2 struct {
	scheme string
	out    *bufio.Writer
	framer *http2.Framer
	block  bytes.Buffer
	coder  *hpack.Encoder

	next       uint32 // the next stream's number
	connRoom   int64  // bytes the peer still takes on the connection
	streamRoom int64  // bytes it takes on a stream when that begins
	goAway     error  // set once the peer takes no new streams
	opened     bool
}

func newH2(conn net.Conn) *h2 {
	c := &h2{scheme: "http", out: bufio.NewWriter(conn), next: 1, connRoom: window, streamRoom: window}
	if _, secure := conn.(*tls.Conn); secure {
		c.scheme = "https"
	}
	c.framer = http2.NewFramer(c.out, bufio.NewReader(conn))
	c.framer.AllowIllegalWrites = true
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.coder = hpack.NewEncoder(&c.block)
	return c
}

// stream is the exchange under way.
type stream struct {
	id       uint32
	room     int64
	body     []byte // what is left to send
	frame    int    // bytes of a DATA frame at most
	trailers Headers
	sent     bool // all of the request has gone out
	done     bool // all of the response has come in
	response Response
}

func (c *h2) roundTrip(request Request) (Response, error) {
	if c.goAway != nil {
		return Response{}, c.goAway
	}
	if !c.opened {
		c.opened = true
		c.out.WriteString(http2.ClientPreface)
		c.framer.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0})
	}
	s := &stream{id: c.next, room: c.streamRoom, body: request.Body, frame: maxFrame, trailers: request.Trailers}
	c.next += 2
	if request.Frame > 0 {
		s.frame = min(request.Frame, maxFrame)
	}
	s.sent = request.Body == nil && len(request.Trailers) == 0
	if err := c.writeHeaders(s.id, c.requestHeaders(request), s.sent); err != nil {
		return s.response, err
	}
	for !s.done {
		if err := c.send(s); err != nil {
			return s.response, err
		}
		frame, err := c.framer.ReadFrame()
		if err == nil {
			err = c.receive(s, frame)
		}
		if err != nil {
			return s.response, err
		}
	}
	if !s.sent && !s.response.Reset {
		c.framer.WriteRSTStream(s.id, http2.ErrCodeNo)
	}
	return s.response, c.out.Flush()
}

func (c *h2) requestHeaders(request Request) Headers {
	headers := Headers{{":method", request.Method}}
	if request.Path != "" {
		headers = append(headers, [2]string{":scheme", c.scheme}, [2]string{":path", request.Path})
	}
	if !request.NoHost {
		headers = append(headers, [2]string{":authority", request.Authority})
	}
	return append(headers, request.Headers...)
}

func (c *h2) writeHeaders(id uint32, headers Headers, end bool) error {
	c.block.Reset()
	for _, pair := range headers {
		c.coder.WriteField(hpack.HeaderField{Name: pair[0], Value: pair[1]})
	}
	block := c.block.Bytes()
	first := block[:min(len(block), maxFrame)]
	block = block[len(first):]
	err := c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: first, EndStream: end, EndHeaders: len(block) == 0})
	for len(block) > 0 && err == nil {
		part := block[:min(len(block), maxFrame)]
		block = block[len(part):]
		err = c.framer.WriteContinuation(id, len(block) == 0, part)
	}
	return err
}

// send writes as much of the body as the peer has room for, and the end of the
// request once nothing is left.
func (c *h2) send(s *stream) error {
	for !s.sent {
		// A peer may shrink its window below what is in flight.
		size := max(0, min(int64(len(s.body)), int64(s.frame), s.room, c.connRoom))
		if size == 0 && len(s.body) > 0 {
			break
		}
		part := s.body[:size]
		s.body = s.body[size:]
		s.room -= size
		c.connRoom -= size
		s.sent = len(s.body) == 0
		if err := c.framer.WriteData(s.id, s.sent && len(s.trailers) == 0, part); err != nil {
			return err
		}
		if s.sent && len(s.trailers) > 0 {
			if err := c.writeHeaders(s.id, s.trailers, true); err != nil {
				return err
			}
		}
	}
	return c.out.Flush()
}

// receive takes one frame, of the stream or of the connection. Frames of a
// stream that is over only count for the connection.
func (c *h2) receive(s *stream, frame http2.Frame) error {
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		return c.settings(s, f)
	case *http2.PingFrame:
		if !f.IsAck() {
			return c.framer.WritePing(true, f.Data)
		}
	case *http2.WindowUpdateFrame:
		if f.StreamID == 0 {
			c.connRoom += int64(f.Increment)
		} else if f.StreamID == s.id {
			s.room += int64(f.Increment)
		}
	case *http2.GoAwayFrame:
		c.goAway = fmt.Errorf("GOAWAY %v %q: %w", f.ErrCode, f.DebugData(), io.EOF)
		if f.LastStreamID < s.id {
			return c.goAway
		}
	case *http2.DataFrame:
		return c.data(s, f)
	case *http2.MetaHeadersFrame:
		if f.StreamID == s.id {
			s.headers(f)
		}
	case *http2.RSTStreamFrame:
		if f.StreamID == s.id {
			s.response.Reset, s.response.ResetCode, s.done = true, uint32(f.ErrCode), true
		}
	}
	return nil
}

func (c *h2) settings(s *stream, f *http2.SettingsFrame) error {
	if f.IsAck() {
		return nil
	}
	if size, ok := f.Value(http2.SettingInitialWindowSize); ok {
		s.room += int64(size) - c.streamRoom
		c.streamRoom = int64(size)
	}
	if size, ok := f.Value(http2.SettingHeaderTableSize); ok {
		c.coder.SetMaxDynamicTableSizeLimit(size)
	}
	return c.framer.WriteSettingsAck()
}

// data keeps a piece of the response and gives its room back at once.
func (c *h2) data(s *stream, f *http2.DataFrame) error {
	if f.StreamID == s.id {
		s.response.Body = append(s.response.Body, f.Data()...)
		s.done = f.StreamEnded()
	}
	if f.Length == 0 {
		return nil
	}
	if err := c.framer.WriteWindowUpdate(0, f.Length); err != nil || f.StreamID != s.id || s.done {
		return err
	}
	return c.framer.WriteWindowUpdate(s.id, f.Length)
}

// headers takes an interim answer, the answer's head, or its trailers.
func (s *stream) headers(f *http2.MetaHeadersFrame) {
	s.done = f.StreamEnded()
	var headers Headers
	for _, field := range f.RegularFields() {
		headers = append(headers, [2]string{strings.ToLower(field.Name), field.Value})
	}
	if s.response.Status >= 200 {
		s.response.Trailers = slices.Concat(s.response.Trailers, headers)
		return
	}
	s.response.Status, _ = strconv.Atoi(f.PseudoValue("status"))
	s.response.Headers = headers
}
