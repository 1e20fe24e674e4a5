//go:build wasip1

package main

import (
	"math"
	"strconv"
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/replay"
)

// nonces is the memory of the nonces of signed requests. All VMs of a proxy share it, and
// so do all configurations with a memory of the same size: a new configuration forgets
// nothing. It has a fixed number of entries in shared data, because a host forgets none.
type nonces struct {
	pages  int
	prefix string // of the keys in shared data
}

func newNonces(pages int) nonces {
	return nonces{pages, "modelgate/nonces/" + strconv.Itoa(pages) + "/"}
}

// maxSwaps is how often a page is read again because another VM has written it in between.
// Each time one of them gets on, and there is one VM a worker.
const maxSwaps = 100

// admit looks an ID up, and remembers it in all VMs. Whatever fails, the request is refused.
func (n nonces) admit(id replay.ID, now, until time.Time) replay.Verdict {
	key := n.prefix + strconv.Itoa(id.Page(n.pages))
	for range maxSwaps {
		page, cas, err := abi.SharedData(key)
		switch {
		case err == abi.NotFound:
			page, cas = nil, math.MaxUint32 // see remoteKeys.sharedEntry: only one VM creates an entry
		case err != nil:
			abi.Log(abi.Critical, "model gate: reading nonces: ", err.Error())
			return replay.Full
		}
		page, verdict := replay.Admit(page, id, now, until)
		if verdict != replay.Fresh {
			return verdict
		}
		switch err = abi.SetSharedData(key, page, cas); {
		case err == nil:
			return replay.Fresh
		case err != abi.CasMismatch:
			abi.Log(abi.Critical, "model gate: writing nonces: ", err.Error())
			return replay.Full
		}
	}
	return replay.Full
}
