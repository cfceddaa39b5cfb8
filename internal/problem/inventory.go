package problem

// inventory is the part of the table for the schema of that name. Codes MR2xx. Constraint names
// of its tables may stand here too.
var inventory = []Entry{
	{Key: "MR201", Slug: "insufficient-stock", Status: 409, Title: "Insufficient stock",
		Explanation: "The posting would take a balance below zero or below what is reserved for others. `details` names the balance, what it has and what was asked."},
	{Key: "MR202", Slug: "lot-not-released", Status: 409, Title: "Lot is not released",
		Explanation: "The lot is in quarantine or blocked, and this kind of movement needs released stock."},
	{Key: "MR203", Slug: "movement-not-allowed", Status: 409, Title: "Movement is not allowed between these locations",
		Explanation: "This kind of movement may not go from the one location to the other: goods are received into quarantine or storage, not into production, and so on. `details` names the two."},
	{Key: "MR204", Slug: "unknown-lot", Status: 422, Title: "Unknown lot",
		Explanation: "The item has no lot with that number."},
	{Key: "MR205", Slug: "lot-required", Status: 422, Title: "Lot is required",
		Explanation: "The item is tracked by lot or serial number and the request names none."},
	{Key: "MR207", Slug: "invalid-movement", Status: 422, Title: "Movement is not valid",
		Explanation: "A movement needs a quantity above zero at the scale of its unit, and two locations of one site."},
	{Key: "MR208", Slug: "not-reversible", Status: 409, Title: "Movement cannot be reversed",
		Explanation: "A reversal cannot itself be reversed, and only a movement that stands can."},
	{Key: "MR209", Slug: "already-reversed", Status: 409, Title: "Already reversed",
		Explanation: "The movements were reversed before. Nothing was done."},
	{Key: "MR210", Slug: "lot-exists", Status: 409, Title: "Lot exists with other properties",
		Explanation: "The item has a lot of this number already, and its supplier, supplier lot or expiry is another one."},
	{Key: "MR211", Slug: "lot-made-of-itself", Status: 409, Title: "Lot cannot be made of itself",
		Explanation: "The result would be an ingredient of itself, directly or over other lots."},
}
