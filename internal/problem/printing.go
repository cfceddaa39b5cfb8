package problem

// printing is the part of the table for codes MR95x.
var printing = []Entry{
	{
		Key: "MR950", Slug: "unknown-printer", Status: 422, Title: "Unknown printer",
		Explanation: "There is no printer of this code.",
	},
	{
		Key: "MR951", Slug: "no-printer-here", Status: 409, Title: "No printer serves this location",
		Explanation: "Labels of this kind have no printer at this location. Name a printer, or have the location added to what a printer is the default for.",
	},
	{
		Key: "MR952", Slug: "label-does-not-fit", Status: 409, Title: "Label does not fit on the printer's paper",
		Explanation: "A logistic label needs A6 or 4 by 6 inches, since its bars have a least width and height; the label of a lot needs 50 by 25 millimetres.",
	},
	{
		Key: "MR953", Slug: "unknown-print-job", Status: 422, Title: "Unknown print job",
		Explanation: "There is no print job of this number.",
	},
	{
		Key: "MR954", Slug: "print-job-not-waiting", Status: 409, Title: "Print job does not wait any more",
		Explanation: "Only a label that still waits for its printer can be taken back; this one is being printed, was printed, or was taken back before.",
	},
	{
		Key: "MR955", Slug: "printer-switched-off", Status: 409, Title: "Printer is switched off",
		Explanation: "The printer was taken out of use in its master data.",
	},
	{
		Key: "MR956", Slug: "no-lot-to-label", Status: 409, Title: "Item has no lots",
		Explanation: "Only items that are tracked by lot or serial number have labels of them.",
	},
	{
		Key: "MR957", Slug: "location-not-served", Status: 409, Title: "Printer cannot serve this location",
		Explanation: "A printer serves locations of its own site where goods can lie.",
	},
}
