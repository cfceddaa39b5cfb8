package problem

// production is the part of the table for the schema of that name. Codes MR3xx. Constraint names
// of its tables may stand here too.
var production = []Entry{
	{
		Key: "MR301", Slug: "unknown-work-order", Status: 422, Title: "Unknown work order",
		Explanation: "The request names a work order that does not exist.",
	},
	{
		Key: "MR302", Slug: "no-bill-of-material", Status: 422, Title: "No bill of material",
		Explanation: "The item has no such revision, or none that is valid on that day.",
	},
	{
		Key: "MR303", Slug: "work-order-state", Status: 409, Title: "State of the work order forbids this",
		Explanation: "Completed, closed and cancelled orders take no material and no reports; only completed ones can be reopened.",
	},
	{
		Key: "MR304", Slug: "not-a-material", Status: 422, Title: "Item is no material of the order",
		Explanation: "The work order does not list the item as a material.",
	},
	{
		Key: "MR305", Slug: "beyond-required", Status: 409, Title: "More than the order needs",
		Explanation: "More would be issued by scan than the order requires and its over-issue percentage allows (10 percent unless the order says otherwise).",
	},
	{
		Key: "MR306", Slug: "barcode-is-not-material", Status: 422, Title: "Code is not the material",
		Explanation: "The scanned code means no item or lot, or another one than the request names.",
	},
	{
		Key: "MR307", Slug: "beyond-work-order", Status: 409, Title: "More than the order takes",
		Explanation: "More good quantity would be reported than the order and its over-production percentage allow.",
	},
	{
		Key: "MR308", Slug: "beyond-issued", Status: 409, Title: "More than was issued",
		Explanation: "More of the lot would come back than was issued to the order by scan.",
	},
	{
		Key: "MR309", Slug: "beyond-backflush", Status: 409, Title: "Lots named make more than is used",
		Explanation: "The quantities of the lots that the report names exceed what backflush takes for what was produced.",
	},
	{
		Key: "MR310", Slug: "production-already-reversed", Status: 409, Title: "Already taken back",
		Explanation: "The issue or report was taken back before. Nothing was done.",
	},
	{
		Key: "MR311", Slug: "site-does-not-fit", Status: 422, Title: "Work center or location is of another site",
		Explanation: "Work center and output location belong to the site of the order, and goods are put into storage or quarantine.",
	},
	{
		Key: "MR312", Slug: "unknown-operation", Status: 422, Title: "Unknown operation",
		Explanation: "The work order has no operation of that number.",
	},
	{
		Key: "MR313", Slug: "empty-report", Status: 422, Title: "Nothing is reported",
		Explanation: "A production report carries a quantity or a time; a setup or breakdown report carries a time and no quantity.",
	},
	{
		Key: "MR314", Slug: "unknown-material-issue", Status: 422, Title: "Unknown issue of material",
		Explanation: "The request names an issue or return of material that does not exist.",
	},
	{
		Key: "MR315", Slug: "times-reversed", Status: 422, Title: "End lies before start",
		Explanation: "The work ended before it started.",
	},
	{
		Key: "MR316", Slug: "one-piece-per-serial-report", Status: 422, Title: "A serial number is one piece",
		Explanation: "Every piece of an item with serial numbers is reported by itself.",
	},
	{
		Key: "MR317", Slug: "work-order-exists", Status: 409, Title: "External number is taken",
		Explanation: "Another work order has this external number.",
	},
	{
		Key: "MR318", Slug: "unknown-production-report", Status: 422, Title: "Unknown production report",
		Explanation: "The request names a production report that does not exist.",
	},
	{
		Key: "MR319", Slug: "nothing-reported", Status: 409, Title: "Nothing was reported",
		Explanation: "An order of which nothing was reported is cancelled, not completed.",
	},
	{
		Key: "MR320", Slug: "work-order-in-use", Status: 409, Title: "Work order is in use",
		Explanation: "An order is cancelled only while no material and no production is booked on it.",
	},
	{
		Key: "MR321", Slug: "by-product-refused", Status: 422, Title: "Not a by-product of this report",
		Explanation: "By-products are reported together with goods or scrap that move stock. They are another item than the goods.",
	},
}
