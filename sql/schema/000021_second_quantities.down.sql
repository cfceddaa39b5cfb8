SET LOCAL lock_timeout = '5s';

ALTER TABLE shipping.return_inspection_line
    DROP COLUMN second_quantity;

ALTER TABLE shipping.customer_return_line
    DROP COLUMN second_quantity;

ALTER TABLE shipping.shipment_line
    DROP COLUMN second_quantity;

ALTER TABLE shipping.handling_unit_content
    DROP COLUMN second_quantity;

ALTER TABLE shipping.pick_line
    DROP COLUMN packed_second_quantity,
    DROP COLUMN second_quantity;

ALTER TABLE purchasing.supplier_return
    DROP COLUMN second_quantity;

ALTER TABLE purchasing.inspection
    DROP COLUMN accepted_second_quantity,
    DROP COLUMN rejected_second_quantity;

ALTER TABLE purchasing.goods_receipt_line
    DROP COLUMN second_quantity;

ALTER TABLE production.production_report_material
    DROP COLUMN second_quantity;

ALTER TABLE production.production_report
    DROP COLUMN good_second_quantity,
    DROP COLUMN scrap_second_quantity;

ALTER TABLE production.material_issue_line
    DROP COLUMN second_quantity;
