// Command authorizer answers Envoy's ext_authz over gRPC, in one of two places.
//
//	authorizer -data data.json           behind the gate: OPA decides by what the gate tells
//	authorizer -sessions sessions.json   before the gate: a cookie becomes a token, which the gate verifies
//
// It prints its address, and then a line for each question.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9191", "the `address` to listen on")
	data := flag.String("data", "", "the policy's data: a `file`")
	sessions := flag.String("sessions", "", "the token of each session: a `file`")
	flag.Parse()
	if err := serve(*listen, *data, *sessions); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(address, data, sessions string) error {
	server, err := newServer(data, sessions)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	s := grpc.NewServer()
	auth.RegisterAuthorizationServer(s, server)
	return s.Serve(listener)
}

func newServer(data, sessions string) (auth.AuthorizationServer, error) {
	switch {
	case data != "" && sessions == "":
		return newBehind(data)
	case sessions != "" && data == "":
		return newBefore(sessions)
	}
	return nil, fmt.Errorf("one of -data and -sessions is needed")
}
