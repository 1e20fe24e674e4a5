// Package kserve puts real model servers behind the gate and asks them with
// their own clients: KServe's server with the iris sample, LiteLLM's proxy with
// made-up answers, and for streams a gRPC server in Go, since Triton cannot be
// installed from a package registry.
//
// Its other half is an oracle. For each of many generated and mutated requests
// that the gate allows, the model that was authorized must be the one that the
// server's own parser selects.
//
// What needs Python, and some minutes, has the build tag kserve:
//
//	make e2e-kserve
//	go test -tags kserve ./kserve -v -run Oracle -args -requests 1000000 -seed 7
package kserve
