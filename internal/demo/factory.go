// Package demo is the demonstration: a factory written for it, and the journey of goods through that
// factory, told to a running Millrace over HTTP as its clients would.
package demo

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
)

// factoryFile lists what the factory consists of, in an order in which it can be made. Each body is sent
// to its path.
//
//go:embed factory.json
var factoryFile []byte

// Record is one record of the factory's master data.
type Record struct {
	Path string
	Key  string // follows from path and body: loading the factory again changes nothing
	Body json.RawMessage
}

// Factory is the master data of the Elbe Crate Works, which mould returnable crates: polypropylene by
// the kilogram, masterbatch by the gram, steel inserts by the piece.
func Factory() []Record {
	var groups []struct {
		Path   string
		Bodies []json.RawMessage
	}
	if err := json.Unmarshal(factoryFile, &groups); err != nil {
		panic(err) // embedded, and a test reads it
	}
	var records []Record
	for _, group := range groups {
		for _, body := range group.Bodies {
			records = append(records, Record{Path: group.Path, Key: key(group.Path, string(bytes.TrimSpace(body))), Body: body})
		}
	}
	return records
}

// key is the idempotency key that follows from what is said: the same words give the same key.
func key(words ...string) string {
	hash := sha256.New()
	for _, word := range words {
		fmt.Fprintf(hash, "%d %s ", len(word), word)
	}
	id := hash.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x80 // UUID version 8: by our own rule
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
