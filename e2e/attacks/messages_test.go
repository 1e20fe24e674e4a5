//go:build attacks

package attacks

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// messages are HTTP/1.1 connections, each with a gRPC call whose first message is
// granted. Of a second message, which names no model yet, each leaves up to a MiB.
type messages struct {
	connections int
	token       string
}

// send sends all messages, and returns when Envoy reads no more.
func (m messages) send(addr string) *crowd {
	c := &crowd{conns: make([]net.Conn, m.connections)}
	body := m.body()
	var all sync.WaitGroup
	slots := make(chan struct{}, 64)
	for i := range m.connections {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				c.failures.Add(1)
				return
			}
			c.conns[i] = conn
			go c.readAnswer(conn)
			conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
			conn.Write(body) // what Envoy does not read is not needed
			c.sent.Add(1)
		})
	}
	all.Wait()
	time.Sleep(time.Second)
	return c
}

func (c *crowd) readAnswer(conn net.Conn) {
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		c.failures.Add(1)
		return
	}
	response.Body.Close()
	c.refused.Add(1)
}

// body is a whole message and, as one chunk, the beginning of another.
func (m messages) body() []byte {
	const most = 1<<20 - 4096
	first, err := corpus.Frame("1:gpu")
	if err != nil {
		panic(err)
	}
	second := make([]byte, 5, most)
	binary.BigEndian.PutUint32(second[1:], 2<<20)
	second = append(second, 7<<3|2)
	second = binary.AppendUvarint(second, 2<<20-64)
	second = second[:most]
	head := "POST /inference.GRPCInferenceService/ModelStreamInfer HTTP/1.1\r\nHost: models.example.com\r\n" +
		"Authorization: Bearer " + m.token + "\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
	var text strings.Builder
	fmt.Fprintf(&text, "%s%x\r\n%s%s\r\n", head, len(first)+len(second), first, second)
	return []byte(text.String())
}
