SET LOCAL lock_timeout = '3s';

DROP POLICY journal_of_its_sites ON floor.journal;
ALTER TABLE floor.journal DISABLE ROW LEVEL SECURITY;
ALTER TABLE floor.journal DROP COLUMN sites;
DROP POLICY movement_to_be_posted ON inventory.movement;
DROP POLICY movement_of_its_sites ON inventory.movement;
ALTER TABLE inventory.movement DISABLE ROW LEVEL SECURITY;
DROP POLICY lot_of_its_sites ON inventory.lot;
ALTER TABLE inventory.lot DISABLE ROW LEVEL SECURITY;
DROP TABLE inventory.lot_site;
