package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/version"
)

const renderHelp = `Writes a configuration as what a proxy takes:

  wasmplugin   Istio's WasmPlugin
  envoyfilter  Istio's EnvoyFilter, where the gate must hold headers, or with --native
  envoy        a filter of Envoy, and clusters, each to be put into its place

For Istio it also writes what the proxies need to fetch published keys: a ServiceEntry for
each server, with TLS a DestinationRule, and in the configuration the name that Istio gives
the cluster, such as outbound|443||login.example.com. They are for the selected proxies of
the namespace. For Envoy, the clusters have the names of the configuration; one that leads
to several servers is yours to write.

With --native the gate is a dynamic module, libmodelgate.so below
ENVOY_DYNAMIC_MODULES_SEARCH_PATH. Else it is Wasm, and the proxy hands on to it the
environment variables that the configuration names. No value of theirs is written; they
must be set here too, since a configuration that does not compile is not written.`

// rendering is what is written, and how.
type rendering struct {
	name, namespace string
	selector        map[string]string // labels of the proxies' pods
	inbound, native bool
	url, sha256     string // of the module, for Istio
	module, ca      string // files, for Envoy

	source       source
	config       string   // the JSON that is written
	variables    []string // of the environment that the configuration reads
	holdsHeaders bool
	readsPeer    bool // the certificate of the client
	endpoints    []endpoint
	warn         func(format string, args ...any)
}

func renderCommand(t *terminal) *cobra.Command {
	r := &rendering{}
	c := &cobra.Command{
		Use: "render wasmplugin|envoyfilter|envoy --config FILE [--native] [--name NAME] [--namespace NAMESPACE]\n" +
			"                   [--selector LABELS] [--inbound] [--url URL] [--sha256 DIGEST] [--module FILE] [--ca FILE] [-o FORM]",
		Short: "Write a configuration for Istio or Envoy",
		Long:  renderHelp + "\n\n" + configHelp,
		Example: `  modelgate render wasmplugin --config config.yaml --url oci://registry.example.com/modelgate/modelgate:` + version.Number + ` |
    kubectl apply -f -
  modelgate render envoyfilter --native --config config.yaml --selector app=fraud --namespace prod --inbound
  modelgate render envoy --config config.json --module /etc/envoy/modelgate.wasm`,
		ValidArgs: []string{"wasmplugin", "envoyfilter", "envoy"},
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(c.ValidArgs, args[0]) {
				return wrong("must have one argument: wasmplugin, envoyfilter or envoy; got %q", args)
			}
			return nil
		},
	}
	f := c.Flags()
	config := f.String("config", "", "`FILE` with the configuration")
	f.StringVar(&r.name, "name", "modelgate", "`NAME` of the resource and the filter")
	f.StringVar(&r.namespace, "namespace", "istio-system", "`NAMESPACE` of the proxies")
	f.StringToStringVar(&r.selector, "selector", map[string]string{"istio": "ingressgateway"}, "labels of the proxies' pods")
	f.BoolVar(&r.inbound, "inbound", false, "at sidecars: the requests that come in")
	f.BoolVar(&r.native, "native", false, "the gate is a dynamic module")
	f.StringVar(&r.url, "url", "oci://registry.example.com/modelgate/modelgate:"+version.Number, "`URL` of the module, for Istio")
	f.StringVar(&r.sha256, "sha256", "", "`DIGEST` of the module's manifest, for Istio")
	f.StringVar(&r.module, "module", "modelgate.wasm", "`FILE` with the module, for Envoy")
	f.StringVar(&r.ca, "ca", "/etc/ssl/certs/ca-certificates.crt", "`FILE` with trusted authorities, for Envoy")
	form := addFormat(c, formYAML, formJSON)
	c.RunE = func(_ *cobra.Command, args []string) error {
		if *config == "" {
			return wrong("--config FILE is missing")
		}
		if r.native && args[0] == "wasmplugin" {
			return wrong("--native must not be with wasmplugin: a dynamic module takes an envoyfilter")
		}
		return t.render(r, *config, args[0], form)
	}
	return c
}

// render writes a configuration for a proxy.
func (t *terminal) render(r *rendering, argument, as string, form *format) error {
	if err := r.load(t, argument); err != nil {
		return err
	}
	switch {
	case as == "wasmplugin" && r.holdsHeaders:
		return fmt.Errorf(`%s: "/host/holdHeaders": must be rendered as envoyfilter: in a WasmPlugin, requests whose headers wait `+
			"for a body would wait for ever", r.source)
	case as == "wasmplugin":
		return printResources(t.out, r.wasmPlugin(), form)
	case as == "envoyfilter":
		return printResources(t.out, r.envoyFilter(), form)
	}
	return form.print(t.out, r.envoy())
}

// load compiles the configuration that is written, and finds what it needs of the proxy.
func (r *rendering) load(t *terminal, argument string) (err error) {
	r.warn = func(format string, args ...any) {
		fmt.Fprintf(t.err, "%s: warning: %s\n", r.source, fmt.Sprintf(format, args...))
	}
	if r.source, err = t.one(argument); err != nil {
		return err
	}
	secrets := func(name string) (string, bool) {
		if !slices.Contains(r.variables, name) {
			r.variables = append(r.variables, name)
		}
		return t.secrets(name)
	}
	if _, err := gate.New(r.source.JSON, secrets); err != nil {
		return r.source.problems(err)
	}
	var config struct {
		Host            struct{ HoldHeaders bool }
		Peer, Activator json.RawMessage
		Issuers         []struct{ Relay, CertificateBound json.RawMessage }
	}
	if err := json.Unmarshal([]byte(r.source.JSON), &config); err != nil {
		return err
	}
	r.config, r.holdsHeaders = r.source.JSON, config.Host.HoldHeaders
	r.readsPeer = config.Peer != nil || config.Activator != nil
	for _, issuer := range config.Issuers {
		r.readsPeer = r.readsPeer || issuer.Relay != nil || issuer.CertificateBound != nil
	}
	r.endpoints, err = endpoints(r.source.JSON)
	return err
}
