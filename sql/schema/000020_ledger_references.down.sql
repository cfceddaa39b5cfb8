SET LOCAL lock_timeout = '5s';

DROP TYPE inventory.balance_use;
DROP TYPE inventory.transfer_entry;

COMMENT ON COLUMN inventory.movement.item_id IS NULL;
COMMENT ON COLUMN inventory.movement.lot_id IS '0: stock without lot.';
COMMENT ON COLUMN inventory.movement.from_location_id IS NULL;
COMMENT ON COLUMN inventory.movement.to_location_id IS NULL;
COMMENT ON COLUMN inventory.movement.reason_id IS NULL;

ALTER TABLE inventory.movement
    ADD CONSTRAINT movement_item_id_fkey FOREIGN KEY (item_id) REFERENCES catalog.item (id),
    ADD CONSTRAINT movement_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES inventory.lot (id),
    ADD CONSTRAINT movement_from_location_id_fkey FOREIGN KEY (from_location_id) REFERENCES catalog.location (id),
    ADD CONSTRAINT movement_to_location_id_fkey FOREIGN KEY (to_location_id) REFERENCES catalog.location (id),
    ADD CONSTRAINT movement_reason_id_fkey FOREIGN KEY (reason_id) REFERENCES catalog.reason (id);
