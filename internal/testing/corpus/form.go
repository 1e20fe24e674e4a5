package corpus

import "strings"

// FormType is the media type of what Form returns.
const FormType = "multipart/form-data; boundary=B"

// Form writes a form as curl -F does: "model=base" is a field, and "file=@a.wav" a file of
// that name. A part with an empty line is a head and its content, as they are, with LF for CRLF.
func Form(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		if !strings.Contains(part, "\n\n") {
			name, value, _ := strings.Cut(part, "=")
			file, isFile := strings.CutPrefix(value, "@")
			head := `Content-Disposition: form-data; name="` + name + `"`
			if isFile {
				head, value = head+`; filename="`+file+"\"\nContent-Type: application/octet-stream", "RIFF"
			}
			part = head + "\n\n" + value
		}
		b.WriteString("--B\r\n" + strings.ReplaceAll(part, "\n", "\r\n") + "\r\n")
	}
	return b.String() + "--B--\r\n"
}
