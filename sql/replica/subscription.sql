-- Run on the replica, migrated to the same version and with the same partitions: psql -v primary='host=... dbname=...' -f subscription.sql
-- copy_data = false: for a primary that holds nothing yet but what the migrations bring, which the replica has as well.
CREATE SUBSCRIPTION millrace
    CONNECTION :'primary'
    PUBLICATION millrace
    WITH (copy_data = false, slot_name = 'millrace');
