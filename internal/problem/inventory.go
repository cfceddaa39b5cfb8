package problem

// inventory is the part of the table for the schema of that name. Codes MR2xx. Constraint names
// of its tables may stand here too.
var inventory = []Entry{
	{
		Key: "MR201", Slug: "insufficient-stock", Status: 409, Title: "Insufficient stock",
		Explanation: "The posting would take a balance below zero or below what is reserved for others. `details` names the balance, what it has and what was asked.",
	},
	{
		Key: "MR202", Slug: "lot-not-released", Status: 409, Title: "Lot is not released",
		Explanation: "The lot is in quarantine or blocked, and this kind of movement needs released stock.",
	},
	{
		Key: "MR203", Slug: "movement-not-allowed", Status: 409, Title: "Movement is not allowed between these locations",
		Explanation: "This kind of movement may not go from the one location to the other: goods are received into quarantine or storage, not into production, and so on. `details` names the two.",
	},
	{
		Key: "MR204", Slug: "unknown-lot", Status: 422, Title: "Unknown lot",
		Explanation: "The item has no lot with that number.",
	},
	{
		Key: "MR205", Slug: "lot-required", Status: 422, Title: "Lot is required",
		Explanation: "The item is tracked by lot or serial number and the request names none.",
	},
	{
		Key: "MR206", Slug: "unknown-barcode", Status: 422, Title: "Unknown barcode",
		Explanation: "Nobody knows the scanned code: it is no item, lot, location or GS1 element string of something that exists.",
	},
	{
		Key: "MR207", Slug: "invalid-movement", Status: 422, Title: "Movement is not valid",
		Explanation: "A movement needs a quantity above zero at the scale of its unit, and two locations of one site.",
	},
	{
		Key: "MR208", Slug: "not-reversible", Status: 409, Title: "Movement cannot be reversed",
		Explanation: "A reversal cannot itself be reversed, and only a movement that stands can.",
	},
	{
		Key: "MR209", Slug: "already-reversed", Status: 409, Title: "Already reversed",
		Explanation: "The movements were reversed before. Nothing was done.",
	},
	{
		Key: "MR210", Slug: "lot-exists", Status: 409, Title: "Lot exists with other properties",
		Explanation: "The item has a lot of this number already, and its supplier, supplier lot or expiry is another one.",
	},
	{
		Key: "MR211", Slug: "lot-made-of-itself", Status: 409, Title: "Lot cannot be made of itself",
		Explanation: "The result would be an ingredient of itself, directly or over other lots.",
	},
	{
		Key: "MR212", Slug: "reservation-used-up", Status: 409, Title: "Reservation holds less",
		Explanation: "The reservation was released or picked meanwhile and does not hold the quantity any more.",
	},
	{
		Key: "MR213", Slug: "inspection-required", Status: 409, Title: "Goods wait for inspection",
		Explanation: "Goods that are not tracked by lot leave quarantine by the inspection of their receipt, not by a put-away.",
	},
	{
		Key: "MR214", Slug: "unknown-transfer", Status: 422, Title: "Unknown transfer",
		Explanation: "The request names a transfer that does not exist.",
	},
	{
		Key: "MR215", Slug: "counted-twice", Status: 422, Title: "Counted twice in one count",
		Explanation: "The count names the same item and lot in two lines.",
	},
	{
		Key: "MR216", Slug: "unknown-count", Status: 422, Title: "Unknown count",
		Explanation: "The request names a count that does not exist.",
	},
	{
		Key: "MR217", Slug: "ambiguous-barcode", Status: 422, Title: "Lot number fits several items",
		Explanation: "The scanned text is the lot number of more than one item. Scan the item too, or a code that names both.",
	},
	{
		Key: "MR218", Slug: "period-closed", Status: 409, Title: "Period is closed",
		Explanation: "The request says that it happened (`occurred_at`) in a period whose stock books are closed. `details` names the end of what is closed.",
	},
	{
		Key: "MR219", Slug: "period-not-over", Status: 409, Title: "Period is not over",
		Explanation: "A period can be closed when its last day is over, in the time zone of the books.",
	},
	{
		Key: "MR220", Slug: "earlier-period-open", Status: 409, Title: "An earlier period is open",
		Explanation: "Periods are closed one after the other. `details` names the next one to close.",
	},
	{
		Key: "MR221", Slug: "period-already-closed", Status: 409, Title: "Period is closed already",
		Explanation: "The period was closed before, by itself or with the first one that was closed. Nothing was done.",
	},
	{
		Key: "MR222", Slug: "costing-behind", Status: 409, Title: "Costing has not come so far",
		Explanation: "Some movements of the period have no cost yet. Costing follows the postings by seconds: close the period again.",
	},
	{
		Key: "MR223", Slug: "ledger-detached", Status: 422, Title: "The ledger does not go back so far",
		Explanation: "The movements of that time were detached into the archive, so what was on hand then cannot be told any more.",
	},
	{
		Key: "MR224", Slug: "ledger-needed", Status: 409, Title: "The ledger is still needed",
		Explanation: "Partitions of the ledger cannot be detached while a period in them is open, or an open document or a cost layer needs their movements. `details` names who needs them.",
	},
	{
		Key: "MR225", Slug: "lots-do-not-fit", Status: 409, Title: "Lots do not fit",
		Explanation: "Lots can be merged when they are of one status, at the place named, and expire no earlier than the lot they become part of; a serial number can be neither split nor merged.",
	},
	{
		Key: "MR226", Slug: "serial-in-stock", Status: 409, Title: "Serial number is in stock already",
		Explanation: "A serial number is one piece: it can be in stock at one place of the company only. `details` says where it is.",
	},
	{
		Key: "MR227", Slug: "lot-status-unchanged", Status: 409, Title: "Lot has that status already",
		Explanation: "Somebody else decided the same before. Nothing was done.",
	},
	{
		Key: "MR228", Slug: "second-quantity", Status: 422, Title: "Second quantity is missing or not wanted",
		Explanation: "An item with a second unit (catch weight) is measured in both with every movement: the request must name the second quantity, in that unit; it may be left out only where all of a lot at its place, or the rest of something that was weighed, moves. For any other item it must not be named.",
	},
	{
		Key: "MR229", Slug: "insufficient-second-quantity", Status: 409, Title: "Insufficient second quantity",
		Explanation: "The books have less of the second quantity (catch weight) at the place than the request takes. `details` names the balance, what it has and what was asked.",
	},
	{
		Key: "MR230", Slug: "second-quantities-do-not-add-up", Status: 409, Title: "The weights do not add up",
		Explanation: "The parts of goods that were weighed together must weigh what the whole did: all that is left weighs what is left, and a part weighs less. `details` says what is left.",
	},
	{
		Key: "lot_number_check", Slug: "invalid-lot-number", Status: 422, Title: "A lot number has 1 to 20 letters, digits, dots, dashes, slashes or underscores, and begins with a letter or digit",
		Explanation: "The number of a new lot must fit a GS1 label: 1 to 20 letters, digits, `.`, `_`, `/` and `-`, the first a letter or digit.",
	},
	{
		Key: "lot_expires_on_check", Slug: "expires-before-manufacture", Status: 422, Title: "Goods cannot expire before they are made",
		Explanation: "`expires_on` lies before `manufactured_on`.",
	},
}
