package pg

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5/pgtype"
)

// registerTypes makes the connection take and give the types that every command is made of the short way, where pgx
// has only a long one.
func registerTypes(types *pgtype.Map) {
	// JSON is given as it came when it is asked for as such. pgx would parse what Postgres has just written, once to see
	// that it is JSON and once to copy it.
	jsonb := &pgtype.Type{Name: "jsonb", OID: pgtype.JSONBOID, Codec: &pgtype.JSONBCodec{Marshal: json.Marshal, Unmarshal: unmarshal}}
	types.RegisterType(jsonb)
	types.RegisterType(&pgtype.Type{Name: "json", OID: pgtype.JSONOID, Codec: &pgtype.JSONCodec{Marshal: json.Marshal, Unmarshal: unmarshal}})

	// Lists of strings, and of JSON, are sent as such. pgx would box every element, and would take a list of UUIDs for
	// one that has to be sent as text only after it has made an error that quotes them all.
	registerList(types, "_text", pgtype.TextArrayOID, pgtype.TextOID, func(b []byte, s string) ([]byte, error) { return append(b, s...), nil })
	registerList(types, "_uuid", pgtype.UUIDArrayOID, pgtype.UUIDOID, appendUUID)
	registerList(types, "_jsonb", pgtype.JSONBArrayOID, pgtype.JSONBOID, func(b []byte, v json.RawMessage) ([]byte, error) {
		return append(append(b, 1), v...), nil // the version of the binary form
	})
}

func unmarshal(data []byte, v any) error {
	if raw, ok := v.(*json.RawMessage); ok {
		*raw = append(make([]byte, 0, len(data)), data...) // data is the connection's
		return nil
	}
	return json.Unmarshal(data, v)
}

func registerList[E element](types *pgtype.Map, name string, oid, element uint32, appendBinary func(b []byte, e E) ([]byte, error)) {
	if known, ok := types.TypeForOID(element); ok {
		types.RegisterType(&pgtype.Type{Name: name, OID: oid, Codec: &listCodec[E]{
			ArrayCodec: &pgtype.ArrayCodec{ElementType: known}, appendBinary: appendBinary,
		}})
	}
}

// element is what a list is sent of.
type element interface{ string | json.RawMessage }

// listCodec sends a list of elements in Postgres' binary form of an array; anything else goes pgx' way.
type listCodec[E element] struct {
	*pgtype.ArrayCodec

	appendBinary func(b []byte, e E) ([]byte, error)
}

// PlanEncode says how to send value.
func (c *listCodec[E]) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ok := value.([]E); ok && format == pgtype.BinaryFormatCode {
		return c
	}
	return c.ArrayCodec.PlanEncode(m, oid, format, value)
}

// Encode appends the list to b: the number of dimensions, whether there are NULLs, the type of the elements; the
// number of elements and the index of the first; every element behind its length. See array_recv in Postgres.
func (c *listCodec[E]) Encode(value any, b []byte) ([]byte, error) {
	list, ok := value.([]E)
	if !ok || list == nil {
		return nil, nil // NULL
	}
	dimensions := uint32(min(len(list), 1))
	hasNull := uint32(0)
	for _, e := range list {
		if isNull(e) {
			hasNull = 1
		}
	}
	b = binary.BigEndian.AppendUint32(b, dimensions)
	b = binary.BigEndian.AppendUint32(b, hasNull)
	b = binary.BigEndian.AppendUint32(b, c.ElementType.OID)
	if dimensions == 0 {
		return b, nil
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(list)))
	b = binary.BigEndian.AppendUint32(b, 1)
	for _, e := range list {
		at := len(b)
		b = append(b, 0xff, 0xff, 0xff, 0xff) // the length of NULL, which is -1
		if isNull(e) {
			continue
		}
		var err error
		if b, err = c.appendBinary(b, e); err != nil {
			return nil, err
		}
		binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	}
	return b, nil
}

// isNull is for JSON alone: no JSON at all is NULL.
func isNull[E element](e E) bool {
	raw, ok := any(e).(json.RawMessage)
	return ok && raw == nil
}

var errUUID = errors.New("not a UUID as it is commonly written")

// appendUUID appends the sixteen bytes of a UUID in its common form. Other forms that Postgres knows are for its own
// parser: pgx sends the list as text when this fails.
func appendUUID(b []byte, s string) ([]byte, error) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return nil, errUUID
	}
	for _, digits := range [...]string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]} {
		var err error
		if b, err = hex.AppendDecode(b, []byte(digits)); err != nil {
			return nil, errUUID
		}
	}
	return b, nil
}
