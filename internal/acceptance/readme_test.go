package acceptance_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// TestReadme runs what README says under "Going on", as it is written there, after the journey that the
// demonstration would have made.
func TestReadme(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here", program)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, isFound := strings.Cut(string(readme), "```sh\n")
	script, _, isClosed := strings.Cut(after, "```")
	first, script, _ := strings.Cut(script, "\n")
	if !isFound || !isClosed || !strings.HasPrefix(first, "export URL=") {
		t.Fatalf("README has no examples that begin with the address: %q", first)
	}
	_, client := factory(t)
	if _, err := demo.Journey(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	command.Env = append(os.Environ(), "URL="+client.URL, "TOKEN="+httpapitest.Token())
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, want := range []string{
		`"on_hand": "4550"`, `"number": "PO-000003"`, `"number": "GR-`, "Idempotent-Replayed: true", "/problems/insufficient-stock",
		`"openapi":"3.1.0"`,
	} {
		if !strings.Contains(string(output), want) {
			t.Errorf("the examples of README do not show %s:\n%.4000s", want, output)
		}
	}
}
