package driver

import (
	"math"
	"strconv"
	"time"

	"github.com/modelgate/modelgate/internal/replay"
)

// nonces is the memory of the nonces of signed requests. All threads of a proxy share it, and
// so do all configurations with a memory of the same size: a new configuration forgets
// nothing. It has a fixed number of entries in shared data, because a host forgets none.
type nonces struct {
	host   Host
	pages  int
	prefix string // of the keys in shared data
}

func newNonces(host Host, pages int) nonces {
	return nonces{host, pages, "modelgate/nonces/" + strconv.Itoa(pages) + "/"}
}

// maxSwaps is how often a page is read again because another VM has written it in between.
// Each time one of them gets on, and there is one VM a worker.
const maxSwaps = 100

// admit looks an ID up, and remembers it in all VMs. Whatever fails, the request is refused.
func (n nonces) admit(id replay.ID, now, until time.Time) replay.Verdict {
	key := n.prefix + strconv.Itoa(id.Page(n.pages))
	for range maxSwaps {
		page, cas, err := n.host.SharedData(key)
		switch {
		case err == ErrNotFound:
			page, cas = nil, math.MaxUint32 // see remoteKeys.sharedEntry: only one VM creates an entry
		case err != nil:
			n.host.Log(Critical, "model gate: reading nonces: ", err.Error())
			return replay.Full
		}
		page, verdict := replay.Admit(page, id, now, until)
		if verdict != replay.Fresh {
			return verdict
		}
		switch err = n.host.SetSharedData(key, page, cas); {
		case err == nil:
			return replay.Fresh
		case err != ErrConflict:
			n.host.Log(Critical, "model gate: writing nonces: ", err.Error())
			return replay.Full
		}
	}
	return replay.Full
}
