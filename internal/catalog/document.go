package catalog

import "github.com/millrace-erp/millrace/internal/httpapi"

// SaveSite is the body of save-site.
type SaveSite struct {
	Code             string           `json:"code" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,13}$" doc:"Its code."`
	Name             string           `json:"name" minLength:"1" maxLength:"200" doc:"Legal name, as printed on documents."`
	GLN              *string          `json:"gln,omitempty" pattern:"^[0-9]{13}$" doc:"GS1 Global Location Number with its check digit."`
	GS1CompanyPrefix *string          `json:"gs1_company_prefix,omitempty" pattern:"^[0-9]{4,12}$" doc:"Start of every SSCC that the site gives."`
	VATNumber        *string          `json:"vat_number,omitempty" minLength:"4" maxLength:"20" doc:"VAT identification number with its country."`
	Street           string           `json:"street,omitempty" maxLength:"200" doc:"Street and number."`
	PostalCode       string           `json:"postal_code,omitempty" maxLength:"20" doc:"Postal code."`
	City             string           `json:"city,omitempty" maxLength:"100" doc:"City."`
	Country          string           `json:"country" pattern:"^[A-Z]{2}$" doc:"ISO 3166-1 alpha-2."`
	Currency         httpapi.Currency `json:"currency" doc:"Currency of the books."`
	TimeZone         string           `json:"time_zone" minLength:"1" maxLength:"64" doc:"IANA time zone: what today means on documents of the site." example:"Europe/Berlin"`
}

// Site is a plant or warehouse.
type Site struct {
	Code             httpapi.Code     `json:"code" doc:"Its code."`
	Name             string           `json:"name" doc:"Legal name."`
	GLN              *string          `json:"gln" nullable:"true" doc:"GS1 Global Location Number."`
	GS1CompanyPrefix *string          `json:"gs1_company_prefix" nullable:"true" doc:"Start of every SSCC that the site gives."`
	VATNumber        *string          `json:"vat_number" nullable:"true" doc:"VAT identification number."`
	Street           string           `json:"street" doc:"Street and number."`
	PostalCode       string           `json:"postal_code" doc:"Postal code."`
	City             string           `json:"city" doc:"City."`
	Country          string           `json:"country" doc:"ISO 3166-1 alpha-2."`
	Currency         httpapi.Currency `json:"currency" doc:"Currency of the books."`
	TimeZone         string           `json:"time_zone" doc:"IANA time zone."`
}

// SaveLocation is the body of save-location.
type SaveLocation struct {
	Code string       `json:"code" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$" doc:"Its code, as on the label of the place."`
	Site httpapi.Code `json:"site" doc:"The site it belongs to."`
	Name string       `json:"name" minLength:"1" maxLength:"200" doc:"What people call it."`
	Kind string       `json:"kind" enum:"storage,quarantine,rejected,staging" doc:"storage: stock for use. quarantine: waits for inspection. rejected: refused at inspection. staging: packed, waits for the truck."`
}

// Location is a place that stock is moved from or to.
type Location struct {
	Code       httpapi.Code `json:"code" doc:"Its code."`
	Site       httpapi.Code `json:"site" doc:"The site it belongs to."`
	Name       string       `json:"name" doc:"What people call it."`
	Kind       string       `json:"kind" enum:"storage,quarantine,rejected,staging,supplier,customer,production,scrap,count_difference,opening,transit" doc:"The first four hold stock; the others are virtual ends of movements."`
	IsPhysical bool         `json:"is_physical" doc:"Whether it holds stock."`
}

// SaveUnit is the body of save-unit.
type SaveUnit struct {
	Code  string `json:"code" pattern:"^[A-Za-z0-9]{1,8}$" doc:"UN/ECE Recommendation 20 or 21 code where there is one." example:"KGM"`
	Name  string `json:"name" minLength:"1" maxLength:"100" doc:"Its name."`
	Scale int32  `json:"scale" minimum:"0" maximum:"6" doc:"Decimal places a quantity in this unit may have."`
}

// Unit is a unit of measure.
type Unit struct {
	Code  httpapi.Code `json:"code" doc:"UN/ECE Recommendation 20 or 21 code where there is one."`
	Name  string       `json:"name" doc:"Its name."`
	Scale int32        `json:"scale" doc:"Decimal places a quantity in this unit may have."`
}

// SaveReason is the body of save-reason.
type SaveReason struct {
	Code string `json:"code" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$" doc:"Its code."`
	Name string `json:"name" minLength:"1" maxLength:"200" doc:"What operators read."`
	Kind string `json:"kind" enum:"scrap,rejection,adjustment,return,reversal" doc:"What it explains."`
}

// Reason explains scrap, a rejection, an adjustment, a return or a reversal.
type Reason struct {
	Code httpapi.Code `json:"code" doc:"Its code."`
	Name string       `json:"name" doc:"What operators read."`
	Kind string       `json:"kind" enum:"scrap,rejection,adjustment,return,reversal" doc:"What it explains."`
}

// SavePartner is the body of save-partner.
type SavePartner struct {
	Code       string           `json:"code" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$" doc:"Its code."`
	Name       string           `json:"name" minLength:"1" maxLength:"200" doc:"Legal name, as printed on documents."`
	IsSupplier bool             `json:"is_supplier,omitempty" doc:"Goods are bought from it."`
	IsCustomer bool             `json:"is_customer,omitempty" doc:"Goods are sold to it."`
	IsCarrier  bool             `json:"is_carrier,omitempty" doc:"It carries goods."`
	GLN        *string          `json:"gln,omitempty" pattern:"^[0-9]{13}$" doc:"GS1 Global Location Number with its check digit."`
	VATNumber  *string          `json:"vat_number,omitempty" minLength:"4" maxLength:"20" doc:"VAT identification number with its country."`
	Street     string           `json:"street,omitempty" maxLength:"200" doc:"Street and number."`
	PostalCode string           `json:"postal_code,omitempty" maxLength:"20" doc:"Postal code."`
	City       string           `json:"city,omitempty" maxLength:"100" doc:"City."`
	Country    string           `json:"country" pattern:"^[A-Z]{2}$" doc:"ISO 3166-1 alpha-2."`
	Currency   httpapi.Currency `json:"currency" doc:"Currency of its orders."`
	Language   string           `json:"language,omitempty" pattern:"^[a-z]{2}$" doc:"ISO 639-1 code of the documents printed for it; en unless said otherwise."`
	Email      *string          `json:"email,omitempty" format:"email" maxLength:"200" doc:"Where people write to it."`

	DeliveryNoteEmail *string `json:"delivery_note_email,omitempty" pattern:"^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$" maxLength:"254" doc:"Where its delivery notes are mailed to when goods are shipped; left out: nowhere."`
	InvoiceEmail      *string `json:"invoice_email,omitempty" pattern:"^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$" maxLength:"254" doc:"Where its invoices and credit notes are mailed to when they are issued; left out: nowhere."`
}

// Partner is a supplier, customer or carrier.
type Partner struct {
	Code       httpapi.Code     `json:"code" doc:"Its code."`
	Name       string           `json:"name" doc:"Legal name."`
	IsSupplier bool             `json:"is_supplier" doc:"Goods are bought from it."`
	IsCustomer bool             `json:"is_customer" doc:"Goods are sold to it."`
	IsCarrier  bool             `json:"is_carrier" doc:"It carries goods."`
	GLN        *string          `json:"gln" nullable:"true" doc:"GS1 Global Location Number."`
	VATNumber  *string          `json:"vat_number" nullable:"true" doc:"VAT identification number."`
	Street     string           `json:"street" doc:"Street and number."`
	PostalCode string           `json:"postal_code" doc:"Postal code."`
	City       string           `json:"city" doc:"City."`
	Country    string           `json:"country" doc:"ISO 3166-1 alpha-2."`
	Currency   httpapi.Currency `json:"currency" doc:"Currency of its orders."`
	Language   string           `json:"language" doc:"ISO 639-1 code of the documents printed for it."`
	Email      *string          `json:"email" nullable:"true" doc:"Where people write to it."`

	DeliveryNoteEmail *string `json:"delivery_note_email" nullable:"true" doc:"Where its delivery notes are mailed to."`
	InvoiceEmail      *string `json:"invoice_email" nullable:"true" doc:"Where its invoices and credit notes are mailed to."`
}

// SaveItem is the body of save-item.
type SaveItem struct {
	Number          string            `json:"number" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$" doc:"Item number, as on labels."`
	Name            string            `json:"name" minLength:"1" maxLength:"200" doc:"What people call it."`
	BaseUnit        httpapi.Code      `json:"base_unit" doc:"Unit in which every quantity of the item is kept."`
	Tracking        string            `json:"tracking,omitempty" enum:"none,lot,serial" doc:"Whether stock is told apart by lot, by serial number, or (none) not at all."`
	CostingMethod   string            `json:"costing_method,omitempty" enum:"moving_average,fifo,standard" doc:"How the cost of what leaves stock is found; moving_average unless said otherwise."`
	IssueOrder      string            `json:"issue_order,omitempty" enum:"fefo,fifo" doc:"Which lot is taken first: fefo, the first to expire, unless fifo, the oldest, is said."`
	IsPurchased     bool              `json:"is_purchased,omitempty" doc:"It is bought."`
	IsManufactured  bool              `json:"is_manufactured,omitempty" doc:"It is made here."`
	IsSold          bool              `json:"is_sold,omitempty" doc:"It is sold."`
	IsInspected     bool              `json:"is_inspected,omitempty" doc:"Goods receipts wait in quarantine for an inspection."`
	ShelfLifeDays   *int32            `json:"shelf_life_days,omitempty" minimum:"1" maximum:"36500" doc:"Days from production or receipt to expiry, when nobody names a date."`
	GTIN            *string           `json:"gtin,omitempty" pattern:"^[0-9]{14}$" doc:"GS1 GTIN of one base unit, 14 digits with its check digit."`
	StandardCost    *httpapi.Quantity `json:"standard_cost,omitempty" doc:"Cost per base unit, in the currency of the books, used where no price is known."`
	DefaultLocation *httpapi.Code     `json:"default_location,omitempty" doc:"Where the item is put away and issued from when nobody names a place."`
	SecondUnit      *httpapi.Code     `json:"second_unit,omitempty" doc:"Catch weight: unit of what is measured beside the base unit with every movement, such as KGM of an item counted in pieces."`
	Units           []SaveItemUnit    `json:"units,omitempty" maxItems:"50" doc:"Other units it is bought, packed or reported in."`
}

// SaveItemUnit is another unit of an item.
type SaveItemUnit struct {
	Unit        httpapi.Code `json:"unit" doc:"The other unit."`
	Numerator   int64        `json:"numerator" minimum:"1" maximum:"1000000000000" doc:"One of the other unit is numerator / denominator base units."`
	Denominator int64        `json:"denominator,omitempty" minimum:"1" maximum:"1000000000000" doc:"1 unless said otherwise."`
	GTIN        *string      `json:"gtin,omitempty" pattern:"^[0-9]{14}$" doc:"GTIN of this packaging level, 14 digits with its check digit."`
}

// Item is anything that is bought, stocked, made or sold.
type Item struct {
	Number          httpapi.Code      `json:"number" doc:"Item number."`
	Name            string            `json:"name" doc:"What people call it."`
	BaseUnit        httpapi.Code      `json:"base_unit" doc:"Unit in which every quantity of the item is kept."`
	Tracking        string            `json:"tracking" enum:"none,lot,serial" doc:"How stock is told apart."`
	CostingMethod   string            `json:"costing_method" enum:"moving_average,fifo,standard" doc:"How the cost of what leaves stock is found."`
	IssueOrder      string            `json:"issue_order" enum:"fefo,fifo" doc:"Which lot is taken first: the first to expire, or the oldest."`
	IsPurchased     bool              `json:"is_purchased" doc:"It is bought."`
	IsManufactured  bool              `json:"is_manufactured" doc:"It is made here."`
	IsSold          bool              `json:"is_sold" doc:"It is sold."`
	IsInspected     bool              `json:"is_inspected" doc:"Goods receipts wait in quarantine for an inspection."`
	ShelfLifeDays   *int32            `json:"shelf_life_days" nullable:"true" doc:"Days to expiry when nobody names a date."`
	GTIN            *string           `json:"gtin" nullable:"true" doc:"GS1 GTIN of one base unit."`
	StandardCost    *httpapi.Quantity `json:"standard_cost" nullable:"true" doc:"Cost per base unit, in the currency of the books."`
	DefaultLocation *httpapi.Code     `json:"default_location" nullable:"true" doc:"Where the item is put away and issued from when nobody names a place."`
	SecondUnit      *httpapi.Code     `json:"second_unit" nullable:"true" doc:"Catch weight: unit of what is measured beside the base unit; null when nothing is."`
	Units           []ItemUnit        `json:"units" doc:"Other units, by code."`
}

// ItemUnit is another unit of an item.
type ItemUnit struct {
	Unit        httpapi.Code `json:"unit" doc:"The other unit."`
	Numerator   int64        `json:"numerator" doc:"One of the other unit is numerator / denominator base units."`
	Denominator int64        `json:"denominator" doc:"See numerator."`
	GTIN        *string      `json:"gtin" nullable:"true" doc:"GTIN of this packaging level."`
}

// SaveWorkCenter is the body of save-work-center.
type SaveWorkCenter struct {
	Code              string        `json:"code" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$" doc:"Its code."`
	Site              httpapi.Code  `json:"site" doc:"The site it stands at."`
	Name              string        `json:"name" minLength:"1" maxLength:"200" doc:"What people call it."`
	SupplyLocation    httpapi.Code  `json:"supply_location" doc:"Where it takes material from, unless the item has a default location."`
	OutputLocation    httpapi.Code  `json:"output_location" doc:"Where it puts what it makes, unless the report names another place."`
	HourlyRate        httpapi.Money `json:"hourly_rate,omitempty" doc:"Labour cost per hour, in the currency of the site."`
	MachineHourlyRate httpapi.Money `json:"machine_hourly_rate,omitempty" doc:"Machine cost per hour, beside that of labour."`
}

// WorkCenter is a machine, or a group of machines or people.
type WorkCenter struct {
	Code              httpapi.Code     `json:"code" doc:"Its code."`
	Site              httpapi.Code     `json:"site" doc:"The site it stands at."`
	Name              string           `json:"name" doc:"What people call it."`
	SupplyLocation    httpapi.Code     `json:"supply_location" doc:"Where it takes material from."`
	OutputLocation    httpapi.Code     `json:"output_location" doc:"Where it puts what it makes."`
	HourlyRate        httpapi.Money    `json:"hourly_rate" doc:"Labour cost per hour."`
	MachineHourlyRate httpapi.Money    `json:"machine_hourly_rate" doc:"Machine cost per hour, beside that of labour."`
	Currency          httpapi.Currency `json:"currency" doc:"Currency of the rate."`
}

// SaveSupplierPrice is the body of save-supplier-price.
type SaveSupplierPrice struct {
	Supplier        httpapi.Code      `json:"supplier" doc:"Who delivers."`
	Item            httpapi.Code      `json:"item" doc:"What."`
	Unit            *httpapi.Code     `json:"unit,omitempty" doc:"Unit of the price and the quantities; the base unit unless said otherwise."`
	Price           httpapi.Money     `json:"price" doc:"Price of one unit."`
	Currency        *httpapi.Currency `json:"currency,omitempty" doc:"The supplier's currency unless said otherwise."`
	LeadTimeDays    int32             `json:"lead_time_days,omitempty" minimum:"0" maximum:"3650" doc:"Days from order to delivery."`
	MinimumQuantity httpapi.Quantity  `json:"minimum_quantity,omitempty" doc:"Smallest order."`
	MaximumQuantity *httpapi.Quantity `json:"maximum_quantity,omitempty" doc:"Largest order."`
}

// SupplierPrice is what a supplier delivers, and for how much.
type SupplierPrice struct {
	Supplier        httpapi.Code      `json:"supplier" doc:"Who delivers."`
	Item            httpapi.Code      `json:"item" doc:"What."`
	Unit            httpapi.Code      `json:"unit" doc:"Unit of the price and the quantities."`
	Price           httpapi.Money     `json:"price" doc:"Price of one unit."`
	Currency        httpapi.Currency  `json:"currency" doc:"Currency of the price."`
	LeadTimeDays    int32             `json:"lead_time_days" doc:"Days from order to delivery."`
	MinimumQuantity httpapi.Quantity  `json:"minimum_quantity" doc:"Smallest order."`
	MaximumQuantity *httpapi.Quantity `json:"maximum_quantity" nullable:"true" doc:"Largest order."`
}

// SaveBillOfMaterial is the body of save-bill-of-material.
type SaveBillOfMaterial struct {
	Item         httpapi.Code             `json:"item" doc:"What is made."`
	Revision     string                   `json:"revision" pattern:"^[A-Za-z0-9._-]{1,16}$" doc:"Name of the revision."`
	ValidFrom    httpapi.Date             `json:"valid_from" doc:"First day on which it is used."`
	ValidTo      *httpapi.Date            `json:"valid_to,omitempty" doc:"Last day on which it is used; none: until further notice."`
	BaseQuantity httpapi.Quantity         `json:"base_quantity" doc:"The lines are for this quantity of the item."`
	Unit         *httpapi.Code            `json:"unit,omitempty" doc:"Unit of base_quantity; the base unit unless said otherwise."`
	Lines        []SaveBillOfMaterialLine `json:"lines" minItems:"1" maxItems:"500" doc:"The components."`
}

// SaveBillOfMaterialLine is one component.
type SaveBillOfMaterialLine struct {
	Line          int32            `json:"line" minimum:"1" maximum:"100000" doc:"Number of the line, once per revision."`
	Item          httpapi.Code     `json:"item" doc:"The component."`
	Quantity      httpapi.Quantity `json:"quantity" doc:"For base_quantity of the item."`
	Unit          *httpapi.Code    `json:"unit,omitempty" doc:"Unit of quantity; the component's base unit unless said otherwise."`
	IsBackflushed *bool            `json:"is_backflushed,omitempty" doc:"Taken by the production report (true, unless said otherwise) or issued by scan."`
}

// BillOfMaterial is a dated revision of what an item is made of.
type BillOfMaterial struct {
	Number       httpapi.Code         `json:"number" doc:"item/revision."`
	Item         httpapi.Code         `json:"item" doc:"What is made."`
	Revision     string               `json:"revision" doc:"Name of the revision."`
	ValidFrom    httpapi.Date         `json:"valid_from" doc:"First day on which it is used."`
	ValidTo      *httpapi.Date        `json:"valid_to" nullable:"true" doc:"Last day on which it is used."`
	BaseQuantity httpapi.Quantity     `json:"base_quantity" doc:"The lines are for this quantity of the item."`
	Unit         httpapi.Code         `json:"unit" doc:"The item's base unit."`
	Lines        []BillOfMaterialLine `json:"lines" doc:"The components, by line."`
}

// BillOfMaterialLine is one component.
type BillOfMaterialLine struct {
	Line          int32            `json:"line" doc:"Number of the line."`
	Item          httpapi.Code     `json:"item" doc:"The component."`
	Quantity      httpapi.Quantity `json:"quantity" doc:"For base_quantity of the item."`
	Unit          httpapi.Code     `json:"unit" doc:"The component's base unit."`
	IsBackflushed bool             `json:"is_backflushed" doc:"Taken by the production report, or issued by scan."`
}

// SaveRouting is the body of save-routing.
type SaveRouting struct {
	Item       httpapi.Code           `json:"item" doc:"What is made."`
	Operations []SaveRoutingOperation `json:"operations" minItems:"1" maxItems:"200" doc:"The steps."`
}

// SaveRoutingOperation is one step.
type SaveRoutingOperation struct {
	Sequence     int32        `json:"sequence" minimum:"1" maximum:"100000" doc:"Its place; steps go by rising number."`
	Name         string       `json:"name" minLength:"1" maxLength:"200" doc:"What is done."`
	WorkCenter   httpapi.Code `json:"work_center" doc:"Where."`
	SetupMinutes string       `json:"setup_minutes,omitempty" pattern:"^[0-9]{1,9}(\\.[0-9]{1,3})?$" doc:"Minutes to make ready, once per order."`
	RunMinutes   string       `json:"run_minutes,omitempty" pattern:"^[0-9]{1,6}(\\.[0-9]{1,6})?$" doc:"Minutes per base unit of the item."`
}

// Routing is how an item is made.
type Routing struct {
	Item       httpapi.Code       `json:"item" doc:"What is made."`
	Operations []RoutingOperation `json:"operations" doc:"The steps in their order."`
}

// RoutingOperation is one step.
type RoutingOperation struct {
	Sequence     int32        `json:"sequence" doc:"Its place."`
	Name         string       `json:"name" doc:"What is done."`
	WorkCenter   httpapi.Code `json:"work_center" doc:"Where."`
	SetupMinutes string       `json:"setup_minutes" doc:"Minutes to make ready, once per order."`
	RunMinutes   string       `json:"run_minutes" doc:"Minutes per base unit of the item."`
}
