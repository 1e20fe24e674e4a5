// Package iris is a small model server with a real model: which iris a flower
// is, from the lengths and widths of its sepals and petals, over KServe's V1
// protocol.
package iris

import (
	_ "embed"
	"encoding/json"
)

// trained is what train.py wrote.
//
//go:embed model.json
var trained []byte

// features is how many numbers describe a flower.
const features = 4

// flower holds sepal length and width, petal length and width, in centimetres.
type flower [features]float64

// model is a multinomial logistic regression: a row of weights for each class.
type model struct {
	Classes   []string  `json:"classes"`
	Coef      []flower  `json:"coef"`
	Intercept []float64 `json:"intercept"`
}

// load panics on a file that is not a model: the file is part of the program.
func load() model {
	var m model
	if err := json.Unmarshal(trained, &m); err != nil {
		panic("iris: model.json: " + err.Error())
	}
	return m
}

// contributions says how much each feature speaks for each class.
func (m model) contributions(f flower) []flower {
	all := make([]flower, len(m.Coef))
	for class, weights := range m.Coef {
		for i, weight := range weights {
			all[class][i] = weight * f[i]
		}
	}
	return all
}

// predict returns the number of the most likely class.
func (m model) predict(f flower) int {
	best, most := 0, 0.0
	for class, parts := range m.contributions(f) {
		score := m.Intercept[class]
		for _, part := range parts {
			score += part
		}
		if class == 0 || score > most {
			best, most = class, score
		}
	}
	return best
}

// explain names the contributions by class.
func (m model) explain(f flower) map[string]flower {
	named := map[string]flower{}
	for class, parts := range m.contributions(f) {
		named[m.Classes[class]] = parts
	}
	return named
}
