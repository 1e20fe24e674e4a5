//go:build kubernetes

package kubernetes

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/process"
)

// adminToken is the bearer token of an administrator.
const adminToken = "administrator-of-a-test"

// cluster is an API server of Kubernetes with its etcd.
type cluster struct {
	dir string // has kubeconfig, and kubectl's cache
}

// newCluster starts a cluster that has the resources of Istio, of the Prometheus operator, of the
// External Secrets Operator and of the Secrets Store CSI driver, and the manifests' namespaces.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t.TempDir()}
	c.serve(t, etcd(t))
	c.define(t, "crds")
	for _, namespace := range []string{"istio-system", "kubeflow", "prod"} {
		c.run(t, "", "create", "namespace", namespace)
	}
	return c
}

// define applies the definitions of resources in a directory of the tools. It does so on the
// server, because the annotation in which apply keeps a manifest otherwise cannot hold them.
func (c *cluster) define(t *testing.T, dir string) {
	t.Helper()
	if _, _, err := c.kubectl("", "apply", "--server-side", "-f", filepath.Join(tools, dir)); err != nil {
		t.Fatal(err)
	}
	// kubectl wait fails for what has no condition yet.
	eventually(t, "the resources are there", func() bool {
		_, _, err := c.kubectl("", "wait", "--for=condition=Established", "--timeout=1m", "crd", "--all")
		return err == nil
	})
}

// etcd starts etcd and returns its URL.
func etcd(t *testing.T) string {
	t.Helper()
	data := t.TempDir()
	addrs := process.Serve(t, "etcd", 2, syscall.SIGTERM, func(addrs []string) *exec.Cmd {
		client, peer := "http://"+addrs[0], "http://"+addrs[1]
		return exec.Command(filepath.Join(tools, "etcd"), "--data-dir", filepath.Join(data, process.Port(addrs[0])), "--unsafe-no-fsync",
			"--listen-client-urls", client, "--advertise-client-urls", client,
			"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	}, func(addrs []string) error { return answers("http://"+addrs[0]+"/health", "") })
	return "http://" + addrs[0]
}

// serve starts the API server, and writes the administrator's kubeconfig.
func (c *cluster) serve(t *testing.T, etcd string) {
	t.Helper()
	tokens, key := filepath.Join(c.dir, "tokens.csv"), filepath.Join(c.dir, "accounts.pem")
	write(t, tokens, adminToken+`,admin,1,"system:masters"`+"\n")
	write(t, key, newKey(t))
	addrs := process.Serve(t, "kube-apiserver", 1, syscall.SIGTERM, func(addrs []string) *exec.Cmd {
		return exec.Command(filepath.Join(tools, "kube-apiserver"), "--etcd-servers", etcd,
			"--bind-address", "127.0.0.1", "--secure-port", process.Port(addrs[0]), "--cert-dir", filepath.Join(c.dir, "certs"),
			"--advertise-address", "127.0.0.1", "--endpoint-reconciler-type", "none", // which refuses a loopback address
			"--service-cluster-ip-range", "10.0.0.0/16", "--authorization-mode", "RBAC", "--token-auth-file", tokens,
			"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", key,
			"--service-account-signing-key-file", key,
			// No controller makes the accounts that pods would have.
			"--disable-admission-plugins", "ServiceAccount")
	}, func(addrs []string) error { return answers("https://"+addrs[0]+"/readyz", adminToken) })
	write(t, c.kubeconfig(), fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://%s", certificate-authority: %s}}]
users: [{name: admin, user: {token: %s}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
current-context: test
`, addrs[0], filepath.Join(c.dir, "certs", "apiserver.crt"), adminToken))
}

// env has kubectl ask this cluster, and keep what it caches with it.
func (c *cluster) env() []string {
	return []string{"KUBECONFIG=" + c.kubeconfig(), "KUBECACHEDIR=" + filepath.Join(c.dir, "cache")}
}

func (c *cluster) kubeconfig() string { return filepath.Join(c.dir, "kubeconfig") }

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// kubectl runs a command of kubectl. The error says what it printed to its standard error, which
// printed is too: that has the warnings.
func (c *cluster) kubectl(in string, args ...string) (out, printed string, err error) {
	cmd := exec.Command(filepath.Join(tools, "kubectl"), args...)
	cmd.Env = append(os.Environ(), c.env()...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &stdout, &stderr
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), stderr.String(), err
}

// run runs a command of kubectl that must neither fail nor warn.
func (c *cluster) run(t *testing.T, in string, args ...string) (out string) {
	t.Helper()
	out, printed, err := c.kubectl(in, args...)
	if err != nil {
		t.Fatal(err)
	}
	if printed != "" {
		t.Errorf("kubectl %s prints %q", strings.Join(args, " "), printed)
	}
	return out
}

// answers asks a server for a page that it has once it is ready. Its certificate is its own.
func answers(url, token string) error {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// newKey makes a private key in the form in which the API server finds the public one, too.
func newKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

// eventually waits for what others do in their own time.
func eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(harness.Patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if true() {
			return
		}
	}
	t.Fatalf("not so after %v: %s", harness.Patience, what)
}
