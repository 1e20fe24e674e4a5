package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/internal/document"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// format is the form in which a command prints its result: the flag -o.
type format struct {
	value string
	forms []string
}

// The forms of results.
const (
	formText = "text"
	formJSON = "json"
	formYAML = "yaml"
)

// addFormat adds the flag -o to a command. The first form is the default.
func addFormat(c *cobra.Command, forms ...string) *format {
	f := &format{forms[0], forms}
	c.Flags().VarP(f, "output", "o", "the form of the result: "+strictjson.Or(forms))
	// It fails only for a flag that does not exist.
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
	return f
}

// String implements pflag.Value.
func (f *format) String() string { return f.value }

// Type implements pflag.Value.
func (f *format) Type() string { return "FORM" }

// Set implements pflag.Value.
func (f *format) Set(value string) error {
	if !slices.Contains(f.forms, value) {
		return fmt.Errorf("must be %s; got %q", strictjson.Or(f.forms), value)
	}
	f.value = value
	return nil
}

// is reports whether results have one of these forms.
func (f *format) is(forms ...string) bool { return slices.Contains(forms, f.value) }

// print prints a result as JSON on many lines, or as YAML.
func (f *format) print(w io.Writer, result any) error {
	if f.is(formYAML) {
		return printYAML(w, result)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

// printYAML prints a value with the names and the order of its JSON.
func printYAML(w io.Writer, result any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text.Bytes(), &document); err != nil {
		return err
	}
	plain(&document)
	writer := yaml.NewEncoder(w)
	writer.SetIndent(2)
	if err := writer.Encode(&document); err != nil {
		return err
	}
	return writer.Close()
}

// plain has a node written without the brackets and quotes that JSON needs.
func plain(n *yaml.Node) {
	n.Style = 0
	switch {
	case n.Kind != yaml.ScalarNode:
	case strings.Contains(n.Value, "\n"):
		n.Style = yaml.LiteralStyle
	case n.Tag == "!!str" && document.Ambiguous(n.Value):
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range n.Content {
		plain(child)
	}
}
