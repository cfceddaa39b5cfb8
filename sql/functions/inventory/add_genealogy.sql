CREATE OR REPLACE FUNCTION inventory.add_genealogy(
    p_parent_lot_id bigint,
    p_child_lot_id bigint,
    p_quantity numeric,
    p_document_type inventory.document_type,
    p_document_id bigint
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Taking back never makes an edge, so no cycle either; and the row to insert would be refused for its sign.
    IF p_quantity < 0 THEN
        UPDATE inventory.genealogy AS g
        SET quantity = g.quantity + p_quantity
        WHERE g.parent_lot_id = p_parent_lot_id
          AND g.child_lot_id = p_child_lot_id
          AND g.document_type = p_document_type
          AND g.document_id = p_document_id;
        RETURN;
    END IF;

    -- An edge into a lot that others can use might meet another one that closes the circle: these come one after the other.
    -- A lot of this transaction has no edges but those made here.
    IF EXISTS (SELECT FROM inventory.lot AS l WHERE l.id = p_child_lot_id AND l.transaction_id <> pg_current_xact_id()) THEN
        PERFORM pg_advisory_xact_lock(211, 0);
    END IF;
    IF p_parent_lot_id = p_child_lot_id OR EXISTS (
        WITH RECURSIVE descendant AS (
            SELECT g.child_lot_id FROM inventory.genealogy AS g WHERE g.parent_lot_id = p_child_lot_id
            UNION
            SELECT g.child_lot_id FROM descendant AS d JOIN inventory.genealogy AS g ON g.parent_lot_id = d.child_lot_id
        )
        SELECT FROM descendant AS d WHERE d.child_lot_id = p_parent_lot_id) THEN
        RAISE EXCEPTION 'a lot cannot be made from itself'
            USING ERRCODE = 'MR211',
                  DETAIL = (SELECT jsonb_build_object('parent', p.number, 'child', c.number)
                            FROM inventory.lot AS p, inventory.lot AS c
                            WHERE p.id = p_parent_lot_id AND c.id = p_child_lot_id)::text,
                  HINT = 'Report the result under a new lot.';
    END IF;
    INSERT INTO inventory.genealogy AS g (parent_lot_id, child_lot_id, quantity, document_type, document_id)
    VALUES (p_parent_lot_id, p_child_lot_id, p_quantity, p_document_type, p_document_id)
    ON CONFLICT ON CONSTRAINT genealogy_parent_lot_id_child_lot_id_document_key DO UPDATE SET quantity = g.quantity + excluded.quantity;
END;
$function$;

COMMENT ON FUNCTION inventory.add_genealogy(bigint, bigint, numeric, inventory.document_type, bigint) IS
    'Records that p_quantity (base units; negative takes back) of the parent lot went into the child lot. Raises MR211 when the edge would close a cycle. Call it after the posting of the command: it may wait for another one that adds an edge.';
