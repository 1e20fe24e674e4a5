package main

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// line is a command and what it gives: its output contains want.
type line struct{ command, want, why string }

// lines returns the commands. Each is complete: it can be pasted into a shell in the
// root of the repository.
func (s *stage) lines() []line {
	addr := s.envoys["iap"].Addr()
	curl := func(token, options, path string) string {
		c := "curl -s -w '%{http_code}\\n'"
		if token != "" {
			c += ` -H "x-goog-iap-jwt-assertion: $(cat build/run/` + token + `.jwt)"`
		}
		return c + options + " 'http://" + addr + path + "'"
	}
	const predict, flowers = "/kfserving/kubeflow/sklearn-iap:predict", " -d @examples/iap/iris.json"
	lines := []line{
		{curl("ana", flowers, predict), `{"predictions":[1,1]}` + "\n200", "the analyst has a grant: the model answers"},
		{curl("ana", flowers, "/kfserving/prod/fraud:predict"), "200", "and on another model, which Envoy routes to another cluster"},
		{curl("ana", "", "/kfserving/kubeflow/sklearn-iap"), "200", "a caller who may predict may also ask whether the model is ready"},
		{curl("ana", flowers, "/kfserving/prod/churn:predict"), reply("grant_missing", 403), "no grant for this model"},
		{curl("ana", flowers, "/kfserving/kubeflow/sklearn-iap-admin:predict"), reply("grant_missing", 403), "a longer name is another model"},
		{curl("bob", "", "/kfserving/kubeflow/sklearn-iap"), "200", "the colleague's domain may look"},
		{curl("bob", flowers, predict), reply("grant_missing", 403), "but not predict"},
		{curl("ana", flowers, "/kfserving/prod/fraud:explain"), reply("denied", 403), "a deny wins over a grant"},
		{curl("expired", flowers, predict), reply("token_expired", 401), "the assertion has expired"},
		{curl("elsewhere", flowers, predict), reply("audience_wrong", 401), "the assertion is for another backend service"},
		{curl("forged", flowers, predict), reply("signature_invalid", 401), "signed by a key that nobody published"},
		{curl("unsigned", flowers, predict), reply("token_algorithm", 401), "alg: none"},
		{curl("", flowers, predict), reply("credential_missing", 401), "no assertion"},
		{curl("", " -H 'x-goog-authenticated-user-email: accounts.google.com:ana@example.com'"+flowers, predict),
			reply("credential_missing", 401), "Google's unsigned header is no credential"},
		{curl("ana", flowers+" --path-as-is", "/kfserving/prod/../kubeflow/sklearn-iap:predict"), reply("path_invalid", 400),
			"a path that could be read in two ways"},
		{curl("ana", flowers, "/kfserving/kubeflow/%73klearn-iap:predict"), reply("path_invalid", 400), "an escaped letter"},
		{curl("ana", flowers, predict+"?access_token=x"), reply("query_token", 400), "a token in the query"},
		{curl("ana", " -o /dev/null -D - -H 'kubeflow-userid: root' -H 'kubeflow_userid: root'"+flowers, predict),
			"x-served-for: [accounts.google.com:ana@example.com]", "a forged identity is replaced by the verified one"},
	}
	grpc := s.envoys["grpc-cloud-run"].Addr()
	for _, c := range [][3]string{
		{"robot.jwt unary", "Hello ana", "gRPC with a service account's ID token, granted by an IAM binding"},
		{"robot.jwt stream", "Hello ana", "the same, server streaming"},
		{"another.jwt unary", "PermissionDenied desc = grant_missing", "another service account"},
	} {
		lines = append(lines, line{"build/demo call " + grpc + " build/run/" + c[0], c[1], c[2]})
	}
	return lines
}

// reply is what a refusal looks like; the request's id between differs.
func reply(why string, status int) string { return fmt.Sprintf(`{"reason":"%s"|%d`, why, status) }

// print shows what runs and what to try.
func (s *stage) print(module string, lines []line) {
	fmt.Printf("Envoy     %s\n", s.binary)
	fmt.Printf("module    build/%s\n", filepath.Base(module))
	for _, example := range slices.Sorted(maps.Keys(s.envoys)) {
		fmt.Printf("listener  %s  as examples/%s/envoy.yaml says, with keys of this run\n", s.envoys[example].Addr(), example)
		fmt.Printf("admin     http://%s\n", s.envoys[example].AdminAddr())
		fmt.Printf("log       %s\n", s.envoys[example].LogFile())
	}
	for _, cluster := range slices.Sorted(maps.Keys(s.upstreams)) {
		fmt.Printf("cluster   %-9s %s\n", cluster, s.upstreams[cluster])
	}
	fmt.Printf("tokens    build/run/*.jwt\n\n")
	for _, l := range lines {
		fmt.Printf("%s\n    # %s: %s\n\n", l.command, strings.NewReplacer("\n", " ", "|", "…} ").Replace(l.want), l.why)
	}
	fmt.Println("Ctrl-C ends it.")
}

// compare runs every command and reports the first lines that give something else.
func compare(lines []line) error {
	failed := 0
	for _, l := range lines {
		output, err := exec.Command("sh", "-c", l.command).CombinedOutput()
		ok := err == nil
		for _, part := range strings.Split(l.want, "|") {
			ok = ok && strings.Contains(string(output), part)
		}
		if !ok {
			failed++
			fmt.Printf("DIFFERS  %s\n  %s\n  gave %q (%v), want %q\n", l.why, l.command, output, err, l.want)
			continue
		}
		fmt.Printf("as said  %s\n", l.why)
	}
	fmt.Printf("%d passed, %d failed\n", len(lines)-failed, failed)
	if failed > 0 {
		return fmt.Errorf("%d of %d commands gave something else", failed, len(lines))
	}
	return nil
}
