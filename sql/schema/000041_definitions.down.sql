-- What this version defined goes first. Written by `make migration`.
SET LOCAL lock_timeout = '5s';
DROP FUNCTION IF EXISTS floor.list_desk_work_orders(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_shipments(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_sales_orders(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_purchase_orders(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_invoices(text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_customer_returns(text, text, integer);
DROP FUNCTION IF EXISTS floor.find_desk_partners(text, text, integer);
DROP FUNCTION IF EXISTS floor.find_desk_items(text, text, text, integer);

-- Written by hand:
SET LOCAL lock_timeout = '5s';
