// Command migration writes the next migration pair in sql/schema, or renews the newest one:
//
//	make migration name=lot_expiry
//
// With the name of the newest migration, or without a name, that one is renewed. What a release has
// shipped is never changed.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/millrace-erp/millrace/internal/migration"
)

func main() {
	name := flag.String("name", "", "name of the migration; without it the newest one is renewed")
	folder := flag.String("sql", "sql", "the sql folder")
	flag.Parse()
	file, err := migration.Write(*folder, *name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "migration:", err)
		os.Exit(1)
	}
	if *name != "" {
		fmt.Println(file)
	}
}
