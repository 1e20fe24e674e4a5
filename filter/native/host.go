//go:build native

package main

/*
#include "shim.h"
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"strings"
	"time"
	"unsafe"

	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/keys"
)

var (
	errMetric = errors.New("the proxy does not take it")
	errThread = errors.New("only the configuration's own thread can do this")
)

// gauges is added to the ID of a gauge: Envoy numbers gauges and counters apart.
const gauges = driver.Metric(1 << 31)

var shared = sharedData{entries: map[string]sharedEntry{}}

// common is what the host can do on every thread.
type common struct{}

func (common) Now() time.Time { return time.Now() }

func (common) SharedData(key string) (value []byte, version uint32, err error) {
	return shared.get(key)
}

func (common) SetSharedData(key string, value []byte, version uint32) error {
	return shared.set(key, value, version)
}

// levels are the levels of Envoy's log.
var levels = [...]uint32{
	driver.Info: C.envoy_dynamic_module_type_log_level_Info, driver.Warn: C.envoy_dynamic_module_type_log_level_Warn,
	driver.Error: C.envoy_dynamic_module_type_log_level_Error, driver.Critical: C.envoy_dynamic_module_type_log_level_Critical,
}

// logLine writes a line to Envoy's log at once.
func logLine(level driver.Level, parts ...string) {
	line := strings.Join(parts, "")
	C.shim_log(C.int(levels[level]), (*C.char)(unsafe.Pointer(unsafe.StringData(line))), C.size_t(len(line)))
}

// configHost is the host as the threads see it that have no stream: Envoy's main thread.
type configHost struct {
	common
	config *config
}

func (h configHost) Log(level driver.Level, parts ...string) { logLine(level, parts...) }

func (h configHost) Fetch(cluster string, headers [][2]string, timeout time.Duration, limit int, done func(keys.Answer)) error {
	return h.config.fetch(cluster, headers, timeout, fetch{limit, done})
}

func (h configHost) Counter(name string) (driver.Metric, error) {
	return h.define(name, C.METRIC_COUNTER)
}

func (h configHost) Gauge(name string) (driver.Metric, error) {
	m, err := h.define(name, C.METRIC_GAUGE)
	return m | gauges, err
}

func (h configHost) Histogram(name string) (driver.Metric, error) {
	return h.define(name, C.METRIC_HISTOGRAM)
}

func (h configHost) define(name string, kind C.int) (driver.Metric, error) {
	var id C.size_t
	if C.shim_define(h.config.envoy, kind, (*C.char)(unsafe.Pointer(unsafe.StringData(name))), C.size_t(len(name)), &id) != 0 {
		return 0, errMetric
	}
	return driver.Metric(id), nil
}

func (h configHost) Add(m driver.Metric, n int64) error {
	kind, id, by := addition(m, n)
	return h.write(kind, id, by)
}

func (h configHost) Set(m driver.Metric, n uint64) error {
	return h.write(commandSetGauge, uint32(m&^gauges), n)
}

// Record: only requests have times.
func (configHost) Record(driver.Metric, uint64) error { return errThread }

func (h configHost) write(kind, id uint32, n uint64) error {
	if C.shim_config_metric(h.config.envoy, C.int(kind-commandAddCounter), C.size_t(id), C.uint64_t(n)) != 0 {
		return errMetric
	}
	return nil
}

// addition returns the command that adds n to a metric, and its arguments.
func addition(m driver.Metric, n int64) (kind, id uint32, by uint64) {
	switch {
	case m&gauges == 0:
		return commandAddCounter, uint32(m), uint64(n)
	case n < 0:
		return commandSubGauge, uint32(m &^ gauges), uint64(-n)
	}
	return commandAddGauge, uint32(m &^ gauges), uint64(n)
}

// workerHost is the host as a worker sees it during a hook of a stream.
type workerHost struct {
	common
	thread   *thread
	commands *commands
}

func (h workerHost) Now() time.Time {
	h.thread.now = time.Now()
	return h.thread.now
}

func (h workerHost) Log(level driver.Level, parts ...string) {
	h.commands.add(commandLog, levels[level], 0, parts...)
}

func (h workerHost) Add(m driver.Metric, n int64) error {
	kind, id, by := addition(m, n)
	h.commands.add(kind, id, by)
	return nil
}

func (h workerHost) Set(m driver.Metric, n uint64) error {
	h.commands.add(commandSetGauge, uint32(m&^gauges), n)
	return nil
}

func (h workerHost) Record(m driver.Metric, value uint64) error {
	h.commands.add(commandRecord, uint32(m), value)
	return nil
}

func (workerHost) Fetch(string, [][2]string, time.Duration, int, func(keys.Answer)) error {
	return errThread
}
func (workerHost) Counter(string) (driver.Metric, error) { return 0, errThread }
func (workerHost) Gauge(string) (driver.Metric, error)   { return 0, errThread }

func (workerHost) Histogram(string) (driver.Metric, error) { return 0, errThread }
