package requests

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
)

// arrival is a request as the upstream got it, byte by byte: net/http would
// tidy names, and hide a second request behind a first one's body.
type arrival struct {
	method, path string
	headers      rawhttp.Headers
	trailers     rawhttp.Headers
	broken       string // what is no request at all
}

// server is an upstream that speaks HTTP/1.1, as Envoy does to it, and hands
// every request over: once when its head is there and again when it is whole.
type server struct {
	listener net.Listener
	began    func(*arrival)
	ended    func(*arrival)
	conns    sync.WaitGroup
}

func (s *server) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.conns.Go(func() {
			defer conn.Close()
			in := bufio.NewReader(conn)
			for s.exchange(in, conn) == nil {
			}
		})
	}
}

// lastLine is what only drain sends.
const lastLine = "LAST\n"

// drain ends the server once it has read everything that Envoy sent it, after
// Envoy has ended. Connections are accepted in their order, so when drain's own
// is answered, which is by its end, all of Envoy's have been accepted.
func (s *server) drain() error {
	defer s.conns.Wait()
	defer s.listener.Close()
	last, err := net.Dial("tcp", s.listener.Addr().String())
	if err != nil {
		return err
	}
	defer last.Close()
	if _, err := io.WriteString(last, lastLine); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, last)
	return err
}

func (s *server) exchange(in *bufio.Reader, out io.Writer) error {
	a := &arrival{}
	line, err := readLine(in)
	if err != nil {
		return err
	}
	if line == strings.TrimSuffix(lastLine, "\n") {
		return io.EOF
	}
	var version string
	a.method, version, _ = strings.Cut(line, " ")
	a.path, version, _ = strings.Cut(version, " ")
	if a.headers, err = readFields(in); err != nil || version != "HTTP/1.1" {
		a.broken = line
		s.began(a)
		return errors.Join(err, io.ErrUnexpectedEOF)
	}
	s.began(a)
	if err := a.readBody(in); err != nil {
		return err // Envoy gave it up
	}
	s.ended(a)
	_, err = io.WriteString(out, "HTTP/1.1 200 OK\r\nx-upstream: kubeflow\r\n"+a.answer())
	return err
}

// answer is empty, but for a list of models: one that is none is withheld.
func (a *arrival) answer() string {
	if path, _, _ := strings.Cut(a.path, "?"); a.method != "GET" || path != "/v1/models" {
		return "content-length: 0\r\n\r\n"
	}
	const list = `{"models":["sklearn-iap","secret"]}`
	return "content-type: application/json\r\ncontent-length: " + strconv.Itoa(len(list)) + "\r\n\r\n" + list
}

func (a *arrival) readBody(in *bufio.Reader) (err error) {
	if a.headers.Get("transfer-encoding") != "" {
		if _, err = io.Copy(io.Discard, httputil.NewChunkedReader(in)); err == nil {
			a.trailers, err = readFields(in)
		}
		return err
	}
	size, _ := strconv.ParseInt(a.headers.Get("content-length"), 10, 64)
	_, err = io.CopyN(io.Discard, in, size)
	return err
}

func readFields(in *bufio.Reader) (fields rawhttp.Headers, err error) {
	for {
		line, err := readLine(in)
		if err != nil || line == "" {
			return fields, err
		}
		name, value, _ := strings.Cut(line, ":")
		fields = append(fields, [2]string{name, strings.Trim(value, " \t")})
	}
}

func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), err
}

// id is the number of the head and of the attempt, or -1.
func (a *arrival) id() (id, attempt int) {
	ids := strings.Fields(strings.Join(values(a.headers, "x-id"), " "))
	if a.broken != "" || len(ids) == 0 {
		return -1, 0
	}
	first, second, again := strings.Cut(ids[0], "/") // what follows them, a client has folded into it
	id, err := strconv.Atoi(first)
	if err == nil && again {
		attempt, err = strconv.Atoi(second)
	}
	if err != nil || attempt < 0 {
		return -1, 0
	}
	return id, attempt
}

// compare says how an arrival differs from what the reference lets through.
func (v *verdict) compare(a *arrival) (wrong []string) {
	if !v.may {
		return []string{"it may not pass"}
	}
	if a.method != v.method || a.path != v.path {
		wrong = append(wrong, "want "+v.method+" "+v.path)
	}
	if hosts := values(a.headers, "host"); len(hosts) != 1 || hosts[0] != v.authority {
		wrong = append(wrong, "want the one host "+v.authority)
	}
	got := map[string]int{}
	for _, h := range a.headers {
		want, emitted := v.identity[h[0]]
		switch name := plain(h[0]); {
		case emitted && h[1] == want:
			got[h[0]]++
		case forbidden(name), strings.Contains(h[1], "eyJhbGciOi") && !slices.Contains(lookalikes, name), // a token, wherever
			name == "upgrade", name == "http2-settings", name == "connection", strings.HasPrefix(name, ":"):
			wrong = append(wrong, "header "+h[0]+": "+h[1])
		}
	}
	for name, want := range v.identity {
		if got[name] != 1 {
			wrong = append(wrong, "want once "+name+": "+want)
		}
	}
	for _, t := range a.trailers {
		if forbidden(t[0]) {
			wrong = append(wrong, "trailer "+t[0]+": "+t[1])
		}
	}
	return wrong
}
