package gate

// DecideRequest decides a request that has come to its end: it is what a host comes to
// that gets it piece by piece. The step's Edit is all that changes in the head.
func (g *Gate) DecideRequest(env Env, h *Head, body []byte, trailers [][2]string) (*Exchange, Step) {
	x, step := g.Begin(env, h)
	if step.Act == Hold {
		edit := step.Edit
		if step = x.Body(env, Upstream, body, len(trailers) == 0); step.Edit == nil {
			step.Edit = edit
		}
	}
	if len(trailers) == 0 || step.Act != Forward && step.Act != Hold {
		return x, step
	}
	edit, before := step.Edit, step
	if step = x.Trailers(env, Upstream, trailers); step.Act == Forward && step.Edit == nil {
		step.Edit = edit
		if before.Act == Forward {
			step.Reason, step.Audit = before.Reason, before.Audit
		}
	}
	return x, step
}
