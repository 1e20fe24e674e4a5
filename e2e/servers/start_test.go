//go:build servers || vllm

package servers

import (
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/process"
)

// started are the addresses of a server.
type started struct{ http, grpc, management, managementGRPC string }

// startTriton serves alpha in the versions 1 and 2, and beta in the version 3.
func startTriton(t *testing.T) started {
	t.Helper()
	dir := t.TempDir()
	for _, model := range []string{"alpha/1", "alpha/2", "beta/3"} {
		name, _, _ := strings.Cut(model, "/")
		write(t, filepath.Join(dir, model, "model.py"), testdata(t, "triton/model.py"))
		write(t, filepath.Join(dir, name, "config.pbtxt"), fmt.Sprintf("name: %q\n", name)+testdata(t, "triton/config.pbtxt"))
	}
	// The stub of the Python backend needs Python's own library.
	where, err := exec.Command(python["triton"], "-c",
		"import sysconfig; print(sysconfig.get_path('purelib'), sysconfig.get_config_var('LIBDIR'))").
		Output()
	if err != nil {
		t.Fatal(err)
	}
	packages, libraries, _ := strings.Cut(strings.TrimSpace(string(where)), " ")
	venv := filepath.Dir(filepath.Dir(python["triton"]))
	server := filepath.Join(venv, "tritonserver")
	addrs := serve(t, "Triton", 3, func(addrs []string) *exec.Cmd {
		command := exec.Command(filepath.Join(server, "bin", "tritonserver"), "--model-repository="+dir,
			"--backend-directory="+filepath.Join(server, "backends"), "--cache-directory="+filepath.Join(server, "caches"),
			"--model-control-mode=explicit", "--load-model=*", "--http-address=127.0.0.1", "--http-port="+process.Port(addrs[0]),
			"--grpc-address=127.0.0.1", "--grpc-port="+process.Port(addrs[1]), "--metrics-address=127.0.0.1", "--metrics-port="+process.Port(addrs[2]),
			"--allow-gpu-metrics=false", "--exit-timeout-secs=1")
		command.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(packages, "nvidia_pytriton.libs")+":"+libraries,
			"PYTHONPATH="+packages, "PATH="+filepath.Join(venv, "bin")+":"+os.Getenv("PATH"))
		return command
	}, func(addrs []string) error {
		return errors.Join(answers("GET", "http://"+addrs[0]+"/v2/models/alpha/ready"),
			answers("GET", "http://"+addrs[0]+"/v2/models/beta/ready"))
	})
	return started{http: addrs[0], grpc: addrs[1]}
}

// startTorchServe serves alpha in the versions 1.0 and 2.0, of which the first is the
// default, and beta in the version 1.0.
func startTorchServe(t *testing.T) started {
	t.Helper()
	dir := t.TempDir()
	for _, model := range []string{"alpha@1.0", "alpha@2.0", "beta@1.0"} {
		name, version, _ := strings.Cut(model, "@")
		archive(t, filepath.Join(dir, "store", model+".mar"), map[string]string{
			"MAR-INF/MANIFEST.json": fmt.Sprintf(`{"runtime": "python", "archiverVersion": "0.12.0",
				"model": {"modelName": %q, "modelVersion": %q, "handler": "handler.py"}}`, name, version),
			"handler.py": testdata(t, "torchserve/handler.py"),
		})
	}
	write(t, filepath.Join(dir, "stub", "torch", "__init__.py"), testdata(t, "torchserve/torch/__init__.py"))
	write(t, filepath.Join(dir, "tmp", "empty"), "")
	addrs := serve(t, "TorchServe", 5, func(addrs []string) *exec.Cmd { return torchServe(t, dir, addrs) }, func(addrs []string) error {
		return errors.Join(answers("POST", "http://"+addrs[0]+"/predictions/alpha"),
			answers("POST", "http://"+addrs[0]+"/predictions/beta"))
	})
	if err := answers("POST", "http://"+addrs[1]+"/models?url=alpha@2.0.mar&initial_workers=1&synchronous=true"); err != nil {
		t.Fatal(err)
	}
	return started{http: addrs[0], management: addrs[1], grpc: addrs[2], managementGRPC: addrs[3]}
}

// torchServe is the command that ts/model_server.py of pytorch/serve runs, without the file
// by which that knows a server that runs already.
func torchServe(t *testing.T, dir string, addrs []string) *exec.Cmd {
	t.Helper()
	config := filepath.Join(dir, "config.properties")
	write(t, config, fmt.Sprintf("inference_address=http://%s\nmanagement_address=http://%s\nmetrics_address=http://%s\n"+
		"grpc_inference_address=127.0.0.1\ngrpc_inference_port=%s\ngrpc_management_address=127.0.0.1\ngrpc_management_port=%s\n"+
		"default_workers_per_model=1\ndisable_token_authorization=true\nenable_model_api=true\n",
		addrs[0], addrs[1], addrs[4], process.Port(addrs[2]), process.Port(addrs[3])))
	packages, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(python["torchserve"])), "lib", "python*", "site-packages"))
	if err != nil || len(packages) != 1 {
		t.Fatal(packages, err)
	}
	command := exec.Command("java", "-Dmodel_server_home="+packages[0], "-Djava.io.tmpdir="+filepath.Join(dir, "tmp"),
		"-cp", filepath.Join(packages[0], "ts", "frontend", "*"), "org.pytorch.serve.ModelServer", "--python", python["torchserve"],
		"-f", config, "-s", filepath.Join(dir, "store"), "-ncs", "--disable-token-auth", "--enable-model-api",
		"-m", "alpha=alpha@1.0.mar", "beta=beta@1.0.mar")
	command.Dir = dir
	command.Env = append(os.Environ(), "TEMP="+filepath.Join(dir, "tmp"), "TMPDIR="+filepath.Join(dir, "tmp"),
		"PYTHONPATH="+filepath.Join(dir, "stub"), "PATH="+filepath.Dir(python["torchserve"])+":"+os.Getenv("PATH"))
	return command
}

// archive writes a model archive, which is a ZIP file.
func archive(t *testing.T, path string, files map[string]string) {
	t.Helper()
	var text strings.Builder
	w := zip.NewWriter(&text)
	for name, content := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, text.String())
}

// startMLServer serves alpha in the version 1, and beta in the version v2. Of two versions of
// a model it takes the one that it has loaded last.
func startMLServer(t *testing.T) started {
	t.Helper()
	dir := t.TempDir()
	for name, version := range map[string]string{"alpha": "1", "beta": "v2"} {
		write(t, filepath.Join(dir, name, "model-settings.json"),
			fmt.Sprintf(`{"name": %q, "implementation": "runtime.Ran", "parameters": {"version": %q}}`, name, version))
		write(t, filepath.Join(dir, name, "runtime.py"), testdata(t, "mlserver/runtime.py"))
	}
	addrs := serve(t, "MLServer", 3, func(addrs []string) *exec.Cmd {
		write(t, filepath.Join(dir, "settings.json"), fmt.Sprintf(`{"parallel_workers": 0, "host": "127.0.0.1",
			"http_port": %s, "grpc_port": %s, "metrics_port": %s}`, process.Port(addrs[0]), process.Port(addrs[1]), process.Port(addrs[2])))
		command := exec.Command(python["mlserver"], "-W", "ignore", "-m", "mlserver.cli.main", "start", dir)
		command.Dir = dir
		command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
		return command
	}, func(addrs []string) error {
		return errors.Join(answers("GET", "http://"+addrs[0]+"/v2/models/alpha/ready"),
			answers("GET", "http://"+addrs[0]+"/v2/models/beta/ready"))
	})
	return started{http: addrs[0], grpc: addrs[1]}
}
