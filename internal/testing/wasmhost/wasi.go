package wasmhost

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"maps"
	"slices"
	"time"
)

// maxRandom is the most random bytes that Envoy returns in one call.
const maxRandom = 64 << 10

// wasiCalls returns the WASI calls as Envoy implements them: the only files are stdout
// and stderr, poll_oneoff returns at once, and proc_exit does not stop the module.
func wasiCalls() map[string]hostFunc {
	returns := func(s Status) hostFunc { return func(call) Status { return s } }
	return map[string]hostFunc{
		"args_get":          returns(OK),
		"args_sizes_get":    func(c call) Status { return c.sizes(nil) },
		"environ_get":       environGet,
		"environ_sizes_get": func(c call) Status { return c.sizes(c.vm.environ()) },
		"clock_time_get":    clockTimeGet,
		"random_get":        randomGet,
		"sched_yield":       returns(OK),
		"poll_oneoff":       pollOneoff,
		"proc_exit":         returns(OK),

		"fd_write":            fdWrite,
		"fd_fdstat_get":       fdStatGet,
		"fd_fdstat_set_flags": returns(wasiNoSys),
		"fd_prestat_get":      returns(wasiBadFile),
		"fd_prestat_dir_name": returns(wasiNoSys),
		"fd_filestat_get":     returns(wasiBadFile),
		"fd_read":             returns(wasiNoSys),
		"fd_pread":            returns(wasiNoSys),
		"fd_seek":             returns(OK),
		"fd_close":            returns(OK),
		"path_open":           returns(wasiNoEntry),
		"path_filestat_get":   returns(wasiUnsupported),
	}
}

// environ returns the environment in the form of WASI, sorted by name.
func (vm *VM) environ() []string {
	var entries []string
	for _, name := range slices.Sorted(maps.Keys(vm.options.Env)) {
		entries = append(entries, name+"="+vm.options.Env[name]+"\x00")
	}
	return entries
}

// sizes stores the number and the total size of the entries.
func (c call) sizes(entries []string) Status {
	size := 0
	for _, e := range entries {
		size += len(e)
	}
	c.put32(0, uint32(len(entries)))
	c.put32(1, uint32(size))
	return OK
}

func environGet(c call) Status {
	pointers, text := c.u32(0), c.u32(1)
	for _, e := range c.vm.environ() {
		binary.LittleEndian.PutUint32(c.memory(pointers, 4), text)
		copy(c.memory(text, uint32(len(e))), e)
		pointers, text = pointers+4, text+uint32(len(e))
	}
	return OK
}

func clockTimeGet(c call) Status {
	const realtime, monotonic = 0, 1
	switch c.u32(0) {
	case realtime:
		c.put64(2, uint64(c.vm.options.Now().UnixNano()))
	case monotonic:
		c.put64(2, uint64(1+time.Since(c.vm.born))) // the Go runtime takes 0 for no time
	default:
		return wasiUnsupported
	}
	return OK
}

func randomGet(c call) Status {
	if c.u32(1) > maxRandom {
		return wasiInvalid
	}
	_, _ = rand.Read(c.bytes(0)) // never fails
	return OK
}

func pollOneoff(c call) Status {
	if c.vm.options.OldPoll {
		return wasiNoSys
	}
	c.put32(3, 0)
	return OK
}

// fdWrite makes a log line of each write to stdout or stderr.
func fdWrite(c call) Status {
	level, ok := map[uint32]Level{1: Info, 2: Error}[c.u32(0)]
	if !ok {
		return wasiBadFile
	}
	var text []byte
	for i := range c.u32(2) {
		vector := c.memory(c.u32(1)+8*i, 8)
		text = append(text, c.memory(binary.LittleEndian.Uint32(vector), binary.LittleEndian.Uint32(vector[4:]))...)
	}
	if len(text) > 0 {
		c.vm.log(level, string(bytes.TrimSuffix(text, []byte("\n"))))
	}
	c.put32(3, uint32(len(text)))
	return OK
}

func fdStatGet(c call) Status {
	if fd := c.u32(0); fd != 1 && fd != 2 {
		return wasiBadFile
	}
	const rightToWrite = 64
	stat := c.memory(c.u32(1), 24)
	clear(stat)
	stat[8] = rightToWrite
	return OK
}
