package gate

import "github.com/modelgate/modelgate/internal/strictjson"

// BeyondHead says of each part of the configuration for which requests are not decided by
// their heads alone, or for which replies are read, why that is so. If it is empty, a build
// for heads only decides every request as any other build does. Such a build accepts no other
// configuration.
func (g *Gate) BeyondHead() strictjson.Problems { return g.beyondHead }

func (g *Gate) noteBeyondHead(cors, signatures strictjson.Value) {
	g.beyondHead = g.routes.BeyondHead()
	note := func(v strictjson.Value, message string) {
		g.beyondHead = append(g.beyondHead, strictjson.Problem{Pointer: v.Pointer(), Message: message})
	}
	if g.cors != nil && !g.cors.forward {
		note(cors, `needs modelgate.wasm, which writes headers of replies; with "forward": true, modelgate-head.wasm is enough`)
	}
	if signatures.Exists() {
		note(signatures, "needs modelgate.wasm, which compares bodies with what is signed")
	}
}
