// Package rawhttp sends HTTP requests exactly as written: repeated headers, odd
// bytes, paths no client library would let through. A gate is judged by what it
// does with those, so nothing here normalises, completes or refuses a request.
//
// It reads answers leniently and trusts the server: it is for tests only.
package rawhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// ErrClosed says that the peer closed the connection, or told us it would,
// before a whole answer came. For HTTP/1.1 it is what a refusal without an
// answer looks like; a single HTTP/2 stream refused is Response.Reset instead.
var ErrClosed = errors.New("rawhttp: the peer closed the connection before a whole response")

// Proto is the version of HTTP to speak. The zero value is H1.
type Proto int

const (
	H1 Proto = iota // HTTP/1.1
	H2              // HTTP/2; in plaintext with prior knowledge
)

func (p Proto) String() string {
	if p == H2 {
		return "h2"
	}
	return "http/1.1"
}

// Headers are pairs of name and value in order, repeats kept.
type Headers [][2]string

// Get returns the first value of a header, or "". Case does not matter.
func (h Headers) Get(name string) string {
	for _, pair := range h {
		if strings.EqualFold(pair[0], name) {
			return pair[1]
		}
	}
	return ""
}

// Values returns every value of a header in order. Case does not matter.
func (h Headers) Values(name string) []string {
	var values []string
	for _, pair := range h {
		if strings.EqualFold(pair[0], name) {
			values = append(values, pair[1])
		}
	}
	return values
}

// Request is a request as it is sent. Only the framing of HTTP/1.1 is added, and only if
// Headers has neither content-length nor transfer-encoding: content-length if Body is
// not nil, or transfer-encoding: chunked if there are Trailers.
type Request struct {
	Proto     Proto // ignored by Conn.Do
	Method    string
	Path      string // the request target, or :path; if empty, HTTP/2 sends neither :path nor :scheme
	Authority string // the Host header or :authority
	NoHost    bool   // send neither
	// Headers follow Host or the pseudo-headers. A name in HTTP/2 may begin
	// with a colon (":protocol", a second ":path"); those must come first.
	Headers  Headers
	Body     []byte // nil: none
	Frame    int    // bytes of a DATA frame in HTTP/2 at most; 0: as many as fit
	Trailers Headers
}

// Response is what came back. Names are in lower case; HTTP/2 keeps the order
// of the wire, HTTP/1.1 is sorted by name.
type Response struct {
	Status   int
	Headers  Headers
	Body     []byte
	Trailers Headers
	// Reset is true if an HTTP/2 stream ended with RST_STREAM; what came
	// before it is kept. ResetCode is the HTTP/2 error code.
	Reset     bool
	ResetCode uint32
}

// Conn is one connection, for one request at a time.
type Conn struct {
	conn      net.Conn
	roundTrip func(Request) (Response, error)
}

// Dial opens a connection to addr ("host:port"), in plaintext if config is nil.
// It offers the one protocol by ALPN unless config names others.
func Dial(ctx context.Context, addr string, config *tls.Config, proto Proto) (*Conn, error) {
	conn, err := dial(ctx, addr, config, proto)
	if err != nil {
		return nil, fmt.Errorf("rawhttp: %w", err)
	}
	c := &Conn{conn: conn}
	if proto == H2 {
		c.roundTrip = newH2(conn).roundTrip
	} else {
		c.roundTrip = newH1(conn).roundTrip
	}
	return c, nil
}

func dial(ctx context.Context, addr string, config *tls.Config, proto Proto) (net.Conn, error) {
	if config == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}
	config = config.Clone()
	if config.NextProtos == nil {
		config.NextProtos = []string{proto.String()}
	}
	return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", addr)
}

// Do sends a request and waits for its whole answer. Without a deadline in ctx
// it may wait for ever. After an error the connection is of no further use; the
// Response then holds what had come.
func (c *Conn) Do(ctx context.Context, request Request) (Response, error) {
	stop := context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Unix(1, 0)) })
	response, err := c.roundTrip(request)
	// If it has run, the connection is spoilt even where the answer made it.
	if !stop() {
		err = ctx.Err()
	}
	if err == nil {
		return response, nil
	}
	if isClosed(err) {
		err = fmt.Errorf("%w: %v", ErrClosed, err)
	}
	return response, fmt.Errorf("rawhttp: %s %s: %w", request.Method, request.Path, err)
}

// isClosed tells a connection that ended from one that spoke nonsense.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Close closes the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// Do sends one request over a connection of its own.
func Do(ctx context.Context, addr string, config *tls.Config, request Request) (Response, error) {
	conn, err := Dial(ctx, addr, config, request.Proto)
	if err != nil {
		return Response{}, err
	}
	defer conn.Close()
	return conn.Do(ctx, request)
}
