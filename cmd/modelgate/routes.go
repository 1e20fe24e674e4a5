package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

// virtualService is one host's route. Everything in it is made of DNS labels.
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
	targetForm  = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
)

// routes writes a VirtualService for each host by which a gate with this
// configuration sends on what it takes for the services named on its input.
func routes(args []string, in io.Reader, out, errs io.Writer, env authn.Secrets) int {
	set := flag.NewFlagSet("routes", flag.ContinueOnError)
	config := set.String("config", "", "")
	gateway := set.String("gateway", "", "")
	to := set.String("to", "", "")
	if !flags(set, args, errs) || *config == "" || !gatewayForm.MatchString(*gateway) || *to != "" && !targetForm.MatchString(*to) {
		fmt.Fprint(errs, usage)
		return 2
	}
	g, err := load(*config, env)
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	status, seen := 0, map[string]bool{}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		namespace, service, _ := strings.Cut(lines.Text(), "/")
		hosts, ok := g.Hosts(namespace, service)
		if !ok || len(hosts) == 0 {
			fmt.Fprintf(errs, "line %d: %q is no namespace/service that a route rewrites\n", n, lines.Text())
			status = 1
		}
		for _, host := range hosts {
			if seen[host] {
				continue
			}
			seen[host] = true
			name, _, _ := strings.Cut(host, ".")
			target := *to
			if target == "" {
				target = host
			}
			fmt.Fprintf(out, virtualService, name, namespace, host, *gateway, target)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	return status
}
