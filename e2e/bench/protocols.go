package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"fortio.org/fortio/fgrpc"
	"fortio.org/fortio/fhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

// http2 runs a phase over HTTP/2 without TLS, with Fortio's HTTP client.
func (l load) http2() (result, error) {
	o := fhttp.HTTPRunnerOptions{RunnerOptions: l.options(), HTTPOptions: *fhttp.NewHTTPOptions("http://" + l.addr + path)}
	o.H2, o.DisableFastClient, o.Payload = true, true, []byte(body)
	o.HTTPReqTimeOut = time.Minute // as over HTTP/1.1
	list := headers
	if l.tokens != nil {
		list = append(list[:len(list):len(list)], [2]string{"Authorization", "Bearer " + l.tokens.nextToken()})
	}
	for _, h := range list { // Fortio keeps a space before a value, and HTTP/2 sends it
		if err := o.AddAndValidateExtraHeader(h[0] + ":" + h[1]); err != nil {
			return result{}, err
		}
	}
	r, err := fhttp.RunHTTPTest(&o)
	if err != nil {
		return result{}, err
	}
	if ok := r.RetCodes[http.StatusOK]; ok != r.DurationHistogram.Count {
		return result{}, fmt.Errorf("%s over HTTP/2 answers %v", l.addr, r.RetCodes)
	}
	return l.result(r.RunnerResults)
}

// grpc runs a phase of gRPC health checks, with Fortio's gRPC client.
func (l load) grpc() (result, error) {
	o := fgrpc.GRPCRunnerOptions{RunnerOptions: l.options(), Destination: l.addr, Metadata: metadata.MD{}}
	for _, h := range headers[5:] {
		o.Metadata.Set(strings.ToLower(h[0]), h[1])
	}
	if l.tokens != nil {
		o.Metadata.Set("authorization", "Bearer "+l.tokens.nextToken())
	}
	r, err := fgrpc.RunGRPCTest(&o)
	if err != nil {
		return result{}, err
	}
	if ok := r.RetCodes["SERVING"]; ok != r.DurationHistogram.Count {
		return result{}, fmt.Errorf("%s over gRPC answers %v", l.addr, r.RetCodes)
	}
	return l.result(r.RunnerResults)
}

// serveHealth starts the upstream of the gRPC rows.
func serveHealth() (port string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go server.Serve(listener)
	return portOf(listener), server.Stop, nil
}

func portOf(listener net.Listener) string {
	_, port, _ := net.SplitHostPort(listener.Addr().String()) // its own form
	return port
}
