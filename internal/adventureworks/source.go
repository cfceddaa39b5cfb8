// Package adventureworks reads the files of the AdventureWorks sample database (a fictitious bicycle maker) as they
// are, imports its master data and orders, and replays its history through the SQL functions behind the API. The
// replay ends with a reconciliation: what the database says against what the files imply.
package adventureworks

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Source is what is read of the files, with references followed and dates given to every order.
type Source struct {
	Units          []Unit
	Products       []Product
	Vendors        []Vendor
	VendorProducts []VendorProduct
	Lines          []BillLine
	Locations      []Location
	ScrapReasons   []ScrapReason
	Inventory      []Stock
	PurchaseOrders []PurchaseOrder
	WorkOrders     []WorkOrder

	products map[int64]*Product
	vendors  map[int64]*Vendor
	reasons  map[int64]*ScrapReason
	places   map[int64]*Location
}

// Unit is a row of UnitMeasure.
type Unit struct{ Code, Name string }

// Product is a row of Product. Base is chosen here, see chooseBaseUnits.
type Product struct {
	ID             int64
	Number, Name   string
	IsMade, IsSold bool
	StandardCost   string
	Base           string
	Place          *Location // where it is put away and taken from
}

// Vendor is a row of Vendor with its one address.
type Vendor struct {
	ID                               int64
	Account, Code, Name              string
	Street, PostalCode, City, Region string
	Country                          string
}

// VendorProduct is a row of ProductVendor.
type VendorProduct struct {
	Product          *Product
	Vendor           *Vendor
	LeadTimeDays     int64
	Price            string
	Minimum, Maximum int64
	Unit             string
}

// BillLine is a row of BillOfMaterials. Assembly is nil for the products that stand on top.
type BillLine struct {
	ID                  int64
	Assembly, Component *Product
	From, Until         time.Time // Until is the last day; zero: still valid
	Unit                string
	Quantity            Quantity
}

// Location is a row of Location. A Rate above zero tells the places where work is done.
type Location struct {
	ID         int64
	Code, Name string
	Rate       string
}

// ScrapReason is a row of ScrapReason.
type ScrapReason struct {
	ID         int64
	Code, Name string
}

// Stock is a row of ProductInventory.
type Stock struct {
	Product  *Product
	Location *Location
	Shelf    string
	Bin      int64
	Quantity Quantity
}

// PurchaseOrder is a row of PurchaseOrderHeader with its lines.
type PurchaseOrder struct {
	ID        int64
	Status    int64 // 1 pending, 2 approved, 3 rejected, 4 complete
	Vendor    *Vendor
	OrderedOn time.Time
	Lines     []PurchaseOrderLine
}

// PurchaseOrderLine is a row of PurchaseOrderDetail.
type PurchaseOrderLine struct {
	ID                          int64
	Number                      int // counted within the order
	Product                     *Product
	DueOn                       time.Time
	Ordered, Received, Rejected Quantity
	Price                       string
}

// WorkOrder is a row of WorkOrder.nodates with the day found for it.
type WorkOrder struct {
	ID                         int64
	Product                    *Product
	Ordered, Stocked, Scrapped Quantity
	Reason                     *ScrapReason
	StartedOn                  time.Time
	IsDated                    bool // false: the day is spread, see dateWorkOrders
}

// Load reads the files in dir or in its folder csv.
func Load(dir string) (*Source, error) {
	if info, err := os.Stat(filepath.Join(dir, "csv")); err == nil && info.IsDir() {
		dir = filepath.Join(dir, "csv")
	}
	s := &Source{
		products: map[int64]*Product{}, vendors: map[int64]*Vendor{},
		reasons: map[int64]*ScrapReason{}, places: map[int64]*Location{},
	}
	for _, read := range []func(string) error{
		s.readUnits, s.readLocations, s.readScrapReasons, s.readProducts, s.readVendors, s.readAddresses,
		s.readVendorProducts, s.readBills, s.readInventory, s.readPurchaseOrders, s.readWorkOrders,
	} {
		if err := read(dir); err != nil {
			return nil, err
		}
	}
	s.chooseBaseUnits()
	s.choosePlaces()
	s.dateWorkOrders()
	return s, nil
}

// find follows a reference and tells the row when it leads nowhere.
func find[T any](r *row, column int, in map[int64]*T, what string) *T {
	found := in[r.integer(column)]
	if found == nil {
		r.fail(column, "the id of a "+what)
	}
	return found
}

func (s *Source) readUnits(dir string) error {
	return readTable(dir, "UnitMeasure", tabbed, 3, func(r *row) {
		s.Units = append(s.Units, Unit{Code: r.text(0), Name: r.text(1)})
	})
}

func (s *Source) readLocations(dir string) error {
	err := readTable(dir, "Location", tabbed, 5, func(r *row) {
		id := r.integer(0)
		s.Locations = append(s.Locations, Location{ID: id, Code: fmt.Sprintf("%s-%02d", siteCode, id), Name: r.text(1), Rate: r.money(2)})
	})
	for i := range s.Locations {
		s.places[s.Locations[i].ID] = &s.Locations[i]
	}
	return err
}

func (s *Source) readScrapReasons(dir string) error {
	err := readTable(dir, "ScrapReason", tabbed, 3, func(r *row) {
		id := r.integer(0)
		s.ScrapReasons = append(s.ScrapReasons, ScrapReason{ID: id, Code: fmt.Sprintf("%s-SCRAP-%02d", siteCode, id), Name: r.text(1)})
	})
	for i := range s.ScrapReasons {
		s.reasons[s.ScrapReasons[i].ID] = &s.ScrapReasons[i]
	}
	return err
}

func (s *Source) readProducts(dir string) error {
	err := readTable(dir, "Product", tabbed, 25, func(r *row) {
		s.Products = append(s.Products, Product{
			ID: r.integer(0), Name: r.text(1), Number: r.text(2), IsMade: r.flag(3), IsSold: r.flag(4), StandardCost: r.money(8),
		})
	})
	for i := range s.Products {
		s.products[s.Products[i].ID] = &s.Products[i]
	}
	return err
}

func (s *Source) readVendors(dir string) error {
	err := readTable(dir, "Vendor", tabbed, 8, func(r *row) {
		account := r.text(1)
		s.Vendors = append(s.Vendors, Vendor{
			ID: r.integer(0), Account: account, Code: strings.ReplaceAll(account, "&", "-"), Name: r.text(2),
		})
	})
	for i := range s.Vendors {
		s.vendors[s.Vendors[i].ID] = &s.Vendors[i]
	}
	return err
}

// readAddresses gives every vendor its first address; the country comes by way of the state.
func (s *Source) readAddresses(dir string) error {
	vendorOf := map[int64]*Vendor{}
	err := readTable(dir, "BusinessEntityAddress", barred, 5, func(r *row) {
		if vendor := s.vendors[r.integer(0)]; vendor != nil {
			vendorOf[r.integer(1)] = vendor
		}
	})
	if err != nil {
		return err
	}
	type state struct{ code, country string }
	states := map[int64]*state{}
	err = readTable(dir, "StateProvince", tabbed, 8, func(r *row) {
		states[r.integer(0)] = &state{code: r.text(1), country: r.text(2)}
	})
	if err != nil {
		return err
	}
	return readTable(dir, "Address", tabbed, 9, func(r *row) {
		vendor := vendorOf[r.integer(0)]
		if vendor == nil || vendor.Country != "" {
			return
		}
		from := find(r, 4, states, "state")
		if from == nil {
			return
		}
		vendor.Street = strings.TrimSpace(r.text(1) + " " + r.text(2))
		vendor.City, vendor.PostalCode, vendor.Region, vendor.Country = r.text(3), r.text(5), from.code, from.country
	})
}

func (s *Source) readVendorProducts(dir string) error {
	return readTable(dir, "ProductVendor", tabbed, 11, func(r *row) {
		s.VendorProducts = append(s.VendorProducts, VendorProduct{
			Product: find(r, 0, s.products, "product"), Vendor: find(r, 1, s.vendors, "vendor"), LeadTimeDays: r.integer(2),
			Price: r.money(3), Minimum: r.integer(6), Maximum: r.integer(7), Unit: r.text(9),
		})
	})
}

func (s *Source) readBills(dir string) error {
	return readTable(dir, "BillOfMaterials", tabbed, 9, func(r *row) {
		line := BillLine{
			ID: r.integer(0), Component: find(r, 2, s.products, "product"), From: r.date(3), Until: r.optionalDate(4),
			Unit: r.text(5), Quantity: r.quantity(7),
		}
		if r.fields[1] != "" {
			line.Assembly = find(r, 1, s.products, "product")
		}
		s.Lines = append(s.Lines, line)
	})
}

func (s *Source) readInventory(dir string) error {
	return readTable(dir, "ProductInventory", tabbed, 7, func(r *row) {
		s.Inventory = append(s.Inventory, Stock{
			Product: find(r, 0, s.products, "product"), Location: find(r, 1, s.places, "location"),
			Shelf: r.text(2), Bin: r.integer(3), Quantity: r.quantity(4),
		})
	})
}

func (s *Source) readPurchaseOrders(dir string) error {
	err := readTable(dir, "PurchaseOrderHeader", tabbed, 13, func(r *row) {
		s.PurchaseOrders = append(s.PurchaseOrders, PurchaseOrder{
			ID: r.integer(0), Status: r.integer(2), Vendor: find(r, 4, s.vendors, "vendor"), OrderedOn: r.date(6),
		})
	})
	if err != nil {
		return err
	}
	slices.SortFunc(s.PurchaseOrders, func(a, b PurchaseOrder) int { return int(a.ID - b.ID) })
	orders := map[int64]*PurchaseOrder{}
	for i := range s.PurchaseOrders {
		orders[s.PurchaseOrders[i].ID] = &s.PurchaseOrders[i]
	}
	return readTable(dir, "PurchaseOrderDetail", tabbed, 11, func(r *row) {
		order := find(r, 0, orders, "purchase order")
		if order == nil {
			return
		}
		order.Lines = append(order.Lines, PurchaseOrderLine{
			ID: r.integer(1), Number: len(order.Lines) + 1, DueOn: r.date(2), Ordered: r.quantity(3),
			Product: find(r, 4, s.products, "product"), Price: r.money(5), Received: r.quantity(7), Rejected: r.quantity(8),
		})
	})
}

func (s *Source) readWorkOrders(dir string) error {
	header := []string{"WorkOrderID", "ProductID", "OrderQty", "StockedQty", "ScrappedQty", "StartDate", "EndDate", "DueDate", "ScrapReasonID", "ModifiedDate"}
	err := readSheet(dir, "WorkOrder.nodates.csv", ',', header, func(r *row) {
		order := WorkOrder{
			ID: r.integer(0), Product: find(r, 1, s.products, "product"),
			Ordered: r.quantity(2), Stocked: r.quantity(3), Scrapped: r.quantity(4),
		}
		if reason := r.optional(8); reason != 0 {
			order.Reason = find(r, 8, s.reasons, "scrap reason")
		}
		s.WorkOrders = append(s.WorkOrders, order)
	})
	if err != nil {
		return err
	}
	slices.SortFunc(s.WorkOrders, func(a, b WorkOrder) int { return int(a.ID - b.ID) })
	windows := map[int64]time.Time{}
	err = readSheet(dir, "WorkOrder.datewindow.derived.tsv", '\t', []string{"WorkOrderID", "start_not_before", "start_not_after"}, func(r *row) {
		day, err := time.Parse(time.DateOnly, r.fields[1])
		if err != nil {
			r.fail(1, "a date")
		}
		windows[r.integer(0)] = day
	})
	if err != nil {
		return err
	}
	for i := range s.WorkOrders {
		order := &s.WorkOrders[i]
		order.StartedOn, order.IsDated = windows[order.ID], !windows[order.ID].IsZero()
	}
	return nil
}

// chooseBaseUnits: what goes into assemblies is counted as the bill of materials counts it, anything else as its
// vendors sell it, the rest by the piece. The files give no factor between a vendor's unit and that of the bill.
func (s *Source) chooseBaseUnits() {
	for i := range s.Products {
		s.Products[i].Base = "EA"
	}
	for _, vendored := range s.VendorProducts {
		vendored.Product.Base = vendored.Unit
	}
	for _, line := range s.Lines {
		line.Component.Base = line.Unit
	}
}

// choosePlaces: a product lives where most of it lies; what lies nowhere goes to subassembly when it is made and
// to miscellaneous storage when it is bought.
func (s *Source) choosePlaces() {
	const miscellaneous, subassembly = 6, 50
	for i := range s.Products {
		product := &s.Products[i]
		product.Place = s.places[miscellaneous]
		if product.IsMade {
			product.Place = s.places[subassembly]
		}
	}
	most := map[*Product]Quantity{}
	for _, stock := range s.Inventory {
		if stock.Quantity > most[stock.Product] {
			most[stock.Product] = stock.Quantity
			stock.Product.Place = stock.Location
		}
	}
}

// dateWorkOrders gives the orders after the last dated one a day: their dates are lost, their order is not. They are
// spread evenly from the day after the last known day to the last order day of the purchase orders.
func (s *Source) dateWorkOrders() {
	var last time.Time
	undated := 0
	for _, order := range s.WorkOrders {
		if order.IsDated && order.StartedOn.After(last) {
			last = order.StartedOn
		}
		if !order.IsDated {
			undated++
		}
	}
	until := last
	for _, order := range s.PurchaseOrders {
		if order.OrderedOn.After(until) {
			until = order.OrderedOn
		}
	}
	days := max(int(until.Sub(last).Hours()/24), 1)
	seen := 0
	for i := range s.WorkOrders {
		if order := &s.WorkOrders[i]; !order.IsDated {
			order.StartedOn = last.AddDate(0, 0, 1+seen*days/undated)
			seen++
		}
	}
}

// Limit keeps the first orders only: for tests and for a first look. 0 keeps all.
func (s *Source) Limit(purchaseOrders, workOrders int) {
	if purchaseOrders > 0 && purchaseOrders < len(s.PurchaseOrders) {
		s.PurchaseOrders = s.PurchaseOrders[:purchaseOrders]
	}
	if workOrders > 0 && workOrders < len(s.WorkOrders) {
		s.WorkOrders = s.WorkOrders[:workOrders]
	}
}
