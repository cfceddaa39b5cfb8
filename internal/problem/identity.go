package problem

// identity is the part of the table for codes MR7xx.
var identity = []Entry{
	{
		Key: "MR701", Slug: "unknown-operator", Status: 422, Title: "No such operator",
		Explanation: "There is no operator of that number.",
	},
	{
		Key: "MR702", Slug: "unknown-role", Status: 422, Title: "No such role",
		Explanation: "There is no role of that code.",
	},
	{
		Key: "MR703", Slug: "unknown-device", Status: 422, Title: "No such device",
		Explanation: "There is no device of that code.",
	},
	{
		Key: "MR704", Slug: "unknown-client", Status: 422, Title: "No such client",
		Explanation: "There is no client of that code, or it is a device, which gets its secret by a pairing code.",
	},
	{
		Key: "MR705", Slug: "unknown-badge", Status: 422, Title: "No such badge",
		Explanation: "There is no badge of that code.",
	},
	{
		Key: "MR706", Slug: "client-of-another-kind", Status: 409, Title: "Code belongs to a client of another kind",
		Explanation: "Devices and other clients share one list of codes: each is a `client_id`. Nothing was done. Choose another code.",
	},
}
