package millracesql_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// export is a spreadsheet of four bytes of which there is none.
const export = `INSERT INTO export.file (kind, filters, language, keep_days, requested_by, as_of, row_count, size, sha256, finished_at, expires_at)
	VALUES ('stock', '{}', 'en', 7, 'tester', clock_timestamp(), 1, 4, sha256('abcd'), clock_timestamp(), clock_timestamp() + interval '7 days')`

// seals are two that end before everything that was written.
const seals = `INSERT INTO audit.incarnation (number, system_identifier, reason, actor) VALUES (1, 1, 'x', 'x') ON CONFLICT DO NOTHING;
	INSERT INTO audit.seal (number, incarnation, from_transaction_id, to_transaction_id, row_count, previous, hash, sealed_at)
	VALUES (1, 1, '0', '4', 0, decode(repeat('00', 32), 'hex'), sha256('a'), now()), (2, 1, '4', '5', 0, sha256('a'), sha256('b'), now());
	`

// broken says for every check how its invariant is broken, in a database in which the journey ran: behind
// the back of all functions, triggers and constraints, as only somebody with the rights of the owner can.
var broken = map[string][]string{
	"audit/chain_is_unbroken": {
		seals + `UPDATE audit.seal SET previous = sha256('x') WHERE number = 2`,
		seals + `DELETE FROM audit.seal WHERE number = 1`,
		seals + `UPDATE audit.seal SET from_transaction_id = '6' WHERE number = 2`,
		seals + `UPDATE audit.seal SET row_count = 1 WHERE number = 2`,
		seals + `INSERT INTO audit.incarnation (number, system_identifier, reason, actor) VALUES (2, 1, 'x', 'x'); UPDATE audit.seal SET incarnation = 2 WHERE number = 2`,
	},
	"audit/final_rows_are_sealed": {
		seals + `UPDATE audit.entry SET recorded_at = recorded_at - interval '11 minutes' WHERE id = (SELECT min(e.id) FROM audit.entry AS e)`,
	},
	"billing/credit_is_within_invoice": {
		`UPDATE billing.invoice_line SET base_quantity = base_quantity + 1000 WHERE corrects_line_id IS NOT NULL`,
		`UPDATE billing.invoice_line SET net = net + 1000 WHERE corrects_line_id IS NOT NULL`,
		`UPDATE billing.invoice_line SET rate_percent = rate_percent + 1 WHERE corrects_line_id IS NOT NULL`,
	},
	"billing/invoiced_equals_invoices": {
		`UPDATE shipping.shipment_line SET invoiced_quantity = invoiced_quantity + 1`,
		`UPDATE shipping.shipment_line SET credited_quantity = credited_quantity + 1`,
	},
	"billing/numbers_have_no_gap": {
		`DELETE FROM billing.invoice WHERE series_number = 2`,
		`UPDATE billing.number_series SET last_number = last_number + 1`,
		`UPDATE billing.invoice SET issued_on = issued_on + 1 WHERE series_number = 1`,
	},
	"billing/sums_hold": {
		`UPDATE billing.invoice SET net = net + 0.01`,
		`UPDATE billing.invoice SET gross = gross + 0.01`,
		`UPDATE billing.invoice_tax SET tax = tax + 0.01`,
		`DELETE FROM billing.invoice_line WHERE line_number = 1`,
	},
	"catalog/every_site_has_its_virtual_locations": {
		`DELETE FROM catalog.location WHERE kind = 'scrap'`,
	},
	"catalog/no_item_is_made_of_itself": {
		`UPDATE catalog.bill_of_material_line AS l SET item_id = b.item_id FROM catalog.bill_of_material AS b WHERE b.id = l.bill_of_material_id`,
		// Over two levels.
		`INSERT INTO catalog.bill_of_material_line (bill_of_material_id, line_number, item_id, quantity)
		 SELECT lower.id, 99, upper.item_id, 1
		 FROM catalog.bill_of_material AS upper
		 JOIN catalog.bill_of_material_line AS l ON l.bill_of_material_id = upper.id
		 JOIN catalog.bill_of_material AS lower ON lower.item_id = l.item_id
		 LIMIT 1`,
	},
	"costing/journal_balances": {
		`UPDATE costing.account_total SET debit = debit + 0.01`,
		`UPDATE costing.journal_entry SET amount = amount + 0.01 WHERE debit = 'cost_of_sales'`,
		`DELETE FROM costing.journal_entry WHERE ordinal = 1 AND debit = 'cost_of_sales'`,
		`UPDATE costing.journal_entry SET ordinal = ordinal + 100`,
	},
	"costing/layers_equal_stock": {
		`UPDATE costing.layer SET remaining_quantity = remaining_quantity + 1`,
		`UPDATE costing.layer SET remaining_value = remaining_value + 1`,
		`DELETE FROM costing.layer WHERE number = 1`,
		`UPDATE costing.item_stock SET first_layer = first_layer + 1, last_layer = last_layer + 1 WHERE method = 'moving_average'`,
	},
	"costing/movement_is_costed_once": {
		`DELETE FROM costing.movement_cost WHERE movement_id = (SELECT max(c.movement_id) FROM costing.movement_cost AS c)`,
		`UPDATE costing.movement_cost SET quantity = quantity + 1`,
		`UPDATE costing.movement_cost SET movement_id = movement_id + 1000000`,
	},
	"costing/movement_is_journaled_once": {
		`UPDATE costing.movement_cost SET variance = variance + 0.01`,
		`UPDATE costing.journal_entry SET amount = amount + 0.01 WHERE movement_id IS NOT NULL`,
		`INSERT INTO costing.journal_entry SELECT position, ordinal + 1000, kind, debit, credit, amount, currency, site_id, item_id, work_order_id, movement_id, document_type, document_id, posted_at, occurred_at FROM costing.journal_entry WHERE movement_id IS NOT NULL`,
		`UPDATE costing.journal_entry SET movement_id = movement_id + 1000000 WHERE movement_id IS NOT NULL`,
		`DELETE FROM costing.journal_entry WHERE movement_id IS NOT NULL`,
	},
	"costing/quantity_equals_balances": {
		`UPDATE costing.item_stock SET quantity = quantity + 1`,
		`DELETE FROM costing.item_stock`,
	},
	"costing/stock_equals_costs": {
		`UPDATE costing.item_stock SET value = value + 0.01`,
		`UPDATE costing.movement_cost SET value = value + 0.01`,
		`DELETE FROM costing.item_stock`,
	},
	"costing/stock_equals_journal": {
		`UPDATE costing.item_stock SET value = value + 0.01`,
		`UPDATE costing.layer SET remaining_value = remaining_value + 0.01`,
		`UPDATE costing.item_stock SET account = CASE account WHEN 'inventory' THEN 'finished_goods' ELSE 'inventory' END::costing.account`,
		`UPDATE costing.journal_entry SET item_id = item_id + 1 WHERE item_id IS NOT NULL`,
	},
	"costing/work_in_process_adds_up": {
		`UPDATE costing.work_order_cost SET material_value = material_value + 0.01`,
		`UPDATE costing.work_order_cost SET absorbed_value = absorbed_value + 0.01`,
		`UPDATE costing.work_order_cost SET labour_value = labour_value + 0.01`,
	},
	"costing/work_in_process_equals_journal": {
		`UPDATE costing.work_order_cost SET pooled_value = pooled_value + 0.01`,
		`UPDATE costing.work_order_cost SET usage_variance = usage_variance + 0.01`,
		`UPDATE costing.journal_entry SET amount = amount + 0.01 WHERE debit = 'work_in_process'`,
		`UPDATE costing.journal_entry SET work_order_id = work_order_id + 1000000 WHERE work_order_id IS NOT NULL`,
	},
	"document/file_is_of_a_document": {
		`INSERT INTO document.file (kind, number, language, media_type, content, sha256) VALUES ('invoice', 'INV-0000-000000', 'en', 'application/pdf', 'x', sha256('x'))`,
		`INSERT INTO document.file (kind, number, language, media_type, content, sha256) VALUES ('delivery_note', 'DN-0000-000000', 'en', 'application/pdf', 'x', sha256('x'))`,
		`INSERT INTO document.file (kind, number, language, media_type, content, sha256) VALUES ('handling_unit_label', '0', 'en', 'application/pdf', 'x', sha256('x'))`,
		`INSERT INTO document.file (kind, number, language, media_type, content, sha256) VALUES ('lot_label', 'A:B', 'en', 'application/pdf', 'x', sha256('x'))`,
	},
	"document/print_job_is_of_a_label": {
		`WITH p AS (INSERT INTO document.printer (site_id, code, name, host, dpi, label_width, label_height) SELECT s.id, 'X', 'X', 'x', 203, 100, 150 FROM catalog.site AS s LIMIT 1 RETURNING id),
		 n AS (INSERT INTO document.printer_state (printer_id) SELECT p.id FROM p)
		 INSERT INTO document.print_job (printer_id, kind, document_number, is_automatic, actor) SELECT p.id, 'lot_label', 'A:B', false, 'x' FROM p`,
		`WITH p AS (INSERT INTO document.printer (site_id, code, name, host, dpi, label_width, label_height) SELECT s.id, 'X', 'X', 'x', 203, 100, 150 FROM catalog.site AS s LIMIT 1 RETURNING id),
		 n AS (INSERT INTO document.printer_state (printer_id) SELECT p.id FROM p)
		 INSERT INTO document.print_job (printer_id, kind, document_number, is_automatic, actor) SELECT p.id, 'handling_unit_label', '0', false, 'x' FROM p`,
	},
	"document/printer_sends_one_at_a_time": {
		`INSERT INTO document.printer (site_id, code, name, host, dpi, label_width, label_height) SELECT s.id, 'X', 'X', 'x', 203, 100, 150 FROM catalog.site AS s LIMIT 1`,
	},
	"event/consumer_is_not_ahead": {
		`UPDATE event.consumer SET position = 1 + (SELECT h.position FROM event.log_head AS h) WHERE name = 'costing'`,
	},
	"event/log_has_no_gap": {
		`DELETE FROM event.log WHERE position = 5`,
		`DELETE FROM event.log WHERE position = (SELECT h.position FROM event.log_head AS h)`,
		`UPDATE event.log_head SET position = position + 1`,
	},
	"event/request_is_answered": {
		`UPDATE event.request SET status = 0 WHERE operation = 'receive-goods'`,
	},
	"event/webhook_has_its_position": {
		`INSERT INTO event.consumer (name, position) VALUES ('webhook:NOBODY', 0)`,
		`INSERT INTO event.webhook_endpoint (code, url) VALUES ('X', 'https://x.example/')`,
		`INSERT INTO event.webhook_endpoint (id, code, url) VALUES (-1, 'X', 'https://x.example/');
		 INSERT INTO event.webhook_delivery (endpoint_id) VALUES (-1);
		 INSERT INTO event.consumer (name, position) VALUES ('webhook:X', 0)`,
		`INSERT INTO event.webhook_endpoint (id, code, url, is_enabled) VALUES (-1, 'X', 'https://x.example/', false);
		 INSERT INTO event.webhook_delivery (endpoint_id) VALUES (-1);
		 INSERT INTO event.webhook_secret (endpoint_id, secret) VALUES (-1, 'x')`,
	},
	"export/finished_file_is_whole": {
		export,
		export + `; INSERT INTO export.chunk (file_id, generation, ordinal, content) SELECT f.id, 0, n, 'ab' FROM export.file AS f, generate_series(1, 2) AS n`,
		export + `; INSERT INTO export.chunk (file_id, generation, ordinal, content) SELECT f.id, 1, 0, 'abcd' FROM export.file AS f`,
		export + `; INSERT INTO export.chunk (file_id, generation, ordinal, content) SELECT f.id, 0, 0, 'abcd' FROM export.file AS f;
		 UPDATE export.file SET dropped_at = clock_timestamp()`,
	},
	"identity/one_key_signs_for_ever": {
		`INSERT INTO identity.signing_key (kid, private_key, active_from) SELECT 'key-of-the-tests-' || n, '', now() FROM generate_series(1, 2) AS n`,
	},
	"identity/one_refresh_token_is_good": {
		`INSERT INTO identity.refresh_token (session_id, hash) VALUES (-1, 'a'), (-1, 'b')`,
	},
	"identity/rights_exist": {
		`INSERT INTO identity.operator (number, name, roles) VALUES ('X', 'X', '{nobody}')`,
		`INSERT INTO identity.client (code, kind, name, sites) VALUES ('X', 'device', 'X', '{*,NOWHERE}')`,
	},
	"inventory/balance_equals_movements": {
		`UPDATE inventory.balance SET on_hand = on_hand + 1`,
		`UPDATE inventory.balance SET second_on_hand = 1`,
		`DELETE FROM inventory.balance WHERE on_hand > 0`,
		`DELETE FROM inventory.movement WHERE movement_type = 'receipt'`,
	},
	"inventory/count_difference_was_posted": {
		`UPDATE inventory.count_line SET counted_quantity = counted_quantity + 1`,
		`UPDATE inventory.count_line SET movement_id = NULL`,
	},
	"inventory/default_partition_is_empty": {
		`INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, new_row, recorded_at) VALUES ('a', 'b', 1, 'insert', 'c', '{}', '1999-01-01')`,
		`UPDATE inventory.movement SET posted_at = '1999-01-01' WHERE movement_type = 'receipt'`,
	},
	"inventory/genealogy_has_no_cycle": {
		`INSERT INTO inventory.genealogy (parent_lot_id, child_lot_id, quantity, document_type, document_id)
		 SELECT b.child_lot_id, a.parent_lot_id, 1, a.document_type, a.document_id
		 FROM inventory.genealogy AS a
		 JOIN inventory.genealogy AS b ON b.parent_lot_id = a.child_lot_id
		 LIMIT 1`,
	},
	"inventory/lot_change_has_its_movements": {
		`WITH change AS (
			INSERT INTO inventory.lot_change (kind, location_id, to_lot_id)
			SELECT 'split', min(c.id), max(l.id) FROM catalog.location AS c, inventory.lot AS l RETURNING id
		)
		INSERT INTO inventory.lot_change_line (lot_change_id, from_lot_id, quantity) SELECT c.id, 1, 1 FROM change AS c`,
	},
	"inventory/lot_has_its_sites": {
		`DELETE FROM inventory.lot_site WHERE lot_id = (SELECT max(b.lot_id) FROM inventory.balance AS b)`,
	},
	"inventory/month_start_equals_movements": {
		`SELECT inventory.write_posting_snapshot(now()); UPDATE inventory.posting_snapshot_balance SET on_hand = on_hand + 1`,
		`SELECT inventory.write_posting_snapshot('2000-02-01'); SELECT inventory.write_posting_snapshot(now()); DELETE FROM inventory.posting_snapshot_balance`,
		`SELECT inventory.write_posting_snapshot('2000-02-01'); UPDATE inventory.balance SET on_hand = on_hand + 1`,
	},
	"inventory/movement_fits_lot_and_rule": {
		`UPDATE inventory.movement SET movement_type = 'receipt' WHERE movement_type = 'shipment'`,
		`UPDATE inventory.movement SET lot_id = (SELECT max(l.id) FROM inventory.lot AS l) WHERE movement_type = 'receipt' AND lot_id <> 0`,
	},
	"inventory/movement_is_sealed": {
		seals + `UPDATE inventory.movement SET posted_at = posted_at - interval '11 minutes' WHERE movement_type = 'receipt'`,
	},
	"inventory/movement_names_what_is_there": {
		`UPDATE inventory.movement SET item_id = 999999 WHERE movement_type = 'receipt'`,
		`UPDATE inventory.movement SET lot_id = 999999 WHERE movement_type = 'receipt'`,
		`UPDATE inventory.movement SET to_location_id = 999999 WHERE movement_type = 'receipt'`,
		`DELETE FROM catalog.location WHERE id IN (SELECT m.from_location_id FROM inventory.movement AS m)`,
		`UPDATE inventory.movement SET reason_id = 999999 WHERE movement_type = 'scrap'`,
	},
	"inventory/period_balance_equals_movements": {
		period + `INSERT INTO inventory.period_balance (period_id, item_id, location_id, lot_id, on_hand)
		 SELECT p.id, b.item_id, b.location_id, b.lot_id, 1 FROM inventory.period AS p, inventory.balance AS b LIMIT 1`,
		period + `UPDATE inventory.movement SET occurred_at = '2000-01-15' WHERE movement_type = 'receipt'`,
	},
	"inventory/period_is_closed": {
		period + `UPDATE inventory.period SET starts_at = '2000-01-01'`,
		period + `UPDATE inventory.movement SET occurred_at = '2000-01-15' WHERE movement_type = 'receipt'`,
	},
	"inventory/reserved_equals_reservations": {
		`UPDATE inventory.balance SET reserved = reserved + 1`,
		`UPDATE inventory.reservation SET quantity = quantity + 1`,
	},
	"inventory/reversal_mirrors_original": {
		`UPDATE inventory.movement SET quantity = quantity + 1 WHERE movement_type = 'reversal'`,
		`UPDATE inventory.movement SET to_location_id = from_location_id WHERE movement_type = 'reversal'`,
		`DELETE FROM inventory.reversal`,
		`DELETE FROM inventory.movement WHERE movement_type = 'reversal'`,
		// A movement that is called reversed, and nothing took it back.
		`INSERT INTO inventory.reversal (reversed_movement_id, movement_id)
		 SELECT m.id, m.id FROM inventory.movement AS m WHERE m.movement_type = 'put_away' LIMIT 1`,
	},
	"inventory/second_quantity_where_wanted": {
		`UPDATE inventory.movement SET second_quantity = 1 WHERE movement_type = 'receipt'`,
		`UPDATE catalog.item SET second_unit_id = (SELECT min(u.id) FROM catalog.unit AS u)`,
	},
	"inventory/serial_is_in_stock_once": {
		`UPDATE catalog.item SET tracking = 'serial' WHERE number = 'PP-NAT'`,
		`INSERT INTO inventory.serial (lot_id) SELECT l.id FROM inventory.lot AS l JOIN catalog.item AS i ON i.id = l.item_id WHERE i.number = 'PP-NAT' LIMIT 1;
		 DELETE FROM inventory.balance;
		 UPDATE catalog.item SET tracking = 'serial' WHERE number = 'PP-NAT'`,
	},
	"inventory/virtual_location_has_no_balance": {
		`INSERT INTO inventory.balance (item_id, location_id, lot_id, on_hand)
		 SELECT i.id, c.id, 0, 0 FROM catalog.item AS i, catalog.location AS c WHERE c.kind = 'customer' LIMIT 1`,
	},
	"notify/mail_goes_to_its_partner": {
		`INSERT INTO document.file (id, kind, number, language, media_type, content, sha256)
		 SELECT -1, 'invoice', i.number, 'en', 'application/pdf', 'x', sha256('x') FROM billing.invoice AS i WHERE i.kind = 'invoice' LIMIT 1;
		 INSERT INTO notify.mail (partner_id, file_id, recipient, language, subject, body)
		 SELECT p.id, -1, 'a@b.example', 'en', 's', 'b' FROM catalog.partner AS p WHERE NOT p.is_customer LIMIT 1`,
	},
	"notify/waiting_mail_has_its_job": {
		`INSERT INTO notify.mail (partner_id, file_id, recipient, language, subject, body) VALUES (-1, -1, 'a@b.example', 'en', 's', 'b')`,
	},
	"production/backflush_does_not_drift": {
		`UPDATE production.work_order_material SET issued_quantity = issued_quantity + 1, backflushed_quantity = backflushed_quantity + 1 WHERE is_backflushed`,
	},
	"production/by_product_has_its_movement": {
		`INSERT INTO production.production_report_by_product (production_report_id, item_id, lot_id, location_id, quantity, movement_id)
		 SELECT r.id, 1, 0, r.location_id, r.good_quantity, r.good_movement_id FROM production.production_report AS r WHERE r.good_movement_id IS NOT NULL LIMIT 1`,
	},
	"production/genealogy_equals_consumption": {
		`UPDATE inventory.genealogy SET quantity = quantity + 1`,
		`DELETE FROM inventory.genealogy`,
		`UPDATE production.production_report_material SET quantity = quantity + 1`,
	},
	"production/good_within_order": {
		`UPDATE production.work_order SET good_quantity = quantity * 3`,
	},
	"production/issued_equals_lines": {
		`UPDATE production.work_order_material SET issued_quantity = issued_quantity + 1`,
		`UPDATE production.material_issue SET is_reversed = NOT is_reversed`,
		`DELETE FROM production.material_issue_line`,
	},
	"production/material_has_its_movement": {
		`UPDATE production.material_issue_line SET quantity = quantity + 1`,
		`UPDATE production.material_issue SET is_reversed = NOT is_reversed`,
		`UPDATE inventory.movement SET document_line_id = NULL WHERE movement_type = 'issue'`,
		`DELETE FROM inventory.movement WHERE movement_type = 'issue'`,
	},
	"production/operation_sums_equal_reports": {
		`UPDATE production.work_order_operation SET good_quantity = good_quantity + 1`,
		`UPDATE production.work_order_operation SET scrap_quantity = scrap_quantity + 1`,
	},
	"production/order_sums_equal_reports": {
		`UPDATE production.work_order SET good_quantity = good_quantity + 1`,
		`UPDATE production.work_order SET rework_quantity = rework_quantity + 1`,
		`DELETE FROM production.production_report`,
	},
	"production/production_movement_has_its_document": {
		`DELETE FROM production.production_report`,
		`DELETE FROM production.material_issue_line`,
	},
	"production/report_has_its_movements": {
		`UPDATE production.production_report SET good_quantity = good_quantity + 1 WHERE good_quantity > 0`,
		`UPDATE production.production_report SET scrap_movement_id = NULL WHERE scrap_quantity > 0`,
		`UPDATE production.production_report SET is_reversed = NOT is_reversed`,
		`DELETE FROM inventory.movement WHERE movement_type = 'production'`,
	},
	"production/scanned_material_is_used_once": {
		`UPDATE production.production_report_material SET quantity = quantity + 1000 WHERE movement_id IS NULL`,
		`DELETE FROM production.production_report_material WHERE movement_id IS NULL`,
	},
	"production/state_fits_bookings": {
		`UPDATE production.work_order SET state = 'cancelled'`,
		`DELETE FROM production.production_report`,
	},
	"purchasing/cancelled_order_received_nothing": {
		`UPDATE purchasing.purchase_order SET state = 'cancelled'`,
	},
	"purchasing/inspection_covers_line": {
		`DELETE FROM purchasing.inspection`,
		`UPDATE purchasing.inspection SET accepted_quantity = accepted_quantity + 1`,
		`UPDATE purchasing.goods_receipt_line SET state = 'waiting'`,
	},
	"purchasing/inspection_moved_what_it_decided": {
		`UPDATE purchasing.inspection SET rejected_quantity = rejected_quantity + 1`,
		`UPDATE purchasing.inspection SET is_reversed = NOT is_reversed`,
		`DELETE FROM inventory.movement WHERE document_type = 'inspection'`,
	},
	"purchasing/receipt_line_has_its_movement": {
		`UPDATE purchasing.goods_receipt_line SET quantity = quantity + 1`,
		`UPDATE purchasing.goods_receipt_line SET is_reversed = NOT is_reversed`,
		`UPDATE inventory.movement SET document_line_id = NULL WHERE movement_type = 'receipt'`,
		`DELETE FROM inventory.movement WHERE movement_type = 'receipt'`,
	},
	"purchasing/receipt_movement_has_its_line": {
		`DELETE FROM purchasing.goods_receipt_line`,
	},
	"purchasing/received_equals_receipts": {
		`UPDATE purchasing.purchase_order_line SET received_quantity = received_quantity + 1`,
		`UPDATE purchasing.purchase_order_line SET rejected_quantity = rejected_quantity + 1`,
		`UPDATE purchasing.purchase_order_line SET returned_quantity = returned_quantity + 1`,
	},
	"purchasing/received_within_tolerance": {
		`UPDATE purchasing.purchase_order_line SET received_quantity = base_quantity * 3`,
	},
	"purchasing/invoiced_equals_invoices": {
		`UPDATE purchasing.goods_receipt_line SET invoiced_quantity = invoiced_quantity - 1 WHERE invoiced_quantity > 0`,
		`UPDATE purchasing.supplier_invoice SET is_reversed = true`,
	},
	"purchasing/charges_equal_their_lines": {
		`UPDATE purchasing.supplier_invoice SET amount = amount + 1`,
		`UPDATE purchasing.supplier_invoice_line SET value = value + 1`,
		`UPDATE purchasing.landed_cost_line SET value = value + 1`,
		`DELETE FROM purchasing.landed_cost_line`,
		`UPDATE purchasing.goods_receipt_line SET is_reversed = true, invoiced_quantity = 0`,
	},
	"purchasing/returned_equals_returns": {
		`UPDATE purchasing.goods_receipt_line SET returned_quantity = returned_quantity + 1`,
		`UPDATE purchasing.supplier_return SET is_reversed = NOT is_reversed`,
		`DELETE FROM inventory.movement WHERE movement_type = 'supplier_return'`,
	},
	"purchasing/waiting_lot_is_not_released": {
		`UPDATE purchasing.goods_receipt_line SET state = 'waiting'`,
	},
	"sales/reservation_has_its_line": {
		`UPDATE inventory.reservation SET demand_id = 1000000`,
		`UPDATE inventory.reservation SET item_id = item_id + 1`,
	},
	"sales/reserved_is_not_beyond_order": {
		`UPDATE inventory.reservation SET quantity = quantity + 1000`,
	},
	"shipping/delivery_notes_have_no_gap": {
		`DELETE FROM shipping.delivery_note WHERE series_number = 2`,
		`UPDATE shipping.delivery_note_series SET last_number = last_number + 1`,
		`UPDATE shipping.delivery_note SET issued_on = issued_on + 1 WHERE series_number = 1`,
	},
	"shipping/document_has_its_movements": {
		`UPDATE shipping.pick_line SET quantity = quantity + 1`,
		`UPDATE shipping.shipment SET is_reversed = NOT is_reversed`,
		`UPDATE shipping.customer_return_line SET movement_id = NULL`,
		`DELETE FROM inventory.movement WHERE movement_type = 'shipment'`,
	},
	"shipping/inspected_equals_inspections": {
		`UPDATE shipping.customer_return_line SET accepted_quantity = accepted_quantity + 1`,
		`UPDATE shipping.return_inspection SET is_reversed = NOT is_reversed`,
	},
	"shipping/packed_equals_contents": {
		`UPDATE shipping.pick_line SET packed_quantity = packed_quantity + 1`,
		`UPDATE shipping.pick SET is_reversed = true`,
	},
	"shipping/picked_equals_picks": {
		`UPDATE sales.sales_order_line SET picked_quantity = picked_quantity + 1`,
		`UPDATE shipping.pick SET is_reversed = true`,
	},
	"shipping/return_waits_under_hold": {
		`UPDATE shipping.customer_return_line SET accepted_quantity = accepted_quantity - 1 WHERE id = (SELECT min(id) FROM shipping.customer_return_line)`,
		`INSERT INTO inventory.reservation (item_id, location_id, lot_id, demand_type, demand_id, quantity)
			SELECT item_id, location_id, lot_id, 'customer_return_line', 0, 1 FROM inventory.balance LIMIT 1`,
	},
	"shipping/returned_equals_returns": {
		`UPDATE shipping.shipment_line SET returned_quantity = returned_quantity + 1`,
		`UPDATE shipping.shipment_line SET credited_quantity = credited_quantity + 1`,
		`UPDATE shipping.customer_return SET is_reversed = true`,
	},
	"shipping/shipment_equals_its_units": {
		`UPDATE shipping.handling_unit SET state = 'packed' WHERE state = 'shipped'`,
		`UPDATE shipping.handling_unit_content SET quantity = quantity + 1`,
		`UPDATE shipping.shipment SET is_reversed = true`,
	},
	"shipping/shipped_equals_shipments": {
		`UPDATE sales.sales_order_line SET shipped_quantity = shipped_quantity + 1`,
		`UPDATE sales.sales_order_line SET invoiced_quantity = invoiced_quantity + 1`,
		`UPDATE shipping.shipment SET is_reversed = true`,
	},
	"shipping/sscc_has_check_digit": {
		`UPDATE shipping.handling_unit SET sscc = left(sscc, 17) || (right(sscc, 1)::integer + 1) % 10`,
	},
	"shipping/staging_equals_open_picks": {
		`UPDATE shipping.pick_line SET quantity = quantity + 1`,
		`UPDATE inventory.balance AS b SET on_hand = on_hand + 1 FROM catalog.location AS c WHERE c.id = b.location_id AND c.kind = 'staging'`,
	},
	"shipping/unit_holds_goods_of_one_customer": {
		`UPDATE shipping.handling_unit SET customer_id = customer_id + 1`,
		`UPDATE shipping.handling_unit SET customer_id = customer_id + 1 WHERE parent_id IS NULL`,
	},
}

// period is a closed period long ago, in which nothing happened.
const period = `INSERT INTO inventory.period (code, starts_at, ends_at, closed_at, closed_by, snapshot_at)
	VALUES ('2000-01', '-infinity', '2000-02-01', '2000-02-02', 'test', '2000-02-02');
	`

// TestEveryCheckFindsWhatItIsFor: a check that nothing can fail proves nothing. Each breaks of [broken] alone
// must make its check return rows, and a check without any is not finished.
func TestEveryCheckFindsWhatItIsFor(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	client := &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: http.DefaultClient}
	silent := func(int, int, string) {}
	if err := demo.Load(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Journey(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, api.DB.URL)
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(`SELECT event.advance_log(100000)`)
	exec(`SELECT costing.advance(100000)`)
	// Triggers and foreign keys are off in this session, and what CHECKs hold is not held.
	exec(`SET session_replication_role = replica`)
	exec(`DO $$ DECLARE v record; BEGIN
		FOR v IN
			SELECT c.conrelid::regclass AS relation, c.conname AS name
			FROM pg_constraint AS c
			JOIN pg_namespace AS n ON n.oid = c.connamespace
			WHERE c.contype = 'c' AND c.conrelid <> 0 AND c.coninhcount = 0 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'river')
		LOOP
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v.relation, v.name);
		END LOOP;
	END $$`)

	checks, err := millracesql.Checks()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, check := range checks {
		known[check.Name] = true
		if n := rowsOf(t, conn, check.SQL); n > 0 {
			t.Errorf("%s is broken before anything was done: %d rows", check.Name, n)
		}
		if len(broken[check.Name]) == 0 {
			t.Errorf("%s: say in broken how its invariant is broken", check.Name)
		}
		for _, statements := range broken[check.Name] {
			exec(`BEGIN`)
			exec(statements)
			if rowsOf(t, conn, check.SQL) == 0 {
				t.Errorf("%s does not find what this breaks:\n%s", check.Name, statements)
			}
			exec(`ROLLBACK`)
		}
	}
	for name := range broken {
		if !known[name] {
			t.Errorf("there is no check %s any more", name)
		}
	}
}

func rowsOf(t *testing.T, conn *pgx.Conn, sql string) int {
	t.Helper()
	rows, err := conn.Query(context.Background(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}
