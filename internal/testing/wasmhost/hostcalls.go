package wasmhost

import (
	"bytes"
	"maps"
	"time"
)

// hostCalls returns the implemented host calls, by name.
func hostCalls() map[string]hostFunc {
	all := map[string]hostFunc{}
	for _, group := range []map[string]hostFunc{
		contextCalls(), headerCalls(), bufferCalls(), streamCalls(), dataCalls(), metricCalls(), wasiCalls(),
		{"proxy_http_call": httpCall},
	} {
		maps.Copy(all, group)
	}
	return all
}

// stream returns the context that the guest acts for.
func (c call) stream() *Stream {
	if c.vm.effective != nil {
		return c.vm.effective
	}
	return c.vm.current
}

// root returns the root context of that context.
func (c call) root() *Stream { return c.stream().root() }

func (s *Stream) root() *Stream {
	if s.parent != nil {
		return s.parent
	}
	return s
}

func contextCalls() map[string]hostFunc {
	return map[string]hostFunc{
		"proxy_log": func(c call) Status {
			if c.u32(0) > uint32(Critical) {
				return BadArgument
			}
			c.vm.log(Level(c.u32(0)), c.text(1))
			return OK
		},
		"proxy_get_current_time_nanoseconds": func(c call) Status {
			c.put64(0, uint64(c.vm.options.Now().UnixNano()))
			return OK
		},
		"proxy_set_tick_period_milliseconds": func(c call) Status {
			c.root().plugin.tick = time.Duration(c.u32(0)) * time.Millisecond
			return OK
		},
		"proxy_set_effective_context": func(c call) Status {
			s, ok := c.vm.contexts[c.u32(0)]
			if !ok {
				return BadArgument
			}
			c.vm.effective = s
			return OK
		},
		"proxy_done": func(c call) Status {
			s := c.stream()
			if !s.plugin.pending {
				return NotFound
			}
			s.plugin.pending = false
			c.vm.deferEffect(s.delete)
			return OK
		},
	}
}

func headerCalls() map[string]hostFunc {
	// edit returns a host call that changes the map whose number is argument 0.
	edit := func(change func(call, *headerMap)) hostFunc {
		return func(c call) Status {
			m, status := c.stream().writableMap(c.u32(0))
			if status == OK {
				change(c, m)
			}
			return status
		}
	}
	return map[string]hostFunc{
		"proxy_get_header_map_value": func(c call) Status {
			m, status := c.stream().readableMap(c.u32(0))
			if status != OK {
				return status
			}
			value, ok := m.get(c.text(1))
			if !ok {
				return NotFound
			}
			c.returnBytes(3, []byte(value))
			return OK
		},
		"proxy_get_header_map_pairs": func(c call) Status {
			m, status := c.stream().readableMap(c.u32(0))
			if status != OK {
				m = &headerMap{} // Envoy returns no pairs, and no error
			}
			c.returnBytes(1, encodePairs(m.pairs))
			return OK
		},
		"proxy_add_header_map_value":     edit(func(c call, m *headerMap) { m.add(c.text(1), c.text(3)) }),
		"proxy_replace_header_map_value": edit(func(c call, m *headerMap) { m.replace(c.text(1), c.text(3)) }),
		"proxy_remove_header_map_value":  edit(func(c call, m *headerMap) { m.remove(c.text(1)) }),
		"proxy_set_header_map_pairs":     edit(func(c call, m *headerMap) { m.assign(decodePairs(c.bytes(1))) }),
	}
}

// The buffers that this host has, with their numbers in the ABI.
const (
	bufferRequestBody  = 0
	bufferResponseBody = 1
	bufferCallBody     = 4
	bufferVMConfig     = 6
	bufferPluginConfig = 7
)

func bufferCalls() map[string]hostFunc {
	return map[string]hostFunc{
		"proxy_get_buffer_bytes": func(c call) Status {
			data, status := c.buffer(c.u32(0))
			if status == OK {
				c.returnBytes(3, slice(data, c.u32(1), c.u32(2)))
			}
			return status
		},
		"proxy_set_buffer_bytes": func(c call) Status {
			if kind := c.u32(0); kind <= bufferResponseBody {
				return c.stream().bodies[kind].replace(c.u32(1), c.u32(2), c.bytes(3))
			}
			if _, status := c.buffer(c.u32(0)); status != OK {
				return status
			}
			return BadArgument
		},
	}
}

// buffer returns the content of a buffer that the guest may read.
func (c call) buffer(kind uint32) ([]byte, Status) {
	switch kind {
	case bufferRequestBody, bufferResponseBody:
		if view := c.stream().bodies[kind].view; view != nil {
			return *view, OK
		}
		return nil, OK
	case bufferCallBody:
		if a := c.root().plugin.reply; a != nil {
			return a.body, OK
		}
		return nil, NotFound
	case bufferVMConfig:
		return []byte(c.vm.options.VMConfig), OK
	case bufferPluginConfig:
		if c.vm.config == nil {
			return nil, NotFound
		}
		return []byte(*c.vm.config), OK
	}
	return nil, NotFound
}

func dataCalls() map[string]hostFunc {
	return map[string]hostFunc{
		"proxy_get_property": func(c call) Status {
			value, ok := c.stream().property(c.text(0))
			if !ok {
				return NotFound
			}
			c.returnBytes(2, value)
			return OK
		},
		"proxy_set_property": func(c call) Status { return c.stream().setProperty(c.text(0), c.bytes(2)) },
		"proxy_get_shared_data": func(c call) Status {
			value, cas, status := c.vm.options.Shared.Get(c.text(0))
			if status == OK {
				c.returnBytes(2, value)
				c.put32(4, cas)
			}
			return status
		},
		"proxy_set_shared_data": func(c call) Status {
			return c.vm.options.Shared.Set(c.text(0), c.bytes(2), c.u32(4))
		},
		"proxy_call_foreign_function": func(c call) Status {
			f := c.vm.options.Foreign[c.text(0)]
			if f == nil {
				return NotFound
			}
			result, status := f(bytes.Clone(c.bytes(2)))
			c.returnBytes(4, result)
			return status
		},
	}
}

func metricCalls() map[string]hostFunc {
	return map[string]hostFunc{
		"proxy_define_metric": func(c call) Status {
			if c.u32(0) >= uint32(metricKinds) {
				return BadArgument
			}
			c.put32(3, c.vm.metrics.define(metricKind(c.u32(0)), c.text(1)))
			return OK
		},
		"proxy_increment_metric": func(c call) Status { return c.vm.metrics.increment(c.u32(0), int64(c.args[1])) },
		"proxy_record_metric":    func(c call) Status { return c.vm.metrics.record(c.u32(0), c.args[1]) },
		"proxy_get_metric": func(c call) Status {
			value, status := c.vm.metrics.get(c.u32(0))
			if status == OK {
				c.put64(1, value)
			}
			return status
		},
	}
}
