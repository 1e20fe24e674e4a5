package istio

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tls "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	secret "github.com/envoyproxy/go-control-plane/envoy/service/secret/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"istio.io/istio/pkg/model"
	"istio.io/istio/pkg/util/sets"
	"istio.io/istio/pkg/wasm"
)

// agent replaces Istio's agent beside one Envoy. It forwards xDS, as
// pkg/istio-agent/xds_proxy_delta.go does, downloads modules with Istio's own pkg/wasm,
// and answers SDS with the workload's certificate. The tests do not use Istio's whole
// agent, because it writes to /var/lib/istio.
type agent struct {
	secret.UnimplementedSecretDiscoveryServiceServer
	discovery.UnimplementedAggregatedDiscoveryServiceServer

	addr  string
	plane string // the control plane's address
	certs string // a directory of tls.crt, tls.key and ca.crt; "" for none
	cache wasm.Cache

	mu       sync.Mutex
	rejected []string // what Envoy said of what it did not accept
	accepted map[string]int
}

func newAgent(t *testing.T, plane, certs string) *agent {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{addr: l.Addr().String(), plane: plane, certs: certs, accepted: map[string]int{}}
	cache := wasm.NewLocalFileCache(t.TempDir(), wasm.Options{InsecureRegistries: sets.New[string]()})
	a.cache = cache
	server := grpc.NewServer()
	secret.RegisterSecretDiscoveryServiceServer(server, a)
	discovery.RegisterAggregatedDiscoveryServiceServer(server, a)
	go server.Serve(l)
	t.Cleanup(func() { server.Stop(); cache.Cleanup() })
	return a
}

// nacks returns what Envoy rejected so far.
func (a *agent) nacks() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string{}, a.rejected...)
}

// acks returns how many responses with extensions Envoy accepted so far.
func (a *agent) acks() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.accepted[model.ExtensionConfigurationType]
}

func (a *agent) note(r *discovery.DeltaDiscoveryRequest) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case r.ErrorDetail != nil:
		a.rejected = append(a.rejected, r.ErrorDetail.Message)
	case r.ResponseNonce != "":
		a.accepted[r.TypeUrl]++
	}
}

// DeltaAggregatedResources is the one stream that Istio's Envoy opens.
func (a *agent) DeltaAggregatedResources(envoy discovery.AggregatedDiscoveryService_DeltaAggregatedResourcesServer) error {
	conn, err := grpc.NewClient(a.plane, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(envoy.Context())
	defer cancel()
	istiod, err := discovery.NewAggregatedDiscoveryServiceClient(conn).DeltaAggregatedResources(ctx, grpc.MaxCallRecvMsgSize(64<<20))
	if err != nil {
		return err
	}
	go func() {
		defer cancel()
		for {
			request, err := envoy.Recv()
			if err != nil {
				return
			}
			a.note(request)
			if istiod.Send(request) != nil {
				return
			}
		}
	}()
	for {
		response, err := istiod.Recv()
		if err != nil {
			return err
		}
		if response.TypeUrl == model.ExtensionConfigurationType {
			if err := a.download(response); err != nil {
				return err
			}
		}
		if err := envoy.Send(response); err != nil {
			return err
		}
	}
}

// download is what Istio's agent does with extensions: each that is to be
// fetched becomes a local file, or a filter that refuses everything.
func (a *agent) download(response *discovery.DeltaDiscoveryResponse) error {
	resources := make([]*anypb.Any, len(response.Resources))
	for i, r := range response.Resources {
		resources[i] = r.Resource
	}
	if err := wasm.MaybeConvertWasmExtensionConfig(resources, a.cache); err != nil {
		return err
	}
	for i, r := range resources {
		response.Resources[i].Resource = r
	}
	return nil
}

// StreamSecrets answers with the workload's certificate and the mesh's root,
// under the names by which Istio's configuration asks for them.
func (a *agent) StreamSecrets(envoy secret.SecretDiscoveryService_StreamSecretsServer) error {
	for {
		request, err := envoy.Recv()
		if err != nil {
			return err
		}
		if request.ResponseNonce != "" {
			continue
		}
		response := &discovery.DiscoveryResponse{TypeUrl: model.SecretType, VersionInfo: "1", Nonce: "1"}
		for _, name := range request.ResourceNames {
			s, err := a.secret(name)
			if err != nil {
				return err
			}
			packed, err := anypb.New(s)
			if err != nil {
				return err
			}
			response.Resources = append(response.Resources, packed)
		}
		if err := envoy.Send(response); err != nil {
			return err
		}
	}
}

func (a *agent) secret(name string) (*tls.Secret, error) {
	file := func(name string) *core.DataSource {
		text, _ := os.ReadFile(filepath.Join(a.certs, name))
		return &core.DataSource{Specifier: &core.DataSource_InlineBytes{InlineBytes: text}}
	}
	switch path, isRoot := strings.CutPrefix(name, "file-root:"); {
	case isRoot: // a DestinationRule's caCertificates
		text, err := os.ReadFile(path)
		return &tls.Secret{Name: name, Type: &tls.Secret_ValidationContext{ValidationContext: &tls.CertificateValidationContext{
			TrustedCa: &core.DataSource{Specifier: &core.DataSource_InlineBytes{InlineBytes: text}},
		}}}, err
	case a.certs == "":
	case name == "default":
		return &tls.Secret{Name: name, Type: &tls.Secret_TlsCertificate{TlsCertificate: &tls.TlsCertificate{
			CertificateChain: file("tls.crt"), PrivateKey: file("tls.key"),
		}}}, nil
	case name == "ROOTCA":
		return &tls.Secret{Name: name, Type: &tls.Secret_ValidationContext{ValidationContext: &tls.CertificateValidationContext{
			TrustedCa: file("ca.crt"),
		}}}, nil
	}
	return nil, status.Errorf(codes.NotFound, "no secret %q", name)
}
