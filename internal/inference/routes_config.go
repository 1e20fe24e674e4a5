package inference

import (
	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// protocols are the values of "protocol".
var protocols = []string{"grpc", "http", "kserve-v1", "kserve-v2", "openai", "tfserving", "torchserve", "triton"}

// compilerOf returns the compiler of a protocol, or nil. Requests of the first protocols say
// all in their heads.
func compilerOf(protocol string) compiler {
	switch protocol {
	case "grpc":
		return compileGRPC
	case "http":
		return compileHTTP
	case "kserve-v1":
		return compileKServeV1
	}
	if headonly.Enabled {
		return compileUnread(protocol)
	}
	switch protocol {
	case "kserve-v2":
		return compileKServeV2
	case "openai":
		return compileOpenAI
	case "tfserving":
		return compileTFServing
	case "torchserve":
		return compileTorchServe
	case "triton":
		return compileTriton
	}
	return nil
}

// compiler reads a row of "routes".
type compiler func(*Route, strictjson.Value, routeContext)

// routeContext is what a route needs of the rest of the configuration.
type routeContext struct {
	serves      Model
	holdHeaders bool // the host can hold headers until the body has been read
}

// Compile reads "routes" and "serves". holdHeaders says that the host can hold a
// request's headers until its body has been read.
func Compile(routes, serves strictjson.Value, holdHeaders bool) *Routes {
	rs := &Routes{serves: compileServes(serves)}
	var rows []strictjson.Value // of rs.routes
	for _, row := range routes.Items() {
		compile := compilerFor(row)
		if compile == nil {
			continue
		}
		r := &Route{}
		compile(r, row, routeContext{rs.serves, holdHeaders})
		for i, other := range rs.routes {
			if r.conflictsWith(other) {
				row.Fail("must not have the prefix %q beside %q of %s, because a path could be meant for either",
					r.prefix, other.prefix, rows[i].Pointer())
			}
		}
		rs.noteBeyondHead(r, row)
		rs.routes, rows = append(rs.routes, r), append(rows, row)
	}
	rs.compileReadings()
	rs.compileResources(rows)
	rs.leaveDeclared()
	return rs
}

// compileServes reads the one service behind this proxy.
func compileServes(v strictjson.Value) Model {
	if !v.Exists() {
		return Model{}
	}
	o := v.Object("namespace", "service")
	return Model{Namespace: compileLabel(o.Need("namespace")), Service: compileLabel(o.Need("service"))}
}

func compileLabel(v strictjson.Value) string {
	text := v.Text()
	if text != "" {
		checkLabel(v, text)
	}
	return text
}

func checkLabel(v strictjson.Value, text string) {
	if !IsLabel(text) {
		v.MustBe("a DNS-1123 label: lower-case letters, digits and hyphens")
	}
}

// compilerFor returns the compiler for a row's protocol, or nil where there is none.
func compilerFor(row strictjson.Value) compiler {
	known := strictjson.Or(protocols)
	if !row.JSON().IsObject() {
		row.MustBe("an object")
		return nil
	}
	protocol := row.JSON().Get("protocol")
	compile := compilerOf(protocol.Str)
	switch {
	case !protocol.Exists():
		row.Fail(`needs "protocol": %s`, known)
	case compile == nil: // the row's other fields are unknown then
		row.Object().Get("protocol").MustBe("%s", known)
	}
	return compile
}

// compileCommon reads the fields that every route has.
func (r *Route) compileCommon(o strictjson.Object) {
	r.Shadow = o.Get("shadow").Object("until").Need("until").Instant()
	if c := o.Get("credentials"); c.Exists() {
		switch c.JSON().Str {
		case "strip":
		case "forward":
			r.Forward = true
		default:
			c.MustBe("strip or forward")
		}
	}
}
