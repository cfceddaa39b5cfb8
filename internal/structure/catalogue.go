package structure

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

//go:embed catalogue.sql
var catalogueQuery string

// Objects are the objects of a database by kind and name, each with all that migrations can say about it.
type Objects map[string]string

// Catalogue reads everything that migrations can make. Equal objects mean equal structures. It takes
// milliseconds where pg_dump takes most of a second.
func Catalogue(ctx context.Context, conn *pgx.Conn) (Objects, error) {
	rows, err := conn.Query(ctx, catalogueQuery)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	objects := Objects{}
	var key, text string
	_, err = pgx.ForEachRow(rows, []any{&key, &text}, func() error {
		objects[key] = text
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	return objects, nil
}

// Diff tells in which objects two structures differ; empty means they are equal.
func Diff(before, after Objects) []string {
	var differences []string
	for key, text := range before {
		now, isThere := after[key]
		switch {
		case !isThere:
			differences = append(differences, "gone: "+key)
		case now != text:
			differences = append(differences, fmt.Sprintf("changed: %s\n  was: %s\n  is:  %s", key, text, now))
		}
	}
	for key := range after {
		if _, isThere := before[key]; !isThere {
			differences = append(differences, "new: "+key)
		}
	}
	slices.Sort(differences)
	return differences
}
