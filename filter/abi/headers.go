//go:build wasip1

package abi

// Map is a header map.
type Map uint32

// The maps that are used.
const (
	RequestHeaders  Map = 0
	RequestTrailers Map = 1
	ResponseHeaders Map = 2
	CallHeaders     Map = 6 // of the answer to an HTTPCall
)

// Pairs are all headers in order, repeats kept. There is one list of them, which
// the next call of Pairs fills anew unless Keep was called.
func (m Map) Pairs() ([][2]string, error) {
	octets, err := taken(proxyGetHeaderMapPairs(m, &out.data, &out.size))
	if err != nil {
		return nil, err
	}
	list, ok := appendPairs(pairs[:0], octets)
	if !ok {
		return nil, Internal
	}
	pairs = list
	return list, nil
}

// Remove takes away every header of a name.
func (m Map) Remove(name string) error {
	return proxyRemoveHeaderMapValue(m, first(name), length(name)).err()
}

// Replace gives a header its only value, adding it if there is none.
func (m Map) Replace(name, value string) error {
	return proxyReplaceHeaderMapValue(m, first(name), length(name), first(value), length(value)).err()
}
