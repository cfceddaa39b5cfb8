// Command openapi writes docs/openapi.yaml from the rooms' operations.
package main

import (
	"fmt"
	"os"

	"github.com/millrace-erp/millrace/internal/app"
	"github.com/millrace-erp/millrace/internal/httpapi"
)

func main() {
	path := "docs/openapi.yaml"
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	document, err := app.New(nil, httpapi.Options{}).OpenAPI().YAML()
	if err == nil {
		err = os.WriteFile(path, document, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
