package rawhttp

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

type h1 struct {
	in  *bufio.Reader
	out *bufio.Writer
	// over is set once an answer ended the connection.
	over bool
}

func newH1(conn net.Conn) *h1 {
	return &h1{in: bufio.NewReader(conn), out: bufio.NewWriter(conn)}
}

func (c *h1) roundTrip(request Request) (Response, error) {
	if c.over {
		return Response{}, fmt.Errorf("the response before ended the connection: %w", io.EOF)
	}
	// A server may answer and close before it has read a whole body, so an
	// answer counts even where the writing failed.
	writeErr := c.write(request)
	response, err := c.read(request.Method)
	if err != nil && writeErr != nil {
		err = writeErr
	}
	c.over = c.over || writeErr != nil
	return response, err
}

func (c *h1) write(request Request) error {
	fmt.Fprintf(c.out, "%s %s HTTP/1.1\r\n", request.Method, request.Path)
	if !request.NoHost {
		writeHeaders(c.out, Headers{{"Host", request.Authority}})
	}
	writeHeaders(c.out, request.Headers)
	framed := len(request.Headers.Values("content-length"))+len(request.Headers.Values("transfer-encoding")) > 0
	switch {
	case framed || request.Body == nil && len(request.Trailers) == 0:
		c.out.WriteString("\r\n")
		c.out.Write(request.Body)
	case len(request.Trailers) == 0:
		fmt.Fprintf(c.out, "Content-Length: %d\r\n\r\n", len(request.Body))
		c.out.Write(request.Body)
	default:
		c.out.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		if len(request.Body) > 0 {
			fmt.Fprintf(c.out, "%x\r\n%s\r\n", len(request.Body), request.Body)
		}
		c.out.WriteString("0\r\n")
		writeHeaders(c.out, request.Trailers)
		c.out.WriteString("\r\n")
	}
	return c.out.Flush()
}

func writeHeaders(out *bufio.Writer, headers Headers) {
	for _, pair := range headers {
		fmt.Fprintf(out, "%s: %s\r\n", pair[0], pair[1])
	}
}

func (c *h1) read(method string) (Response, error) {
	for {
		answer, err := http.ReadResponse(c.in, &http.Request{Method: method})
		if err != nil {
			return Response{}, err
		}
		if answer.StatusCode < 200 && answer.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		response := Response{Status: answer.StatusCode, Headers: flatten(answer.Header)}
		c.over = answer.Close
		// After these the bytes are another protocol's, without an end.
		if answer.StatusCode == http.StatusSwitchingProtocols || method == http.MethodConnect && answer.StatusCode < 300 {
			c.over = true
			return response, nil
		}
		response.Body, err = io.ReadAll(answer.Body)
		response.Trailers = flatten(answer.Trailer)
		return response, err
	}
}

// flatten lists headers by name, in lower case.
func flatten(header http.Header) Headers {
	var headers Headers
	for name, values := range header {
		for _, value := range values {
			headers = append(headers, [2]string{strings.ToLower(name), value})
		}
	}
	slices.SortStableFunc(headers, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return headers
}
