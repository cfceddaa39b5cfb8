package takeover

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/millrace-erp/millrace/internal/takeover/internal/db"
)

// The commands that importers use.
const (
	ImportSites             Operation = "import-sites"
	ImportLocations         Operation = "import-locations"
	ImportUnits             Operation = "import-units"
	ImportItems             Operation = "import-items"
	ImportPartners          Operation = "import-partners"
	ImportSupplierItems     Operation = "import-supplier-items"
	ImportReasons           Operation = "import-reasons"
	ImportWorkCenters       Operation = "import-work-centers"
	ImportRoutingOperations Operation = "import-routing-operations"
	ImportBillsOfMaterial   Operation = "import-bills-of-material"
	PostOpeningStock        Operation = "post-opening-stock"
	CreatePurchaseOrder     Operation = "create-purchase-order"
	ReceiveGoods            Operation = "receive-goods"
	InspectGoods            Operation = "inspect-goods"
	ClosePurchaseOrder      Operation = "close-purchase-order"
	CreateWorkOrder         Operation = "create-work-order"
	ReportProduction        Operation = "report-production"
	CompleteWorkOrder       Operation = "complete-work-order"
)

// row is what every command query gives.
type row interface {
	~struct {
		Status     int32
		Body       json.RawMessage
		IsReplayed bool
	}
}

// execute runs the calls of one operation in one statement: the function is called once for each, in their order.
func execute(ctx context.Context, q *db.Queries, operation Operation, calls json.RawMessage) ([]Answer, error) {
	switch operation {
	case ImportSites:
		return answers(q.ImportSites(ctx, calls))
	case ImportLocations:
		return answers(q.ImportLocations(ctx, calls))
	case ImportUnits:
		return answers(q.ImportUnits(ctx, calls))
	case ImportItems:
		return answers(q.ImportItems(ctx, calls))
	case ImportPartners:
		return answers(q.ImportPartners(ctx, calls))
	case ImportSupplierItems:
		return answers(q.ImportSupplierItems(ctx, calls))
	case ImportReasons:
		return answers(q.ImportReasons(ctx, calls))
	case ImportWorkCenters:
		return answers(q.ImportWorkCenters(ctx, calls))
	case ImportRoutingOperations:
		return answers(q.ImportRoutingOperations(ctx, calls))
	case ImportBillsOfMaterial:
		return answers(q.ImportBillsOfMaterial(ctx, calls))
	case PostOpeningStock:
		return answers(q.PostOpeningStock(ctx, calls))
	case CreatePurchaseOrder:
		return answers(q.CreatePurchaseOrder(ctx, calls))
	case ReceiveGoods:
		return answers(q.ReceiveGoods(ctx, calls))
	case InspectGoods:
		return answers(q.InspectGoods(ctx, calls))
	case ClosePurchaseOrder:
		return answers(q.ClosePurchaseOrder(ctx, calls))
	case CreateWorkOrder:
		return answers(q.CreateWorkOrder(ctx, calls))
	case ReportProduction:
		return answers(q.ReportProduction(ctx, calls))
	case CompleteWorkOrder:
		return answers(q.CompleteWorkOrder(ctx, calls))
	default:
		return nil, fmt.Errorf("no importer uses the operation %s", operation)
	}
}

func answers[R row](rows []R, err error) ([]Answer, error) {
	if err != nil {
		return nil, err
	}
	list := make([]Answer, len(rows))
	for i, one := range rows {
		list[i] = Answer(one)
	}
	return list, nil
}
