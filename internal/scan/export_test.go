package scan

// Tables returns what the tests of this package watch.
func Tables() (keys [][]Key, fields [][]Field) {
	for _, x := range acceptedJSON {
		keys = append(keys, x.keys)
	}
	for _, x := range acceptedProto {
		fields = append(fields, x.fields)
	}
	return keys, fields
}
