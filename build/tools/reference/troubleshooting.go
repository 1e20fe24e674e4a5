package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// reasonsFile says what the page says of each Reason.
const reasonsFile = "build/tools/reference/reasons.yaml"

// help is what the page says of a Reason.
type help struct {
	Means  string   // one or two sentences
	Log    string   // what its line in the log has beside what each has; "" for nothing
	Causes []string // the usual ones, most frequent first
	Do     []string
}

// group is a part of the page.
type group struct {
	Title   string
	Reasons map[string]help
}

const troubleshootingHead = `<!-- Written by: go run ./build/tools/reference. Edit build/tools/reference/reasons.yaml. -->
# Troubleshooting

A refusal has a Reason: one word of this list. Start from it.

**Where the Reason is.** In the body of the answer ([its forms](refusals.md)); for gRPC in the status
message; in Envoy's access log, as ` + "`modelgate_REASON`" + ` in ` + "`%RESPONSE_CODE_DETAILS%`" + `; in the
[counter](metrics.md) ` + "`modelgate.requests.REASON`" + `; and in the log, in one line of JSON. If an answer has
none of these, another filter or the server has given it.

**What the log says.** A client is told the Reason and no more. The line in the log says what is at fault, never the
token: the ` + "`place`, the rule in `why`, values that would do in `want`, and what came in `got`" + `.
[The audit line](explain.md#the-audit-line) has all of its fields.

**Step by step.** ` + "[`modelgate explain`](explain.md#step-by-step)" + ` decides a request at the terminal, and says at
each step what was compared with what. It takes a request, a call of curl, or the line of a log:

` + "```" + `
modelgate explain --config config.json --log "$(grep grant_missing gateway.log | tail -1)"
modelgate explain --config config.json --curl 'curl -H "authorization: Bearer $TOKEN" https://models.example.com/v1/models/fraud:predict'
` + "```" + `

` + "`modelgate who-can` and `what-can`" + ` answer what a rule allows ([policy](policy.md)), and ` + "`modelgate check`" + ` warns
of what may not mean what its author thinks.
`

// troubleshooting writes docs/troubleshooting.md: every Reason, in the order of the table.
func troubleshooting(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, reasonsFile))
	if err != nil {
		return "", err
	}
	var groups []group
	if err := yaml.Load(text, &groups, yaml.WithKnownFields()); err != nil {
		return "", err
	}
	var sections, overview strings.Builder
	overview.WriteString("\n## Every Reason\n\n| Reason | HTTP | gRPC | |\n|---|---|---|---|\n")
	at, said := -1, 0
	for _, r := range reason.All() {
		i := slices.IndexFunc(groups, func(g group) bool { return g.Reasons[r.String()].Means != "" })
		switch {
		case i < 0:
			return "", fmt.Errorf("%s says nothing of %s", reasonsFile, r)
		case i != at && i != at+1:
			return "", fmt.Errorf("%s: %s must be in the order of the table", reasonsFile, r)
		case i != at:
			fmt.Fprintf(&sections, "\n## %s\n", groups[i].Title)
		}
		at, said = i, said+1
		h := groups[i].Reasons[r.String()]
		first, _, _ := strings.Cut(h.Means, ". ")
		fmt.Fprintf(&overview, "| [`%s`](#%s) | %d | %s | %s |\n", r, r, r.HTTP(), grpcStatus(r), strings.TrimSuffix(first, "."))
		sections.WriteString(h.section(r))
	}
	for _, g := range groups {
		said -= len(g.Reasons)
	}
	if said != 0 {
		return "", fmt.Errorf("%s has a name that is no Reason", reasonsFile)
	}
	return troubleshootingHead + overview.String() + sections.String(), nil
}

// section is what the page says of a Reason.
func (h *help) section(r reason.Reason) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### `%s`\n\n%s\n\n", r, h.Means)
	if r.Refuses() {
		fmt.Fprintf(&b, "- **The client sees** %s.\n", clientSees(r))
		fmt.Fprintf(&b, "- **The log has** %s.\n", cmp.Or(h.Log, "what is at fault in `place`, and the rule in `why`"))
	}
	list(&b, "Usual causes", h.Causes)
	list(&b, "What to do", h.Do)
	return b.String()
}

func list(b *strings.Builder, title string, items []string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(b, "- **%s**\n", title)
	for _, item := range items {
		fmt.Fprintf(b, "  - %s\n", item)
	}
}

// clientSees says what the answer to a refused request is, from the answer itself.
func clientSees(r reason.Reason) string {
	reply := gate.NewReply(r)
	text := fmt.Sprintf("%d, in gRPC %s, with `%s`", reply.Status, grpcStatus(r), r)
	for _, h := range reply.Headers {
		if h[0] == "www-authenticate" || h[0] == "retry-after" {
			text += fmt.Sprintf(", and `%s: %s`", h[0], h[1])
		}
	}
	if r >= reason.RequestSignatureMissing && r <= reason.RequestSignatureCaller {
		text += ", and `accept-signature` with what a signature must cover"
	}
	return text
}

// grpcNames are the names of google.golang.org/grpc/codes that refusals have.
var grpcNames = map[int]string{
	3: "INVALID_ARGUMENT", 7: "PERMISSION_DENIED", 8: "RESOURCE_EXHAUSTED", 12: "UNIMPLEMENTED", 13: "INTERNAL",
	14: "UNAVAILABLE", 16: "UNAUTHENTICATED",
}

// grpcStatus is the status of gRPC; a dash for what is no refusal.
func grpcStatus(r reason.Reason) string {
	if !r.Refuses() {
		return "–"
	}
	return fmt.Sprintf("%d %s", r.GRPC(), grpcNames[r.GRPC()])
}
