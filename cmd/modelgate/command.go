package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// The exit statuses.
const (
	exitOK      = 0
	exitInvalid = 1
	exitUsage   = 2
	exitFound   = 3
	exitUnknown = 4
)

// exitStatuses says what each exit status means, for every command.
var exitStatuses = []struct {
	status  int
	meaning string
}{
	{exitOK, "no errors; warnings do not count"},
	{exitInvalid, "something is wrong with the input: each error is printed"},
	{exitUsage, "wrong usage: a command, a flag or an argument is unknown, missing or malformed"},
	{exitFound, "the command found what it was told to fail on (diff, replay, test), or something is left out (import)"},
	{exitUnknown, "a request cannot be decided here (decide, explain): --keys does not give the keys that its issuer publishes"},
}

// The groups of commands in the help.
const (
	groupConfiguration = "configuration"
	groupPolicy        = "policy"
	groupKeys          = "keys"
	groupDeployment    = "deployment"
)

const rootHelp = `Checks a configuration of model gate, tells offline what the filter would answer,
and writes what a deployment needs. It runs the same code as the filter.

Symmetric keys are read from environment variables, as in the filter.`

// newRoot returns the command modelgate with all its commands.
func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "modelgate",
		Short: "Check a configuration of model gate, and tell offline what the filter answers",
		Long:  rootHelp + "\n\n" + statusHelp(),
		Example: `  modelgate check config.json
  echo '{"method": "POST", "path": "/kfserving/prod/fraud:predict", "authority": "models.example.com"}' |
    modelgate decide --config config.json`,
		SilenceErrors: true, // end prints them
		SilenceUsage:  true,
		Args: func(root *cobra.Command, args []string) error {
			given := strings.Join(args, " ")
			return usageError{fmt.Sprintf("the command must be %s; got %q%s", commandNames(root), given, suggestion(root, given))}
		},
		Run: func(*cobra.Command, []string) {}, // never runs: Args refuses
	}
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err.Error()} })
	root.AddGroup(
		&cobra.Group{ID: groupConfiguration, Title: "Configurations:"},
		&cobra.Group{ID: groupPolicy, Title: "Policies:"},
		&cobra.Group{ID: groupKeys, Title: "Keys:"},
		&cobra.Group{ID: groupDeployment, Title: "Deployment:"},
	)
	for group, commands := range map[string][]*cobra.Command{
		groupConfiguration: {checkCommand(t), decideCommand(t), explainCommand(t)},
		groupPolicy:        {whoCanCommand(t), whatCanCommand(t), matrixCommand(t), diffCommand(t), testCommand(t), replayCommand(t)},
		groupKeys:          {keysCommand(t), apikeyCommand(t), tokenCommand(t)},
		groupDeployment:    {renderCommand(t), routesCommand(t), importCommand(t)},
		"":                 {versionCommand(t)},
	} {
		for _, c := range commands {
			c.GroupID = group
			c.DisableFlagsInUseLine = true // each Use lists its flags
			root.AddCommand(c)
		}
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// usageError says what is wrong with the arguments.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

// wrong returns the error of arguments that are wrong.
func wrong(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// errReported ends a command with exitInvalid. The command has printed why.
var errReported = errors.New("reported")

// errFound ends a command with exitFound. The command has printed what it found.
var errFound = errors.New("found")

// errUnknown ends a command with exitUnknown. The command has printed why.
var errUnknown = errors.New("unknown")

// end prints the error of a command, and returns the exit status.
func (t *terminal) end(command *cobra.Command, err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(t.err, "%s: %s\n\nusage: %s\n%s --help says more.\n",
			command.CommandPath(), usage.message, command.UseLine(), command.CommandPath())
		return exitUsage
	case errors.Is(err, errFound):
		return exitFound
	case errors.Is(err, errUnknown):
		return exitUnknown
	case !errors.Is(err, errReported):
		fmt.Fprintln(t.err, err)
	}
	return exitInvalid
}

// fail prints an error. It returns errReported, for the end of the command.
func (t *terminal) fail(err error) error {
	fmt.Fprintln(t.err, err)
	return errReported
}

// noArguments refuses arguments that are not flags.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return wrong("must have no arguments but flags; got %q", args[0])
	}
	return nil
}

// someArguments refuses a command without an argument that says what.
func someArguments(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return wrong("the name of %s is missing", what)
		}
		return nil
	}
}

// commandNames lists the commands that are not cobra's own.
func commandNames(root *cobra.Command) string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() && c.Name() != "completion" {
			names = append(names, c.Name())
		}
	}
	return strictjson.Or(names)
}

// suggestion names the commands that a mistyped one may mean.
func suggestion(root *cobra.Command, given string) string {
	root.SuggestionsMinimumDistance = 2
	if near := root.SuggestionsFor(given); given != "" && len(near) > 0 {
		return "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return ""
}

// statusHelp lists the exit statuses.
func statusHelp() string {
	lines := []string{"Exit status:"}
	for _, s := range exitStatuses {
		lines = append(lines, fmt.Sprintf("  %d  %s", s.status, s.meaning))
	}
	return strings.Join(lines, "\n")
}
