// Command demo shows the gate at work: two Envoys with the module, a model
// server, a gRPC server, and a list of commands with what each one gives.
//
//	demo           prints the commands and stays up until Ctrl-C
//	demo -check    runs the commands, compares, and exits 1 on a difference
//	demo EXAMPLE   the same with the cases of one example as commands; -check too
//	demo -config FILE [-upstream HOST:PORT] [-keys development]
//	               runs a configuration of your own, before a server of your own; with tokens by
//	               development keys, which replace those of its issuers
//	demo call     is the gRPC client that the commands use
//
// With HOST=native in the environment the gate is a dynamic module, else a Wasm one.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/echo"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/strictjson"
)

func main() {
	err := errors.New("usage: demo [EXAMPLE] [-check] | demo -config FILE [-upstream HOST:PORT] [-keys development] | " +
		"demo call ADDRESS TOKEN-FILE unary|stream")
	switch args := os.Args[1:]; {
	case len(args) > 1 && args[0] == "-config":
		err = showOwn(args)
	case len(args) == 4 && args[0] == "call":
		err = call(args[1], args[2], args[3] == "stream")
	case len(args) == 0:
		err = show("", false)
	case len(args) == 1 && args[0] == "-check":
		err = show("", true)
	case len(args) == 1 || len(args) == 2 && args[1] == "-check":
		err = show(args[0], len(args) == 2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// call is a client of the Cloud Run sample's service, with an ID token.
func call(addr, tokenFile string, stream bool) error {
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return err
	}
	metadata := [][2]string{{"authorization", "Bearer " + string(token)}}
	replies, err := echo.Call(context.Background(), addr, grpcAuthority, metadata, "ana", stream)
	for _, r := range replies {
		fmt.Println(r)
	}
	if err != nil {
		fmt.Println(err)
	}
	return nil
}

// specials are the examples that need more than curl and their cases.
var specials = map[string]func(root, module string) (*stage, []line, error){
	"signed":              startSigned,
	"tfserving-mtls":      startMTLS,
	"oauth2":              startOAuth2,
	"client-certificates": startCertificates,
}

func show(example string, check bool) error {
	root, err := testbed.Root()
	if err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil { // the commands are written for the repository's root
		return err
	}
	if err := known(root, example); err != nil {
		return err
	}
	module, err := testbed.Build(root, filepath.Join(root, "build"), "modelgate")
	if err != nil {
		return err
	}
	var s *stage
	var lines []line
	if special := specials[example]; special != nil {
		s, lines, err = special(root, module)
	} else if example != "" {
		s, lines, err = startExample(root, module, example)
	} else {
		s, err = start(root, module)
	}
	if s != nil {
		defer s.stop()
	}
	if err != nil {
		return err
	}
	if example == "" {
		lines = s.lines()
	}
	if check {
		return compare(lines)
	}
	s.print(module, lines)
	return wait(s.renew)
}

// known returns an error that lists the examples, if there is none of this name. "" is the first
// demonstration.
func known(root, example string) error {
	files, err := filepath.Glob(filepath.Join(root, "examples", "*", "cases.json"))
	if err != nil {
		return err
	}
	var names []string
	for _, file := range files {
		names = append(names, filepath.Base(filepath.Dir(file)))
	}
	if example != "" && !slices.Contains(names, example) {
		return fmt.Errorf("EXAMPLE must be %s; got %q", strictjson.Or(names), example)
	}
	return nil
}

// wait keeps the tokens fresh, since an IAP assertion lives ten minutes.
func wait(renew func(time.Time) error) error {
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fresh := time.NewTicker(4 * time.Minute)
	defer fresh.Stop()
	for {
		select {
		case <-interrupted.Done():
			return nil
		case now := <-fresh.C:
			if err := renew(now); err != nil {
				return err
			}
		}
	}
}
