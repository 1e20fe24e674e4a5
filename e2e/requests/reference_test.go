package requests

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
)

// The reference says what may pass. It follows the documented rules and uses no code of
// the gate. Its input is a head as it is on the wire. It knows which assertions were made
// for ana.

// verdict says what may happen to a head.
type verdict struct {
	may   bool // it may reach the upstream, and then only like this:
	whole bool // to its end
	clean bool // no codec can object, so it has to reach the upstream

	method, authority, path string
	identity                identity
}

const (
	assertion = "x-goog-iap-jwt-assertion"
	service   = "sklearn-iap"
	namespace = "kubeflow"
)

// neverArrive are the headers of a client that no upstream may see, by their
// names with '-' in small letters: what the gate itself emits, credentials,
// identities that proxies in front assert, overrides, and choices of a model.
var neverArrive = strings.Fields(`
	kubeflow-userid x-caller x-unit
	x-goog-iap-jwt-assertion authorization proxy-authorization x-serverless-authorization cookie
	x-goog-authenticated-user-email x-goog-authenticated-user-id kubeflow-groups
	x-forwarded-user x-forwarded-email x-forwarded-groups x-forwarded-preferred-username x-forwarded-access-token
	x-auth-request-user x-auth-request-email x-auth-request-groups x-auth-request-preferred-username x-auth-request-access-token
	remote-user x-remote-user x-remote-group
	x-http-method x-http-method-override x-method-override
	x-original-url x-original-uri x-rewrite-url x-forwarded-host x-forwarded-uri x-forwarded-prefix x-forwarded-method
	x-envoy-original-path x-envoy-original-host x-envoy-original-method x-original-host forwarded
	x-endpoint-api-userinfo x-apigateway-api-userinfo
	x-amzn-oidc-data x-amzn-oidc-identity x-amzn-oidc-accesstoken
	x-ms-client-principal x-ms-client-principal-id x-ms-client-principal-name x-ms-client-principal-idp
	x-pomerium-jwt-assertion impersonate-user impersonate-group
	x-gateway-model-name x-higress-llm-model x-vertex-ai-triton-redirect mm-model-id mm-vmodel-id
	kserve-isvc-name kserve-isvc-namespace x-envoy-original-dst-host
	impersonate-uid cf-access-jwt-assertion cf-access-authenticated-user-email
	x-consumer-id x-consumer-username x-authenticated-userid x-webauth-user remote-email remote-groups remote-name
	x-host x-http-host-override x-forwarded-server x-script-name x-forwarded-path x-original-path
	x-api-key api-key x-goog-api-key x-auth-token ingress-authorization x-forwarded-authorization
	x-maas-group impersonate-extra-scopes x-remote-extra-scopes x-goog-iap-attr-department x-authentik-username
	x-gateway-destination-endpoint target-pod external-filter x-prefiller-host-port x-data-parallel-host-port
	k-original-host knative-serving-tag x-ai-eg-model seldon-model serve-multiplexed-model-id`)

// plain is a name as a server may read it (CGI, WSGI): one for all spellings.
func plain(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "-")
}

func forbidden(name string) bool { return slices.Contains(neverArrive, plain(name)) }

// values of a header that is really called name; twins with '_' are others.
func values(headers rawhttp.Headers, name string) (list []string) {
	for _, h := range headers {
		if strings.EqualFold(strings.TrimSpace(h[0]), name) {
			list = append(list, h[1])
		}
	}
	return list
}

// read is a head as Envoy's codec of HTTP/1.1 reads it before the gate does.
// White space around a part means nothing (RFC 9112 sections 3 and 5), a line
// that begins with it belongs to the one before (section 5.2), and a CR inside a
// value is dropped. What the gate decides on is also what Envoy sends on.
func read(h *head) *head {
	if h.Proto == rawhttp.H2 {
		return h
	}
	value := func(s string) string { return strings.Trim(strings.ReplaceAll(s, "\r", ""), " \t") }
	r := *h
	r.Method, r.Path, r.Authority, r.Headers = strings.Trim(h.Method, " \t\r"), strings.Trim(h.Path, " \t\r"), value(h.Authority), nil
	for _, header := range h.Headers {
		last := len(r.Headers) - 1
		switch folded := header[0] != "" && strings.Contains(" \t", header[0][:1]); {
		case !folded:
			r.Headers = append(r.Headers, [2]string{header[0], value(header[1])})
		case last < 0:
			r.Authority += header[0]
		default:
			r.Headers[last][1] += header[0] + ": " + value(header[1])
		}
	}
	return &r
}

func judge(h *head, issued map[string]identity) verdict {
	h = read(h)
	v := verdict{method: h.Method}
	var named bool
	v.authority, v.path, named = target(h)
	given := values(h.Headers, assertion)
	if !named || len(given) != 1 || issued[given[0]] == nil || !headersPass(h) {
		return v
	}
	v.identity = issued[given[0]]
	public, own := readAuthority(v.authority)
	path, query, hasQuery := strings.Cut(v.path, "?")
	if !routingAgrees(h.Headers, strings.NewReplacer(":predict", "", ":explain", "").Replace(path[strings.LastIndexByte(path, '/')+1:])) {
		return v
	}
	switch {
	case len(v.path) > 8192 || hasQuery && !queryPasses(query):
	case public && publicCalls[v.method+" "+path] != "":
		v.may = true
		component := publicCalls[v.method+" "+path]
		v.authority = service + "-" + component + "-default." + namespace + ".svc.cluster.local"
		v.path = strings.Replace(v.path, "/kfserving/kubeflow/", "/v1/models/", 1)
	case own && (nativeCall.MatchString(v.method+" "+path) || v.method+" "+path == "GET /v1/models"):
		v.may = true
	}
	// HTTP/1.1 trailers end in Envoy's codec. Over HTTP/2 one that is forbidden
	// stops a request, unless a length has told the upstream that it is whole.
	bad := h.Proto == rawhttp.H2 && slices.ContainsFunc(h.Trailers, func(t [2]string) bool { return forbidden(t[0]) })
	v.whole = v.may && (!bad || len(values(h.Headers, "content-length")) > 0)
	v.clean = v.may && !bad && !h.odd
	return v
}

// routingAgrees reports whether what a client says by headers, by which models
// are chosen elsewhere, is what the path says.
func routingAgrees(headers rawhttp.Headers, model string) bool {
	wanted := map[string]string{"kserve-isvc-name": service, "kserve-isvc-namespace": namespace}
	for _, name := range strings.Fields(`x-gateway-model-name x-higress-llm-model mm-model-id mm-vmodel-id x-ai-eg-model
		seldon-model serve-multiplexed-model-id`) {
		wanted[name] = model
	}
	for _, h := range headers {
		if want, named := wanted[plain(h[0])]; named && h[1] != want {
			return false
		}
	}
	return true
}

// target says where a head is to go; ok is false where that is said twice, or
// not at all.
func target(h *head) (authority, path string, ok bool) {
	hosts := values(h.Headers, "host")
	at := absoluteForm.FindStringSubmatch(h.Path)
	switch {
	case at != nil && h.Proto == rawhttp.H1:
		// RFC 9112 section 3.2.2: where the target has a host, Host headers do
		// not count. Envoy leaves out who the target says is asking.
		return at[1], at[2], true
	case h.NoHost && len(hosts) == 1: // RFC 9113 section 8.3.1
		return hosts[0], h.Path, true
	}
	return h.Authority, h.Path, !h.NoHost && (len(hosts) == 0 || h.Proto == rawhttp.H2)
}

var (
	absoluteForm = regexp.MustCompile(`^(?i:https?)://(?:[^/?#@]*@)?([^/?#]*)(.*)$`)

	publicCalls = map[string]string{
		"POST /kfserving/kubeflow/sklearn-iap:predict": "predictor",
		"POST /kfserving/kubeflow/sklearn-iap:explain": "explainer",
		"GET /kfserving/kubeflow/sklearn-iap":          "predictor",
	}
	// A grant on a service covers the models inside it.
	nativeCall = regexp.MustCompile(`^(POST /v1/models/[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}:(predict|explain)|` +
		`GET /v1/models/[A-Za-z0-9_-][A-Za-z0-9._-]{0,252})$`)

	hostName  = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
	hostV6    = regexp.MustCompile(`^\[[0-9A-Fa-f:.]+\]$`)
	port      = regexp.MustCompile(`:[0-9]{1,5}$`)
	modelHost = regexp.MustCompile(`^([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])-(?:predictor|explainer|transformer)-default` +
		`\.([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])(?:\.svc(?:\.cluster\.local)?)?$`)

	// access_token as a name, any of its letters escaped.
	accessToken = regexp.MustCompile(`(^|[&;])` + escapable("access_token") + `($|[&;=])`)
)

// readAuthority reports whether a public path, or a path of the model server's
// own, may be asked for on a host: one that is no model's, or the model's own.
func readAuthority(authority string) (public, own bool) {
	host := port.ReplaceAllString(authority, "")
	if hostV6.MatchString(host) {
		return true, false
	}
	if !hostName.MatchString(host) {
		return false, false
	}
	at := modelHost.FindStringSubmatch(strings.ToLower(host))
	if at == nil {
		return true, false
	}
	own = at[1] == service && at[2] == namespace && host == strings.ToLower(host)
	return own, own
}

func queryPasses(query string) bool {
	odd := func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' || r == '\\' }
	return !strings.ContainsFunc(query, odd) && !accessToken.MatchString(query)
}

func escapable(name string) string {
	var b strings.Builder
	for i := range len(name) {
		fmt.Fprintf(&b, "(?:%c|%%(?i:%02x))", name[i], name[i])
	}
	return b.String()
}

// headersPass are the rules about headers that must be single, about framing
// and about the connection.
func headersPass(h *head) bool {
	for _, name := range []string{"content-type", "content-encoding", "content-length", "transfer-encoding", "grpc-encoding"} {
		list := values(h.Headers, name)
		if len(list) > 1 || len(list) == 1 && strings.Contains(list[0], ",") {
			return false
		}
	}
	chunked, length := values(h.Headers, "transfer-encoding"), values(h.Headers, "content-length")
	if len(chunked) > 0 && (len(length) > 0 || !strings.EqualFold(chunked[0], "chunked")) || len(length) > 0 &&
		strings.Trim(length[0], "0123456789") != "" {
		return false
	}
	for _, header := range h.Headers {
		if strings.HasPrefix(header[0], ":") { // a second one, or one too many
			return false
		}
	}
	if h.Proto == rawhttp.H2 { // RFC 9113 section 8.2.2
		hopByHop := slices.Concat(values(h.Headers, "connection"), values(h.Headers, "upgrade"), values(h.Headers, "http2-settings"), chunked)
		return len(hopByHop) == 0
	}
	// Over HTTP/1.1 Envoy takes what belongs to the connection away, an upgrade
	// that it does not perform included; it is looked for at the upstream.
	named := strings.ToLower(strings.Join(values(h.Headers, "connection"), ","))
	return !strings.Contains(named, assertion)
}
