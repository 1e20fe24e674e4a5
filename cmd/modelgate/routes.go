package main

import (
	"bufio"
	"fmt"
	"regexp"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

// virtualService is the route of one host. All its values are DNS names, which need
// no quotes in YAML.
const virtualService = `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: modelgate-%s, namespace: %s }
spec:
  hosts: [%s]
  gateways: [%s]
  http: [{ route: [{ destination: { host: %s } }] }]
`

var (
	gatewayForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	hostForm    = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
)

// routes writes a VirtualService for each host to which the gate forwards requests
// for the services on standard input.
func routes(args []string, std streams, secrets authn.Secrets) int {
	set := newFlags("routes", routesUsage, std)
	config := set.String("config", "", "")
	gateway := set.String("gateway", "", "")
	to := set.String("to", "", "")
	switch {
	case !set.parse(args):
		return exitUsage
	case *config == "":
		return set.wrong("--config FILE is missing")
	case !gatewayForm.MatchString(*gateway):
		return set.wrong("--gateway must be NAMESPACE/NAME; got %q", *gateway)
	case *to != "" && !hostForm.MatchString(*to):
		return set.wrong("--to must be a host in lower case, without a port; got %q", *to)
	}
	g, err := load(*config, secrets)
	if err != nil {
		return std.fail(err)
	}
	status, written := exitOK, map[string]bool{}
	lines := bufio.NewScanner(std.in)
	for n := 1; lines.Scan(); n++ {
		namespace, service, _ := strings.Cut(lines.Text(), "/")
		hosts, ok := g.Hosts(namespace, service)
		if !ok || len(hosts) == 0 {
			status = std.fail(fmt.Errorf("line %d: must be NAMESPACE/SERVICE of a service that a route of the configuration rewrites to; got %q",
				n, lines.Text()))
		}
		for _, host := range hosts {
			if !written[host] {
				written[host] = true
				writeRoute(std, namespace, host, *gateway, *to)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return std.fail(fmt.Errorf("standard input: %w", err))
	}
	return status
}

// writeRoute writes the VirtualService of a host. to is where it leads, "" for the
// host itself.
func writeRoute(std streams, namespace, host, gateway, to string) {
	name, _, _ := strings.Cut(host, ".")
	if to == "" {
		to = host
	}
	fmt.Fprintf(std.out, virtualService, name, namespace, host, gateway, to)
}
