package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

var (
	gatewayForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	hostForm    = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
)

const routesHelp = `Which routes does Istio need? Reads services from standard input, one
NAMESPACE/SERVICE on a line, and writes an Istio VirtualService for each host to which
the gate forwards requests for them. The VirtualService leads to the host of --to, such
as knative-local-gateway.istio-system.svc.cluster.local, or to the host itself. Exit
status 1: the gate forwards nothing to one of the services.

` + configHelp

func routesCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "routes --config FILE --gateway NAMESPACE/NAME [--to HOST] [-o FORM]",
		Short: "Write the VirtualServices that Istio needs",
		Long:  routesHelp,
		Example: `  kubectl get inferenceservices -A --no-headers -o custom-columns=A:.metadata.namespace,B:.metadata.name |
    awk '{ print $1 "/" $2 }' |
    modelgate routes --config config.json --gateway kubeflow/kubeflow-gateway \
      --to knative-local-gateway.istio-system.svc.cluster.local | kubectl apply -f -`,
		Args: noArguments,
	}
	config := c.Flags().String("config", "", "`FILE` with the configuration")
	gateway := c.Flags().String("gateway", "", "`NAMESPACE/NAME` of the Istio Gateway")
	to := c.Flags().String("to", "", "`HOST` to which the routes lead; the default is the host itself")
	form := addFormat(c, formYAML, formJSON)
	c.RunE = func(*cobra.Command, []string) error {
		if err := needConfig(*config, "services"); err != nil {
			return err
		}
		switch {
		case !gatewayForm.MatchString(*gateway):
			return wrong("--gateway must be NAMESPACE/NAME; got %q", *gateway)
		case *to != "" && !hostForm.MatchString(*to):
			return wrong("--to must be a host in lower case, without a port; got %q", *to)
		}
		return t.routes(*config, *gateway, *to, form)
	}
	return c
}

// routes writes a VirtualService for each host to which the gate forwards requests
// for the services on standard input.
func (t *terminal) routes(config, gateway, to string, form *format) error {
	g, err := t.load(config)
	if err != nil {
		return err
	}
	var status error
	var services []virtualService
	written := map[string]bool{}
	lines := bufio.NewScanner(t.in)
	for n := 1; lines.Scan(); n++ {
		namespace, service, _ := strings.Cut(lines.Text(), "/")
		hosts, ok := g.Hosts(namespace, service)
		if !ok || len(hosts) == 0 {
			status = t.fail(fmt.Errorf("line %d: must be NAMESPACE/SERVICE of a service that a route of the configuration rewrites to; got %q",
				n, lines.Text()))
		}
		for _, host := range hosts {
			if !written[host] {
				written[host] = true
				services = append(services, newVirtualService(namespace, host, gateway, cmp.Or(to, host)))
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	if err := printResources(t.out, services, form); err != nil {
		return err
	}
	return status
}

// virtualService is the route of one host.
type virtualService struct {
	APIVersion string             `json:"apiVersion"`
	Kind       string             `json:"kind"`
	Metadata   metadata           `json:"metadata"`
	Spec       virtualServiceSpec `json:"spec"`
}

// metadata names a Kubernetes resource.
type metadata struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

type virtualServiceSpec struct {
	Hosts    []string    `json:"hosts"`
	Gateways []string    `json:"gateways"`
	HTTP     []httpRoute `json:"http"`
}

type httpRoute struct {
	Route []destinationRoute `json:"route"`
}

type destinationRoute struct {
	Destination struct {
		Host string `json:"host"`
	} `json:"destination"`
}

// newVirtualService returns the route of a host, which leads to another or to itself.
func newVirtualService(namespace, host, gateway, to string) virtualService {
	name, _, _ := strings.Cut(host, ".")
	var route destinationRoute
	route.Destination.Host = to
	return virtualService{
		APIVersion: "networking.istio.io/v1", Kind: "VirtualService",
		Metadata: metadata{Name: "modelgate-" + name, Namespace: namespace},
		Spec: virtualServiceSpec{
			Hosts: []string{host}, Gateways: []string{gateway}, HTTP: []httpRoute{{Route: []destinationRoute{route}}},
		},
	}
}

// printResources prints Kubernetes resources: as YAML documents, or in JSON as a List.
func printResources[T any](w io.Writer, resources []T, form *format) error {
	if form.is(formJSON) {
		return form.print(w, map[string]any{"apiVersion": "v1", "kind": "List", "items": append([]T{}, resources...)})
	}
	for _, r := range resources {
		if err := printLine(w, r, form); err != nil {
			return err
		}
	}
	return nil
}
