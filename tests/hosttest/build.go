package hosttest

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// Build builds the host with the build tag dev, its policy at that path.
func Build(dir, policyPath string) (string, error) {
	binary := filepath.Join(dir, "cardbridge")
	cmd := exec.Command("go", "build", "-tags", "dev", "-o", binary, "-ldflags",
		"-X main.version=0.0.1 -X github.com/cardbridge/cardbridge/host/internal/policy.devPath="+policyPath,
		"github.com/cardbridge/cardbridge/host")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}
