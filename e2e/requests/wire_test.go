package requests

import "strings"

// smuggled is a request that a server would find behind a body whose length it
// reads in another way than Envoy. It has no number, since it was not sent as a request.
const smuggled = "POST /v1/models/" + service + ":predict HTTP/1.1\r\nHost: " + service + "-predictor-default." + namespace +
	".svc.cluster.local\r\nkubeflow-userid: root\r\ncontent-length: 0\r\n\r\n"

// lieRepeated says a thing twice that can be said once only.
func (g *generator) lieRepeated() {
	pairs := pick(g, [][2]string{
		{"content-type", "application/json"}, {"content-type", "application/json, text/plain"}, {"content-type", "application/grpc"},
		{"content-type", "application/grpc+proto"},
		{"content-encoding", "gzip"}, {"content-encoding", "gzip, identity"}, {"grpc-encoding", "gzip"}, {"content_type", "text/plain"},
		{"host", "fraud-predictor-default.prod"}, {"host", g.Authority}, {"te", "trailers"}, {"te", "gzip"}, {"expect", "100-continue"},
		{":authority", "fraud-predictor-default.prod"}, {":path", "/v1/models/fraud:predict"}, {":method", "GET"}, {":scheme", "https"},
		{":status", "200"}, {":x", "y"},
	}...)
	g.odd = g.odd || !strings.HasPrefix(pairs[0], "content") && pairs[0] != "grpc-encoding"
	for range 1 + g.IntN(2) {
		g.add(pairs[0], pairs[1])
	}
	if g.IntN(8) == 0 {
		g.odd = true
		name := pick(g, "kubeflow-userid", "x-caller", "authorization", assertion)
		g.add(pick(g, name+" ", " "+name, "\t"+name, name+"\x00", name+":", "Kubeflow-Userid", name+"\u00a0", ""), "root")
	}
	if g.IntN(8) == 0 {
		g.odd = true
		g.add("x-junk", pick(g, "a\x00b", "a\nkubeflow-userid: root", "a\rkubeflow-userid: root", "a\r\n kubeflow-userid: root", "\x01", "\x7f",
			" a", strings.Repeat("x", 70<<10)))
	}
}

// lieConnection tries to leave HTTP, or to have a header dropped on the way.
func (g *generator) lieConnection() {
	g.odd = true
	for _, h := range pick(g, [][][2]string{
		{{"connection", "kubeflow-userid"}}, {{"connection", "x-caller, kubeflow-userid"}}, {{"connection", assertion}},
		{{"connection", "close, " + assertion}},
		{{"connection", "close"}}, {{"connection", "keep-alive"}}, {{"connection", "keep-alive"}, {"keep-alive", "timeout=5"}},
		{{"proxy-connection", "kubeflow-userid"}},
		{{"connection", "upgrade"}, {"upgrade", "websocket"}}, {{"connection", "Upgrade"}, {"upgrade", "foo"}}, {{"upgrade", "websocket"}},
		{{"upgrade", "h2c"}},
		{{"connection", "upgrade, http2-settings"}, {"upgrade", "h2c"}, {"http2-settings", "AAMAAABkAAQAAP__"}},
		{{"connection", "content-length"}}, {{"connection", "host"}}, {{"connection", "te"}, {"te", "trailers"}},
		{{":protocol", "websocket"}}, {{"http2-settings", "AAMAAABkAAQAAP__"}},
	}...) {
		g.add(h[0], h[1])
		if h[0] == ":protocol" && g.IntN(2) == 0 {
			g.Method = "CONNECT"
		}
	}
}

// lieFraming has a body whose end can be seen in two places.
func (g *generator) lieFraming() {
	g.odd, g.last = true, true
	chunks := "0\r\n\r\n" + smuggled
	if g.h2() {
		g.Body = []byte(pick(g, smuggled, chunks))
		f := pick(g, [][2]string{{"content-length", "0"}, {"content-length", "5"}, {"content-length", "999"}, {"content-length", "+1"},
			{"transfer-encoding", "chunked"}, {"x-none", ""}}...)
		g.add(f[0], f[1])
		return
	}
	switch g.IntN(4) {
	case 0: // a second request, which is one to Envoy too
		g.Body = []byte(smuggled)
		g.add("content-length", "0")
	case 1: // both lengths
		g.Body = []byte(chunks)
		g.add("content-length", pick(g, "0", "5"))
		g.add("transfer-encoding", pick(g, "chunked", "identity", " chunked", "xchunked", "chunked\x0b"))
	case 2:
		g.Body = []byte(pick(g, chunks, "0;a=b\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "00\r\nx-a: b\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
			"5 \r\nhello\r\n0\r\n\r\n", "0\n\n"))
		g.add(pick(g, "transfer-encoding", "Transfer-Encoding", "transfer-encoding ", "transfer_encoding"),
			pick(g, "chunked", "Chunked", "chunked, identity", "identity, chunked", "xchunked", "chunked, chunked"))
	default:
		g.Body = []byte(smuggled)
		g.add("content-length", pick(g, "0", "00", "+0", "-1", "0, 0", "0x0", " 0", "1e0", ""))
		if g.IntN(2) == 0 {
			g.add("content-length", "0")
		}
	}
}

// lieTrailers says behind the body what must not be said before it.
func (g *generator) lieTrailers() {
	g.Body = []byte("{}")
	for range 1 + g.IntN(3) {
		g.Trailers = append(g.Trailers, [2]string{pick(g, "x-checksum", "x-checksum", g.spell(pick(g, neverArrive...)), "kubeflow-userid",
			"x_caller"), "root"})
	}
}
