-- Catch weight on every document that moves goods: what was measured beside the quantity, kept where the quantity is.
SET LOCAL lock_timeout = '5s';

ALTER TABLE production.material_issue_line
    ADD COLUMN second_quantity numeric(18,6),
    ADD CONSTRAINT material_issue_line_second_quantity_check CHECK (second_quantity > 0 AND second_quantity <> 'NaN');
COMMENT ON COLUMN production.material_issue_line.second_quantity IS 'Catch weight, in the second unit of the item; null when it has none.';

ALTER TABLE production.production_report
    ADD COLUMN good_second_quantity numeric(18,6),
    ADD CONSTRAINT production_report_good_second_quantity_check CHECK (good_second_quantity > 0 AND good_second_quantity <> 'NaN'),
    ADD COLUMN scrap_second_quantity numeric(18,6),
    ADD CONSTRAINT production_report_scrap_second_quantity_check CHECK (scrap_second_quantity > 0 AND scrap_second_quantity <> 'NaN');
COMMENT ON COLUMN production.production_report.good_second_quantity IS 'Catch weight of what was good, in the second unit of the item; null when it has none or no stock moved.';
COMMENT ON COLUMN production.production_report.scrap_second_quantity IS 'Catch weight of the scrap, in the second unit of the item; null when it has none or no stock moved.';

ALTER TABLE production.production_report_material
    ADD COLUMN second_quantity numeric(18,6),
    ADD CONSTRAINT production_report_material_second_quantity_check CHECK (second_quantity > 0 AND second_quantity <> 'NaN');
COMMENT ON COLUMN production.production_report_material.second_quantity IS 'Catch weight of what backflush took, in the second unit of the item; null when it has none, or was issued by scan.';

ALTER TABLE purchasing.goods_receipt_line
    ADD COLUMN second_quantity numeric(18,6),
    ADD CONSTRAINT goods_receipt_line_second_quantity_check CHECK (second_quantity > 0 AND second_quantity <> 'NaN');
COMMENT ON COLUMN purchasing.goods_receipt_line.second_quantity IS 'Catch weight, in the second unit of the item; null when it has none.';

ALTER TABLE purchasing.inspection
    ADD COLUMN accepted_second_quantity numeric(18,6),
    ADD CONSTRAINT inspection_accepted_second_quantity_check CHECK (accepted_second_quantity > 0 AND accepted_second_quantity <> 'NaN'),
    ADD COLUMN rejected_second_quantity numeric(18,6),
    ADD CONSTRAINT inspection_rejected_second_quantity_check CHECK (rejected_second_quantity > 0 AND rejected_second_quantity <> 'NaN');
COMMENT ON COLUMN purchasing.inspection.accepted_second_quantity IS 'Catch weight of what was put away in the same step, in the second unit of the item; null when it has none or nothing was.';
COMMENT ON COLUMN purchasing.inspection.rejected_second_quantity IS 'Catch weight of the refused part, in the second unit of the item; null when it has none.';

ALTER TABLE purchasing.supplier_return
    ADD COLUMN second_quantity numeric(18,6),
    ADD CONSTRAINT supplier_return_second_quantity_check CHECK (second_quantity > 0 AND second_quantity <> 'NaN');
COMMENT ON COLUMN purchasing.supplier_return.second_quantity IS 'Catch weight, in the second unit of the item; null when it has none.';

ALTER TABLE shipping.pick_line
    ADD COLUMN second_quantity numeric(18,6),
    ADD CONSTRAINT pick_line_second_quantity_check CHECK (second_quantity > 0 AND second_quantity <> 'NaN'),
    ADD COLUMN packed_second_quantity numeric(18,6),
    ADD CONSTRAINT pick_line_packed_second_quantity_check CHECK (
        (packed_second_quantity IS NULL) = (second_quantity IS NULL)
        AND packed_second_quantity BETWEEN 0 AND second_quantity
        AND (packed_quantity = 0) = (packed_second_quantity = 0)
        AND (packed_quantity = quantity) = (packed_second_quantity = second_quantity));
COMMENT ON COLUMN shipping.pick_line.second_quantity IS 'Catch weight, in the second unit of the item; null when it has none.';
COMMENT ON COLUMN shipping.pick_line.packed_second_quantity IS 'What of second_quantity lies in handling units, shipped or not: all of it when everything is packed.';

ALTER TABLE shipping.handling_unit_content
    ADD COLUMN second_quantity numeric(18,6),
    ADD CONSTRAINT handling_unit_content_second_quantity_check CHECK (second_quantity > 0 AND second_quantity <> 'NaN');
COMMENT ON COLUMN shipping.handling_unit_content.second_quantity IS 'Catch weight, in the second unit of the item; null when it has none. The units of a line of a pick hold together what it weighed.';

ALTER TABLE shipping.shipment_line
    ADD COLUMN second_quantity numeric(18,6),
    ADD CONSTRAINT shipment_line_second_quantity_check CHECK (second_quantity > 0 AND second_quantity <> 'NaN');
COMMENT ON COLUMN shipping.shipment_line.second_quantity IS 'Catch weight, in the second unit of the item; null when it has none.';

ALTER TABLE shipping.customer_return_line
    ADD COLUMN second_quantity numeric(18,6),
    ADD CONSTRAINT customer_return_line_second_quantity_check CHECK (second_quantity > 0 AND second_quantity <> 'NaN');
COMMENT ON COLUMN shipping.customer_return_line.second_quantity IS 'Catch weight of what came back, in the second unit of the item; null when it has none.';

ALTER TABLE shipping.return_inspection_line
    ADD COLUMN second_quantity numeric(18,6),
    ADD CONSTRAINT return_inspection_line_second_quantity_check CHECK (second_quantity > 0 AND second_quantity <> 'NaN');
COMMENT ON COLUMN shipping.return_inspection_line.second_quantity IS 'Catch weight, in the second unit of the item; null when it has none.';

-- What was moved before: the ledger knows. Found by item, so this costs nothing where no item is measured twice.
UPDATE production.material_issue_line AS d
SET second_quantity = m.second_quantity
FROM inventory.movement AS m
WHERE m.id = d.movement_id
  AND m.second_quantity > 0
  AND m.item_id IN (SELECT i.id FROM catalog.item AS i WHERE i.second_unit_id IS NOT NULL);
UPDATE production.production_report AS d
SET good_second_quantity = m.second_quantity
FROM inventory.movement AS m
WHERE m.id = d.good_movement_id
  AND m.second_quantity > 0
  AND m.item_id IN (SELECT i.id FROM catalog.item AS i WHERE i.second_unit_id IS NOT NULL);
UPDATE production.production_report AS d
SET scrap_second_quantity = m.second_quantity
FROM inventory.movement AS m
WHERE m.id = d.scrap_movement_id
  AND m.second_quantity > 0
  AND m.item_id IN (SELECT i.id FROM catalog.item AS i WHERE i.second_unit_id IS NOT NULL);
UPDATE production.production_report_material AS d
SET second_quantity = m.second_quantity
FROM inventory.movement AS m
WHERE m.id = d.movement_id
  AND m.second_quantity > 0
  AND m.item_id IN (SELECT i.id FROM catalog.item AS i WHERE i.second_unit_id IS NOT NULL);
UPDATE purchasing.goods_receipt_line AS d
SET second_quantity = m.second_quantity
FROM inventory.movement AS m
WHERE m.id = d.movement_id
  AND m.second_quantity > 0
  AND m.item_id IN (SELECT i.id FROM catalog.item AS i WHERE i.second_unit_id IS NOT NULL);
UPDATE purchasing.inspection AS d
SET accepted_second_quantity = m.second_quantity
FROM inventory.movement AS m
WHERE m.id = d.accepted_movement_id
  AND m.second_quantity > 0
  AND m.item_id IN (SELECT i.id FROM catalog.item AS i WHERE i.second_unit_id IS NOT NULL);
UPDATE purchasing.inspection AS d
SET rejected_second_quantity = m.second_quantity
FROM inventory.movement AS m
WHERE m.id = d.rejected_movement_id
  AND m.second_quantity > 0
  AND m.item_id IN (SELECT i.id FROM catalog.item AS i WHERE i.second_unit_id IS NOT NULL);
UPDATE purchasing.supplier_return AS d
SET second_quantity = m.second_quantity
FROM inventory.movement AS m
WHERE m.id = d.movement_id
  AND m.second_quantity > 0
  AND m.item_id IN (SELECT i.id FROM catalog.item AS i WHERE i.second_unit_id IS NOT NULL);
