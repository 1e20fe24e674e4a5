// Package tfserving stands in for TensorFlow Serving: its gRPC services with generated
// messages and its codes, its REST API, and TLS on the gRPC port as its own SSLConfig
// says. The model is the one of its documents, half_plus_two: y = 0.5 x + 2.
package tfserving

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/modelgate/modelgate/e2e/internal/tfserving/servingpb"
)

// Model is the name of the one model, and Version the version of it.
const (
	Model   = "half_plus_two"
	Version = 123
)

// Call is one call as it arrived, over gRPC or HTTP.
type Call struct {
	Method   string // "/tensorflow.serving.PredictionService/Predict", or "POST /v1/models/…"
	Metadata metadata.MD
	Peer     string // the subject of the client's certificate; "" if there is none
}

// Server serves one model.
type Server struct {
	servingpb.UnimplementedPredictionServiceServer
	servingpb.UnimplementedModelServiceServer

	grpc *grpc.Server
	rest http.Server

	mu    sync.Mutex
	calls []Call
}

// Serve serves gRPC and REST until Stop, which also closes the listeners. A
// sslConfigFile is a text file with an SSLConfig, as --ssl_config_file takes it; "" is
// plaintext. It is read once: a new certificate needs a new server. REST has no TLS in
// TensorFlow Serving. A nil listener is not served.
func Serve(grpcListener, restListener net.Listener, sslConfigFile string) (*Server, error) {
	s := &Server{}
	options := []grpc.ServerOption{grpc.UnaryInterceptor(s.unary)}
	if sslConfigFile != "" {
		config, err := readSSLConfig(sslConfigFile)
		if err != nil {
			return nil, err
		}
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	s.grpc = grpc.NewServer(options...)
	servingpb.RegisterPredictionServiceServer(s.grpc, s)
	servingpb.RegisterModelServiceServer(s.grpc, s)
	if grpcListener != nil {
		go s.grpc.Serve(grpcListener)
	}
	s.rest.Handler = http.HandlerFunc(s.serveHTTP)
	if restListener != nil {
		go s.rest.Serve(restListener)
	}
	return s, nil
}

// Stop ends the server and every call in progress.
func (s *Server) Stop() {
	s.grpc.Stop()
	s.rest.Close()
}

// Calls returns the calls so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func (s *Server) record(c Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
}

// readSSLConfig makes of an SSLConfig what BuildServerCredentialsFromSSLConfigFile of
// model_servers/server.cc makes of it: client_verify asks for a certificate, and requires
// one that custom_ca has signed.
func readSSLConfig(path string) (*tls.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var ssl servingpb.SSLConfig
	if err := prototext.Unmarshal(text, &ssl); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	pair, err := tls.X509KeyPair([]byte(ssl.GetServerCert()), []byte(ssl.GetServerKey()))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if ssl.GetClientVerify() {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM([]byte(ssl.GetCustomCa())) {
			return nil, errors.New(path + ": custom_ca has no certificate")
		}
	}
	return config, nil
}

func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	c := Call{Method: info.FullMethod}
	c.Metadata, _ = metadata.FromIncomingContext(ctx)
	if p, ok := peer.FromContext(ctx); ok {
		if with, ok := p.AuthInfo.(credentials.TLSInfo); ok && len(with.State.PeerCertificates) > 0 {
			c.Peer = with.State.PeerCertificates[0].Subject.CommonName
		}
	}
	s.record(c)
	return next(ctx, request)
}

// found is the model that a request names. The texts are those of core/basic_manager.cc
// and of the Missing ModelSpec checks.
func found(spec *servingpb.ModelSpec) (*servingpb.ModelSpec, error) {
	switch version := spec.GetVersion(); {
	case spec == nil:
		return nil, status.Error(codes.InvalidArgument, "Missing ModelSpec")
	case version != nil && (spec.GetName() != Model || version.GetValue() != Version):
		return nil, status.Errorf(codes.NotFound, "Servable not found for request: Specific(%s, %d)", spec.GetName(), version.GetValue())
	case spec.GetName() != Model:
		return nil, status.Errorf(codes.NotFound, "Servable not found for request: Latest(%s)", spec.GetName())
	}
	return &servingpb.ModelSpec{
		Name: Model, VersionChoice: &servingpb.ModelSpec_Version{Version: wrapperspb.Int64(Version)},
		SignatureName: cmp.Or(spec.GetSignatureName(), "serving_default"),
	}, nil
}

// Predict is that of predict_util.cc.
func (s *Server) Predict(_ context.Context, r *servingpb.PredictRequest) (*servingpb.PredictResponse, error) {
	spec, err := found(r.GetModelSpec())
	if err != nil {
		return nil, err
	}
	x, ok := r.GetInputs()["x"]
	if !ok || len(r.GetInputs()) != 1 {
		return nil, status.Errorf(codes.InvalidArgument, "input size does not match signature: %d!=1", len(r.GetInputs()))
	}
	y := &servingpb.TensorProto{Dtype: servingpb.DataType_DT_FLOAT, TensorShape: x.GetTensorShape(), FloatVal: halfPlusTwo(x.GetFloatVal())}
	return &servingpb.PredictResponse{ModelSpec: spec, Outputs: map[string]*servingpb.TensorProto{"y": y}}, nil
}

func halfPlusTwo(x []float32) []float32 {
	y := make([]float32, len(x))
	for i := range x {
		y[i] = x[i]/2 + 2
	}
	return y
}

// GetModelMetadata is that of get_model_metadata_impl.cc.
func (s *Server) GetModelMetadata(_ context.Context, r *servingpb.GetModelMetadataRequest) (*servingpb.GetModelMetadataResponse, error) {
	spec, err := found(r.GetModelSpec())
	if err != nil {
		return nil, err
	}
	if !slices.Equal(r.GetMetadataField(), []string{"signature_def"}) {
		return nil, status.Error(codes.InvalidArgument, "GetModelMetadataRequest must specify at least one metadata_field")
	}
	tensor := func(name string) map[string]*servingpb.TensorInfo {
		return map[string]*servingpb.TensorInfo{name: {Name: name + ":0", Dtype: servingpb.DataType_DT_FLOAT}}
	}
	signatures, err := anypb.New(&servingpb.SignatureDefMap{SignatureDef: map[string]*servingpb.SignatureDef{
		"serving_default": {Inputs: tensor("x"), Outputs: tensor("y"), MethodName: "tensorflow/serving/predict"},
	}})
	return &servingpb.GetModelMetadataResponse{ModelSpec: spec, Metadata: map[string]*anypb.Any{"signature_def": signatures}}, err
}

// GetModelStatus is that of get_model_status_impl.cc.
func (s *Server) GetModelStatus(_ context.Context, r *servingpb.GetModelStatusRequest) (*servingpb.GetModelStatusResponse, error) {
	name, version := r.GetModelSpec().GetName(), r.GetModelSpec().GetVersion()
	switch {
	case r.GetModelSpec() == nil:
		return nil, status.Error(codes.InvalidArgument, "Missing ModelSpec")
	case version != nil && (name != Model || version.GetValue() != Version):
		return nil, status.Errorf(codes.NotFound, "Could not find version %d of model %s", version.GetValue(), name)
	case name != Model:
		return nil, status.Errorf(codes.NotFound, "Could not find any versions of model %s", name)
	}
	return &servingpb.GetModelStatusResponse{ModelVersionStatus: []*servingpb.ModelVersionStatus{
		{Version: Version, State: servingpb.ModelVersionStatus_AVAILABLE, Status: &servingpb.StatusProto{}},
	}}, nil
}
