// Command dashboard writes manifests/prometheus/dashboard.json, the dashboard for Grafana 11 or
// later: go run . > ../../../manifests/prometheus/dashboard.json
package main

//lint:file-ignore SA1019 Grafana 11 reads no other form of a dashboard.

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func main() {
	board, err := build()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(board); err != nil {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
		os.Exit(1)
	}
}

// source is the data source that the user has selected, and all the jobs.
var source = dashboard.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("$datasource")}

// refusing matches the Reasons that refuse.
const refusing = `reason!~"allowed|exempt|list_answered|preflight|resource_metadata"`

func build() (dashboard.Dashboard, error) {
	b := dashboard.NewDashboardBuilder("model gate").
		Uid("modelgate").
		Description("What the gates decide, what it costs, and how old their keys are. docs/metrics.md explains each metric.").
		Tags([]string{"modelgate", "envoy", "kserve"}).
		Refresh("30s").
		Time("now-3h", "now").
		Timezone(common.TimeZoneBrowser).
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus")).
		WithVariable(jobs())
	for _, row := range rows() {
		b = b.WithRow(dashboard.NewRowBuilder(row.title))
		for _, p := range row.panels {
			b = b.WithPanel(p)
		}
	}
	return b.Build()
}

// jobs is the variable with the scrape jobs that have gates.
func jobs() *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder("job").
		Label("Job").
		Query(dashboard.StringOrMap{String: cog.ToPtr("label_values(modelgate_build_info, job)")}).
		Datasource(source).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Multi(true).
		IncludeAll(true).
		AllValue(".+")
}

type row struct {
	title  string
	panels []cog.Builder[dashboard.Panel]
}

func rows() []row {
	return []row{
		{"Decisions", []cog.Builder[dashboard.Panel]{
			number("Decisions a second", "All of them, the refused ones too.", "reqps",
				requests(""), ""),
			number("Refused", "Of all decisions.", "percentunit",
				requests(", "+refusing)+" / "+requests(""), ""),
			number("Alerts", "That fire, of rules.yaml.", "short",
				`count(ALERTS{alertname=~"ModelGate.+", alertstate="firing"}) or vector(0)`, ""),
			number("Versions", "How many proxies run each.", "short",
				`count by (version) (modelgate_build_info{job=~"$job"} == 1)`, "{{version}}"),
			graph("Decisions by Reason", "allowed, and why not. docs/refusals.md explains each Reason.", "reqps",
				query(`sum by (reason) (rate(modelgate_requests{job=~"$job"}[$__rate_interval])) > 0`, "{{reason}}")),
			graph("By issuer", "401 is about the token; 403 is about grants and denies.", "reqps",
				query(`sum by (issuer, result) (rate(modelgate_issuers{job=~"$job"}[$__rate_interval])) > 0`, "{{issuer}} {{result}}")),
			graph("Passes only in shadow", "Requests that are refused when the shadow ends, by the Reason.", "reqps",
				query(`sum by (reason) (rate(modelgate_shadow{job=~"$job"}[$__rate_interval])) > 0`, "{{reason}}")),
			graph("Alerts", "Of rules.yaml.", "short",
				query(`sum by (alertname, alertstate) (ALERTS{alertname=~"ModelGate.+"}) or vector(0)`, "{{alertname}} {{alertstate}}")),
		}},
		{"Cost", []cog.Builder[dashboard.Panel]{
			graph("Time of a decision", "From the headers to the decision. fresh: the token had to be verified.", "µs",
				quantile("0.5", "median"), quantile("0.99", "99 %")),
			graph("Found in the caches", "Of the tokens, and of the decisions about remembered tokens.", "percentunit",
				hits("token_cache", "tokens"), hits("decision_cache", "decisions")),
			graph("Signatures that the module verifies itself", "Envoy cannot verify them; each costs ten times as much.", "ops",
				query(`sum(rate(modelgate_verified_in_module{job=~"$job"}[$__rate_interval]))`, "signatures")),
			graph("Held by waiting requests", "limits.waitingMiB bounds it for each thread.", "bytes",
				query(`sum by (instance) (modelgate_waiting_bytes{job=~"$job"})`, "{{instance}}")),
		}},
		{"Keys", []cog.Builder[dashboard.Panel]{
			graph("Age", "Of the key set in force. It is dropped at maxStale.", "s",
				query(`max by (issuer) (modelgate_keys_age_seconds{job=~"$job"})`, "{{issuer}}")),
			graph("Fetches", "ok and unchanged are good.", "ops",
				query(`sum by (issuer, result) (rate(modelgate_keys_fetch{job=~"$job"}[$__rate_interval]))`, "{{issuer}} {{result}}")),
			graph("Requests that wait for a key", "They wait while unknown keys are fetched.", "short",
				query(`sum by (issuer) (modelgate_keys_waiting{job=~"$job"})`, "{{issuer}}")),
			graph("Fetches for unknown keys", "After a rotation, or because of forged tokens.", "ops",
				query(`sum by (issuer) (rate(modelgate_keys_refetch_unknown_kid{job=~"$job"}[$__rate_interval]))`, "{{issuer}}")),
		}},
	}
}

// requests is the rate of decisions with further labels.
func requests(labels string) string {
	return `sum(rate(modelgate_requests{job=~"$job"` + labels + "}[$__rate_interval]))"
}

func query(expr, legend string) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().Expr(expr).LegendFormat(legend).Datasource(source)
}

func quantile(q, name string) *prometheus.DataqueryBuilder {
	const sum = `sum by (token, le) (rate(modelgate_decision_microseconds_bucket{job=~"$job"}[$__rate_interval]))`
	return query("histogram_quantile("+q+", "+sum+")", "{{token}} "+name)
}

func hits(cache, name string) *prometheus.DataqueryBuilder {
	of := func(labels string) string {
		return "sum(rate(modelgate_" + cache + `{job=~"$job"` + labels + "}[$__rate_interval]))"
	}
	return query(of(`, result="hit"`)+" / "+of(""), name)
}

// A row of the grid has 24 columns.
const (
	numberWidth, numberHeight = 6, 4
	graphWidth, graphHeight   = 12, 8
)

func number(title, description, unit, expr, legend string) cog.Builder[dashboard.Panel] {
	return stat.NewPanelBuilder().
		Title(title).Description(description).Unit(unit).
		Datasource(source).
		Span(numberWidth).Height(numberHeight).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		ColorMode(common.BigValueColorModeNone).
		WithTarget(query(expr, legend))
}

func graph(title, description, unit string, queries ...*prometheus.DataqueryBuilder) cog.Builder[dashboard.Panel] {
	p := timeseries.NewPanelBuilder().
		Title(title).Description(description).Unit(unit).Min(0).
		Datasource(source).
		Span(graphWidth).Height(graphHeight).
		LineWidth(1).FillOpacity(10).
		ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(true)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	for i, q := range queries {
		p = p.WithTarget(q.RefId(string(rune('A' + i))))
	}
	return p
}
