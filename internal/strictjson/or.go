package strictjson

import "strings"

// Or joins known values for a problem: "a, b or c".
func Or(values []string) string {
	last := len(values) - 1
	if last < 1 {
		return strings.Join(values, "")
	}
	return strings.Join(values[:last], ", ") + " or " + values[last]
}
