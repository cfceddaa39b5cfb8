package problem

// catalog is the part of the table for the schema of that name. Codes MR1xx. Constraint names
// of its tables may stand here too.
var catalog = []Entry{
	{
		Key: "MR101", Slug: "unknown-item", Status: 422, Title: "Unknown item",
		Explanation: "The request names an item number that does not exist.",
	},
	{
		Key: "MR102", Slug: "unknown-location", Status: 422, Title: "Unknown location",
		Explanation: "The request names a location code that does not exist.",
	},
	{
		Key: "MR103", Slug: "unknown-partner", Status: 422, Title: "Unknown partner",
		Explanation: "The request names a supplier, customer or carrier that does not exist.",
	},
	{
		Key: "MR104", Slug: "unknown-unit", Status: 422, Title: "Unknown unit",
		Explanation: "The request names a unit of measure that does not exist.",
	},
	{
		Key: "MR105", Slug: "unknown-work-center", Status: 422, Title: "Unknown work center",
		Explanation: "The request names a work center that does not exist.",
	},
	{
		Key: "MR106", Slug: "unknown-reason", Status: 422, Title: "Unknown reason",
		Explanation: "The request names a reason code that does not exist.",
	},
	{
		Key: "MR107", Slug: "unknown-site", Status: 422, Title: "Unknown site",
		Explanation: "The request names a site that does not exist.",
	},
	{
		Key: "MR108", Slug: "site-incomplete", Status: 409, Title: "Site lacks a virtual location",
		Explanation: "The site has no location for one of the ends that a movement needs, such as its supplier or its scrap. The site's set-up has to be completed.",
	},
	{
		Key: "MR109", Slug: "reason-of-another-kind", Status: 422, Title: "Reason explains something else",
		Explanation: "A reason is of a kind (scrap, rejection, adjustment, return, reversal), and a step takes reasons of its own kind: a scrapping no reason for a return. Lots change their status for a reason of rejection, adjustment or reversal; goods go back to a supplier for one of return or rejection. `details` names the kinds that fit.",
	},
	{
		Key: "MR110", Slug: "invalid-quantity", Status: 422, Title: "Invalid quantity",
		Explanation: "A quantity is not a positive decimal that a quantity column holds: at most 12 digits before the point and 6 behind it.",
	},
	{
		Key: "MR111", Slug: "inexact-quantity", Status: 422, Title: "Quantity is not exact in the base unit",
		Explanation: "The quantity, converted into the item's base unit, has more decimals than that unit allows. Quantities are never rounded silently.",
	},
	{
		Key: "MR112", Slug: "unit-not-of-item", Status: 422, Title: "Item is not measured in this unit",
		Explanation: "The item has no conversion from the unit that was named.",
	},
	{
		Key: "MR113", Slug: "item-made-of-itself", Status: 409, Title: "Item cannot be made of itself",
		Explanation: "The bill of material would make the item a component of itself, directly or over other items.",
	},
	{
		Key: "MR114", Slug: "identity-kept", Status: 409, Title: "This cannot change any more",
		Explanation: "Stock, movements or documents were recorded under this property: the base unit and tracking of an item, the site and kind of a location, the currency of a site. Items, lots, locations and reasons are never deleted, either. Make a new one under another code.",
	},
	{
		Key: "MR116", Slug: "partner-is-no-supplier", Status: 409, Title: "Partner is no supplier",
		Explanation: "Prices are kept for partners that are suppliers.",
	},
	{
		Key: "MR117", Slug: "wrong-check-digit", Status: 422, Title: "Check digit is wrong",
		Explanation: "The last digit of a GTIN, GLN or SSCC does not fit the others: a typing error.",
	},
	{
		Key: "MR118", Slug: "unknown-time-zone", Status: 422, Title: "Unknown time zone",
		Explanation: "Time zones are named as in the IANA database, such as Europe/Berlin.",
	},
	{
		Key: "MR119", Slug: "location-unfit", Status: 409, Title: "Location cannot serve this work center",
		Explanation: "A work center takes from and puts into physical locations of its own site.",
	},
	{
		Key: "MR120", Slug: "named-twice", Status: 422, Title: "Something is named twice",
		Explanation: "A line, unit or step is named twice in one request; `details` says which.",
	},
	{
		Key: "bill_of_material_valid_during_excl", Slug: "revisions-overlap", Status: 409, Title: "Revisions overlap",
		Explanation: "On any day at most one revision of an item's bill of material is valid. End the earlier revision first.",
	},
}
