package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// processTime returns the processor time that a process has used, user and system,
// over all its threads. /proc/PID/stat has the same sum in ticks of 10 ms; schedstat
// (Documentation/scheduler/sched-stats.rst in Linux) has it in nanoseconds.
func processTime(pid int) (time.Duration, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(tasks) == 0 {
		return 0, fmt.Errorf("process %d has no schedstat: %v", pid, err)
	}
	var sum time.Duration
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			return 0, err
		}
		first, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n)
	}
	return sum, nil
}

// anonymousMemory returns a process's anonymous memory, in bytes.
func anonymousMemory(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, "Anonymous:"); is {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("process %d: no Anonymous in smaps_rollup", pid)
}

// vms returns how many Wasm VMs a proxy has: one for each worker, one for the main
// thread, and the one from which all others are cloned.
func (p *proxy) vms() (int, error) {
	stats, err := p.envoy.Stats()
	return int(stats["wasm.envoy.wasm.runtime.v8.active"]), err
}

// cpuTime returns the processor time of the proxy itself, and that of the proxy and
// its ext_authz server together.
func (p *proxy) cpuTime() (own, all time.Duration, err error) {
	if own, err = processTime(p.envoy.Pid()); err != nil || p.opaPID == 0 {
		return own, own, err
	}
	all, err = processTime(p.opaPID)
	return own, own + all, err
}

// machine describes the machine that the figures were measured on.
func machine() map[string]string {
	m := map[string]string{}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m["cpu"] = strings.TrimSpace(value)
			}
		}
		m["processors"] = strconv.Itoa(strings.Count(string(text), "\nprocessor") + 1)
	}
	for name, file := range map[string]string{"kernel": "/proc/sys/kernel/osrelease", "load before": "/proc/loadavg"} {
		if text, err := os.ReadFile(file); err == nil {
			m[name] = strings.TrimSpace(string(text))
		}
	}
	return m
}
