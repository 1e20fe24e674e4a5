package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/strictjson"
)

const tokenHelp = `Makes keys and tokens with which a developer calls a gate by hand, as callers of the
configuration's issuers do:

  token key    makes a private key
  token trust  writes the configuration with this key in the place of an issuer's own
  token mint   makes a token of the issuer, signed with the key

No such token works where the issuer's own keys are in force. So that a configuration with
such a key is not taken for one of production, the key's kid begins with "development-":
check warns of it, the log names it, and token takes no other key. A token lives a day at
most.`

func tokenCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "token key|trust|mint [flags]",
		Short: "Make development keys and tokens",
		Long:  tokenHelp,
		Example: `  modelgate token key > development.json
  modelgate token trust --key development.json --config config.json --issuer iap > trusting.json
  modelgate token mint --key development.json --config config.json --issuer iap --email ana@example.com > ana.jwt`,
		Args: func(_ *cobra.Command, args []string) error {
			return wrong("must be followed by key, trust or mint; got %q", args)
		},
		Run: func(*cobra.Command, []string) {}, // never runs: Args refuses
	}
	for _, sub := range []*cobra.Command{t.tokenKey(), t.tokenTrust(), t.tokenMint()} {
		sub.DisableFlagsInUseLine = true // each Use lists its flags
		c.AddCommand(sub)
	}
	return c
}

func (t *terminal) tokenKey() *cobra.Command {
	c := &cobra.Command{
		Use:   "key [--algorithm ALGORITHM]",
		Short: "Make a private key for development",
		Long: "Makes a private key, as a JWK. Its algorithm must be the issuer's: ES256 for IAP's assertions,\n" +
			"RS256 for Google's ID tokens, one of " + `"algorithms"` + " for others.",
		Example: "  modelgate token key --algorithm RS256 > development.json",
		Args:    noArguments,
	}
	algorithm := &format{"ES256", developmentAlgorithms}
	c.Flags().Var(algorithm, "algorithm", "of signatures: "+strictjson.Or(developmentAlgorithms))
	c.RunE = func(*cobra.Command, []string) error {
		key, err := newDevelopmentKey(algorithm.value)
		if err != nil {
			return err
		}
		return json.NewEncoder(t.out).Encode(key)
	}
	return c
}

// forIssuer are the flags of a command about a key and an issuer.
type forIssuer struct{ key, config, issuer *string }

func issuerFlags(c *cobra.Command) forIssuer {
	f := c.Flags()
	return forIssuer{
		f.String("key", "", "`FILE` with the key"), f.String("config", "", "`FILE` with the configuration"),
		f.String("issuer", "", "`NAME` of the issuer in the configuration"),
	}
}

// load reads the key and the issuer, and where in the configuration the issuer is.
func (f forIssuer) load(t *terminal) (k developmentKey, s source, is devIssuer, pointer string, err error) {
	if *f.key == "" || *f.config == "" || *f.issuer == "" {
		return k, s, is, "", wrong("needs --key FILE, --config FILE and --issuer NAME")
	}
	if k, err = t.readDevelopmentKey(*f.key); err != nil {
		return k, s, is, "", err
	}
	if s, err = t.one(*f.config); err != nil {
		return k, s, is, "", err
	}
	var config struct{ Issuers []devIssuer }
	if err := json.Unmarshal([]byte(s.JSON), &config); err != nil {
		return k, s, is, "", fmt.Errorf("%s: %w", s, err)
	}
	i := slices.IndexFunc(config.Issuers, func(is devIssuer) bool { return is.Name == *f.issuer })
	if i < 0 {
		return k, s, is, "", fmt.Errorf("%s: must have the issuer %q; got none of this name", s, *f.issuer)
	}
	if is = config.Issuers[i]; is.JWKS == nil {
		return k, s, is, "", fmt.Errorf("%s: the issuer %q must have public keys (jwks); got none", s, *f.issuer)
	}
	if allowed := is.algorithms(); !slices.Contains(allowed, k.Algorithm) {
		return k, s, is, "", fmt.Errorf("%s: must be a key for %s, as tokens of %q are signed; got one for %s",
			*f.key, strictjson.Or(allowed), is.Name, k.Algorithm)
	}
	return k, s, is, fmt.Sprintf("/issuers/%d/jwks", i), nil
}

// readDevelopmentKey reads a key that token has made.
func (t *terminal) readDevelopmentKey(file string) (k developmentKey, err error) {
	text, err := t.readJSON(file)
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return k, fmt.Errorf("%s: %w", file, err)
	}
	if !strings.HasPrefix(k.ID, developmentPrefix) || !slices.Contains(developmentAlgorithms, k.Algorithm) {
		return k, fmt.Errorf("%s: must be a key of modelgate token key, whose kid begins with %q; got the kid %q", file, developmentPrefix, k.ID)
	}
	if _, err := k.private(); err != nil {
		return k, fmt.Errorf("%s: must be a private key for %s: %w", file, k.Algorithm, err)
	}
	return k, nil
}

func (t *terminal) tokenTrust() *cobra.Command {
	c := &cobra.Command{
		Use:     "trust --key FILE --config FILE --issuer NAME [-o FORM]",
		Short:   "Write a configuration with a development key in the place of an issuer's own",
		Long:    "Writes the configuration with the public half of the key as the only key of the issuer.",
		Example: "  modelgate token trust --key development.json --config config.json --issuer iap > trusting.json",
		Args:    noArguments,
	}
	flags := issuerFlags(c)
	form := addFormat(c, formJSON, formYAML)
	c.RunE = func(*cobra.Command, []string) error {
		key, s, _, pointer, err := flags.load(t)
		if err != nil {
			return err
		}
		jwks, err := json.Marshal(map[string]any{"inline": map[string]any{"keys": []developmentKey{key.public()}}})
		if err != nil {
			return err
		}
		return form.print(t.out, json.RawMessage(s.With(map[string]string{pointer: string(jwks)})))
	}
	return c
}

func (t *terminal) tokenMint() *cobra.Command {
	c := &cobra.Command{
		Use: "mint --key FILE --config FILE --issuer NAME [--subject SUBJECT] [--email ADDRESS] [--groups LIST]\n" +
			"                   [--claims JSON] [--for DURATION]",
		Short: "Make a token of an issuer, signed with a development key",
		Long: "Makes a token as the issuer does: with its iss, its first audience, and what its preset asks for\n" +
			"(an assertion of IAP, an ID token of Google, tokens of Keycloak and Cognito). --claims has\n" +
			"further claims as a JSON object; they replace the others, and null takes one out.",
		Example: `  modelgate token mint --key development.json --config config.json --issuer corp --subject ana --groups analysts
  modelgate token mint --key development.json --config config.json --issuer corp --claims '{"scope": "models:read"}'`,
		Args: noArguments,
	}
	flags := issuerFlags(c)
	subject := c.Flags().String("subject", "", "`SUBJECT` of the token; the default is the address, or development")
	email := c.Flags().String("email", "", "`ADDRESS` of the caller")
	groups := c.Flags().StringSlice("groups", nil, "`LIST` of the caller's groups, separated by commas")
	more := c.Flags().String("claims", "{}", "further claims: a `JSON` object")
	lifetime := c.Flags().Duration("for", 10*time.Minute, "how long the token lives: a `DURATION` up to 24h")
	c.RunE = func(*cobra.Command, []string) error {
		var claims map[string]any
		if err := json.Unmarshal([]byte(*more), &claims); err != nil || claims == nil {
			return wrong("--claims must be a JSON object; got %q", *more)
		}
		if *lifetime <= 0 || *lifetime > 24*time.Hour {
			return wrong("--for must be above 0 and at most 24h; got %s", *lifetime)
		}
		key, _, is, _, err := flags.load(t)
		if err != nil {
			return err
		}
		caller := devCaller{subject: *subject, email: *email, groups: *groups, more: claims}
		token, err := is.mint(key, caller, time.Now(), *lifetime)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(t.out, token)
		return err
	}
	return c
}
