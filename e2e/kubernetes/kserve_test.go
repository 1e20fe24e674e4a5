//go:build kubernetes

package kubernetes

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/process"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// kserveConfig is what an administrator of KServe sets: no Knative, and the hosts that its
// documentation has.
var kserveConfig = map[string]string{
	"deploy": `{"defaultDeploymentMode": "Standard"}`,
	"ingress": `{"ingressGateway": "knative-serving/knative-ingress-gateway", "ingressDomain": "example.com", "ingressClassName": "istio",
		"localGateway": "knative-serving/knative-local-gateway",
		"localGatewayService": "knative-local-gateway.istio-system.svc.cluster.local",
		"domainTemplate": "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}", "urlScheme": "http"}`,
}

// TestKServe has KServe's own controller make the Services and the Ingress of each service. The
// gate reads their hosts as these services, and writes the hosts of Services that exist.
func TestKServe(t *testing.T) {
	c := newCluster(t)
	c.kserve(t)
	c.run(t, testdata(t, "inferenceservices.yaml", nil), "apply", "-f", "-")
	for _, deployment := range []string{
		"prod/fraud-predictor", "kubeflow/images-predictor", "kubeflow/images-transformer", "kubeflow/images-explainer",
	} {
		c.deployed(t, deployment)
	}
	config := filepath.Join(t.TempDir(), "config.json")
	doc := edit.Set(t, read(t, "examples/iap/config.json"), "/routes", `[
		{"protocol": "kserve-v1", "prefix": "/serving", "names": "kserve", "transformers": ["kubeflow/images"]},
		{"protocol": "kserve-v1", "names": {"predictor": "{service}-{namespace}.example.com", "namespaces": ["prod", "kubeflow"]}}]`)
	doc = edit.Set(t, doc, "/grants", `[{"name": "all", "members": ["allUsers"], "role": "invoker", "models": ["prod/*", "kubeflow/*"]}]`)
	write(t, config, edit.Delete(t, doc, "/denies"))
	for service, entry := range map[string]string{"prod/fraud": "fraud-predictor", "kubeflow/images": "images-transformer"} {
		c.agree(t, config, service, entry)
	}
	to := decide(t, config, "", "/serving/kubeflow/images:explain").Authority
	explainer := c.run(t, "", "-n", "kubeflow", "get", "service", "images-explainer", "-o", "name")
	if to != "images-explainer.kubeflow.svc.cluster.local" || explainer != "service/images-explainer\n" {
		t.Errorf("the gate sends explanations to %s, and KServe has %s", to, explainer)
	}

	// KServe gives a Service's port the name of the container's port, or else that of the service.
	c.warns(t, "prod", []string{plaintext})
	const undeclared = ": port 80 declares no protocol: what does not start like HTTP passes as TCP; name the port http or grpc"
	c.warns(t, "kubeflow", []string{"Service kubeflow/images-explainer" + undeclared, "Service kubeflow/images-predictor" + undeclared,
		"Service kubeflow/images-transformer" + undeclared, plaintext})
}

// agree checks that the gate sends predictions to the Service that KServe says, and that it reads
// each public host of KServe's as this service.
func (c *cluster) agree(t *testing.T, config, service, entry string) {
	t.Helper()
	namespace, name, _ := strings.Cut(service, "/")
	want := entry + "." + namespace + ".svc.cluster.local"
	eventually(t, "KServe says where "+service+" is", func() bool {
		return c.run(t, "", "-n", namespace, "get", "inferenceservice", name, "-o", "jsonpath={.status.address.url}") == "http://"+want
	})
	if to := decide(t, config, "", "/serving/"+service+":predict").Authority; to != want {
		t.Errorf("the gate sends %s to %s, and KServe to %s", service, to, want)
	}
	hosts := strings.Fields(c.run(t, "", "-n", namespace, "get", "ingress", name, "-o", "jsonpath={.spec.rules[*].host}"))
	if public := name + "-" + namespace + ".example.com"; !slices.Contains(hosts, public) {
		t.Errorf("KServe has the hosts %q, want %s", hosts, public)
	}
	for _, host := range hosts {
		if got := decide(t, config, host, "/v1/models/"+name+":predict"); !got.Allow || !slices.Contains(got.Models, service) {
			t.Errorf("the gate reads KServe's host %s as %+v, want %s", host, got, service)
		}
	}
}

// kserve starts KServe's controller. No webhook of its own is configured.
func (c *cluster) kserve(t *testing.T) {
	t.Helper()
	controller, err := testbed.Tool(root, "kserve-controller/build")
	if err != nil {
		t.Fatal(err)
	}
	c.define(t, "kserve")
	c.run(t, "", "create", "namespace", "kserve")
	c.run(t, "", "create", "-f", filepath.Join(filepath.Dir(controller), "inferenceservice.yaml"))
	c.run(t, "", "-n", "kserve", "patch", "configmap", "inferenceservice-config", "--type=merge", "-p",
		marshal(t, object{"data": kserveConfig}))
	authority, err := certs.NewAuthority("kserve")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// Where controller-runtime looks for a webhook's certificate: below the temporary directory.
	serving := filepath.Join(dir, "k8s-webhook-server", "serving-certs")
	if err := os.MkdirAll(serving, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := authority.Write(serving, "spiffe://cluster.local/ns/kserve/sa/kserve-controller-manager"); err != nil {
		t.Fatal(err)
	}
	process.Serve(t, "kserve", 3, syscall.SIGTERM, func(addrs []string) *exec.Cmd {
		cmd := exec.Command(controller, "--metrics-addr", addrs[0], "--health-probe-addr", addrs[1], "--webhook-port", process.Port(addrs[2]))
		cmd.Env = append(os.Environ(), append(c.env(), "TMPDIR="+dir, "POD_NAMESPACE=kserve")...)
		return cmd
	}, func(addrs []string) error { return answers("http://"+addrs[1]+"/readyz", "") })
}

// deployed waits for a Deployment, NAMESPACE/NAME, and says that its pods serve, as the
// controllers of a cluster with nodes would.
func (c *cluster) deployed(t *testing.T, deployment string) {
	t.Helper()
	namespace, name, _ := strings.Cut(deployment, "/")
	eventually(t, "there is a Deployment "+deployment, func() bool {
		_, _, err := c.kubectl("", "-n", namespace, "get", "deployment", name)
		return err == nil
	})
	c.run(t, "", "-n", namespace, "patch", "deployment", name, "--subresource=status", "--type=merge", "-p",
		`{"status": {"conditions": [{"type": "Available", "status": "True"}, {"type": "Progressing", "status": "True"}]}}`)
}

// decision is the part of modelgate's answer that is read.
type decision struct {
	Allow     bool
	Reason    string
	Models    []string
	Authority string
}

// decide asks `modelgate decide` about a POST without a credential.
func decide(t *testing.T, config, host, path string) (d decision) {
	t.Helper()
	if host == "" {
		host = "models.example.com"
	}
	cmd := exec.Command(modelgate, "decide", "--config", config)
	cmd.Stdin = strings.NewReader(marshal(t, object{"method": "POST", "path": path, "authority": host}))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &d)
	}
	if err != nil {
		t.Fatalf("decide %s%s: %v: %s", host, path, err, out)
	}
	return d
}
