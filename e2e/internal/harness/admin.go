package harness

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// Admin calls the admin interface and returns the answer's body. Any status but
// 200 is an error. It always posts: Envoy insists on it where something changes,
// and does not mind elsewhere. It waits with Patience: the thread that answers is
// the one that compiles modules.
func (e *Envoy) Admin(path string) (string, error) {
	client := http.Client{Timeout: Patience}
	defer client.CloseIdleConnections()
	response, err := client.Post("http://"+e.admin+path, "", nil)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("harness: admin %s: %s: %s", path, response.Status, body)
	}
	return string(body), err
}

// Stats returns all counters and gauges.
func (e *Envoy) Stats() (map[string]uint64, error) {
	text, err := e.Admin("/stats")
	if err != nil {
		return nil, err
	}
	stats := map[string]uint64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		// Texts and histograms are not numbers.
		if number, err := strconv.ParseUint(value, 10, 64); err == nil {
			stats[name] = number
		}
	}
	return stats, nil
}

// namespaces is what Envoy puts before the names of a module's own metrics: of Wasm's, and of
// a dynamic module's.
var namespaces = []string{"wasmcustom.", "dynamicmodulescustom."}

// Metrics returns the counters and gauges that a module has made, by its own names.
func (e *Envoy) Metrics() (map[string]uint64, error) {
	stats, err := e.Stats()
	metrics := map[string]uint64{}
	for name, value := range stats {
		for _, namespace := range namespaces {
			if own, ok := strings.CutPrefix(name, namespace); ok {
				metrics[own] = value
			}
		}
	}
	return metrics, err
}

// Addr returns the "host:port" of the first listener, or "" if there is none.
func (e *Envoy) Addr() string {
	for _, listener := range e.listeners() {
		return listener.addr()
	}
	return ""
}

// AddrOf returns the "host:port" of the listener of that name, or "" if there
// is none (any more, or yet: this asks Envoy).
func (e *Envoy) AddrOf(name string) string {
	for _, listener := range e.listeners() {
		if listener.Name == name {
			return listener.addr()
		}
	}
	return ""
}

type listener struct {
	Name  string `json:"name"`
	Local struct {
		Socket struct {
			Address string `json:"address"`
			Port    int    `json:"port_value"`
		} `json:"socket_address"`
	} `json:"local_address"`
}

func (l listener) addr() string {
	return net.JoinHostPort(l.Local.Socket.Address, strconv.Itoa(l.Local.Socket.Port))
}

// listeners is empty if Envoy does not answer.
func (e *Envoy) listeners() []listener {
	text, err := e.Admin("/listeners?format=json")
	if err != nil {
		return nil
	}
	var answer struct {
		Statuses []listener `json:"listener_statuses"`
	}
	if json.Unmarshal([]byte(text), &answer) != nil {
		return nil
	}
	return answer.Statuses
}
