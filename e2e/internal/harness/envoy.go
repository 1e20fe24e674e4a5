// Package harness runs a real Envoy for tests: an example's own bootstrap on
// free ports, with the module, the plugin configuration and the upstreams of
// the test. It knows Envoy, and nothing of what the module decides.
package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options say which Envoy to run and how its bootstrap differs from the file.
type Options struct {
	Binary    string // an Envoy executable; empty: the one of FindEnvoy
	Bootstrap string // path of the configuration, in YAML or JSON

	// HostEnv adds variables to Envoy's own environment, from which a bootstrap
	// can hand them on to VMs (host_env_keys). A dynamic module has them anyway.
	HostEnv map[string]string

	// These three apply to every Wasm HTTP filter; zero values leave it alone.
	PluginConfig string            // the plugin's configuration
	Env          map[string]string // variables added to the environment of the module
	// Module is the absolute path of a Wasm module, or of a dynamic module lib*.so:
	// then the bootstrap's filters run in that form (see Native).
	Module string

	// Upstreams gives static clusters, by name, an endpoint "host:port".
	Upstreams map[string]string
	// Edit changes the bootstrap after everything else, but before Native.
	Edit func(bootstrap map[string]any)
	// Discover has the only Wasm HTTP filter's configuration delivered by
	// discovery, so that Push can replace it.
	Discover bool

	Concurrency int    // worker threads; 0: one
	LogLevel    string // of all components; empty: info, and debug for modules
	ExtraArgs   []string
	Timeout     time.Duration // for the start; 0: Patience
}

// Patience is the longest time that a test waits for an event. Envoy compiles the
// module in some seconds, but on a busy machine in minutes. Patience measures
// nothing: it only ends a test that has failed.
const Patience = 5 * time.Minute

// Envoy is a running Envoy. Its methods may be called from any goroutine, and
// Log and Wait after it has stopped too.
type Envoy struct {
	cmd   *exec.Cmd
	dir   string // configuration, log and admin address
	admin string

	discovery *discovery // nil without Discover

	done chan struct{} // closed once the process has ended
	err  error         // its end, once done is closed

	stop sync.Once
	mu   sync.Mutex
	log  string // as last read
}

// StartError says why Envoy did not start.
type StartError struct {
	ExitCode int // of the process; -1 if it had to be killed
	Log      string
	Err      error
}

// Error ends with the last lines of the log.
func (e *StartError) Error() string {
	tail := e.Log[max(0, len(e.Log)-4000):]
	return fmt.Sprintf("harness: Envoy did not start: %v\n%s", e.Err, tail)
}

func (e *StartError) Unwrap() error { return e.Err }

// StartEnvoy returns once Envoy is live. If Envoy refuses the configuration, or
// is not live in time, the error is a *StartError. The caller must Stop what it
// started; on Linux the process also dies with the test's.
func StartEnvoy(options Options) (*Envoy, error) {
	if options.Binary == "" {
		binary, err := FindEnvoy()
		if err != nil {
			return nil, err
		}
		options.Binary = binary
	}
	tree, err := bootstrap(options)
	if err != nil {
		return nil, fmt.Errorf("harness: %w", err)
	}
	dir, err := os.MkdirTemp("", "envoy-")
	if err != nil {
		return nil, err
	}
	e := &Envoy{dir: dir, done: make(chan struct{})}
	if options.Discover {
		e.discovery, err = discover(tree, e.path("filter.json"))
	}
	if err == nil {
		err = e.run(options, tree)
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("harness: %w", err)
	}
	if err := e.awaitLive(options.Timeout); err != nil {
		e.Stop()
		return nil, &StartError{ExitCode: e.cmd.ProcessState.ExitCode(), Log: e.Log(), Err: err}
	}
	return e, nil
}

// run starts the process. Its output goes to a file, which a long test can fill
// without filling memory.
func (e *Envoy) run(options Options, tree object) error {
	text, err := json.MarshalIndent(tree, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(e.path("envoy.json"), text, 0o600); err != nil {
		return err
	}
	log, err := os.OpenFile(e.path("log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	e.cmd = exec.Command(options.Binary, e.arguments(options)...)
	e.cmd.Stdout, e.cmd.Stderr = log, log
	e.cmd.SysProcAttr = DieWithParent()
	e.cmd.Env = environment(options)
	if err := e.cmd.Start(); err != nil {
		return err
	}
	go func() {
		e.err = e.cmd.Wait()
		close(e.done)
	}()
	return nil
}

// environment is that of the process; nil is the test's own.
func environment(options Options) (env []string) {
	all := []map[string]string{options.HostEnv}
	if isNative(options.Module) {
		all = append(all, options.Env, map[string]string{SearchPath: filepath.Dir(options.Module)})
	}
	for _, variables := range all {
		for name, value := range variables {
			env = append(env, name+"="+value)
		}
	}
	if env != nil {
		env = append(os.Environ(), env...)
	}
	return env
}

func (e *Envoy) arguments(options Options) []string {
	// Without hot restart Envoys share nothing, and leave nothing in /dev/shm.
	arguments := []string{"-c", e.path("envoy.json"), "--disable-hot-restart",
		"--admin-address-path", e.path("admin"), "--concurrency", strconv.Itoa(max(1, options.Concurrency))}
	if options.LogLevel == "" {
		arguments = append(arguments, "-l", "info", "--component-log-level", "wasm:debug,dynamic_modules:debug")
	} else {
		arguments = append(arguments, "-l", options.LogLevel)
	}
	return append(arguments, options.ExtraArgs...)
}

func (e *Envoy) path(name string) string { return filepath.Join(e.dir, name) }

// awaitLive waits for the admin interface and for it to say that Envoy is live.
func (e *Envoy) awaitLive(timeout time.Duration) error {
	if timeout == 0 {
		timeout = Patience
	}
	late := time.After(timeout)
	for {
		if address, err := os.ReadFile(e.path("admin")); err == nil && len(address) > 0 {
			e.admin = strings.TrimSpace(string(address))
			if _, err := e.Admin("/ready"); err == nil {
				return nil
			}
		}
		select {
		case <-e.done:
			return fmt.Errorf("it ended: %w", errors.Join(e.err, errNotLive))
		case <-late:
			return fmt.Errorf("%w after %v", errNotLive, timeout)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

var errNotLive = errors.New("not live")

// Pid returns the process's number.
func (e *Envoy) Pid() int { return e.cmd.Process.Pid }

// AdminAddr returns the address of the admin interface.
func (e *Envoy) AdminAddr() string { return e.admin }

// LogFile returns the file with Envoy's log. Stop removes it.
func (e *Envoy) LogFile() string { return e.path("log") }

// Exited returns a channel that is closed when the process has ended.
func (e *Envoy) Exited() <-chan struct{} { return e.done }

// Wait waits for the process to end and returns how, as exec.Cmd.Wait does.
func (e *Envoy) Wait() error {
	<-e.done
	return e.err
}

// Log returns everything Envoy wrote so far, to its log and to standard output.
func (e *Envoy) Log() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if text, err := os.ReadFile(e.path("log")); err == nil {
		e.log = string(text)
	}
	return e.log
}

// Stop asks Envoy to end, kills it if that takes more than a minute, and removes
// its files. It may be called more than once.
func (e *Envoy) Stop() {
	e.stop.Do(func() {
		e.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-e.done:
		case <-time.After(time.Minute):
			e.cmd.Process.Kill()
			<-e.done
		}
		e.Log()
		os.RemoveAll(e.dir)
	})
}
