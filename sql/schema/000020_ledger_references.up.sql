-- The stock ledger gives up its foreign keys: they took a fifth of the time of a posting. What holds in their place is
-- inventory.refuse_unknown_references, once per statement, and masters that refuse to be deleted (see docs/adr/0015).
SET LOCAL lock_timeout = '5s';

ALTER TABLE inventory.movement
    DROP CONSTRAINT movement_item_id_fkey,
    DROP CONSTRAINT movement_lot_id_fkey,
    DROP CONSTRAINT movement_from_location_id_fkey,
    DROP CONSTRAINT movement_to_location_id_fkey,
    DROP CONSTRAINT movement_reason_id_fkey;

COMMENT ON COLUMN inventory.movement.item_id IS 'An item; kept true by triggers, not by a foreign key.';
COMMENT ON COLUMN inventory.movement.lot_id IS 'A lot, 0: stock without lot; kept true by triggers, not by a foreign key.';
COMMENT ON COLUMN inventory.movement.from_location_id IS 'A location; kept true by triggers, not by a foreign key.';
COMMENT ON COLUMN inventory.movement.to_location_id IS 'A location; kept true by triggers, not by a foreign key.';
COMMENT ON COLUMN inventory.movement.reason_id IS 'A reason, or null; kept true by triggers, not by a foreign key.';
