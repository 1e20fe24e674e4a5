package iris

import (
	"encoding/csv"
	"fmt"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestServer(t *testing.T) {
	handler := New("sklearn-iris", "other")
	const row = `{"instances":[[6.8,2.8,4.8,1.4]]}`
	long := `{"instances":[` + strings.Repeat(`[1,2,3,4],`, maxBody/10) + `[1,2,3,4]]}`
	for _, c := range []struct {
		request, body string
		want          string
	}{
		{"GET /v1/models", "", `200 {"models":["sklearn-iris","other"]}`},
		{"GET /v1/models/sklearn-iris", "", `200 {"name":"sklearn-iris","ready":true}`},
		{"GET /v1/models/tulip", "", `404 {"error":"model with name tulip does not exist"}`},
		{"POST /v1/models/sklearn-iris:predict", `{"instances":[[6.8,2.8,4.8,1.4],[6.0,3.4,4.5,1.6]]}`, `200 {"predictions":[1,1]}`},
		{"POST /v1/models/%73klearn-iris%3apredict", row, `200 {"predictions":[1]}`},
		{"POST /v1/models/other:predict", `{"instances":[[5.1,3.5,1.4,0.2],[5.9,3,5.1,1.8]]}`, `200 {"predictions":[0,2]}`},
		{"POST /v1/models/other:explain", `{"instances":[[1,1,1,1]]}`,
			`200 {"explanations":[{"setosa":[-0.430397,0.891356,-2.35605,-1.015087],` +
				`"versicolor":[0.621473,-0.422983,-0.215564,-0.871377],"virginica":[-0.191077,-0.468373,2.571614,1.886464]}]}`},
		{"POST /v1/models/tulip:predict", row, `404 {"error":"model with name tulip does not exist"}`},
		{"POST /v1/models/other:generate", row, `404 {"error":"no method \"generate\", only predict and explain"}`},
		{"POST /v1/models/other", row, `404 {"error":"no method \"\", only predict and explain"}`},
		{"POST /v1/models/other:predict", `{}`, `400 {"error":"\"instances\" is missing or empty"}`},
		{"POST /v1/models/other:predict", `{"instances":[[1,2,3,4],[1,2,3]]}`, `400 {"error":"instances[1] has 3 numbers, want 4"}`},
		{"POST /v1/models/other:predict", ``, `400 {"error":"unreadable body: EOF"}`},
		{"POST /v1/models/other:predict", long, `413 {"error":"unreadable body: http: request body too large"}`},
		{"DELETE /v1/models/other", "", `404 {"error":"no DELETE /v1/models/other here"}`},
		{"GET /V1/models", "", `404 {"error":"no GET /V1/models here"}`},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(c.body)))
		if got := fmt.Sprintf("%d %s", recorder.Code, strings.TrimSpace(recorder.Body.String())); got != c.want {
			t.Errorf("%s %.50s\n got %s\nwant %s", c.request, c.body, got, c.want)
		}
	}
}

// TestAccuracy holds the Go arithmetic against the figure that scikit-learn gave
// for the same rows: 29 of 30.
func TestAccuracy(t *testing.T) {
	file, err := os.Open("sample.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	m, right := load(), 0
	for _, row := range rows[1:] {
		var f flower
		for i := range f {
			if f[i], err = strconv.ParseFloat(row[i], 64); err != nil {
				t.Fatal(err)
			}
		}
		if strconv.Itoa(m.predict(f)) == row[features] {
			right++
		}
	}
	if right != 29 || len(rows)-1 != 30 {
		t.Errorf("%d of %d rows are right, want 29 of 30", right, len(rows)-1)
	}
}

func TestModelIsWhole(t *testing.T) {
	m := load()
	if len(m.Classes) != 3 || len(m.Coef) != 3 || len(m.Intercept) != 3 {
		t.Errorf("%d classes, %d rows of weights, %d intercepts; want 3 each", len(m.Classes), len(m.Coef), len(m.Intercept))
	}
}
