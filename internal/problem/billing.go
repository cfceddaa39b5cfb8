package problem

// billing is the part of the table for codes MR65x to MR69x. Constraint names of its
// tables may stand here too.
var billing = []Entry{
	{
		Key: "MR651", Slug: "already-invoiced", Status: 409, Title: "Shipment is invoiced already",
		Explanation: "A shipment is invoiced once, as a whole. `details` names the invoice.",
	},
	{
		Key: "MR652", Slug: "no-tax-rule", Status: 409, Title: "No tax rule",
		Explanation: "Nothing says how a delivery from the country of the site to the country of the customer is taxed. Have the accountant enter the rules.",
	},
	{
		Key: "MR653", Slug: "no-tax-rate", Status: 409, Title: "No tax rate",
		Explanation: "The tax code has no rate on the day of delivery. Have the accountant enter it.",
	},
	{
		Key: "MR654", Slug: "nothing-to-credit", Status: 409, Title: "Nothing to credit",
		Explanation: "Only what was invoiced and came back is credited, once: the shipment is not invoiced, the return was reversed, or a credit note stands already.",
	},
	{
		Key: "MR655", Slug: "sums-do-not-hold", Status: 409, Title: "Sums do not hold",
		Explanation: "Lines, taxes and totals of the document do not agree to the cent; it was not issued. A bug of Millrace's: report it.",
	},
}
