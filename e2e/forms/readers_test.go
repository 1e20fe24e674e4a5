//go:build forms

package forms

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/process"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// found is what a reader has for "model": strings, or false for a file. It is nil if the
// reader refuses the form.
type found []any

// readers in the order in which their answers come.
var readers = []string{
	"Starlette's python-multipart", "Werkzeug", "multipart", "Python's email", "busboy", "multer", "Node's Response.formData",
	"mime/multipart",
	"a split at the boundary",
}

// pipe is one of the long-lived readers.
type pipe struct {
	t     *testing.T
	write *bufio.Writer
	close io.Closer
	read  *bufio.Reader
}

// installed is the directory that build/tools/forms prints.
func installed(t *testing.T) string {
	t.Helper()
	dir, err := testbed.Tool("../..", "forms")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// command runs a script of this directory, in Python or in Node.
func command(dir, script string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(dir, "bin", "python"), script)
	if strings.HasSuffix(script, ".mjs") {
		cmd = exec.Command("node", script, dir)
	}
	cmd.Stderr = os.Stderr
	return cmd
}

func start(t *testing.T, cmd *exec.Cmd) *pipe {
	t.Helper()
	in, out := process.Reader(t, cmd)
	return &pipe{t: t, write: bufio.NewWriterSize(in, 1<<16), close: in, read: bufio.NewReaderSize(out, 1<<16)}
}

// send gives it forms, and then the end.
func (p *pipe) send(forms []form) {
	for _, f := range forms {
		for _, s := range []string{f.mediaType, f.body} {
			binary.Write(p.write, binary.BigEndian, uint32(len(s)))
			p.write.WriteString(s)
		}
	}
	p.write.Flush() // an error shows as a missing answer
	p.close.Close()
}

// answer reads what its readers have found.
func (p *pipe) answer() (all []found) {
	line, err := p.read.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &all)
	}
	if err != nil {
		p.t.Fatalf("%q: %v", line, err)
	}
	return all
}

// world are the readers of all languages.
type world struct{ python, node *pipe }

func startReaders(t *testing.T, forms []form) *world {
	dir := installed(t)
	w := &world{start(t, command(dir, "readers.py")), start(t, command(dir, "readers.mjs"))}
	go w.python.send(forms)
	go w.node.send(forms)
	return w
}

// answer is what all readers have found in the next form, which is f.
func (w *world) answer(f form) []found {
	return append(append(w.python.answer(), w.node.answer()...), goReader(f), splitReader(f))
}

// goReader reads as a Go server does.
func goReader(f form) found {
	r, err := http.NewRequest("POST", "/", bytes.NewReader([]byte(f.body)))
	if err != nil {
		return nil
	}
	r.Header.Set("Content-Type", f.mediaType)
	if r.ParseMultipartForm(1<<20) != nil {
		return nil
	}
	all := found{}
	for _, v := range r.MultipartForm.Value["model"] {
		all = append(all, v)
	}
	for range r.MultipartForm.File["model"] {
		all = append(all, false)
	}
	return all
}

// splitReader reads as Sanic does: a part is what stands between two boundaries, less the
// dashes and the line ends around it.
func splitReader(f form) found {
	_, parameters, err := mime.ParseMediaType(f.mediaType)
	if err != nil || parameters["boundary"] == "" {
		return nil
	}
	parts, all := strings.Split(f.body, parameters["boundary"]), found{}
	for _, part := range parts[min(1, len(parts)-1) : len(parts)-1] {
		head, content, ok := strings.Cut(part, "\r\n\r\n")
		if !ok || len(content) < 4 {
			return nil
		}
		for line := range strings.SplitSeq(head, "\r\n") {
			name, value, _ := strings.Cut(line, ":")
			_, parameters, err := mime.ParseMediaType(strings.TrimSpace(value))
			if !strings.EqualFold(name, "content-disposition") || err != nil || parameters["name"] != "model" {
				continue
			}
			if _, isFile := parameters["filename"]; isFile {
				all = append(all, false)
			} else {
				all = append(all, content[:len(content)-4])
			}
		}
	}
	return all
}
