package parsers

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/modelgate/modelgate/e2e/internal/process"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// selected is what a reader takes for a member: "S" and the string, or a letter
// of readers.py.
type selected [2]string // model, parameters.model

var refused = selected{"R", "R"}

// python is the long-lived process of readers.py.
type python struct {
	t     *testing.T
	write *bufio.Writer
	close io.Closer
	read  *bufio.Reader
}

func startPython(t *testing.T) *python {
	t.Helper()
	path, err := testbed.Tool("../..", "orjson")
	if err != nil {
		t.Fatal(err)
	}
	in, out := process.Reader(t, exec.Command(path, "readers.py"))
	return &python{t: t, write: bufio.NewWriterSize(in, 1<<16), close: in, read: bufio.NewReaderSize(out, 1<<16)}
}

// send gives it documents, and then the end.
func (p *python) send(docs [][]byte) {
	for _, doc := range docs {
		binary.Write(p.write, binary.BigEndian, uint32(len(doc)))
		p.write.Write(doc)
	}
	p.write.Flush() // an error shows as a missing answer
	p.close.Close()
}

// answer reads what one of its readers selected.
func (p *python) answer() selected {
	var s selected
	for i := range s {
		letter, err := p.read.ReadByte()
		if err != nil {
			p.t.Fatal(err)
		}
		switch s[i] = string(letter); letter {
		case 'R':
			return refused
		case 'S':
			size := make([]byte, 4)
			if _, err := io.ReadFull(p.read, size); err != nil {
				p.t.Fatal(err)
			}
			text := make([]byte, binary.BigEndian.Uint32(size))
			if _, err := io.ReadFull(p.read, text); err != nil {
				p.t.Fatal(err)
			}
			s[i] += string(text)
		}
	}
	return s
}

// goMap reads as a Go server that decodes into a map: the last of two wins.
func goMap(doc []byte) selected {
	d := json.NewDecoder(strings.NewReader(string(doc)))
	d.UseNumber()
	var m map[string]any
	if d.Decode(&m) != nil || !json.Valid(doc) {
		return refused
	}
	parameters, _ := m["parameters"].(map[string]any)
	return selected{ofAny(m, "model"), ofAny(parameters, "model")}
}

func ofAny(m map[string]any, name string) string {
	switch v, ok := m[name]; v := v.(type) {
	case string:
		return "S" + v
	default:
		if ok {
			return "O"
		}
		return "A"
	}
}

// goStruct reads as a Go server that decodes into a struct: names match without
// regard to case, and null is nothing.
func goStruct(doc []byte) selected {
	var m struct {
		Model      *string
		Parameters struct{ Model *string }
	}
	if json.Unmarshal(doc, &m) != nil {
		return refused
	}
	return selected{ofPointer(m.Model), ofPointer(m.Parameters.Model)}
}

func ofPointer(s *string) string {
	if s == nil {
		return "A"
	}
	return "S" + *s
}

// first reads as gjson does: the first of two wins, and the document is not
// looked at otherwise.
func first(doc []byte) selected {
	var s selected
	for i, path := range []string{"model", "parameters.model"} {
		switch v := gjson.GetBytes(doc, path); {
		case !v.Exists():
			s[i] = "A"
		case v.Type == gjson.String:
			s[i] = "S" + v.Str
		default:
			s[i] = "O"
		}
	}
	return s
}
