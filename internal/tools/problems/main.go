// Command problems writes docs/problems.md from the table in internal/problem.
package main

import (
	"fmt"
	"os"

	"github.com/millrace-erp/millrace/internal/problem"
)

func main() {
	path := "docs/problems.md"
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	if err := os.WriteFile(path, []byte(problem.Markdown()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
