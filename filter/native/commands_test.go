package main

import (
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
)

// told is a command as C reads it.
type told struct {
	kind, a uint32
	b       uint64
	payload string
}

// read reads the list as perform.c does.
func read(t *testing.T, c *commands) (list []told) {
	t.Helper()
	for p := c.memory[:c.used]; len(p) > 0; {
		size := binary.NativeEndian.Uint64(p[16:])
		list = append(list, told{
			binary.NativeEndian.Uint32(p), binary.NativeEndian.Uint32(p[4:]), binary.NativeEndian.Uint64(p[8:]),
			string(p[commandSize : commandSize+size]),
		})
		p = p[commandSize+size:]
	}
	return list
}

// growing returns commands whose memory grows up to so many bytes.
func growing(most int) *commands {
	c := &commands{}
	c.grow = func(size int) []byte {
		if size > most {
			return nil
		}
		return append(make([]byte, 0, size), c.memory...)[:size]
	}
	return c
}

func TestCommands(t *testing.T) {
	c := growing(1 << 20)
	c.add(commandLog, 3, 0, "model ", "gate")
	c.add(commandAddCounter, 7, 1<<40)
	ok := c.edit(2, true, &gate.Edit{Remove: []string{"x-user"}, Set: [][2]string{{":path", "/v1"}}})
	long := string(make([]byte, 100_000))
	c.add(commandLog, 4, 0, long)
	want := []told{
		{commandLog, 3, 0, "model gate"}, {commandAddCounter, 7, 1 << 40, ""}, {commandRemove, 2, 0, "x-user"},
		{commandSet, 2, 5, ":path/v1"}, {commandClearRoute, 0, 0, ""}, {commandLog, 4, 0, long},
	}
	if got := read(t, c); !ok || c.failed || !reflect.DeepEqual(got, want) {
		t.Errorf("commands = %v, %v, %v", got, ok, c.failed)
	}
}

func TestCommandsClearNoRouteForNothing(t *testing.T) {
	c := growing(1 << 20)
	if !c.edit(0, true, &gate.Edit{}) || !c.edit(1, false, &gate.Edit{Remove: []string{"a"}}) || len(read(t, c)) != 1 {
		t.Errorf("commands = %v, want one removal", read(t, c))
	}
}

func TestCommandsRefuseEmptyValue(t *testing.T) {
	if growing(1<<20).edit(0, true, &gate.Edit{Set: [][2]string{{"x-user", ""}}}) {
		t.Error("edit = true for an empty value, which would remove the header")
	}
}

// A command that is lost must not be taken for none.
func TestCommandsOutOfMemory(t *testing.T) {
	c := growing(4 << 10)
	c.add(commandLog, 0, 0, string(make([]byte, 4<<10)))
	c.add(commandAddCounter, 1, 1)
	if got := read(t, c); !c.failed || len(got) != 1 {
		t.Errorf("failed = %v, commands = %v", c.failed, got)
	}
}

func TestAppendReply(t *testing.T) {
	got := appendReply(nil, gate.Reply{Status: 403, GRPC: 7, Headers: [][2]string{{"a", "bc"}}, Body: "{}", Details: "d"})
	var want []byte
	for _, n := range []uint32{403, 1} {
		want = binary.NativeEndian.AppendUint32(want, n)
	}
	want = append(want, '7', 0, 0, 0)
	for _, s := range []string{"d", "{}", "a", "bc"} {
		want = append(binary.NativeEndian.AppendUint32(want, uint32(len(s))), s...)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("appendReply = %q, want %q", got, want)
	}
}
