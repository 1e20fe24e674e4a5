package main

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// The chart is for a README: bars on white, and text that is legible on a phone.
const (
	chartWidth = 1010
	barLeft    = 480 // has room for the longest name
	barRight   = 930
	barHeight  = 22
	barStep    = 34
)

// bar is one row of the chart.
type bar struct {
	label  string
	values stat
	own    bool // whether it is model gate's
}

// chart returns an SVG of the processor time that each contender takes for a
// request, above a bare Envoy. A bar ends at the median. Its whisker spans the
// rounds, from the least to the most.
func (b *bench) chart(about map[string]string) string {
	var bars []bar
	most := 1.0
	for _, c := range b.contenders {
		values := b.table.overhead(c.name, "cpu all")
		if c.name == rowBare+protocolSuffix(c.name) || len(values) == 0 {
			continue
		}
		s := statOf(values)
		bars, most = append(bars, bar{c.name, s, strings.HasPrefix(c.name, "model gate")}), max(most, s.Max)
	}
	var svg strings.Builder
	height := 96 + barStep*len(bars) + 34
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" `+
		`font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="14">`+"\n", chartWidth, height)
	fmt.Fprintf(&svg, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", chartWidth, height)
	write := func(x, y float64, style, text string) {
		fmt.Fprintf(&svg, `<text x="%.0f" y="%.0f" %s>%s</text>`+"\n", x, y, style, escape(text))
	}
	write(20, 30, `font-size="18" font-weight="600" fill="#111"`, "What a decision costs: CPU a request above a bare Envoy")
	write(20, 52, `fill="#555"`,
		fmt.Sprintf("microseconds, median of %d interleaved rounds with the least and the most; less is better", b.rounds))
	write(20, 72, `fill="#555"`, fmt.Sprintf("all processes; %s, %s processors, %s", about["cpu"], about["processors"], about["when"]))
	scale := float64(barRight-barLeft) / most
	for i, bar := range bars {
		drawBar(&svg, bar, float64(92+i*barStep), scale)
	}
	write(20, float64(height-14), `font-size="12" fill="#777"`,
		"HTTP/1.1, 12 headers, one of them a token; the same policy, verified to give the same answers. make bench")
	svg.WriteString("</svg>\n")
	return svg.String()
}

func drawBar(svg *strings.Builder, b bar, top, scale float64) {
	color := "#9aa5b1"
	if b.own {
		color = "#1f6feb"
	}
	at := func(value float64) float64 { return barLeft + max(0, min(value*scale, chartWidth-barLeft-8)) }
	middle := top + barHeight/2
	width := max(1, at(b.values.Median)-barLeft)
	fmt.Fprintf(svg, `<text x="%d" y="%.1f" text-anchor="end" fill="#111">%s</text>`+"\n", barLeft-10, middle+5, escape(b.label))
	fmt.Fprintf(svg, `<rect x="%d" y="%.1f" width="%.1f" height="%d" rx="3" fill="%s"/>`+"\n", barLeft, top, width, barHeight, color)
	fmt.Fprintf(svg, `<path d="M%.1f %.1fH%.1f" stroke="#333" stroke-width="1.5"/>`+"\n", at(b.values.Min), middle, at(b.values.Max))
	for _, end := range []float64{b.values.Min, b.values.Max} {
		fmt.Fprintf(svg, `<path d="M%.1f %.1fv10" stroke="#333" stroke-width="1.5"/>`+"\n", at(end), middle-5)
	}
	x, anchor := max(at(b.values.Median), at(b.values.Max))+8, "start"
	if x > chartWidth-60 {
		x, anchor = chartWidth-8, "end"
	}
	fmt.Fprintf(svg, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="#111" font-weight="600">%s</text>`+"\n",
		x, middle+5, anchor, threeDigits(b.values.Median))
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	return b.String()
}
