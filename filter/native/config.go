//go:build native

package main

/*
#include "shim.h"
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"runtime/cgo"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"

	_ "github.com/envoyproxy/envoy/source/extensions/dynamic_modules/abi" // has abi.h
)

// config is one configuration of the filter.
type config struct {
	envoy     unsafe.Pointer // Envoy's side of it
	plugin    *driver.Plugin
	decisions uint32           // the number of the metric with labels, if there is one
	workers   []*driver.Worker // by index; the first request on a worker's thread creates its own

	mu        sync.Mutex
	closed    bool // Envoy has destroyed its side
	scheduler unsafe.Pointer
	stop      chan struct{} // closed with it
	fetches   map[uint64]fetch
}

// fetch is an open fetch.
type fetch struct {
	limit int // of the body
	done  func(keys.Answer)
}

var errFetch = errors.New("the proxy has no such cluster, or no host of it")

// goConfigNew compiles a configuration. If it returns false, Envoy rejects it.
//
//export goConfigNew
func goConfigNew(c *C.struct_config, text unsafe.Pointer, size C.size_t) (ok C.bool) {
	defer func() {
		if p := recover(); p != nil {
			logLine(driver.Critical, "model gate: panic: ", driver.PanicText(p))
			ok = false
		}
	}()
	config, err := newConfig(c.envoy, C.GoStringN((*C.char)(text), C.int(size)))
	if err != nil {
		logLine(driver.Critical, "model gate: ", err.Error())
		return false
	}
	refusal := appendReply(nil, gate.NewReply(reason.Internal))
	c.refusal, c.refusal_size = (*C.char)(C.CBytes(refusal)), C.size_t(len(refusal))
	c.plugin = C.uintptr_t(cgo.NewHandle(config))
	if !bool(C.envoy_dynamic_module_callback_is_validation_mode()) {
		config.scheduler = C.shim_config_scheduler_new(c.envoy)
		go config.schedule()
	}
	return true
}

func newConfig(envoy unsafe.Pointer, text string) (*config, error) {
	c := &config{
		envoy: envoy, workers: make([]*driver.Worker, len(threads)), stop: make(chan struct{}), fetches: map[uint64]fetch{},
	}
	host := configHost{config: c}
	metrics, err := driver.DefineMetrics(host)
	if err != nil {
		return nil, errors.New("defining the metrics: " + err.Error())
	}
	g, err := gate.New(text, syscall.Getenv)
	if err != nil {
		return nil, errors.New("the configuration has errors:\n" + err.Error())
	}
	if g.Asks().Labels {
		if err = c.defineDecisions(); err != nil {
			return nil, errors.New("defining the metric with labels: " + err.Error())
		}
	}
	if c.plugin, err = driver.NewPlugin(host, metrics, g); err != nil {
		return nil, errors.New("loading published keys: " + err.Error())
	}
	limitMemory(max(len(threads)-1, 1), g.WaitingLimit()) // the main thread is no worker
	return c, nil
}

// worker returns the configuration's worker on a thread, which calls it.
func (c *config) worker(index int, t *thread) *driver.Worker {
	if c.workers[index] == nil {
		c.workers[index] = c.plugin.NewWorker(t.driver, nil)
	}
	return c.workers[index]
}

// schedule has Envoy call goTick now and then, until the configuration is closed.
func (c *config) schedule() {
	ticker := time.NewTicker(c.plugin.TickPeriod())
	defer ticker.Stop()
	for {
		c.mu.Lock()
		if !c.closed {
			C.shim_config_scheduler_commit(c.scheduler)
		}
		c.mu.Unlock()
		select {
		case <-c.stop:
			return
		case <-ticker.C:
		}
	}
}

func configOf(c *C.struct_config) *config { return cgo.Handle(c.plugin).Value().(*config) }

//export goConfigDestroy
func goConfigDestroy(c *C.struct_config) {
	defer logPanic()
	config := configOf(c)
	cgo.Handle(c.plugin).Delete()
	config.mu.Lock()
	defer config.mu.Unlock()
	config.closed = true
	close(config.stop)
	if config.scheduler != nil {
		C.shim_config_scheduler_delete(config.scheduler)
	}
}

func logPanic() {
	if p := recover(); p != nil {
		logLine(driver.Critical, "model gate: panic: ", driver.PanicText(p))
	}
}

//export goTick
func goTick(c *C.struct_config) {
	defer logPanic()
	configOf(c).plugin.Tick()
}

// fetch begins a fetch, on the main thread.
func (c *config) fetch(cluster string, headers [][2]string, timeout time.Duration, f fetch) error {
	// Envoy reads the headers from memory of C, which may hold pointers.
	var text []byte
	for _, h := range headers {
		text = append(append(text, h[0]...), h[1]...)
	}
	copied := C.CBytes(text)
	defer C.free(copied)
	list := (*[2]piece)(C.malloc(C.size_t(len(headers)) * C.size_t(unsafe.Sizeof([2]piece{}))))
	defer C.free(unsafe.Pointer(list))
	p := (*byte)(copied)
	for i, pair := range unsafe.Slice(list, len(headers)) {
		for j := range pair {
			size := len(headers[i][j])
			unsafe.Slice(list, len(headers))[i][j] = piece{p, uintptr(size)}
			p = (*byte)(unsafe.Add(unsafe.Pointer(p), size))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var id C.uint64_t
	if c.closed || C.shim_callout(c.envoy, &id, (*C.char)(unsafe.Pointer(unsafe.StringData(cluster))), C.size_t(len(cluster)),
		unsafe.Pointer(list), C.size_t(len(headers)), C.uint64_t(timeout.Milliseconds())) != 0 {
		return errFetch
	}
	c.fetches[uint64(id)] = f
	return nil
}

// goFetched ends a fetch. A body comes in parts.
//
//export goFetched
func goFetched(cc *C.struct_config, id C.uint64_t, result C.int, headers unsafe.Pointer, headersSize C.size_t, body unsafe.Pointer,
	bodySize C.size_t) {
	defer logPanic()
	c := configOf(cc)
	c.mu.Lock()
	f, ok := c.fetches[uint64(id)]
	delete(c.fetches, uint64(id))
	c.mu.Unlock()
	if !ok {
		return
	}
	var a keys.Answer
	if result == C.envoy_dynamic_module_type_http_callout_result_Success {
		for _, h := range unsafe.Slice((*[2]string)(headers), headersSize) {
			a.Headers = append(a.Headers, [2]string{strings.Clone(h[0]), strings.Clone(h[1])})
		}
		content := appendPieces(nil, unsafe.Slice((*piece)(body), bodySize), 0, f.limit+1)
		if a.Oversized = len(content) > f.limit; !a.Oversized {
			a.Body = string(content)
		}
	}
	f.done(a)
}
