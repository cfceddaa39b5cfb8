package pg

import (
	"encoding/json"

	"github.com/jackc/pgx/v5/pgtype"
)

// registerJSON makes the connection give JSON as it came when it is asked for as such. pgx would parse what
// Postgres has just written, once to see that it is JSON and once to copy it: a good part of what an answer costs.
func registerJSON(types *pgtype.Map) {
	jsonb := &pgtype.Type{Name: "jsonb", OID: pgtype.JSONBOID, Codec: &pgtype.JSONBCodec{Marshal: json.Marshal, Unmarshal: unmarshal}}
	types.RegisterType(&pgtype.Type{Name: "json", OID: pgtype.JSONOID, Codec: &pgtype.JSONCodec{Marshal: json.Marshal, Unmarshal: unmarshal}})
	types.RegisterType(jsonb)
	types.RegisterType(&pgtype.Type{Name: "_jsonb", OID: pgtype.JSONBArrayOID, Codec: &pgtype.ArrayCodec{ElementType: jsonb}})
}

func unmarshal(data []byte, v any) error {
	if raw, ok := v.(*json.RawMessage); ok {
		*raw = append(make([]byte, 0, len(data)), data...) // data is the connection's
		return nil
	}
	return json.Unmarshal(data, v)
}
