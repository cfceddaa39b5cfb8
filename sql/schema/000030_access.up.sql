SET LOCAL lock_timeout = '3s';

-- Who may see which rows. The setting millrace.sites says for which sites a transaction works: a JSON array of their codes, or '*' for
-- all of them. Sessions without it, such as a worker's, work for all sites; those of the role millrace_api begin with none.
-- The owner of the tables is not bound; the functions that the servers call run as another role, which is (sql/roles).
-- Every policy asks for "all" first: that is a comparison of texts and no look into another table.
-- A line is seen through its document, stock and ledger through their locations.

ALTER TABLE catalog.site ENABLE ROW LEVEL SECURITY;
CREATE POLICY site_of_its_sites ON catalog.site USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE current_setting('millrace.sites', true)::jsonb ? code END);

ALTER TABLE catalog.location ENABLE ROW LEVEL SECURITY;
CREATE POLICY location_of_its_sites ON catalog.location USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = location.site_id) END);

ALTER TABLE catalog.work_center ENABLE ROW LEVEL SECURITY;
CREATE POLICY work_center_of_its_sites ON catalog.work_center USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = work_center.site_id) END);

ALTER TABLE purchasing.purchase_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY purchase_order_of_its_sites ON purchasing.purchase_order USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = purchase_order.site_id) END);

ALTER TABLE purchasing.supplier_invoice ENABLE ROW LEVEL SECURITY;
CREATE POLICY supplier_invoice_of_its_sites ON purchasing.supplier_invoice USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = supplier_invoice.site_id) END);

ALTER TABLE purchasing.landed_cost ENABLE ROW LEVEL SECURITY;
CREATE POLICY landed_cost_of_its_sites ON purchasing.landed_cost USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = landed_cost.site_id) END);

ALTER TABLE production.work_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY work_order_of_its_sites ON production.work_order USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = work_order.site_id) END);

ALTER TABLE sales.sales_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY sales_order_of_its_sites ON sales.sales_order USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = sales_order.site_id) END);

ALTER TABLE shipping.handling_unit ENABLE ROW LEVEL SECURITY;
CREATE POLICY handling_unit_of_its_sites ON shipping.handling_unit USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = handling_unit.site_id) END);

ALTER TABLE shipping.shipment ENABLE ROW LEVEL SECURITY;
CREATE POLICY shipment_of_its_sites ON shipping.shipment USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = shipment.site_id) END);

ALTER TABLE billing.invoice ENABLE ROW LEVEL SECURITY;
CREATE POLICY invoice_of_its_sites ON billing.invoice USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = invoice.site_id) END);

ALTER TABLE document.printer ENABLE ROW LEVEL SECURITY;
CREATE POLICY printer_of_its_sites ON document.printer USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.site AS s WHERE s.id = printer.site_id) END);

ALTER TABLE purchasing.goods_receipt ENABLE ROW LEVEL SECURITY;
CREATE POLICY goods_receipt_of_its_sites ON purchasing.goods_receipt USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM purchasing.purchase_order AS o WHERE o.id = goods_receipt.purchase_order_id) END);

ALTER TABLE purchasing.inspection ENABLE ROW LEVEL SECURITY;
CREATE POLICY inspection_of_its_sites ON purchasing.inspection USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (
        SELECT FROM purchasing.goods_receipt_line AS n JOIN catalog.location AS l ON l.id = n.location_id
        WHERE n.id = inspection.goods_receipt_line_id) END);

ALTER TABLE purchasing.supplier_return ENABLE ROW LEVEL SECURITY;
CREATE POLICY supplier_return_of_its_sites ON purchasing.supplier_return USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.location AS l WHERE l.id = supplier_return.from_location_id) END);

ALTER TABLE production.material_issue ENABLE ROW LEVEL SECURITY;
CREATE POLICY material_issue_of_its_sites ON production.material_issue USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM production.work_order AS w WHERE w.id = material_issue.work_order_id) END);

ALTER TABLE production.production_report ENABLE ROW LEVEL SECURITY;
CREATE POLICY production_report_of_its_sites ON production.production_report USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM production.work_order AS w WHERE w.id = production_report.work_order_id) END);

ALTER TABLE shipping.pick ENABLE ROW LEVEL SECURITY;
CREATE POLICY pick_of_its_sites ON shipping.pick USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.location AS l WHERE l.id = pick.staging_location_id) END);

ALTER TABLE shipping.customer_return ENABLE ROW LEVEL SECURITY;
CREATE POLICY customer_return_of_its_sites ON shipping.customer_return USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.location AS l WHERE l.id = customer_return.location_id) END);

ALTER TABLE shipping.return_inspection ENABLE ROW LEVEL SECURITY;
CREATE POLICY return_inspection_of_its_sites ON shipping.return_inspection USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM shipping.customer_return AS r WHERE r.id = return_inspection.customer_return_id) END);

ALTER TABLE shipping.delivery_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY delivery_note_of_its_sites ON shipping.delivery_note USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM shipping.shipment AS m WHERE m.id = delivery_note.shipment_id) END);

ALTER TABLE inventory.count ENABLE ROW LEVEL SECURITY;
CREATE POLICY count_of_its_sites ON inventory.count USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.location AS l WHERE l.id = count.location_id) END);

ALTER TABLE inventory.lot_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY lot_change_of_its_sites ON inventory.lot_change USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM catalog.location AS l WHERE l.id = lot_change.location_id) END);

ALTER TABLE document.print_job ENABLE ROW LEVEL SECURITY;
CREATE POLICY print_job_of_its_sites ON document.print_job USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE EXISTS (SELECT FROM document.printer AS p WHERE p.id = print_job.printer_id) END);

ALTER TABLE document.file ENABLE ROW LEVEL SECURITY;
CREATE POLICY file_of_its_sites ON document.file USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE CASE kind
        WHEN 'invoice' THEN EXISTS (SELECT FROM billing.invoice AS i WHERE i.number = file.number)
        WHEN 'credit_note' THEN EXISTS (SELECT FROM billing.invoice AS i WHERE i.number = file.number)
        WHEN 'delivery_note' THEN EXISTS (SELECT FROM shipping.delivery_note AS n WHERE n.number = file.number)
        WHEN 'handling_unit_label' THEN EXISTS (SELECT FROM shipping.handling_unit AS u WHERE u.sscc = file.number)
        ELSE true END END);
