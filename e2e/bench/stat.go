package main

import (
	"math"
	"slices"
)

// stat is a figure over the rounds. A single value means little on a machine with
// other work.
type stat struct {
	Min    float64   `json:"min"`
	Median float64   `json:"median"`
	Max    float64   `json:"max"`
	Rounds []float64 `json:"rounds"`
}

func statOf(values []float64) stat {
	if len(values) == 0 {
		return stat{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		middle = (middle + sorted[len(sorted)/2-1]) / 2
	}
	return stat{sorted[0], middle, sorted[len(sorted)-1], values}
}

// pairs combines the values of two rows, round by round. It leaves out a pair without
// a finite result, for instance where an overhead is not above zero.
func pairs(a, b []float64, combine func(a, b float64) float64) (out []float64) {
	for i := range min(len(a), len(b)) {
		if v := combine(a[i], b[i]); !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, v)
		}
	}
	return out
}

func difference(a, b float64) float64 { return a - b }

// divide returns a/b, or NaN if b is not above zero.
func divide(a, b float64) float64 {
	if b <= 0 {
		return math.NaN()
	}
	return a / b
}

// overhead returns what a row has above a bare Envoy with the same protocol, round by
// round.
func (s samples) overhead(row, quantity string) []float64 {
	return pairs(s[row][quantity], s[rowBare+protocolSuffix(row)][quantity], difference)
}

// slopeOf fits a line by least squares. It returns the slope and the slope's standard
// error.
func slopeOf(xs, ys []float64) (slope, err float64) {
	n := float64(len(xs))
	var mx, my, sxx, sxy, rest float64
	for i := range xs {
		mx, my = mx+xs[i]/n, my+ys[i]/n
	}
	for i := range xs {
		sxx += (xs[i] - mx) * (xs[i] - mx)
		sxy += (xs[i] - mx) * (ys[i] - my)
	}
	slope = sxy / sxx
	for i := range xs {
		d := ys[i] - my - slope*(xs[i]-mx)
		rest += d * d
	}
	return slope, math.Sqrt(rest / (n - 2) / sxx)
}
