//go:build wasip1

package main

import (
	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// responseHeaders hands in the head of a response that the gate wants to
// see. The gate's own answers come by here too.
func (s *stream) responseHeaders(end bool) (action types.Action) {
	defer s.guard(&action)
	if s.answered || !s.exchange.NeedsResponse() {
		return let(true)
	}
	pairs, err := abi.ResponseHeaders.Pairs()
	if err != nil {
		return s.fault("response headers", err)
	}
	step := s.exchange.Respond(s.env(keys.NoWait), pairs, end)
	switch step.Act {
	case gate.Forward:
		return let(true)
	case gate.Hold:
		if err := apply(abi.ResponseHeaders, step.Edit); err != nil {
			return s.fault("response headers", err)
		}
		s.trimming = true
		return let(step.Head)
	}
	return s.perform(step)
}

// responseBody has the host keep a reply that is to be trimmed, and show
// all of it at the end.
func (s *stream) responseBody(size int, end bool) (action types.Action) {
	defer s.guard(&action)
	if s.reply = size; s.trimming && end && !s.answered {
		return s.trim()
	}
	return let(!s.trimming || s.answered)
}

func (s *stream) responseTrailers() (action types.Action) {
	defer s.guard(&action)
	if s.trimming && !s.answered {
		return s.trim()
	}
	return let(true)
}

// trim shows the gate a whole reply, and puts what is left of it in its place.
func (s *stream) trim() types.Action {
	env := s.env(keys.NoWait)
	for seen := 0; ; {
		var chunk []byte
		if n := min(s.reply-seen, abi.MaxPiece); n > 0 {
			var err error
			if chunk, err = abi.ResponseBody.Piece(seen, n); err != nil || len(chunk) != n {
				return s.fault("response body", err)
			}
		}
		seen += len(chunk)
		step := s.exchange.Body(env, gate.Downstream, chunk, seen == s.reply)
		switch step.Act {
		case gate.Hold:
			continue
		case gate.Forward:
			s.trimming = false
			if err := abi.ResponseBody.Replace(step.Body); err != nil {
				return s.fault("response body", err)
			}
			return let(true)
		}
		return s.perform(step)
	}
}
