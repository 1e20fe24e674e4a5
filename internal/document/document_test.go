package document

import (
	"errors"
	"strings"
	"testing"
)

// TestYAMLAsJSON: what YAML says, as JSON.
func TestYAMLAsJSON(t *testing.T) {
	for yaml, want := range map[string]string{
		"a: 1\nb: [x, 'true', \"1\", ~, true, FALSE]": `{"a":1,"b":["x","true","1",null,true,false]}`,
		"until: 2027-01-01T00:00:00Z":                 `{"until":"2027-01-01T00:00:00Z"}`,
		"n1: -1.5e+3\nz: 0":                           `{"n1":-1.5e+3,"z":0}`,
		"a: |\n  x\n  y\nb: >-\n  x\n  y":             `{"a":"x\ny\n","b":"x y"}`,
		"a: &k [1]\nb: *k":                            `{"a":[1],"b":[1]}`,
		"'yes': \"no\"\n\"y\": '1'":                   `{"yes":"no","y":"1"}`,
		"a: <b>&\"\n":                                 `{"a":"<b>&\""}`,
		"# nothing\n---\n[]":                          `[]`,
		"{\"a\": 1}":                                  `{"a": 1}`,
		"a: {}\n...\n":                                `{"a":{}}`,
		"x":                                           `"x"`,
		"''":                                          `""`,
		"a/b: {~c: 1}":                                `{"a/b":{"~c":1}}`,
		"\ufeffa: é":                                  `{"a":"é"}`,
		"- a:\n    b\n-\n  - c":                       `[{"a":"b"},["c"]]`,
		"host: a.example:8080\nuri: https://a.example/#b": `{"host":"a.example:8080","uri":"https://a.example/#b"}`,
	} {
		t.Run(yaml, func(t *testing.T) {
			if got, err := ToJSON(yaml); got != want || err != nil {
				t.Errorf("ToJSON = %s, %v; want %s", got, err, want)
			}
		})
	}
}

// TestRefused: what JSON cannot say, and what may mean two things, has its place.
func TestRefused(t *testing.T) {
	const number = "must be a number as JSON writes it, or a text in quotes; got "
	for text, want := range map[string]string{
		"":                      `: "": must be one document; got 0`,
		"a: 1\n---\nb: 2":       `: "": must be one document; got 2`,
		"a: 1\n\nb:\n  a: 0x10": `4:6: "/b/a": ` + number + "0x10",
		"- 1_000":               `1:3: "/0": ` + number + "1_000",
		"- .5":                  `1:3: "/0": ` + number + ".5",
		"- 0123":                `1:3: "/0": ` + number + "0123",
		"- +1":                  `1:3: "/0": ` + number + "+1",
		"- .inf":                `1:3: "/0": ` + number + ".inf",
		"a: yes":                `1:4: "/a": must be true or false, or a text in quotes: kubectl and others take a plain yes for a boolean`,
		"on: 1":                 `1:1: "": must be true or false, or a text in quotes: kubectl and others take a plain on for a boolean`,
		"1: a":                  `1:1: "": must have names that are texts: write "1" in quotes`,
		"true: a":               `1:1: "": must have names that are texts: write "true" in quotes`,
		"? [a]\n: b":            `1:3: "": must have names that are texts`,
		"a: !!str 1":            `1:4: "/a": must have no tag; got !!str`,
		"a: !x {}":              `1:4: "/a": must have no tag; got !x`,
		"a: !x []":              `1:4: "/a": must have no tag; got !x`,
		"a: {x: 1}\n<<: {b: 1}": `2:1: "": must have no merge key (<<): repeat its members`,
		"a/b:\n  c: 1\n  c: 2":  `3:3: "/a~1b": must have each name once; got "c" in line 2 already`,
		"{\"a\": 1, \"a\": 2}":  `1:10: "": `,
		"a: [1\nb: 2":           `2:2: "": must be YAML; got did not find expected ',' or ']' while parsing a flow sequence`,
		"\ta: 1":                `1:1: "": must be YAML; got found character that cannot start any token while scanning for the next token`,
		"a: \"\xff\"":           `: "": must be YAML; got invalid leading UTF-8 octet`,
		"a: &a [*a]":            `must have at most 1000000 values, and 32 inside each other; aliases count as often as they are used`,
		"{\"a\": tru}":          `1:7: "/a": expected a value; got 't'`,
	} {
		t.Run(text, func(t *testing.T) {
			got, err := ToJSON(text)
			var problems Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), want) || got != "" {
				t.Errorf("ToJSON = %s, %v; want %s", got, err, want)
			}
		})
	}
}

// TestAliasesAreBounded: a short text cannot stand for more values than memory holds.
func TestAliasesAreBounded(t *testing.T) {
	text := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for name := 'b'; name < 'k'; name++ {
		below := string(name - 1)
		text += string(name) + "0: &" + string(name) + " [" + strings.Repeat("*"+below+", ", 9) + "*" + below + "]\n"
	}
	if _, err := ToJSON(text); err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.Contains(err.Error(), "at most 1000000 values") {
		t.Errorf("ToJSON of ten levels of ten aliases = %v, want one error", err)
	}
}

// TestAllToJSON: a text of many documents.
func TestAllToJSON(t *testing.T) {
	got, err := AllToJSON("a: 1\n---\n---\n- b\n")
	if err != nil || strings.Join(got, " ") != `{"a":1} ["b"]` {
		t.Errorf("AllToJSON = %q, %v", got, err)
	}
	if _, err := AllToJSON("{"); err == nil {
		t.Error("AllToJSON of half a document = no error")
	}
}

// TestFind: the place of a member is its name's, and of an item its own.
func TestFind(t *testing.T) {
	const yaml = "version: 1\nroutes:\n  - prefix: /a\n  - {prefix: /b,\n     a/b: [é, x]}\n"
	const json = "{\"version\": 1,\n \"routes\": [{\"prefix\": \"/a\"},\n  {\"prefix\": \"é\", \"a/b\": [\"é\",\n\"x\"]}]}"
	for _, c := range []struct{ pointer, yaml, json string }{
		{"", "1:1", "1:1"},
		{"/version", "1:1", "1:2"},
		{"/routes", "2:1", "2:2"},
		{"/routes/0", "3:5", "2:13"},
		{"/routes/0/prefix", "3:5", "2:14"},
		{"/routes/1/a~1b", "5:6", "3:19"},
		{"/routes/1/a~1b/1", "5:15", "4:1"},
		{"/routes/1/a~1b/2", "5:6", "3:19"}, // no such item
		{"/routes/1/none", "4:5", "3:3"},
		{"/version/x", "1:1", "1:2"},
		{"/routes/x", "2:1", "2:2"},
		{"x", "1:1", "1:1"}, // no pointer
	} {
		for text, want := range map[string]string{yaml: c.yaml, json: c.json} {
			f, err := Read(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Configs[0].Find(c.pointer).String(); got != want {
				t.Errorf("the place of %q in %s is %s, want %s", c.pointer, text, got, want)
			}
		}
	}
}
