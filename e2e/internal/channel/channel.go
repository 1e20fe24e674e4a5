// Package channel runs examples/tfserving-mtls: the gate's Envoy, the Envoy in the model
// server's pod, a server, and certificates made for the run. Tests break and rotate them;
// cmd/demo shows them.
package channel

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/prototext"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/e2e/internal/tfserving"
	"github.com/modelgate/modelgate/e2e/internal/tfserving/servingpb"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// The names in certificates of the example.
const (
	Host     = "models.example.com"
	GateID   = "spiffe://example.com/ns/models/sa/gate"
	ServerID = "half-plus-two.prod.svc.cluster.local"
	ClientID = "spiffe://example.com/ns/prod/sa/client"
	BatchID  = "spiffe://example.com/ns/batch/sa/nightly"
)

// Channel is everything that runs.
type Channel struct {
	Dir              string
	Scenario         *corpus.Scenario
	Clients, Servers *certs.Authority
	Gate, Pod        *harness.Envoy
	Server           *tfserving.Server
	GRPC             string                         // the server's address
	More             func(bootstrap map[string]any) // an edit of the gate's Envoy

	mounts map[string]*certs.Mount // by the directory below /etc/certs
	rest   string                  // the server's other address
}

// Prepare makes the certificates of an example below dir, but starts nothing.
func Prepare(root, dir string) (*Channel, error) {
	c := &Channel{Dir: dir, mounts: map[string]*certs.Mount{}}
	var err error
	for _, addr := range []*string{&c.GRPC, &c.rest} {
		port, err := testbed.FreePort() // a server that restarts must find its port again
		if err != nil {
			return nil, err
		}
		*addr = net.JoinHostPort("127.0.0.1", port)
	}
	if c.Scenario, err = corpus.Load(filepath.Join(root, "examples", "tfserving-mtls")); err != nil {
		return nil, err
	}
	if c.Clients, err = certs.NewAuthority("the clients' authority"); err != nil {
		return nil, err
	}
	if c.Servers, err = certs.NewAuthority("the servers' authority"); err != nil {
		return nil, err
	}
	for name, make := range map[string]func() (map[string][]byte, error){
		"gate":  func() (map[string][]byte, error) { return c.Secret(certs.Leaf{Name: "gate", DNS: []string{Host}}) },
		"model": func() (map[string][]byte, error) { return c.Secret(certs.Leaf{Name: "gate-to-model", URI: GateID}) },
		"server": func() (map[string][]byte, error) {
			return c.Secret(certs.Leaf{Name: "server", DNS: []string{ServerID}})
		},
		"clients": func() (map[string][]byte, error) { return c.Revoked() },
	} {
		files, err := make()
		if err != nil {
			return nil, err
		}
		if c.mounts[name], err = certs.NewMount(filepath.Join(dir, "certs", name), files); err != nil {
			return nil, err
		}
	}
	return c, c.writeSDS()
}

// Secret is a new certificate of the servers' authority, as the data of a Secret.
func (c *Channel) Secret(l certs.Leaf) (map[string][]byte, error) {
	return Secret(c.Servers, c.Servers, l)
}

// Secret is a new certificate of an authority, beside the one that its holder trusts.
func Secret(by, trusted *certs.Authority, l certs.Leaf) (map[string][]byte, error) {
	pair, err := by.New(l)
	return map[string][]byte{"tls.crt": pair.Cert, "tls.key": pair.Key, "ca.crt": trusted.PEM()}, err
}

// Revoked is the clients' authority with its list of revoked certificates, for an hour.
func (c *Channel) Revoked(pairs ...certs.Pair) (map[string][]byte, error) {
	list, err := c.Clients.CRL(time.Now().Add(time.Hour), pairs...)
	return map[string][]byte{"ca.crt": c.Clients.PEM(), "ca.crl": list}, err
}

// Replace puts other files into /etc/certs/NAME.
func (c *Channel) Replace(name string, files map[string][]byte) error {
	return c.mounts[name].Replace(files)
}

// writeSDS writes the example's SDS files with the certificates of this run.
func (c *Channel) writeSDS() error {
	files, err := filepath.Glob(filepath.Join(c.Scenario.Dir, "sds", "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no SDS files: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(c.Dir, "sds"), 0o700); err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte("/etc/certs/"), []byte(filepath.Join(c.Dir, "certs")+"/"))
		if err := os.WriteFile(filepath.Join(c.Dir, "sds", filepath.Base(file)), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Edit points a bootstrap of the example to the SDS files of this run.
func (c *Channel) Edit(node map[string]any) { c.edit(node) }

func (c *Channel) edit(node any) {
	switch node := node.(type) {
	case map[string]any:
		if path, ok := node["path"].(string); ok && strings.HasPrefix(path, "examples/tfserving-mtls/sds/") {
			node["path"] = filepath.Join(c.Dir, "sds", filepath.Base(path))
		}
		for _, value := range node {
			c.edit(value)
		}
	case []any:
		for _, value := range node {
			c.edit(value)
		}
	}
}

// Start starts the server, the Envoy in its pod, and the gate's Envoy.
func (c *Channel) Start(module string) error {
	err := c.StartServer()
	if err != nil {
		return err
	}
	c.Pod, err = harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(c.Scenario.Dir, "server", "envoy.yaml"), Edit: c.Edit,
		Upstreams: map[string]string{"rest": c.rest},
	})
	if err != nil {
		return err
	}
	c.Gate, err = harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(c.Scenario.Dir, "envoy.yaml"), PluginConfig: c.Scenario.Config, Module: module,
		Edit: func(bootstrap map[string]any) {
			c.Edit(bootstrap)
			if c.More != nil {
				c.More(bootstrap)
			}
		},
		Upstreams: map[string]string{"rest": c.Pod.Addr(), "grpc": c.GRPC}, ExtraArgs: []string{"--file-flush-interval-msec", "50"},
	})
	return err
}

// Stop ends everything.
func (c *Channel) Stop() {
	for _, envoy := range []*harness.Envoy{c.Gate, c.Pod} {
		if envoy != nil {
			envoy.Stop()
		}
	}
	if c.Server != nil {
		c.Server.Stop()
	}
}

// StartServer starts the server with the certificate that is in /etc/certs/server, in the
// place of the one before. Its calls are counted anew.
func (c *Channel) StartServer() error {
	var config servingpb.SSLConfig
	for name, field := range map[string]*string{"tls.key": &config.ServerKey, "tls.crt": &config.ServerCert, "ca.crt": &config.CustomCa} {
		text, err := os.ReadFile(c.mounts["server"].Path(name))
		if err != nil {
			return err
		}
		*field = string(text)
	}
	config.ClientVerify = true
	text, err := prototext.Marshal(&config)
	if err != nil {
		return err
	}
	file := filepath.Join(c.Dir, "ssl_config.txt")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	if c.Server != nil {
		c.Server.Stop()
	}
	grpc, err := net.Listen("tcp", c.GRPC)
	if err != nil {
		return err
	}
	rest, err := net.Listen("tcp", c.rest)
	if err != nil {
		return err
	}
	c.Server, err = tfserving.Serve(grpc, rest, file)
	return err
}

// Client is a client's side of TLS, with a certificate or, of a zero Pair, without one.
func (c *Channel) Client(pair certs.Pair) *tls.Config {
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: Host}
	config.RootCAs.AppendCertsFromPEM(c.Servers.PEM())
	if pair.Cert != nil {
		// Whatever the server asks for, this one is sent.
		certificate := pair.TLS()
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	}
	return config
}
