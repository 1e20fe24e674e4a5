package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/pflag"
	"mvdan.cc/sh/v3/shell"
)

// curl is the flags of curl that say what it sends; the others say how.
type curl struct {
	method, user, agent, json, url, cookie string
	headers, data, raw, binary             []string
	get, head                              bool
}

// parseCurl reads the request that a command of curl makes.
func (t *terminal) parseCurl(command string) (r request, err error) {
	words, err := shell.Fields(command, func(name string) string {
		value, _ := t.secrets(name)
		return value
	})
	if err != nil {
		return r, wrong("--curl: %v", err)
	}
	if len(words) == 0 || words[0] != "curl" {
		return r, wrong("--curl must begin with curl; got %q", command)
	}
	var c curl
	flags := c.flags()
	if err := flags.Parse(words[1:]); err != nil {
		return r, wrong("--curl: %v", err)
	}
	if c.url == "" && flags.NArg() == 1 {
		c.url = flags.Arg(0)
	}
	if c.url == "" || flags.NArg() > 1 {
		return r, wrong("--curl must have one URL; got %q", flags.Args())
	}
	return c.request(t)
}

// flags are curl's own (curl.se/docs/manpage.html).
func (c *curl) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("curl", pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.StringVarP(&c.method, "request", "X", "", "")
	f.StringArrayVarP(&c.headers, "header", "H", nil, "")
	f.StringArrayVarP(&c.data, "data", "d", nil, "")
	f.StringArrayVar(&c.data, "data-ascii", nil, "")
	f.StringArrayVar(&c.raw, "data-raw", nil, "")
	f.StringArrayVar(&c.binary, "data-binary", nil, "")
	f.StringVar(&c.json, "json", "", "")
	f.StringVarP(&c.user, "user", "u", "", "")
	f.StringVarP(&c.agent, "user-agent", "A", "", "")
	f.StringVarP(&c.cookie, "cookie", "b", "", "")
	f.StringVar(&c.url, "url", "", "")
	f.BoolVarP(&c.get, "get", "G", false, "")
	f.BoolVarP(&c.head, "head", "I", false, "")
	for _, name := range []string{"silent s", "show-error S", "insecure k", "location L", "verbose v", "include i", "fail f", "no-buffer N",
		"http1.1", "http2", "http2-prior-knowledge", "compressed", "path-as-is", "fail-with-body", "globoff g", "progress-bar #"} {
		long, short, _ := strings.Cut(name, " ")
		f.BoolP(long, short, false, "")
	}
	for _, name := range []string{"output o", "write-out w", "max-time m", "connect-timeout", "cacert", "resolve", "connect-to", "retry"} {
		long, short, _ := strings.Cut(name, " ")
		f.StringP(long, short, "", "")
	}
	return f
}

// request returns the request that curl makes: the method, the headers and the body by its
// rules. The path is not normalized.
func (c *curl) request(t *terminal) (r request, err error) {
	_, rest, hasScheme := strings.Cut(c.url, "://")
	if !hasScheme {
		rest = c.url
	}
	rest, _, _ = strings.Cut(rest, "#")
	at := len(rest)
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		at = i
	}
	r.Authority, r.Path = rest[:at], rest[at:]
	if i := strings.LastIndexByte(r.Authority, '@'); i >= 0 { // a user in the URL is sent as Basic, as of --user
		if c.user == "" {
			if c.user, err = url.PathUnescape(r.Authority[:i]); err != nil {
				return r, wrong("--curl: the user in the URL: %v", err)
			}
		}
		r.Authority = r.Authority[i+1:]
	}
	if !strings.HasPrefix(r.Path, "/") {
		r.Path = "/" + r.Path
	}
	body, mediaType, err := c.body(t)
	if err != nil {
		return r, err
	}
	r.Method = "GET"
	switch {
	case c.method != "":
		r.Method = c.method
	case c.head:
		r.Method = "HEAD"
	case mediaType != "" && !c.get:
		r.Method = "POST"
	}
	if c.get && body != "" {
		separator := "?"
		if strings.Contains(r.Path, "?") {
			separator = "&"
		}
		r.Path, body, mediaType = r.Path+separator+body, "", ""
	}
	r.Body = []byte(body)
	return r, c.addHeaders(&r, mediaType)
}

// addHeaders adds the headers. One that is given takes the place of curl's own; without a value it is
// not sent, unless a semicolon stands for the colon.
func (c *curl) addHeaders(r *request, mediaType string) error {
	given := map[string]bool{}
	for _, h := range c.headers {
		name, value, ok := strings.Cut(h, ":")
		if value = strings.TrimSpace(value); !ok && strings.HasSuffix(h, ";") {
			name = strings.TrimSuffix(h, ";")
		} else if !ok {
			return wrong("--curl: a header must be NAME: VALUE; got %q", h)
		} else if value == "" {
			given[strings.ToLower(name)] = true
			continue
		}
		if strings.EqualFold(name, "host") {
			r.Authority = value
			continue
		}
		given[strings.ToLower(name)] = true
		r.Headers = append(r.Headers, pair{name, value})
	}
	own := [][2]string{{"user-agent", c.agent}, {"authorization", ""}, {"content-type", mediaType}}
	if c.user != "" {
		own[1][1] = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.user))
	}
	if c.cookie != "" {
		r.Headers = append(r.Headers, pair{"cookie", c.cookie})
	}
	for _, h := range own {
		if h[1] != "" && !given[h[0]] {
			r.Headers = append(r.Headers, pair(h))
		}
	}
	return nil
}

// body returns what curl sends, and the media type that it says if no header does; "" if it sends
// nothing.
func (c *curl) body(t *terminal) (body, mediaType string, err error) {
	var parts []string
	add := func(list []string, files, stripped bool) {
		for _, part := range list {
			if file, ok := strings.CutPrefix(part, "@"); ok && files && err == nil {
				var e error
				if part, _, e = t.read(file); e != nil {
					err = fmt.Errorf("--curl: %w", e)
				}
				if stripped { // curl removes line breaks and zeros from a file
					part = strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(part)
				}
			}
			parts = append(parts, part)
		}
	}
	add(c.data, true, true)
	add(c.raw, false, false)
	add(c.binary, true, false)
	switch {
	case c.json != "":
		add([]string{c.json}, true, false)
		return strings.Join(parts, "&"), "application/json", err
	case len(parts) > 0:
		return strings.Join(parts, "&"), "application/x-www-form-urlencoded", err
	}
	return "", "", err
}
