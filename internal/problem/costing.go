package problem

// costing is the part of the table for codes MR6xx, costing and billing. Constraint names
// of its tables may stand here too.
var costing = []Entry{
	{
		Key: "MR601", Slug: "ledger-incomplete", Status: 500, Title: "Movements are missing in the ledger",
		Explanation: "Costing was told of movements by the feed that the ledger does not hold: a partition of the ledger was taken away before it was costed. Attach it again. No client ever gets this answer; it stands in the log of the worker.",
	},
	{
		Key: "item_costing_method_check", Slug: "standard-cost-missing", Status: 422, Title: "An item at standard cost needs a standard cost",
		Explanation: "The stock of an item whose costing method is standard is worth its standard cost. Give it one, or another method.",
	},
}
