package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/version"
)

const versionHelp = `Prints the version, and the commit and the Go that it was built from. The module logs
its own version when it starts, as "model gate: version 0.1.0".`

func versionCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:     "version [-o FORM]",
		Short:   "Print the version",
		Long:    versionHelp,
		Example: "  modelgate version\n  modelgate version -o json",
		Args:    noArguments,
	}
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(*cobra.Command, []string) error {
		b := newBuild(debug.ReadBuildInfo())
		if !form.is(formText) {
			return form.print(t.out, b)
		}
		text := "modelgate " + b.Version
		if b.Revision != "" {
			text += ", commit " + b.Revision
		}
		if b.Modified {
			text += " with changes"
		}
		_, err := fmt.Fprintln(t.out, text+", "+b.Go)
		return err
	}
	return c
}

// build is what the command was built from.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // the commit, if Go knows it
	Modified bool   `json:"modified,omitempty"` // the sources differed from the commit
	Go       string `json:"go"`
}

func newBuild(info *debug.BuildInfo, ok bool) build {
	b := build{Version: version.Number}
	if !ok {
		return b
	}
	b.Go = info.GoVersion
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
