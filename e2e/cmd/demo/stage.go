package main

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"

	"github.com/modelgate/modelgate/e2e/internal/echo"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/iris"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const grpcAuthority = "echo-1234.run.app"

// stage is everything that runs.
type stage struct {
	scenarios map[string]*corpus.Scenario
	envoys    map[string]*harness.Envoy
	upstreams map[string]string // by cluster
	binary    string
	tokens    []tokenFile
	stoppers  []func()
}

func (s *stage) stop() {
	for _, stop := range s.stoppers {
		stop()
	}
}

// start brings the servers up, and then both Envoys at once: most of their
// start is compiling the module.
func start(root, module string) (*stage, error) {
	s := &stage{scenarios: map[string]*corpus.Scenario{}, envoys: map[string]*harness.Envoy{}, upstreams: map[string]string{}}
	var err error
	if s.binary, err = harness.FindEnvoy(); err != nil {
		return s, err
	}
	for cluster, models := range map[string][]string{"kubeflow": {"sklearn-iap"}, "prod": {"fraud"}} {
		if err := s.serveIris(cluster, models); err != nil {
			return s, err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return s, err
	}
	s.upstreams["echo"] = listener.Addr().String()
	s.stoppers = append(s.stoppers, echo.Serve(listener, "a real gRPC server").Stop)
	if err := s.startEnvoys(root, module); err != nil {
		return s, err
	}
	for name, t := range tokens {
		if err := s.addToken("build/run/"+name+".jwt", s.scenarios[t.example], t.Token); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *stage) startEnvoys(root, module string) error {
	var all sync.WaitGroup
	var mu sync.Mutex
	var first error
	for example, clusters := range map[string][]string{"iap": {"kubeflow", "prod"}, "grpc-cloud-run": {"echo"}} {
		dir := filepath.Join(root, "examples", example)
		scenario, err := corpus.Load(dir)
		if err != nil {
			return err
		}
		s.scenarios[example] = scenario
		options := harness.Options{
			Binary: s.binary, Bootstrap: filepath.Join(dir, "envoy.yaml"), PluginConfig: scenario.Config,
			Module: module, Upstreams: map[string]string{},
		}
		for _, c := range clusters {
			options.Upstreams[c] = s.upstreams[c]
		}
		all.Go(func() {
			envoy, err := harness.StartEnvoy(options)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				first = err
				return
			}
			s.envoys[example] = envoy
			s.stoppers = append(s.stoppers, envoy.Stop)
		})
	}
	all.Wait()
	return first
}

// serveIris runs a model server that also says whom it thinks it serves, which
// is what a forged identity would change.
func (s *stage) serveIris(cluster string, models []string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	handler := iris.New(models...)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-served-for", fmt.Sprint(r.Header.Values("kubeflow-userid")))
		handler.ServeHTTP(w, r)
	})}
	go server.Serve(listener)
	s.upstreams[cluster] = listener.Addr().String()
	s.stoppers = append(s.stoppers, func() { server.Close() })
	return nil
}
