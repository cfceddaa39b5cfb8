package problem

// purchasing is the part of the table for the schema of that name. Codes MR4xx. Constraint names
// of its tables may stand here too.
var purchasing = []Entry{
	{
		Key: "MR401", Slug: "unknown-purchase-order", Status: 422, Title: "Unknown purchase order",
		Explanation: "The request names a purchase order that does not exist.",
	},
	{
		Key: "MR402", Slug: "beyond-order", Status: 409, Title: "More than ordered",
		Explanation: "More would be received than the order line and its tolerance take. What went back to the supplier may be delivered again. `details` names what was ordered, received and asked.",
	},
	{
		Key: "MR403", Slug: "purchase-order-closed", Status: 409, Title: "Purchase order is not open",
		Explanation: "The purchase order is closed or cancelled and takes no goods.",
	},
	{
		Key: "MR404", Slug: "partner-is-not-a-supplier", Status: 422, Title: "Partner is not a supplier",
		Explanation: "Goods are ordered from partners that are suppliers.",
	},
	{
		Key: "MR405", Slug: "unknown-purchase-order-line", Status: 422, Title: "Unknown line of the purchase order",
		Explanation: "The purchase order has no line of that number.",
	},
	{
		Key: "MR406", Slug: "unknown-goods-receipt", Status: 422, Title: "Unknown goods receipt",
		Explanation: "The request names a goods receipt that does not exist.",
	},
	{
		Key: "MR407", Slug: "unknown-goods-receipt-line", Status: 422, Title: "Unknown line of the goods receipt",
		Explanation: "The goods receipt has no line of that number.",
	},
	{
		Key: "MR408", Slug: "already-inspected", Status: 409, Title: "Already inspected",
		Explanation: "The inspection of this receipt line has decided, or its item is not inspected at all.",
	},
	{
		Key: "MR409", Slug: "inspection-incomplete", Status: 422, Title: "Inspection does not cover the line",
		Explanation: "Accepted and rejected together must be the quantity that was received.",
	},
	{
		Key: "MR410", Slug: "receipt-location-does-not-fit", Status: 422, Title: "Location does not fit",
		Explanation: "Inspected items are received into quarantine, others into storage, at the site of the order.",
	},
	{
		Key: "MR411", Slug: "inspected-receipt", Status: 409, Title: "Receipt was inspected",
		Explanation: "A receipt line whose inspection decided can be taken back only after its inspection was.",
	},
	{
		Key: "MR412", Slug: "unknown-inspection", Status: 422, Title: "Unknown inspection",
		Explanation: "The request names an inspection that does not exist.",
	},
	{
		Key: "MR413", Slug: "purchasing-already-reversed", Status: 409, Title: "Already taken back",
		Explanation: "The receipt, inspection or return was taken back before. Nothing was done.",
	},
	{
		Key: "MR414", Slug: "goods-went-on", Status: 409, Title: "Goods went on",
		Explanation: "Goods of the inspection left quarantine or went back to the supplier since. Take those steps back first, the latest one first.",
	},
	{
		Key: "MR415", Slug: "beyond-rejected", Status: 409, Title: "More than rejected",
		Explanation: "Only what was rejected and not returned yet goes back to the supplier.",
	},
	{
		Key: "MR416", Slug: "unknown-supplier-return", Status: 422, Title: "Unknown return to a supplier",
		Explanation: "The request names a return to a supplier that does not exist.",
	},
	{
		Key: "MR417", Slug: "purchase-order-exists", Status: 409, Title: "External number is taken",
		Explanation: "Another purchase order has this external number.",
	},
	{
		Key: "MR418", Slug: "goods-came", Status: 409, Title: "Goods came for this order",
		Explanation: "An order is cancelled only while nothing was received for it; close it instead.",
	},
	{
		Key: "MR419", Slug: "one-piece-per-serial", Status: 422, Title: "A serial number is one piece",
		Explanation: "Every piece of an item with serial numbers is received in a line of its own.",
	},
	{
		Key: "MR420", Slug: "price-missing", Status: 422, Title: "Price is missing",
		Explanation: "The line names no price, and the supplier has none on file for the item in that unit and currency.",
	},
	{
		Key: "MR421", Slug: "waits-for-inspection", Status: 409, Title: "Lot waits for its inspection",
		Explanation: "A lot that was received into quarantine is released or blocked by the inspection of its goods receipt, not by a change of its status; until then it is not split, merged or mixed.",
	},
	{
		Key: "MR422", Slug: "beyond-receipt", Status: 409, Title: "More charged than received",
		Explanation: "A supplier invoice charges at most what was received, kept and not charged yet. `details` names the quantities in base units.",
	},
	{
		Key: "MR423", Slug: "supplier-invoice-exists", Status: 409, Title: "Supplier invoice was entered already",
		Explanation: "An invoice of this supplier with this number stands.",
	},
	{
		Key: "MR424", Slug: "receipts-do-not-belong-together", Status: 422, Title: "Receipts do not belong together",
		Explanation: "The receipts that one document charges are those of one site, those of a supplier invoice of its supplier.",
	},
	{
		Key: "MR425", Slug: "exchange-rate-missing", Status: 422, Title: "Rate of exchange is missing",
		Explanation: "An amount in another currency than that of the books needs the rate it is booked at; one in the currency of the books has none.",
	},
	{
		Key: "MR426", Slug: "unknown-supplier-invoice", Status: 422, Title: "Unknown supplier invoice",
		Explanation: "The request names a supplier invoice that does not exist.",
	},
	{
		Key: "MR427", Slug: "unknown-landed-cost", Status: 422, Title: "Unknown landed cost",
		Explanation: "The request names a landed cost that does not exist.",
	},
	{
		Key: "MR428", Slug: "no-common-measure", Status: 422, Title: "Cost cannot be spread that way",
		Explanation: "The lines have no common measure: a weight is missing, units or currencies differ, or nothing is left of them.",
	},
	{
		Key: "MR429", Slug: "receipt-was-charged", Status: 409, Title: "Receipt was charged",
		Explanation: "A receipt line that a supplier invoice or a landed cost names can be taken back only after those were.",
	},
}
