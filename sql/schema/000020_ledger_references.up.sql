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

-- What a batch of transfers knows of each of its commands (see inventory.post_transfers).
CREATE TYPE inventory.transfer_entry AS (
    key uuid,
    operation text,
    actor text,
    device text,
    request_id text,
    fingerprint bytea,
    is_replayed boolean,
    is_foreign boolean,
    body jsonb,
    movement_type inventory.movement_type,
    item_id bigint,
    lot_id bigint,
    from_location_id bigint,
    to_location_id bigint,
    source_id bigint,
    target_id bigint,
    quantity numeric,
    second_quantity numeric,
    reason_id bigint,
    occurred_at timestamptz,
    item text,
    lot text,
    from_code text,
    to_code text,
    unit text,
    second_unit text
);
COMMENT ON TYPE inventory.transfer_entry IS 'A command of a batch while it is posted. body: the answer, null while the command is still to be posted; is_replayed: answered before, under the same key; is_foreign: the key belongs to another request; item_id null: nothing is posted; source_id and target_id: null where no balance is held; quantities in the units of the item; occurred_at null: when it is posted.';

CREATE TYPE inventory.balance_use AS (
    item_id bigint,
    location_id bigint,
    lot_id bigint,
    taken numeric,
    has_second boolean
);
COMMENT ON TYPE inventory.balance_use IS 'What one line of a batch takes from one balance, base units; 0: it adds. has_second: by catch weight, too.';
