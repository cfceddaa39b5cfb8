SET LOCAL lock_timeout = '3s';

-- A lot has no site of its own: its sites are those where it has been.
CREATE TABLE inventory.lot_site (
    lot_id bigint NOT NULL,
    site_id bigint NOT NULL,
    CONSTRAINT lot_site_pkey PRIMARY KEY (lot_id, site_id),
    CONSTRAINT lot_site_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES inventory.lot (id),
    CONSTRAINT lot_site_site_id_fkey FOREIGN KEY (site_id) REFERENCES catalog.site (id)
);
CREATE INDEX lot_site_site_id_idx ON inventory.lot_site (site_id);
COMMENT ON TABLE inventory.lot_site IS 'At which sites a lot has ever been: who works for one of them may see it. Written with its first balance there, never taken away.';
INSERT INTO inventory.lot_site (lot_id, site_id)
SELECT DISTINCT b.lot_id, c.site_id
FROM inventory.balance AS b
JOIN catalog.location AS c ON c.id = b.location_id
WHERE b.lot_id <> 0;

-- Whoever makes a lot sees it before it is anywhere.
ALTER TABLE inventory.lot ENABLE ROW LEVEL SECURITY;
CREATE POLICY lot_of_its_sites ON inventory.lot USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE id = 0 OR coalesce(transaction_id = pg_current_xact_id_if_assigned(), false)
        OR EXISTS (SELECT FROM inventory.lot_site AS x JOIN catalog.site AS s ON s.id = x.site_id WHERE x.lot_id = lot.id) END);

-- No movement goes from one site to another, so that one end says for both. "All" is asked once for a statement, since many rows are read;
-- who writes has found the locations before. Balances are read through their locations alone, and need no policy.
ALTER TABLE inventory.movement ENABLE ROW LEVEL SECURITY;
CREATE POLICY movement_of_its_sites ON inventory.movement FOR SELECT USING (
    CASE WHEN (SELECT coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*') THEN true
    ELSE EXISTS (SELECT FROM catalog.location AS l WHERE l.id = movement.from_location_id) END);
CREATE POLICY movement_to_be_posted ON inventory.movement FOR INSERT WITH CHECK (true);

-- A journal is of the sites that its device works for, and its own device always finds it, wherever it was taken to.
ALTER TABLE floor.journal ADD COLUMN sites text[];
COMMENT ON COLUMN floor.journal.sites IS 'Codes of the sites that the token of the device was for; null: all.';
ALTER TABLE floor.journal ENABLE ROW LEVEL SECURITY;
CREATE POLICY journal_of_its_sites ON floor.journal USING (
    CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN true
    ELSE device = current_setting('millrace.device', true)
        OR coalesce(sites <@ ARRAY(SELECT jsonb_array_elements_text(current_setting('millrace.sites', true)::jsonb)), false) END);
