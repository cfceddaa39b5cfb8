SET LOCAL lock_timeout = '5s';

-- In a block, since sqlc takes ALTER TYPE for that of a table.
DO $block$
BEGIN
    ALTER TYPE costing.movement_line
        DROP ATTRIBUTE kind,
        DROP ATTRIBUTE counter_account,
        DROP ATTRIBUTE site_id,
        DROP ATTRIBUTE document_type,
        DROP ATTRIBUTE document_id,
        DROP ATTRIBUTE posted_at,
        DROP ATTRIBUTE occurred_at,
        DROP ATTRIBUTE labour_value,
        DROP ATTRIBUTE machine_value,
        DROP ATTRIBUTE labour_report_id,
        DROP ATTRIBUTE scrapped_quantity,
        DROP ATTRIBUTE receipt_line_id,
        DROP ATTRIBUTE later_value;
END;
$block$;
COMMENT ON TYPE costing.movement_line IS 'One movement as costing.advance works on it, with everything looked up that its cost may depend on.';

-- What a completed order left is in process again.
ALTER TABLE costing.work_order_cost DROP CONSTRAINT work_order_cost_material_value_check;
UPDATE costing.work_order_cost SET pooled_value = pooled_value + usage_variance + scrap_variance WHERE usage_variance <> 0 OR scrap_variance <> 0;
ALTER TABLE costing.work_order_cost
    DROP COLUMN scrapped_quantity,
    DROP COLUMN usage_variance,
    DROP COLUMN scrap_variance,
    ADD CONSTRAINT work_order_cost_material_value_check CHECK (material_value + labour_value - absorbed_value = direct_value + pooled_value);
COMMENT ON COLUMN costing.work_order_cost.labour_value IS 'Reported time at the hourly rate of the work center.';
ALTER TABLE costing.labour_cost DROP COLUMN machine_value;
COMMENT ON COLUMN costing.labour_cost.value IS 'In the currency of the books; negative when taken back.';
ALTER TABLE costing.layer DROP CONSTRAINT layer_remaining_value_check;
UPDATE costing.layer SET value = value + added_value WHERE added_value > 0;
ALTER TABLE costing.layer
    DROP COLUMN added_value,
    ADD CONSTRAINT layer_remaining_value_check CHECK (remaining_value BETWEEN 0 AND value AND (remaining_quantity > 0 OR remaining_value = 0));
ALTER TABLE costing.item_stock
    DROP COLUMN account,
    DROP COLUMN standard_cost;
DROP TABLE costing.receipt_match;
DROP TABLE costing.account_total;
DROP TABLE costing.journal_entry;
DROP TYPE costing.entry_kind;
DROP TYPE costing.account;
DROP TABLE production.production_report_by_product;
ALTER TABLE catalog.work_center DROP COLUMN machine_hourly_rate;
COMMENT ON COLUMN catalog.work_center.hourly_rate IS 'Cost per hour, in the currency of the site.';

-- A value cannot be taken out of an enum; this fails while an item is at standard cost.
ALTER TABLE catalog.item DROP CONSTRAINT item_costing_method_check;
COMMENT ON COLUMN catalog.item.standard_cost IS 'Cost per base unit, in the currency of the books, used where no purchase price is known.';
ALTER TYPE catalog.costing_method RENAME TO costing_method_with_standard;
CREATE TYPE catalog.costing_method AS ENUM ('moving_average', 'fifo');
COMMENT ON TYPE catalog.costing_method IS 'How the cost of what leaves stock is found.';
ALTER TABLE catalog.item
    ALTER COLUMN costing_method DROP DEFAULT,
    ALTER COLUMN costing_method TYPE catalog.costing_method USING costing_method::text::catalog.costing_method,
    ALTER COLUMN costing_method SET DEFAULT 'moving_average';
ALTER TABLE costing.item_stock ALTER COLUMN method TYPE catalog.costing_method USING method::text::catalog.costing_method;
DROP TYPE catalog.costing_method_with_standard;
