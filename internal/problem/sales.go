package problem

// sales is the part of the table for codes MR5xx, sales and shipping. Constraint names
// of its tables may stand here too.
var sales = []Entry{
	{
		Key: "MR501", Slug: "unknown-sales-order", Status: 422, Title: "Unknown sales order",
		Explanation: "There is no sales order with that number.",
	},
	{
		Key: "MR502", Slug: "sales-order-not-open", Status: 409, Title: "Sales order is not open",
		Explanation: "The order is closed or cancelled: nothing more is reserved, picked or shipped for it.",
	},
	{
		Key: "MR503", Slug: "not-a-customer", Status: 422, Title: "Partner is not a customer",
		Explanation: "Orders are taken from partners that are marked as customers.",
	},
	{
		Key: "MR504", Slug: "item-not-sold", Status: 422, Title: "Item is not sold",
		Explanation: "The item is not marked as sold.",
	},
	{
		Key: "MR505", Slug: "unknown-sales-order-line", Status: 422, Title: "Unknown line of the sales order",
		Explanation: "The order has no line with that number.",
	},
	{
		Key: "MR506", Slug: "beyond-sales-order", Status: 409, Title: "Quantity is beyond the sales order",
		Explanation: "Not more is reserved or picked for a line than was ordered. `details` names what is still open.",
	},
	{
		Key: "MR507", Slug: "sales-order-in-progress", Status: 409, Title: "Sales order is in progress",
		Explanation: "An order is cancelled only while nothing is picked for it, and closed only once everything picked is shipped. Reverse the picks, or ship first.",
	},
	{
		Key: "MR508", Slug: "expiry-passed", Status: 422, Title: "The reservation would be over already",
		Explanation: "`expires_at` lies in the past.",
	},
	{
		Key: "MR510", Slug: "unknown-pick", Status: 422, Title: "Unknown pick",
		Explanation: "There is no pick with that number.",
	},
	{
		Key: "MR511", Slug: "unknown-pick-line", Status: 422, Title: "Unknown line of the pick",
		Explanation: "The pick has no line with that number.",
	},
	{
		Key: "MR512", Slug: "lot-expired", Status: 409, Title: "Lot has expired",
		Explanation: "The lot is past its last day of use and is not picked for customers.",
	},
	{
		Key: "MR514", Slug: "pick-is-packed", Status: 409, Title: "Goods of the pick are packed",
		Explanation: "A pick is reversed while nothing of it lies in a box or on a pallet. Unpack first.",
	},
	{
		Key: "MR515", Slug: "location-does-not-fit", Status: 409, Title: "Location does not fit",
		Explanation: "The location is of another site, or of a kind that the step does not use: goods are picked from storage to staging, returns go to quarantine or rejected locations.",
	},
	{
		Key: "MR516", Slug: "no-location", Status: 409, Title: "No location for this",
		Explanation: "The site has no location of the kind that the step needs. Create one, or name a location.",
	},
	{
		Key: "MR520", Slug: "unknown-handling-unit", Status: 422, Title: "Unknown box or pallet",
		Explanation: "There is no box or pallet with that SSCC.",
	},
	{
		Key: "MR521", Slug: "beyond-pick", Status: 409, Title: "Quantity is beyond the pick",
		Explanation: "Not more is packed than was picked and not packed yet; of a reversed pick nothing is. `details` names the quantities.",
	},
	{
		Key: "MR522", Slug: "handling-unit-not-open", Status: 409, Title: "Box or pallet is shipped or unpacked",
		Explanation: "Only what is packed and waits in staging is packed together, unpacked or shipped: nothing is shipped twice.",
	},
	{
		Key: "MR523", Slug: "goods-do-not-go-together", Status: 409, Title: "Goods do not go together",
		Explanation: "One box, pallet or shipment holds goods of one customer and one site, and a shipment of one currency.",
	},
	{
		Key: "MR524", Slug: "nothing-to-pack", Status: 422, Title: "Nothing to pack",
		Explanation: "A box needs contents; a pallet needs contents, boxes, or an order that it is for.",
	},
	{
		Key: "MR525", Slug: "box-stands-on-pallet", Status: 409, Title: "Box stands on a pallet",
		Explanation: "A box leaves with the pallet that it stands on. Ship the pallet, or dissolve it.",
	},
	{
		Key: "MR526", Slug: "units-do-not-nest", Status: 409, Title: "Boxes and pallets do not nest like that",
		Explanation: "Boxes stand on one pallet each; pallets stand on nothing and in nothing.",
	},
	{
		Key: "MR527", Slug: "no-sscc", Status: 409, Title: "No SSCC to give",
		Explanation: "The site has no GS1 company prefix, or its serial numbers are used up.",
	},
	{
		Key: "MR528", Slug: "wrong-goods", Status: 409, Title: "Wrong goods",
		Explanation: "What was scanned is not the item, or not the lot, of the line.",
	},
	{
		Key: "MR530", Slug: "nothing-to-ship", Status: 409, Title: "Nothing to ship",
		Explanation: "Nothing is packed for what was named. Goods are shipped in boxes and on pallets, once.",
	},
	{
		Key: "MR531", Slug: "not-a-carrier", Status: 422, Title: "Partner is not a carrier",
		Explanation: "Shipments go with partners that are marked as carriers.",
	},
	{
		Key: "MR532", Slug: "unknown-shipment", Status: 422, Title: "Unknown shipment",
		Explanation: "There is no shipment, and no delivery note, with that number.",
	},
	{
		Key: "MR533", Slug: "shipment-not-reversible", Status: 409, Title: "Shipment cannot be reversed",
		Explanation: "A shipment is reversed while nothing of it is invoiced or came back. Later, post a customer return and a credit note.",
	},
	{
		Key: "MR534", Slug: "unknown-shipment-line", Status: 422, Title: "Unknown line of the shipment",
		Explanation: "The shipment has no line with that number.",
	},
	{
		Key: "MR535", Slug: "beyond-shipment", Status: 409, Title: "Quantity is beyond the shipment",
		Explanation: "Not more comes back than was shipped. `details` names the quantities.",
	},
	{
		Key: "MR536", Slug: "shipment-reversed", Status: 409, Title: "Shipment was reversed",
		Explanation: "The goods of a reversed shipment never left: nothing of it comes back or is invoiced.",
	},
	{
		Key: "MR540", Slug: "unknown-customer-return", Status: 422, Title: "Unknown customer return",
		Explanation: "There is no customer return with that number.",
	},
	{
		Key: "MR541", Slug: "beyond-return", Status: 409, Title: "Quantity is beyond what waits for inspection",
		Explanation: "An inspection decides about some of what waits, and about no more. `details` names the quantities.",
	},
	{
		Key: "MR542", Slug: "nothing-to-inspect", Status: 409, Title: "Nothing waits for inspection",
		Explanation: "The return was reversed, or its goods went to a rejected location straight away.",
	},
	{
		Key: "MR543", Slug: "return-not-reversible", Status: 409, Title: "Customer return cannot be reversed",
		Explanation: "A return is reversed while nothing of it is inspected or credited.",
	},
	{
		Key: "MR544", Slug: "unknown-return-line", Status: 422, Title: "Unknown line of the customer return",
		Explanation: "The customer return has no line with that number.",
	},
	{
		Key: "MR545", Slug: "unknown-return-inspection", Status: 422, Title: "Unknown inspection of a return",
		Explanation: "There is no inspection of a return with that number.",
	},
}
