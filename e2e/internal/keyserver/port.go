package keyserver

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// port is a port of 127.0.0.1 that stays reserved while no server listens on it: no
// other process gets it, and no connection has it as its near end. A socket is
// bound to it that never listens, so that a connection to it is refused; beside
// that one others may be bound, by SO_REUSEPORT (socket(7)).
type port struct {
	addr    string
	socket  int
	release func()
}

func reservePort() (*port, error) {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, fmt.Errorf("keyserver: %w", err)
	}
	unix.CloseOnExec(socket)
	p := &port{socket: socket, release: sync.OnceFunc(func() { unix.Close(socket) })}
	if err = share(socket); err == nil {
		err = unix.Bind(socket, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	var name unix.Sockaddr
	if err == nil {
		name, err = unix.Getsockname(socket)
	}
	if err != nil {
		p.release()
		return nil, fmt.Errorf("keyserver: no port: %w", err)
	}
	p.addr = fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
	return p, nil
}

func share(socket int) error {
	return unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}

// listen accepts connections until the listener is closed.
func (p *port) listen() (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if failed := raw.Control(func(socket uintptr) { err = share(int(socket)) }); failed != nil {
			return failed
		}
		return err
	}}
	return config.Listen(context.Background(), "tcp", p.addr)
}
