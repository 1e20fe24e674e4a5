//go:build native

package main

/*
#include "shim.h"
*/
import "C"

import (
	"github.com/modelgate/modelgate/filter/driver"
)

// This file makes request a driver.Teller.

func (r *request) SetMetadata(pairs [][2]string) error {
	for i := range pairs {
		r.thread.commands.add(commandMetadata, 0, uint64(len(pairs[i][0])), pairs[i][0], pairs[i][1])
	}
	return nil
}

func (r *request) SetFilterState(pairs [][2]string) error {
	for i := range pairs {
		key := "modelgate." + pairs[i][0]
		r.thread.commands.add(commandFilterState, 0, uint64(len(key)), key, pairs[i][1])
	}
	return nil
}

func (r *request) CountDecision(l driver.Labels) {
	p := []byte(nil)
	for _, label := range [...]string{l.Decision, l.Reason, l.Verb, l.Issuer} {
		p = appendString(p, label)
	}
	copy(r.thread.commands.reserve(commandCountLabels, r.config.decisions, 0, len(p)), p)
}

// defineDecisions defines the metric that has labels.
func (c *config) defineDecisions() error {
	var id C.size_t
	if C.shim_define_decisions(c.envoy, &id) != 0 {
		return errMetric
	}
	c.decisions = uint32(id)
	return nil
}
