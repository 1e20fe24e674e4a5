package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/document"
)

// trial is what there is to try with a configuration of the user's.
type trial struct {
	command string // the file of the command modelgate
	dir     string // of what the run writes
	config  userConfig
	issuers []devIssuer // with development keys
	notes   []string    // what is not there
}

// devIssuer is an issuer whose own keys a development key replaces.
type devIssuer struct {
	userIssuer
	key, token string // files
	caller     string // the member for whom the token is
}

// newTrial checks and reads a configuration: FILE, or FILE#NAME of a document with several plugins.
func newTrial(command, dir, argument string) (*trial, error) {
	t := &trial{command: command, dir: dir}
	if _, err := t.modelgate("check", argument); err != nil {
		return nil, err
	}
	path, plugin, _ := strings.Cut(argument, "#")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found, err := document.Read(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	configs := slices.DeleteFunc(found.Configs, func(c document.Config) bool { return plugin != "" && c.Name != plugin })
	if len(configs) != 1 {
		return nil, fmt.Errorf("%s must have one configuration of the gate; got %d (FILE#NAME is that of the plugin NAME)", path, len(configs))
	}
	if err := json.Unmarshal([]byte(configs[0].JSON), &t.config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t.noteAbsent()
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return nil, err
	}
	return t, os.WriteFile(t.file(), []byte(configs[0].JSON), 0o600)
}

// file is the configuration alone, as JSON.
func (t *trial) file() string { return filepath.Join(t.dir, "config.json") }

// modelgate runs the command, and returns what it writes.
func (t *trial) modelgate(args ...string) ([]byte, error) {
	cmd := exec.Command(t.command, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("modelgate %s: %w", args[0], err)
	}
	return out, nil
}

// write runs the command, and writes into a file what it writes.
func (t *trial) write(file string, args ...string) error {
	out, err := t.modelgate(args...)
	if err != nil {
		return err
	}
	return os.WriteFile(file, out, 0o600)
}

// trust puts a development key in the place of each issuer's own, so that there are tokens.
func (t *trial) trust() error {
	for i, is := range t.config.Issuers {
		algorithm := is.developmentAlgorithm()
		switch {
		case is.JWKS == nil:
			continue
		case algorithm == "":
			t.note("issuer %q keeps its own keys: no development key is for %s", is.Name, strings.Join(is.Algorithms, ", "))
			continue
		}
		file := filepath.Join(t.dir, fmt.Sprintf("issuer-%d", i))
		dev := devIssuer{userIssuer: is, key: file + ".json", token: file + ".jwt"}
		if err := t.write(dev.key, "token", "key", "--algorithm", algorithm); err != nil {
			return err
		}
		if err := t.write(t.file(), "token", "trust", "--key", dev.key, "--config", t.file(), "--issuer", is.Name); err != nil {
			return err
		}
		t.issuers = append(t.issuers, dev)
	}
	return t.mint(time.Now())
}

// mint writes a token of each issuer with a development key, for a caller with a grant.
func (t *trial) mint(time.Time) error {
	for i := range t.issuers {
		is := &t.issuers[i]
		member, flags := t.config.callerOf(is.userIssuer)
		is.caller = member
		args := append([]string{"token", "mint", "--key", is.key, "--config", t.file(), "--issuer", is.Name}, flags...)
		if err := t.write(is.token, args...); err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// noteAbsent says what a real deployment has, and this one has not.
func (t *trial) noteAbsent() {
	for _, is := range t.config.Issuers {
		switch {
		case is.Relay != nil:
			t.note("issuer %q is a gateway with a certificate: its headers count for nobody here", is.Name)
		case is.APIKeys != nil:
			t.note("issuer %q has API keys: modelgate apikey makes one, to be added to the configuration", is.Name)
		case is.Symmetric != nil:
			t.note("issuer %q has a secret from the environment: tokens are yours to make with it", is.Name)
		}
	}
	if t.config.Peer != nil {
		t.note("the listener has no TLS: no caller has a client certificate")
	}
}

// print says what is not there, and what to try.
func (t *trial) print(addr string) {
	lines := t.lines(addr)
	for _, is := range t.issuers {
		fmt.Printf("token     %s  of %s%s, by the development key %s in the place of its own\n", is.token, is.Name, forCaller(is.caller), is.key)
	}
	for _, note := range t.notes {
		fmt.Println("note      " + note)
	}
	fmt.Println()
	for _, l := range lines {
		fmt.Printf("%s\n    # %s\n\n", l.command, l.why)
	}
}

func forCaller(member string) string {
	if member == "" {
		return ""
	}
	return " for " + member
}

// lines are calls: one without a credential, and one of each issuer with a development key, for a
// model of its grants.
func (t *trial) lines(addr string) (lines []line) {
	curl := func(c request, header string) string {
		command := "curl -s -g -w '%{http_code}\\n' -X " + c.method
		if c.host != "" {
			command += " -H " + quote("host: "+c.host)
		}
		if c.body != "" {
			command += " -H 'content-type: application/json' -d " + quote(c.body)
		}
		return strings.TrimSpace(command+" "+header) + " " + quote("http://"+addr+c.path)
	}
	for _, is := range t.issuers {
		c, model, ok := t.config.callOf(is.userIssuer)
		if !ok {
			t.note("nothing to try for issuer %q: no call of curl is for a model of its grants", is.Name)
			continue
		}
		if len(lines) == 0 {
			lines = append(lines, line{curl(c, ""), "", "without a credential"})
		}
		lines = append(lines, line{
			curl(c, `-H "`+is.header()+`$(cat `+is.token+`)"`), "", "a token of " + is.Name + forCaller(is.caller) + ", on " + model,
		})
	}
	return lines
}
