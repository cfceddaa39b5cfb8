-- What this version defined goes first. Written by `make migration`.
SET LOCAL lock_timeout = '5s';
DROP TRIGGER IF EXISTS intervention_not_truncated ON event.intervention;
DROP TRIGGER IF EXISTS intervention_audited ON event.intervention;
DROP TRIGGER IF EXISTS intervention_append_only ON event.intervention;
DROP FUNCTION IF EXISTS identity.has_signing_key(text);
DROP FUNCTION IF EXISTS floor.list_desk_work_orders(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_shipments(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_sales_orders(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_purchase_orders(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_invoices(text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_customer_returns(text, text, integer);
DROP FUNCTION IF EXISTS floor.find_desk_partners(text, text, integer);
DROP FUNCTION IF EXISTS floor.find_desk_items(text, text, text, integer);
DROP FUNCTION IF EXISTS event.record_intervention(jsonb, text, jsonb);

-- Written by hand:
SET LOCAL lock_timeout = '5s';
