package inference

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// warnOfModels describes models that two routes have in two services.
func (rs *Routes) warnOfModels(list *warnings) {
	for i, r := range rs.routes {
		for j, other := range rs.routes[:i] {
			if r.server == nil || other.server == nil {
				continue
			}
			for _, name := range slices.Sorted(maps.Keys(r.server.services)) {
				a, both := other.server.services[name]
				if b := r.server.services[name]; both && a != b {
					list.add(i, "routes %d and %d have the model %q in two services, %s and %s: "+
						"if it is one model, a rule on the one does not apply to the other", j, i, name, a, b)
				}
			}
		}
	}
}

// EndedShadows describes routes whose shadow has ended by now.
func (rs *Routes) EndedShadows(now time.Time) strictjson.Problems {
	var list warnings
	for i, r := range rs.routes {
		if r.Shadow != 0 && r.Shadow <= now.Unix() {
			list.addAt("/routes/"+strconv.Itoa(i)+"/shadow", `the shadow of route %d ended at %s: the route refuses since then; leave "shadow" out`,
				i, time.Unix(r.Shadow, 0).UTC().Format(time.RFC3339))
		}
	}
	return strictjson.Problems(list)
}
