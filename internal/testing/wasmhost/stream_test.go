package wasmhost

import (
	"bytes"
	"slices"
	"testing"
)

func TestRequestHeaders(t *testing.T) {
	const (
		notFound = ": error status returned by host: not found"
		bad      = ": error status returned by host: bad argument"
	)
	vm := newVM(t, Options{})
	for _, c := range []struct {
		do      string
		reports []string
		after   [][2]string
	}{
		{"get x-a; get X-A; get x-c", []string{"get: 1", "get: 1", "get" + notFound}, nil},
		{"remove X-a; get x-a", []string{"get" + notFound}, [][2]string{{":path", "/"}, {":authority", "h"}, {"x-b", "2"}}},
		{"replace x-A 4", nil, [][2]string{{":path", "/"}, {":authority", "h"}, {"x-b", "2"}, {"x-a", "4"}}},
		{"add X-C 5; add x-b 6", nil, [][2]string{{":path", "/"}, {":authority", "h"}, {"x-a", "1"}, {"x-b", "2"},
			{"x-a", "3"}, {"x-c", "5"}, {"x-b", "6"}}},
		{"get host; replace :path /p; replace host o", []string{"get: h"}, [][2]string{{":path", "/p"}, {":authority", "o"},
			{"x-a", "1"}, {"x-b", "2"}, {"x-a", "3"}}},
		{"remove Host", nil, [][2]string{{":path", "/"}, {"x-a", "1"}, {"x-b", "2"}, {"x-a", "3"}}},
		{"set x-k v :path /p", nil, [][2]string{{":path", "/p"}, {"x-k", "v"}}},
		{"set-many 1025; pairs", []string{"pairs" + notFound}, [][2]string{}},
		{"get-trailer x; get-response x", []string{"get-trailer" + bad, "get-response" + bad}, nil},
		{"callout-header; callout-body; body 0 9", []string{"callout-header" + notFound, "callout-body" + notFound, "body" + notFound}, nil},
	} {
		t.Run(c.do, func(t *testing.T) {
			sent := [][2]string{{"x-a", "1"}, {":Path", "/"}, {"X-B", "2"}, {"x-a", "3"}, {"host", "h"}}
			s := perform(t, vm, c.do, sent...)
			wantReport(t, vm, c.reports...)
			want := c.after
			if want == nil {
				want = [][2]string{{":path", "/"}, {":authority", "h"}, {"x-a", "1"}, {"x-b", "2"}, {"x-a", "3"}}
			}
			got := slices.DeleteFunc(s.Request().Headers, func(p [2]string) bool { return p[0] == "x-do" })
			if !slices.Equal(got, want) {
				t.Errorf("headers %v, want %v", got, want)
			}
		})
	}
}

// TestHeadersOutOfSight: the guest does not see what it has forwarded, until the stream
// is logged.
func TestHeadersOutOfSight(t *testing.T) {
	const bad = ": error status returned by host: bad argument"
	vm := newVM(t, Options{StopIteration: true})
	for _, c := range []struct {
		at   string
		want []string
	}{
		{"", []string{"get" + bad, "pairs: error status returned by host: not found", "replace" + bad}},
		{"action 1", []string{"get: 1"}},
	} {
		s := vm.NewStream(nil)
		s.RequestHeaders([][2]string{{"x-do", c.at}, {"x-a", "1"}, {"x-do-body", "get x-a; pairs; replace x-a 2"},
			{"x-do-log", "get x-a; get-trailer t; get-response r; add-response r 2"}}, false)
		s.RequestBody(nil, true)
		if got := logged(vm, Info); got[0] != c.want[0] {
			t.Errorf("after %q: %v", c.at, got)
		}
		vm.logs = nil
		s.ResponseHeaders([][2]string{{"r", "1"}}, true)
		s.Close()
		value := map[string]string{"": "1", "action 1": "2"}[c.at]
		wantReport(t, vm, "get: "+value, "get-trailer: error status returned by host: not found", "get-response: 1",
			"add-response"+bad)
	}
}

func TestBodies(t *testing.T) {
	vm := newVM(t, Options{})
	for _, c := range []struct {
		do      string // at each chunk
		reports []string
		sent    string
	}{
		{"body 0 9", []string{"body: ab", "body: cd", "body: ef"}, "abcdef"},
		{"body 1 1", []string{"body: b", "body: d", "body: f"}, "abcdef"},
		{"body 0 9; action 1", []string{"body: ab", "body: abcd", "body: abcdef"}, ""},
		{"body 0 9; action 2", []string{"body: ab", "body: cd", "body: ef"}, ""},
		{"body 0 9; action 3", []string{"body: ab", "body: cd", "body: ef"}, ""},
		{"body 7 9", []string{"body: error status returned by host: not found", "body: error status returned by host: not found",
			"body: error status returned by host: not found"}, "abcdef"},
		{"append +", nil, "ab+cd+ef+"},
		{"prepend -", nil, "-ab-cd-ef"},
		{"swap *", nil, "***"},
		{"swap * ; action 1", nil, ""},
		{"raw-set-buffer 0 0 1; raw-set-buffer 0 1 1; raw-set-buffer 0 2 0",
			[]string{"raw-set-buffer: 2", "raw-set-buffer: 2", "raw-set-buffer: 0", "raw-set-buffer: 2", "raw-set-buffer: 2",
				"raw-set-buffer: 0", "raw-set-buffer: 2", "raw-set-buffer: 2", "raw-set-buffer: 0"}, "abcdef"},
	} {
		t.Run(c.do, func(t *testing.T) {
			s := perform(t, vm, "", [2]string{"x-do-body", c.do}, [2]string{"x-do-trailers", "body 0 9; swap end"})
			for _, chunk := range []string{"ab", "cd", "ef"} {
				s.RequestBody([]byte(chunk), false)
			}
			wantReport(t, vm, c.reports...)
			if got := string(s.Request().Body); got != c.sent {
				t.Errorf("sent %q, want %q", got, c.sent)
			}
		})
	}
}

// TestTrailers: at the trailers the guest can still edit a body that it holds, and then
// forwards it.
func TestTrailers(t *testing.T) {
	vm := newVM(t, Options{})
	s := perform(t, vm, "", [2]string{"x-do-body", "action 1"}, [2]string{"x-do-trailers", "body 0 9; swap xyz; get-trailer T"})
	wantAction(t, Pause)(s.RequestBody([]byte("ab"), false))
	wantAction(t, Pause)(s.RequestBody([]byte("cd"), false))
	wantAction(t, Continue)(s.RequestTrailers([][2]string{{"t", "1"}}))
	wantReport(t, vm, "body: abcd", "get-trailer: 1")
	if m := s.Request(); string(m.Body) != "xyz" || !slices.Equal(m.Trailers, [][2]string{{"t", "1"}}) {
		t.Errorf("sent %q, %v", m.Body, m.Trailers)
	}

	s = perform(t, vm, "", [2]string{"x-do-body", "action 1"}, [2]string{"x-do-trailers", "action 1"})
	s.RequestBody([]byte("ab"), false)
	wantAction(t, Pause)(s.RequestTrailers([][2]string{{"t", "1"}}))
	if m := s.Request(); len(m.Body) > 0 {
		t.Errorf("sent %q, want nothing: the guest holds it", m.Body)
	}
}

func TestResponse(t *testing.T) {
	vm := newVM(t, Options{})
	s := perform(t, vm, "", [2]string{"x-do-response", "get-response A; add-response b 2"},
		[2]string{"x-do-response-body", "response-body 0 9"}, [2]string{"x-do-response-trailers", "add-response-trailer u 3"})
	wantAction(t, Continue)(s.ResponseHeaders([][2]string{{":status", "200"}, {"a", "1"}, {"host", "h"}}, false))
	wantAction(t, Continue)(s.ResponseBody([]byte("ab"), false))
	wantAction(t, Continue)(s.ResponseTrailers([][2]string{{"t", "1"}}))
	wantReport(t, vm, "get-response: 1", "response-body: ab")
	m := s.Response()
	if !slices.Equal(m.Headers, [][2]string{{":status", "200"}, {"a", "1"}, {"host", "h"}, {"b", "2"}}) ||
		string(m.Body) != "ab" || !slices.Equal(m.Trailers, [][2]string{{"t", "1"}, {"u", "3"}}) {
		t.Errorf("Response() = %v", m)
	}
	if s.LocalReply() != nil {
		t.Errorf("LocalReply() = %v", s.LocalReply())
	}
}

// TestPausedHeaders: a guest that pauses at the headers gets the body only with
// StopIteration, or after it has continued the stream.
func TestPausedHeaders(t *testing.T) {
	vm := newVM(t, Options{})
	vm.Configure("tick 1\neffective 3; resume; resume-response; get x-do")
	perform(t, vm, "").Close()
	s := vm.NewStream(nil)
	wantAction(t, Pause)(s.RequestHeaders([][2]string{{"x-do", "action 1"}, {"x-do-body", "body 0 9"}}, false))
	wantAction(t, Pause)(s.RequestBody([]byte("ab"), false))
	wantAction(t, Pause)(s.RequestTrailers(nil))
	wantAction(t, Pause)(s.RequestBody([]byte("cd"), true))
	wantReport(t, vm)
	vm.Tick()
	wantReport(t, vm, "get: error status returned by host: bad argument", "body: ab", "body: cd")
	if got := s.Request().Body; string(got) != "abcd" {
		t.Errorf("sent %q", got)
	}

	s = newVM(t, Options{}).NewStream(nil)
	s.RequestHeaders([][2]string{{"x-do", "action 3"}}, false)
	wantAction(t, Pause)(s.RequestBody(nil, true))

	vm = newVM(t, Options{StopIteration: true})
	s = vm.NewStream(nil)
	wantAction(t, Pause)(s.RequestHeaders([][2]string{{"x-do", "action 1"}, {"x-do-body", "replace :path /b"}}, false))
	wantAction(t, Continue)(s.RequestBody([]byte("ab"), true))
	if h := s.Request().Headers; !slices.Contains(h, [2]string{":path", "/b"}) {
		t.Errorf("headers %v", h)
	}
}

func TestCloseStream(t *testing.T) {
	vm := newVM(t, Options{})
	if s := perform(t, vm, "raw-close 2; raw-close 4"); s.Reset() {
		t.Error("Reset() = true for a TCP side, want false")
	}
	s := perform(t, vm, "raw-close 0; raw-continue 2; raw-continue 1")
	wantReport(t, vm, "raw-close: 0", "raw-close: 2", "raw-close: 0", "raw-continue: 2", "raw-continue: 0")
	wantAction(t, Pause)(s.RequestBody(nil, true))
	if !s.Reset() || s.LocalReply() != nil {
		t.Errorf("Reset() = %v, LocalReply() = %v", s.Reset(), s.LocalReply())
	}
}

func TestProperties(t *testing.T) {
	const notFound = "property: error status returned by host: not found"
	vm := newVM(t, Options{Properties: map[string][]byte{"plugin_root_id": []byte("gate"), PropertyPath("xds", "node"): []byte("n")}})
	s := vm.NewStream(map[string][]byte{PropertyPath("request", "id"): []byte("7")})
	s.RequestHeaders([][2]string{{"x-do", "property request.id; property plugin_root_id; property xds.node; property mine; " +
		"set-property mine 1; property mine; set-property a.b 2; property a.b"}}, true)
	wantReport(t, vm, "property: 7", "property: gate", "property: n", notFound, "property: 1", notFound)
	state := s.FilterState()
	if !bytes.Equal(state["wasm.mine"], []byte("1")) || !bytes.Equal(state["wasm.a\x00b"], []byte("2")) {
		t.Errorf("FilterState() = %q", state)
	}
}
