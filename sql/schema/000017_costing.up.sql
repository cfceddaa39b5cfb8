-- What stock is worth: value and layers per item, the cost of every movement, work in process per work order.
-- Written by costing.advance alone, after the posting, in the order of the feed.
SET LOCAL lock_timeout = '5s';

CREATE TYPE costing.cost_source AS ENUM (
    'purchase_price', 'standard_cost', 'average', 'layers', 'work_order', 'original', 'last_cost', 'unknown');
COMMENT ON TYPE costing.cost_source IS 'Where the cost of a movement was taken from. original: the movement that this one reverses or returns. last_cost: the latest known cost of an item that is out of stock. unknown: nothing was known, so the value is 0.';

CREATE TABLE costing.item_stock (
    item_id bigint NOT NULL,
    method catalog.costing_method NOT NULL,
    quantity numeric(48,6) NOT NULL DEFAULT 0,
    value numeric(48,4) NOT NULL DEFAULT 0,
    last_unit_cost numeric(48,6),
    first_layer bigint NOT NULL DEFAULT 1,
    last_layer bigint NOT NULL DEFAULT 0,
    CONSTRAINT item_stock_pkey PRIMARY KEY (item_id),
    CONSTRAINT item_stock_value_check CHECK (value >= 0 AND value <> 'NaN' AND (quantity > 0 OR value = 0)),
    CONSTRAINT item_stock_first_layer_check CHECK (first_layer BETWEEN 1 AND last_layer + 1),
    CONSTRAINT item_stock_item_id_fkey FOREIGN KEY (item_id) REFERENCES catalog.item (id)
) WITH (fillfactor = 50);
COMMENT ON TABLE costing.item_stock IS 'Quantity and value of an item over all physical locations of the company, up to the movement that costing has come to.';
COMMENT ON COLUMN costing.item_stock.method IS 'The method the item had when it was first costed; it stays, since a change would reprice stock.';
COMMENT ON COLUMN costing.item_stock.quantity IS 'Base units. Negative only within one posting whose lines take before they give.';
COMMENT ON COLUMN costing.item_stock.value IS 'In the currency of the books. Wider than a price column, so that no quantity times no price can stop costing.';
COMMENT ON COLUMN costing.item_stock.last_unit_cost IS 'Cost per base unit of the latest movement, in the currency of the books.';
COMMENT ON COLUMN costing.item_stock.first_layer IS 'FIFO: every layer before this number is used up.';
COMMENT ON COLUMN costing.item_stock.last_layer IS 'FIFO: number of the newest layer; 0: none yet.';

CREATE TABLE costing.layer (
    item_id bigint NOT NULL,
    number bigint NOT NULL,
    movement_id bigint NOT NULL,
    quantity numeric(48,6) NOT NULL,
    value numeric(48,4) NOT NULL,
    remaining_quantity numeric(48,6) NOT NULL,
    remaining_value numeric(48,4) NOT NULL,
    CONSTRAINT layer_pkey PRIMARY KEY (item_id, number),
    CONSTRAINT layer_movement_id_key UNIQUE (movement_id),
    CONSTRAINT layer_quantity_check CHECK (quantity > 0 AND quantity <> 'NaN'),
    CONSTRAINT layer_value_check CHECK (value >= 0 AND value <> 'NaN'),
    CONSTRAINT layer_remaining_quantity_check CHECK (remaining_quantity BETWEEN 0 AND quantity),
    CONSTRAINT layer_remaining_value_check CHECK (remaining_value BETWEEN 0 AND value AND (remaining_quantity > 0 OR remaining_value = 0)),
    CONSTRAINT layer_item_id_fkey FOREIGN KEY (item_id) REFERENCES costing.item_stock (item_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE costing.layer IS 'FIFO: what came in with one movement and what is left of it. The oldest layer is used first.';
COMMENT ON COLUMN costing.layer.number IS 'Counts up per item in the order of arrival.';
COMMENT ON COLUMN costing.layer.movement_id IS 'The inflow that made the layer, a row of inventory.movement.';
COMMENT ON COLUMN costing.layer.value IS 'Value as it came in, in the currency of the books.';

CREATE TABLE costing.movement_cost (
    movement_id bigint NOT NULL,
    position bigint NOT NULL,
    item_id bigint NOT NULL,
    movement_type inventory.movement_type NOT NULL,
    source costing.cost_source NOT NULL,
    quantity numeric(48,6) NOT NULL,
    value numeric(48,4) NOT NULL,
    unit_cost numeric(48,6) NOT NULL GENERATED ALWAYS AS (round(value / quantity, 6)) STORED,
    variance numeric(48,4) NOT NULL DEFAULT 0,
    currency text NOT NULL,
    work_order_id bigint,
    CONSTRAINT movement_cost_pkey PRIMARY KEY (movement_id),
    CONSTRAINT movement_cost_quantity_check CHECK (quantity <> 0 AND quantity <> 'NaN'),
    CONSTRAINT movement_cost_value_check CHECK (value = 0 OR sign(value) = sign(quantity)),
    CONSTRAINT movement_cost_currency_check CHECK (currency ~ '^[A-Z]{3}$')
);
COMMENT ON TABLE costing.movement_cost IS 'What each movement into or out of physical stock was worth, once and for ever. Movements between two physical or two virtual locations change no value and have no row. Refers to inventory.movement and production.work_order without foreign keys: half a million rows a run; sql/checks holds it.';
COMMENT ON COLUMN costing.movement_cost.position IS 'Position in the feed of the event that told of the movement.';
COMMENT ON COLUMN costing.movement_cost.quantity IS 'Base units; positive into stock, negative out of it.';
COMMENT ON COLUMN costing.movement_cost.value IS 'Value that stock gained (positive) or lost (negative), in the currency named.';
COMMENT ON COLUMN costing.movement_cost.unit_cost IS 'Value per base unit, rounded; never negative. For reading: sums are made of values.';
COMMENT ON COLUMN costing.movement_cost.variance IS 'The signed part of the cost that no stock could give or take: value + variance is what the other side (supplier, order, customer) is told.';
COMMENT ON COLUMN costing.movement_cost.currency IS 'ISO 4217 code of the books of the site.';
COMMENT ON COLUMN costing.movement_cost.work_order_id IS 'The work order that material went into or goods came from.';
CREATE INDEX movement_cost_work_order_id_item_id_idx ON costing.movement_cost (work_order_id, item_id) WHERE work_order_id IS NOT NULL;

CREATE TABLE costing.work_order_cost (
    work_order_id bigint NOT NULL,
    material_value numeric(48,4) NOT NULL DEFAULT 0,
    labour_value numeric(48,4) NOT NULL DEFAULT 0,
    absorbed_value numeric(48,4) NOT NULL DEFAULT 0,
    direct_value numeric(48,4) NOT NULL DEFAULT 0,
    pooled_value numeric(48,4) NOT NULL DEFAULT 0,
    reported_quantity numeric(48,6) NOT NULL DEFAULT 0,
    CONSTRAINT work_order_cost_pkey PRIMARY KEY (work_order_id),
    CONSTRAINT work_order_cost_material_value_check CHECK (material_value + labour_value - absorbed_value = direct_value + pooled_value),
    CONSTRAINT work_order_cost_work_order_id_fkey FOREIGN KEY (work_order_id) REFERENCES production.work_order (id)
) WITH (fillfactor = 50);
COMMENT ON TABLE costing.work_order_cost IS 'Work in process of a work order: what went in, what finished goods took along, what is left. Values in the currency of the books; what was put in and not absorbed may become negative when material is returned after the goods.';
COMMENT ON COLUMN costing.work_order_cost.material_value IS 'Value of material issued less returned.';
COMMENT ON COLUMN costing.work_order_cost.labour_value IS 'Reported time at the hourly rate of the work center.';
COMMENT ON COLUMN costing.work_order_cost.absorbed_value IS 'Value that finished goods took into stock.';
COMMENT ON COLUMN costing.work_order_cost.direct_value IS 'Left of what the reports themselves consumed (backflush and time): the next goods take all of it.';
COMMENT ON COLUMN costing.work_order_cost.pooled_value IS 'Left of what was issued by scan for the whole order: goods take their share of the quantity still to be made, the last take the rest.';
COMMENT ON COLUMN costing.work_order_cost.reported_quantity IS 'Good and scrapped quantity costed so far, base units of the finished item.';

CREATE TABLE costing.labour_cost (
    production_report_id bigint NOT NULL,
    is_reversal boolean NOT NULL DEFAULT false,
    work_order_id bigint NOT NULL,
    value numeric(48,4) NOT NULL,
    CONSTRAINT labour_cost_pkey PRIMARY KEY (production_report_id, is_reversal),
    CONSTRAINT labour_cost_value_check CHECK (value <> 'NaN' AND (value >= 0) = NOT (is_reversal AND value <> 0)),
    CONSTRAINT labour_cost_production_report_id_fkey FOREIGN KEY (production_report_id) REFERENCES production.production_report (id),
    CONSTRAINT labour_cost_work_order_id_fkey FOREIGN KEY (work_order_id) REFERENCES costing.work_order_cost (work_order_id)
);
COMMENT ON TABLE costing.labour_cost IS 'What the reported time of a production report cost, and the same taken back when the report is reversed.';
COMMENT ON COLUMN costing.labour_cost.value IS 'In the currency of the books; negative when taken back.';
CREATE INDEX labour_cost_work_order_id_idx ON costing.labour_cost (work_order_id);

CREATE TYPE costing.movement_line AS (
    movement_id bigint,
    position bigint,
    movement_type inventory.movement_type,
    item_id bigint,
    -- Place of the item in the arrays of the batch.
    item_rank integer,
    -- 1 into physical stock, -1 out of it, 0 neither.
    direction integer,
    quantity numeric,
    currency text,
    standard_cost numeric,
    -- Price of the purchase order line times quantity, where it is in the currency of the books.
    purchase_value numeric,
    -- Type of the movement that this one reverses.
    original_type inventory.movement_type,
    -- Movements at whose cost this one is taken: the one it reverses, the shipment that came back, the receipt that goes back.
    original_ids bigint[],
    -- The production report that the movement, or the one it reverses, belongs to.
    report_id bigint,
    work_order_id bigint,
    work_order_rank integer,
    planned_quantity numeric,
    -- Finished quantity of the same report from this line on.
    open_quantity numeric,
    -- By how much the line brings the work order forward: good and scrapped quantity, negative when taken back.
    reported_quantity numeric
);
COMMENT ON TYPE costing.movement_line IS 'One movement as costing.advance works on it, with everything looked up that its cost may depend on.';

INSERT INTO event.consumer (name, position) VALUES ('costing', 0);
