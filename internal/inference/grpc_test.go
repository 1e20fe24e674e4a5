package inference_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

const grpcOnHosts = `[{"protocol": "grpc", "service": "s.S", "model": "a/b", "hosts": ["one.example", "10.0.0.1"]}]`

// TestGRPCHosts has a gRPC service on two hosts. On another host it is another
// server, and not this model.
func TestGRPCHosts(t *testing.T) {
	checkMatches(t, compile(t, grpcOnHosts), []matchCase{
		{"one.example", "gRPC /s.S/Call", "grpc predict a/b"},
		{"one.example:8080", "gRPC /s.S/Call", "grpc predict a/b"},
		{"10.0.0.1", "gRPC /s.S/Call", "grpc predict a/b"},
		{"two.example", "gRPC /s.S/Call", "host_invalid"},
		{"One.example", "gRPC /s.S/Call", "host_invalid"},
		{"x.one.example", "gRPC /s.S/Call", "host_invalid"},
		{"one.example.evil", "gRPC /s.S/Call", "host_invalid"},
		{"one.example.", "gRPC /s.S/Call", "host_invalid"},
		{"ana@one.example", "gRPC /s.S/Call", "host_invalid"},
		{"two.example", "gRPC /s.T/Call", "path_unknown"},
		{"one.example", "POST /s.S/Call", "path_unknown"},
	})
}

func TestGRPCIsPost(t *testing.T) {
	for _, method := range []string{"GET", "PUT", "post", ""} {
		t.Run(method, func(t *testing.T) {
			r := request("gRPC /s.S/Call", "one.example")
			r.Method = method
			if _, why := compile(t, grpcOnHosts).Match(r); why != reason.PathUnknown {
				t.Errorf("Match(gRPC by %q) = %s, want path_unknown", method, why)
			}
		})
	}
}

func TestHostsMustBeHostNames(t *testing.T) {
	const host = ` must be a host name of DNS-1123 labels`
	for _, c := range []struct{ name, hosts, want string }{
		{"host names", `["a", "b.c"]`, ""},
		{"none", `[]`, `"/0/hosts": must not be empty; leave it out instead`},
		{"no list", `"a"`, `"/0/hosts": must be an array; got "a"`},
		{"one twice", `["a", "a"]`, `"/0/hosts/1": "a" is there twice`},
		{"an empty one", `[""]`, `"/0/hosts/0": must not be empty; leave it out instead`},
		{"upper case", `["A"]`, `"/0/hosts/0":` + host + `, in lower case; got "A"`},
		{"a port", `["a:80"]`, `"/0/hosts/0":` + host + `, without a port; got "a:80"`},
		{"a wildcard", `["a", "*"]`, `"/0/hosts/1":` + host + `, without a wildcard; got "*"`},
		{"a dot at the end", `["a."]`, `"/0/hosts/0":` + host + `, without a dot at its end; got "a."`},
		{"a scheme", `["https://a"]`, `"/0/hosts/0":` + host + `, without a scheme; got "https://a"`},
		{"a path", `["a/v1"]`, `"/0/hosts/0":` + host + `, without a path; got "a/v1"`},
		{"an underscore", `["a_b"]`, `"/0/hosts/0":` + host + `; got "a_b"`},
		{"a number", `[1]`, `"/0/hosts/0": must be a string; got 1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			routes := edit.Set(t, grpcOnHosts, "/0/hosts", c.hosts)
			if _, got := compileServing(t, routes, `{"namespace": "a", "service": "b"}`); got != c.want {
				t.Errorf("Compile(hosts %s) = %s, want %s", c.hosts, got, c.want)
			}
		})
	}
}
