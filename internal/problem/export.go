package problem

// exports is the part of the table for codes MR93x.
var exports = []Entry{
	{
		Key: "MR931", Slug: "filter-does-not-apply", Status: 422, Title: "Filter does not apply to this export",
		Explanation: "Spreadsheets of this kind cannot be limited by this filter. The filters that each kind takes stand in the description of the operation.",
	},
	{
		Key: "MR932", Slug: "lot-without-item", Status: 422, Title: "Lot is named without its item",
		Explanation: "The number of a lot is unique per item only, so both must be named.",
	},
	{
		Key: "MR933", Slug: "time-ends-before-it-begins", Status: 422, Title: "Time ends before it begins",
		Explanation: "The filter `until` must lie after the filter `from`.",
	},
}
