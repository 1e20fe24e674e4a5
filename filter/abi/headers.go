//go:build wasip1

package abi

import "math"

// Map is a header map of the host.
type Map uint32

// The header maps that the filter uses.
const (
	RequestHeaders  Map = 0
	RequestTrailers Map = 1
	ResponseHeaders Map = 2
	CallHeaders     Map = 6 // of the response to an HTTPCall
)

// Pairs returns all headers in their order, with repeated names. The list itself
// is shared: the next call of Pairs overwrites it, unless KeepResults was called.
func (m Map) Pairs() ([][2]string, error) { return m.FirstPairs(math.MaxInt) }

// FirstPairs is Pairs for at most that many headers. The others are left out unread.
func (m Map) FirstPairs(most int) ([][2]string, error) {
	b, err := hostResult(proxyGetHeaderMapPairs(m, &outParams.data, &outParams.size))
	if err != nil {
		return nil, err
	}
	list, ok := appendPairs(pairsBuf[:0], b, most)
	if !ok {
		return nil, Internal
	}
	pairsBuf = list
	return list, nil
}

// Remove removes every header of a name.
func (m Map) Remove(name string) error {
	return proxyRemoveHeaderMapValue(m, strPtr(name), strLen(name)).err()
}

// Replace sets a header to one value. It removes other values and adds the header
// if it is missing.
func (m Map) Replace(name, value string) error {
	return proxyReplaceHeaderMapValue(m, strPtr(name), strLen(name), strPtr(value), strLen(value)).err()
}
