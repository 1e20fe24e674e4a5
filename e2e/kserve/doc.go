// Package kserve runs real model servers behind the gate, and calls them with their own
// clients: KServe's server with the iris sample, LiteLLM's proxy with made-up answers,
// and for streams a gRPC server in Go. Package servers runs Triton itself.
//
// It also compares the gate with the servers' own parsers. For every generated or mutated
// request that the gate allows, the server's parser must select the model that was
// authorized.
//
// Tests that need Python and some minutes have the build tag kserve:
//
//	make e2e-kserve
//	go test -tags kserve ./kserve -v -run Oracle -args -requests 1000000 -seed 7
package kserve
