// Package servingpb is the code generated from serving.proto.
package servingpb

// The generators, all on PATH:
//
//	protoc 35.1 (as in PyPI's grpcio-tools 1.85.1: python -m grpc_tools.protoc)
//	google.golang.org/protobuf/cmd/protoc-gen-go v1.36.12
//	google.golang.org/grpc/cmd/protoc-gen-go-grpc v1.6.2
//
//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative serving.proto
