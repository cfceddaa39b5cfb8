package problem

// sales is the part of the table for codes MR5xx, sales and shipping. Constraint names
// of its tables may stand here too.
var sales = []Entry{}
