package testbed

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// FreePort returns a TCP port that nothing listens on, for a server that has to
// be told its port. It is below those that Linux hands out by itself (ip(7),
// ip_local_port_range), so that neither a connection nor a listener on port 0
// takes it before the server does.
func FreePort() (string, error) {
	const first, end, tries = 15_000, 32_000, 100
	var err error
	for range tries {
		port := strconv.Itoa(first + rand.IntN(end-first))
		var l net.Listener
		if l, err = net.Listen("tcp", ":"+port); err == nil {
			return port, l.Close()
		}
	}
	return "", fmt.Errorf("no free port: %w", err)
}
