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
	types.RegisterType(&pgtype.Type{Name: "_jsonb", OID: pgtype.JSONBArrayOID, Codec: &pgtype.ArrayCodec{ElementType: jsonb}})

	// Lists of strings are sent as such. pgx would box every string, and would take a list of UUIDs for one that has to
	// be sent as text only after it has made an error that quotes them all.
	register := func(name string, oid, element uint32, appendBinary func(b []byte, s string) ([]byte, error)) {
		if known, ok := types.TypeForOID(element); ok {
			types.RegisterType(&pgtype.Type{Name: name, OID: oid, Codec: &stringArray{
				ArrayCodec: &pgtype.ArrayCodec{ElementType: known}, appendBinary: appendBinary,
			}})
		}
	}
	register("_text", pgtype.TextArrayOID, pgtype.TextOID, func(b []byte, s string) ([]byte, error) { return append(b, s...), nil })
	register("_uuid", pgtype.UUIDArrayOID, pgtype.UUIDOID, appendUUID)
}

func unmarshal(data []byte, v any) error {
	if raw, ok := v.(*json.RawMessage); ok {
		*raw = append(make([]byte, 0, len(data)), data...) // data is the connection's
		return nil
	}
	return json.Unmarshal(data, v)
}

// stringArray sends a list of strings in Postgres' binary form of an array; anything else goes pgx' way.
type stringArray struct {
	*pgtype.ArrayCodec

	appendBinary func(b []byte, s string) ([]byte, error)
}

// PlanEncode says how to send value.
func (a *stringArray) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ok := value.([]string); ok && format == pgtype.BinaryFormatCode {
		return a
	}
	return a.ArrayCodec.PlanEncode(m, oid, format, value)
}

// Encode appends the list to b: the number of dimensions, whether there are NULLs, the type of the elements; the
// number of elements and the index of the first; every element behind its length. See array_recv in Postgres.
func (a *stringArray) Encode(value any, b []byte) ([]byte, error) {
	list, ok := value.([]string)
	if !ok || list == nil {
		return nil, nil // NULL
	}
	dimensions := uint32(1)
	if len(list) == 0 {
		dimensions = 0
	}
	b = binary.BigEndian.AppendUint32(b, dimensions)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, a.ElementType.OID)
	if len(list) == 0 {
		return b, nil
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(list)))
	b = binary.BigEndian.AppendUint32(b, 1)
	for _, s := range list {
		at := len(b)
		b = append(b, 0, 0, 0, 0)
		var err error
		if b, err = a.appendBinary(b, s); err != nil {
			return nil, err
		}
		binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	}
	return b, nil
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
