package document

// Document is one document of a text.
type Document struct {
	JSON string
	root *node
}

// Documents returns the documents of a text in JSON or YAML. The error is of the type Problems.
func Documents(text string) ([]Document, error) {
	nodes, err := parse(text)
	if err != nil {
		return nil, err
	}
	list := make([]Document, len(nodes))
	for i, n := range nodes {
		list[i] = Document{string(n.appendJSON(nil)), n}
	}
	return list, nil
}

// Find returns the place of a value, as Config.Find does.
func (d Document) Find(pointer string) Place { return d.root.find(pointer) }
