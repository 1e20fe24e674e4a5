package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/importer"
	"github.com/modelgate/modelgate/internal/strictjson"
)

const importHelp = `Writes a configuration from what other systems say of callers and models. The kind of
a file is one of these; it may be named before the files, and is found out otherwise.

  iam         Google's policies: gcloud ... get-iam-policy --format=json
  istio       RequestAuthentication and AuthorizationPolicy, for one workload
  envoy       jwt_authn and RBAC, in a bootstrap, a config dump or a filter chain
  kserve      InferenceServices: their routes and models
  litellm     the models of LiteLLM's proxy, which stays behind the gate
  ai-gateway  the models of Envoy AI Gateway, which stays behind the gate

Files are JSON or YAML, of one document or several; the name - is standard input. The
configuration is written to standard output, and compiles; else there is an error and none.

Each place that is not carried over as it is stands on standard error, with the reason:

  FILE:LINE:COLUMN: "/json/pointer": left out|wider deny|note: the reason

left out: whoever was allowed only by it is refused now. wider deny: it denies more than it
did. Nothing is ever allowed that was not. note: the place allows and denies what it did, or
never did either. With something left out or a wider deny the exit status is 3, unless
--partial says that this is accepted. docs/migration.md says what maps to what.

The configuration is JSON, or YAML with -o yaml. With -o json the result is one object:
config, leftOut and notes, each with file, line, column, pointer, effect and message.`

func importCommand(t *terminal) *cobra.Command {
	var o importer.Options
	c := &cobra.Command{
		Use: "import [KIND] FILE... [--service NAMESPACE/NAME] [--labels LABELS] [--audience AUDIENCE]... [--host HOST]...\n" +
			"                   [--issuer URL] [--member MEMBER]... [--models LIST] [--role ROLE=ROLE]... [--partial] [-o FORM]",
		Short: "Write a configuration from policies and model lists of other systems",
		Long:  importHelp,
		Example: `  kubectl get requestauthentications,authorizationpolicies -A -o yaml |
    modelgate import --service prod/fraud --audience models - > config.json
  modelgate import --audience models envoy.yaml
  gcloud iap web get-iam-policy --format=json > policy.json
  modelgate import --audience /projects/1234/global/backendServices/5678 --models 'prod/*' policy.json services.yaml
  modelgate import --issuer https://issuer.example.com --audience models --groups /groups \
    --member group:analysts litellm.yaml`,
		Args: someArguments("a file to import"),
	}
	f := c.Flags()
	f.StringVar(&o.Service, "service", "", "`NAMESPACE/NAME` of the workload, or of the server with the models")
	f.StringToStringVar(&o.Labels, "labels", nil, "`LABELS` of the workload, where policies select it by others than its name")
	f.StringVar(&o.RootNamespace, "root-namespace", "istio-system", "`NAMESPACE` whose policies Istio applies everywhere")
	f.StringVar(&o.TrustDomain, "trust-domain", "", "`DOMAIN` of the certificates (default cluster.local, or what Envoy's rules name)")
	f.StringVar(&o.Port, "port", "", "`PORT` on which the workload gets its requests, for rules that name ports")
	f.StringArrayVar(&o.Hosts, "host", nil, "a `HOST` that the proxy serves, beside those in rules")
	f.BoolVar(&o.AnyPort, "any-port", false, "a host in a rule is meant with any port, as the gate means it")
	f.BoolVar(&o.KeepCustom, "keep-custom", false, "external authorizers (CUSTOM, ext_authz) stay beside the gate")
	f.StringArrayVar(&o.Audiences, "audience", nil, "an `AUDIENCE` of tokens whose issuers the source gives none")
	f.BoolVar(&o.AnyAudience, "any-audience", false, "tokens of such issuers count whomever they are for")
	f.StringSliceVar(&o.Algorithms, "algorithms", nil,
		"`LIST` of algorithms of issuers that publish their keys (default one for each type of key)")
	f.StringVar(&o.Issuer, "issuer", "", "`URL` of who makes the callers' tokens, for kserve, litellm and ai-gateway")
	f.StringVar(&o.Groups, "groups", "", "`POINTER` to the claim with the groups of these tokens, such as /groups")
	f.StringArrayVar(&o.Members, "member", nil, "a `MEMBER` who may use the models, for kserve, litellm and ai-gateway")
	f.StringSliceVar(&o.Models, "models", nil, "`LIST` of models that a policy of IAM is on, as patterns")
	f.StringToStringVar(&o.Roles, "role", nil, "`ROLE=ROLE`: what a role of IAM means, viewer, invoker or admin")
	partial := f.Bool("partial", false, "exit with 0 although something is left out")
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkImport(&o); err != nil {
			return err
		}
		return t.importFiles(args, o, form, *partial)
	}
	return c
}

// checkImport checks the flags that have a form.
func checkImport(o *importer.Options) error {
	if namespace, name, found := strings.Cut(o.Service, "/"); o.Service != "" && (!found || namespace == "" || name == "") {
		return wrong("--service must be NAMESPACE/NAME; got %q", o.Service)
	}
	if o.Labels != nil && o.Service == "" {
		return wrong("--labels needs --service, whose labels they are")
	}
	for role, means := range o.Roles {
		if roles := []string{"viewer", "invoker", "admin"}; !slices.Contains(roles, means) {
			return wrong("--role %s must be %s; got %q", role, strictjson.Or(roles), means)
		}
	}
	return nil
}

// importFiles imports files, and prints the configuration and what was left out.
func (t *terminal) importFiles(args []string, o importer.Options, form *format, partial bool) error {
	kind := ""
	if slices.Contains(importer.Kinds(), args[0]) {
		kind, args = args[0], args[1:]
	}
	if len(args) == 0 {
		return wrong("the name of a file to import is missing")
	}
	var files []importer.File
	for _, name := range args {
		text, shown, err := t.read(name)
		if err != nil {
			return err
		}
		files = append(files, importer.File{Name: shown, Text: text})
	}
	result, err := importer.Import(kind, files, o)
	var inFile *importer.FileError
	switch {
	case errors.As(err, &inFile):
		return &fileProblems{inFile.File, inFile.Problems}
	case err != nil:
		return err
	}
	if err := t.printImport(result, form); err != nil {
		return err
	}
	if slices.ContainsFunc(result.Notes, importer.Note.IsLoss) && !partial {
		return errFound
	}
	return nil
}

// importReport is the result of import in JSON.
type importReport struct {
	Config  rawJSON      `json:"config"`
	LeftOut []importNote `json:"leftOut"`
	Notes   []importNote `json:"notes"`
}

// rawJSON is JSON that is printed as it is.
type rawJSON string

// MarshalJSON implements json.Marshaler.
func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// importNote is what is said of one place.
type importNote struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Pointer string `json:"pointer"`
	Effect  string `json:"effect"`
	Message string `json:"message"`
}

// printImport prints the configuration, and the notes where they belong.
func (t *terminal) printImport(result *importer.Result, form *format) error {
	report := importReport{rawJSON(result.Config), []importNote{}, []importNote{}}
	for _, n := range result.Notes {
		note := importNote{n.File, n.Place.Line, n.Place.Column, n.Pointer, string(n.Effect), n.Message}
		if n.IsLoss() {
			report.LeftOut = append(report.LeftOut, note)
		} else {
			report.Notes = append(report.Notes, note)
		}
		if !form.is(formJSON) {
			fmt.Fprintln(t.err, n)
		}
	}
	switch {
	case form.is(formJSON):
		return form.print(t.out, report)
	case form.is(formYAML):
		return printYAML(t.out, report.Config)
	}
	_, err := fmt.Fprint(t.out, result.Config)
	return err
}
