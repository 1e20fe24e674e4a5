package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// endpoint is a server from which the gate fetches published keys.
type endpoint struct {
	pointer string // of the name of its cluster in the configuration
	cluster string // as the configuration has it
	host    string
	port    int
	tls     bool
}

// remoteKeys are the fields that say where an issuer's keys are published.
type remoteKeys struct {
	URI          string
	Discovery    string
	Cluster      string
	JWKSClusters map[string]string
}

// endpoints returns the servers from which a configuration that compiles has keys fetched, in
// the order of its issuers.
func endpoints(doc string) ([]endpoint, error) {
	var config struct {
		Issuers []struct {
			JWKS    struct{ Remote *remoteKeys }
			APIKeys struct{ Remote *remoteKeys }
		}
	}
	if err := json.Unmarshal([]byte(doc), &config); err != nil {
		return nil, err
	}
	var list []endpoint
	for i, issuer := range config.Issuers {
		for name, remote := range map[string]*remoteKeys{"jwks": issuer.JWKS.Remote, "apiKeys": issuer.APIKeys.Remote} {
			if remote == nil {
				continue
			}
			found, err := remote.endpoints(fmt.Sprintf("/issuers/%d/%s/remote", i, name))
			if err != nil {
				return nil, err
			}
			list = append(list, found...)
		}
	}
	return list, nil
}

func (r *remoteKeys) endpoints(pointer string) ([]endpoint, error) {
	uri, err := url.Parse(r.URI + r.Discovery) // it has one of them
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pointer, err)
	}
	e := endpoint{pointer: pointer + "/cluster", cluster: r.Cluster, tls: uri.Scheme == "https"}
	if e.host, e.port, err = hostAndPort(uri.Host, e.tls); err != nil {
		return nil, fmt.Errorf("%s: %w", pointer, err)
	}
	list := []endpoint{e}
	for host, cluster := range r.JWKSClusters {
		other := endpoint{pointer: pointer + "/jwksClusters" + strictjson.Pointer{host}.String(), cluster: cluster, tls: e.tls}
		if other.host, other.port, err = hostAndPort(host, e.tls); err != nil {
			return nil, fmt.Errorf("%s: %w", other.pointer, err)
		}
		list = append(list, other)
	}
	slices.SortFunc(list[1:], func(a, b endpoint) int { return strings.Compare(a.pointer, b.pointer) })
	return list, nil
}

// hostAndPort splits the host of a URI. Without a port it is the scheme's.
func hostAndPort(s string, tls bool) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(s)
	if err != nil {
		host, digits = strings.Trim(s, "[]"), "80"
		if tls {
			digits = "443"
		}
	}
	port, err = strconv.Atoi(digits)
	return strings.ToLower(host), port, err
}
