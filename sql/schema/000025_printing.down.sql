SET LOCAL lock_timeout = '5s';
DROP TABLE document.print_job;
DROP TYPE document.print_state;
DROP TABLE document.printer_state;
DROP TABLE document.printer_default;
DROP TABLE document.printer;

-- Postgres takes no value out of a type, so the type is made anew, and with it the functions that have it in their
-- signature. Labels of lots can be rendered again.
ALTER TABLE document.file DISABLE TRIGGER USER;
DELETE FROM document.file WHERE kind = 'lot_label';
ALTER TABLE document.file ENABLE TRIGGER USER;
ALTER TABLE document.file DROP CONSTRAINT file_revision_check;
ALTER TYPE document.kind RENAME TO kind_with_lot_label;
CREATE TYPE document.kind AS ENUM ('delivery_note', 'invoice', 'credit_note', 'handling_unit_label');
COMMENT ON TYPE document.kind IS 'What is printed.';
ALTER TABLE document.file ALTER COLUMN kind TYPE document.kind USING kind::text::document.kind;
ALTER TABLE document.file ADD CONSTRAINT file_revision_check CHECK (revision > 0 AND (revision = 1 OR kind = 'handling_unit_label'));
COMMENT ON COLUMN document.file.number IS 'Number of the document, or SSCC of the handling unit.';
DO $do$
DECLARE
    v_function record;
BEGIN
    FOR v_function IN
        SELECT p.oid::regprocedure::text AS signature, pg_get_functiondef(p.oid) AS definition, obj_description(p.oid, 'pg_proc') AS comment
        FROM pg_proc AS p
        WHERE 'document.kind_with_lot_label'::regtype = ANY (p.proargtypes)
    LOOP
        EXECUTE 'DROP FUNCTION ' || v_function.signature;
        EXECUTE replace(v_function.definition, 'kind_with_lot_label', 'kind');
        EXECUTE format('COMMENT ON FUNCTION %s IS %L', replace(v_function.signature, 'kind_with_lot_label', 'kind'), v_function.comment);
    END LOOP;
END;
$do$;
DROP TYPE document.kind_with_lot_label;
