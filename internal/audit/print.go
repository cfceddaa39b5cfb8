package audit

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// printLength is how much of a leaf is kept of each row: enough to tell its row from every other one.
const printLength = 16

// Forms of a key in prints.
const (
	keyOfOne = iota
	keyOfTwo
	keyOfUUID
	keyOfText
)

// appendPrint appends what is kept of a row: how much its transaction is above the one before it in the chunk, its key, and
// the beginning of its leaf.
func appendPrint(prints []byte, before uint64, e *entry) []byte {
	prints = binary.AppendUvarint(prints, e.transaction-before)
	var id pgtype.UUID
	switch {
	case e.key.text != "" && id.Scan(e.key.text) == nil && id.String() == e.key.text:
		prints = append(append(prints, keyOfUUID), id.Bytes[:]...)
	case e.key.text != "":
		prints = binary.AppendUvarint(append(prints, keyOfText), uint64(len(e.key.text)))
		prints = append(prints, e.key.text...)
	case e.key.b != 0:
		prints = binary.AppendVarint(binary.AppendVarint(append(prints, keyOfTwo), e.key.a), e.key.b)
	default:
		prints = binary.AppendVarint(append(prints, keyOfOne), e.key.a)
	}
	return append(prints, e.leaf[:printLength]...)
}

var errPrints = errors.New("prints cannot be read")

// readPrints reads all prints of a chunk.
func readPrints(prints []byte, into []entry) ([]entry, error) {
	transaction := uint64(0)
	for len(prints) > 0 {
		var e entry
		above, n := binary.Uvarint(prints)
		if n <= 0 || len(prints) < n+1 {
			return into, errPrints
		}
		transaction += above
		e.transaction = transaction
		form := prints[n]
		prints = prints[n+1:]
		switch form {
		case keyOfOne, keyOfTwo:
			if e.key.a, n = binary.Varint(prints); n <= 0 {
				return into, errPrints
			}
			prints = prints[n:]
			if form == keyOfTwo {
				if e.key.b, n = binary.Varint(prints); n <= 0 {
					return into, errPrints
				}
				prints = prints[n:]
			}
		case keyOfUUID:
			if len(prints) < 16 {
				return into, errPrints
			}
			e.key.text = pgtype.UUID{Bytes: [16]byte(prints), Valid: true}.String()
			prints = prints[16:]
		case keyOfText:
			length, n := binary.Uvarint(prints)
			if n <= 0 || uint64(len(prints)-n) < length {
				return into, errPrints
			}
			e.key.text = strings.Clone(string(prints[n : n+int(length)]))
			prints = prints[n+int(length):]
		default:
			return into, errPrints
		}
		if len(prints) < printLength {
			return into, errPrints
		}
		copy(e.leaf[:], prints[:printLength])
		prints = prints[printLength:]
		into = append(into, e)
	}
	return into, nil
}
