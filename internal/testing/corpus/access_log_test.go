package corpus

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// logged are the commands of an access log's format that would write a query, in which a
// caller may send a token, or a header that carries a credential. %PATH(NQ:PATH)% writes
// the path alone; without the second word, a caller's x-envoy-original-path comes first.
var logged = regexp.MustCompile(`(?i)%(REQ(_WITHOUT_QUERY)?\((:path|x-envoy-original-path|[a-z-]*authorization|cookie|[a-z-]*api-key|` +
	`[a-z-]*token|x-goog-iap-jwt-assertion)|PATH\((WQ|NQ\)|NQ:ORIG))`)

func TestLogged(t *testing.T) {
	for _, c := range []struct {
		format string
		want   bool
	}{
		{"%REQ(:METHOD)% %REQ(:AUTHORITY)%%PATH(NQ:PATH)%", false},
		{"%REQ(:PATH)%", true},
		{"%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", true},
		{"%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)%", true},
		{"%PATH(WQ)%", true},
		{"%PATH(NQ)%", true},
		{"%PATH(NQ:ORIG_OR_PATH)%", true},
		{"%REQ(authorization)%", true},
		{"%REQ(Proxy-Authorization)%", true},
		{"%REQ(COOKIE):10%", true},
		{"%REQ(x-api-key)%", true},
		{"%REQ(x-request-id)%", false},
	} {
		if got := logged.MatchString(c.format); got != c.want {
			t.Errorf("%s: found %v, want %v", c.format, got, c.want)
		}
	}
}

// TestExamplesLogNoQuery: no access log of an example or a manifest writes a query or a
// credential.
func TestExamplesLogNoQuery(t *testing.T) {
	logs := 0
	for _, dir := range []string{"../../../examples", "../../../manifests", "../../../e2e"} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") {
				return err
			}
			text, err := os.ReadFile(path)
			logs += strings.Count(string(text), "access_log:")
			for i, line := range strings.Split(string(text), "\n") {
				if found := logged.FindString(line); found != "" && !strings.HasPrefix(strings.TrimSpace(line), "#") {
					t.Errorf("%s:%d logs %s", path, i+1, found)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if logs < 10 {
		t.Errorf("%d access logs were read, want those of all examples", logs)
	}
}
