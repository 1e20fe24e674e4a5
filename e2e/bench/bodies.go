package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/upstream"
)

// serveBodies starts the upstream that reads every body to its end.
func serveBodies() (port string, stop func(), err error) {
	server, err := upstream.Start("bodies")
	if err != nil {
		return "", nil, err
	}
	server.Record(false)
	return server.Addr[len("127.0.0.1:"):], func() { server.Close() }, nil
}

const (
	largeMessageRow = "64 MiB gRPC message"
	throughput      = "throughput, times a bare Envoy"

	largePath   = "/kfserving/prod/large:predict"
	largestBody = 64 << 20
)

// bodiesCurve measures the throughput of bodies through a gate, divided by the
// throughput through a bare Envoy.
func (b *bench) bodiesCurve(f form) error {
	bare, gate := b.contenders[0], b.contender(f.row(seenBefore))
	c := curve{Name: f.row("body size"), X: "bytes", Y: throughput}
	for _, size := range []int{1 << 10, 64 << 10, 1 << 20, 16 << 20, largestBody} {
		times := max(2, min(400, largestBody/size))
		ratios := make([]float64, b.curveRounds())
		for round := range ratios {
			var took []time.Duration
			for _, who := range []contender{bare, gate} {
				d, _, err := timeAndPeak(who.proxy, func() error { return post(who, size, times) })
				if err != nil {
					return fmt.Errorf("%s: body of %d: %w", who.name, size, err)
				}
				took = append(took, d)
			}
			ratios[round] = took[0].Seconds() / took[1].Seconds()
		}
		c.Points = append(c.Points, point{float64(size), statOf(ratios)})
	}
	b.curves = append(b.curves, c)
	return b.largeMessage(f.row(largeMessageRow), bare, gate)
}

// largeMessage sends the largest body as one gRPC message that names its model first.
func (b *bench) largeMessage(row string, bare, gate contender) error {
	message := modelInfer("large", largestBody)
	for range b.curveRounds() {
		var took []time.Duration
		var grew []int64
		for _, who := range []contender{bare, gate} {
			call := func() error { return callGRPC(who, message) }
			if err := call(); err != nil { // the first call grows the buffers
				return fmt.Errorf("%s: gRPC message: %w", who.name, err)
			}
			d, peak, err := timeAndPeak(who.proxy, call)
			if err != nil {
				return fmt.Errorf("%s: gRPC message: %w", who.name, err)
			}
			took, grew = append(took, d), append(grew, peak)
		}
		b.table.add(row, throughput, took[0].Seconds()/took[1].Seconds())
		b.table.add(row, "added memory", float64(grew[1]-grew[0])/(1<<20))
	}
	return nil
}

// timeAndPeak measures how long a call takes, and by how many bytes the proxy's
// anonymous memory rises during it.
func timeAndPeak(p *proxy, call func() error) (took time.Duration, peak int64, err error) {
	before, err := anonymousMemory(p.envoy.Pid())
	if err != nil {
		return 0, 0, err
	}
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			if n, err := anonymousMemory(p.envoy.Pid()); err == nil {
				peak = max(peak, n-before)
			}
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	began := time.Now()
	err = call()
	took = time.Since(began)
	close(done)
	watch.Wait()
	return took, peak, err
}

func post(who contender, size, times int) error {
	c, err := dial(who.proxy.envoy.Addr(), who.tokens, question{largePath, make([]byte, size)})
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for range times {
		if status, err := c.roundTrip(); err != nil || status != 200 {
			return fmt.Errorf("status %d: %v", status, err)
		}
	}
	return nil
}

// modelInfer returns a ModelInferRequest of KServe's V2 protocol in a gRPC frame:
// the model's name (field 1), and zeros as raw_input_contents (field 7).
func modelInfer(model string, size int) []byte {
	m := append([]byte{0, 0, 0, 0, 0, 1<<3 | 2, byte(len(model))}, model...)
	m = append(m, 7<<3|2)
	m = binary.AppendUvarint(m, uint64(size))
	m = append(m, make([]byte, size)...)
	binary.BigEndian.PutUint32(m[1:], uint32(len(m)-5))
	return m
}

func callGRPC(who contender, message []byte) error {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	url := "http://" + who.proxy.envoy.Addr() + "/inference.GRPCInferenceService/ModelInfer"
	request, err := http.NewRequest("POST", url, bytes.NewReader(message))
	if err != nil {
		return err
	}
	request.Header = http.Header{
		"Content-Type":  {"application/grpc"},
		"Te":            {"trailers"},
		"Authorization": {"Bearer " + who.tokens.nextToken()},
	}
	request.Host = inferHost
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if got := response.Trailer.Get("grpc-status") + response.Header.Get("grpc-status"); got != "0" {
		return fmt.Errorf("grpc-status %q", got)
	}
	return nil
}

func (b *bench) contender(name string) contender {
	for _, c := range b.contenders {
		if c.name == name {
			return c
		}
	}
	panic("no contender " + name)
}
