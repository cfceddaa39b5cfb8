-- What this version defined goes first. Written by `make migration`.
SET LOCAL lock_timeout = '5s';
DROP TRIGGER IF EXISTS supplier_invoice_line_audited ON purchasing.supplier_invoice_line;
DROP TRIGGER IF EXISTS supplier_invoice_audited ON purchasing.supplier_invoice;
DROP TRIGGER IF EXISTS lot_change_line_not_waiting ON inventory.lot_change_line;
DROP FUNCTION IF EXISTS purchasing.lot_change_line_not_waiting();
DROP TRIGGER IF EXISTS landed_cost_line_audited ON purchasing.landed_cost_line;
DROP TRIGGER IF EXISTS landed_cost_audited ON purchasing.landed_cost;
DROP TRIGGER IF EXISTS production_report_by_product_audited ON production.production_report_by_product;
DROP TRIGGER IF EXISTS mail_audited ON notify.mail;
DROP TRIGGER IF EXISTS retention_audited ON inventory.retention;
DROP TRIGGER IF EXISTS movement_references_exist ON inventory.movement;
DROP TRIGGER IF EXISTS lot_never_deleted ON inventory.lot;
DROP TRIGGER IF EXISTS lot_identity_kept ON inventory.lot;
DROP TRIGGER IF EXISTS role_audited ON identity.role;
DROP TRIGGER IF EXISTS operator_audited ON identity.operator;
DROP TRIGGER IF EXISTS client_audited ON identity.client;
DROP TRIGGER IF EXISTS badge_audited ON identity.badge;
DROP TRIGGER IF EXISTS webhook_endpoint_audited ON event.webhook_endpoint;
DROP TRIGGER IF EXISTS printer_default_audited ON document.printer_default;
DROP TRIGGER IF EXISTS printer_audited ON document.printer;
DROP TRIGGER IF EXISTS journal_entry_not_truncated ON costing.journal_entry;
DROP TRIGGER IF EXISTS journal_entry_append_only ON costing.journal_entry;
DROP TRIGGER IF EXISTS reason_never_deleted ON catalog.reason;
DROP TRIGGER IF EXISTS location_never_deleted ON catalog.location;
DROP TRIGGER IF EXISTS item_never_deleted ON catalog.item;
DROP TRIGGER IF EXISTS seal_part_not_truncated ON audit.seal_part;
DROP TRIGGER IF EXISTS seal_part_append_only ON audit.seal_part;
DROP TRIGGER IF EXISTS seal_not_truncated ON audit.seal;
DROP TRIGGER IF EXISTS seal_chunk_not_truncated ON audit.seal_chunk;
DROP TRIGGER IF EXISTS seal_chunk_append_only ON audit.seal_chunk;
DROP TRIGGER IF EXISTS seal_append_only ON audit.seal;
DROP TRIGGER IF EXISTS incarnation_not_truncated ON audit.incarnation;
DROP TRIGGER IF EXISTS incarnation_append_only ON audit.incarnation;
DROP TRIGGER IF EXISTS detachment_not_truncated ON audit.detachment;
DROP TRIGGER IF EXISTS detachment_append_only ON audit.detachment;
DROP VIEW IF EXISTS costing.journal_line;
DROP FUNCTION IF EXISTS shipping.find_picked_lot(catalog.item, text, text, bigint);
DROP FUNCTION IF EXISTS sales.reservation_expiry(jsonb);
DROP FUNCTION IF EXISTS sales.extend_reservation(jsonb, jsonb);
DROP FUNCTION IF EXISTS purchasing.reverse_supplier_invoice(jsonb, jsonb);
DROP FUNCTION IF EXISTS purchasing.reverse_landed_cost(jsonb, jsonb);
DROP FUNCTION IF EXISTS purchasing.post_supplier_invoice(jsonb, jsonb);
DROP FUNCTION IF EXISTS purchasing.post_landed_cost(jsonb, jsonb);
DROP FUNCTION IF EXISTS purchasing.lock_charged_lines(bigint[]);
DROP FUNCTION IF EXISTS purchasing.list_supplier_invoices(text, integer);
DROP FUNCTION IF EXISTS purchasing.list_landed_costs(text, integer);
DROP FUNCTION IF EXISTS purchasing.landed_cost_lines(bigint, integer);
DROP FUNCTION IF EXISTS purchasing.invoice_lines(bigint, integer);
DROP FUNCTION IF EXISTS purchasing.get_supplier_invoice(text);
DROP FUNCTION IF EXISTS purchasing.get_landed_cost(text);
DROP FUNCTION IF EXISTS purchasing.find_receipt_line_id(text, integer);
DROP FUNCTION IF EXISTS purchasing.exchange_rate(catalog.site, text, text);
DROP FUNCTION IF EXISTS purchasing.describe_charge(text, catalog.site, jsonb);
DROP FUNCTION IF EXISTS notify.retry_mail(jsonb, jsonb);
DROP FUNCTION IF EXISTS notify.record_sent(bigint, text);
DROP FUNCTION IF EXISTS notify.record_failure(bigint, text, boolean, boolean, integer);
DROP FUNCTION IF EXISTS notify.queue_mail(bigint, bigint, text, text, text, text);
DROP FUNCTION IF EXISTS notify.list_mails(text, text, integer);
DROP FUNCTION IF EXISTS notify.hold_mail(bigint, text);
DROP FUNCTION IF EXISTS notify.hand_over(bigint);
DROP FUNCTION IF EXISTS notify.get_outgoing_mail(bigint);
DROP FUNCTION IF EXISTS notify.get_mail_source(document.kind, text);
DROP FUNCTION IF EXISTS notify.get_mail(text);
DROP FUNCTION IF EXISTS notify.confirm_mail(jsonb, jsonb);
DROP FUNCTION IF EXISTS notify.begin_hand_over(bigint, text);
DROP FUNCTION IF EXISTS inventory.write_posting_snapshot(timestamptz);
DROP FUNCTION IF EXISTS inventory.walk_genealogy(bigint, boolean);
DROP FUNCTION IF EXISTS inventory.set_retention(integer);
DROP FUNCTION IF EXISTS inventory.set_reservation_expiry(inventory.demand_type, bigint, timestamptz);
DROP FUNCTION IF EXISTS inventory.retention_cut();
DROP FUNCTION IF EXISTS inventory.reserve_stock(inventory.demand_type, bigint, bigint, bigint, numeric, timestamptz, inventory.balance_key[]);
DROP FUNCTION IF EXISTS inventory.refuse_unknown_references();
DROP FUNCTION IF EXISTS inventory.refuse_joint_weight(text, integer);
DROP FUNCTION IF EXISTS inventory.post_transfers(text[], uuid[], text[], text[], text[], jsonb[], text[], text[]);
DROP FUNCTION IF EXISTS inventory.part_of_second_quantity(bigint, text, numeric, numeric, numeric);
DROP FUNCTION IF EXISTS inventory.lock_reservable(bigint[], bigint);
DROP FUNCTION IF EXISTS inventory.lock_lot(bigint, bigint[]);
DROP FUNCTION IF EXISTS inventory.list_ledger_needs();
DROP FUNCTION IF EXISTS inventory.lies_elsewhere(bigint);
DROP FUNCTION IF EXISTS inventory.keep_month_starts();
DROP FUNCTION IF EXISTS inventory.find_ledger_need(timestamptz);
DROP FUNCTION IF EXISTS inventory.document_number(inventory.document_type, bigint);
DROP FUNCTION IF EXISTS inventory.divide_second_quantity(bigint, numeric, numeric[]);
DROP FUNCTION IF EXISTS inventory.detach_old_partitions();
DROP FUNCTION IF EXISTS inventory.complete_second_quantities(inventory.posting_line[], numeric[]);
DROP FUNCTION IF EXISTS identity.unlock(jsonb, jsonb);
DROP FUNCTION IF EXISTS identity.text_list(jsonb);
DROP FUNCTION IF EXISTS identity.set_pin(jsonb, jsonb);
DROP FUNCTION IF EXISTS identity.scopes_of(text[]);
DROP FUNCTION IF EXISTS identity.save_role(jsonb, jsonb);
DROP FUNCTION IF EXISTS identity.save_operator(jsonb, jsonb);
DROP FUNCTION IF EXISTS identity.save_device(jsonb, jsonb);
DROP FUNCTION IF EXISTS identity.save_client(jsonb, jsonb);
DROP FUNCTION IF EXISTS identity.save_badge(jsonb, jsonb);
DROP FUNCTION IF EXISTS identity.rotate_refresh_token(bigint, bytea, bytea);
DROP FUNCTION IF EXISTS identity.revoke_token(bigint, bytea, bigint);
DROP FUNCTION IF EXISTS identity.revoke_sessions(bigint[], text);
DROP FUNCTION IF EXISTS identity.revoke(jsonb, jsonb);
DROP FUNCTION IF EXISTS identity.reseal_signing_key(text, bytea);
DROP FUNCTION IF EXISTS identity.redeem_pairing_code(bytea, bytea);
DROP FUNCTION IF EXISTS identity.prune(interval);
DROP FUNCTION IF EXISTS identity.open_operator_session(bigint, text, bigint, bigint, text[], bytea, integer);
DROP FUNCTION IF EXISTS identity.open_client_session(bigint, text[], integer);
DROP FUNCTION IF EXISTS identity.note_change();
DROP FUNCTION IF EXISTS identity.make_pairing_code(jsonb, jsonb);
DROP FUNCTION IF EXISTS identity.make_client_secret(jsonb, jsonb);
DROP FUNCTION IF EXISTS identity.lock_guard(text, integer, interval);
DROP FUNCTION IF EXISTS identity.live_sessions(bigint, bigint, bigint);
DROP FUNCTION IF EXISTS identity.list_signing_keys();
DROP FUNCTION IF EXISTS identity.list_sessions(text, integer);
DROP FUNCTION IF EXISTS identity.list_roles(text, integer);
DROP FUNCTION IF EXISTS identity.list_revoked_sessions();
DROP FUNCTION IF EXISTS identity.list_operators(text, integer);
DROP FUNCTION IF EXISTS identity.list_devices(text, integer);
DROP FUNCTION IF EXISTS identity.list_clients(text, integer);
DROP FUNCTION IF EXISTS identity.list_badges(text, integer);
DROP FUNCTION IF EXISTS identity.introspect_refresh_token(bytea);
DROP FUNCTION IF EXISTS identity.get_role(text);
DROP FUNCTION IF EXISTS identity.get_operator(text);
DROP FUNCTION IF EXISTS identity.get_device(text);
DROP FUNCTION IF EXISTS identity.get_client(text);
DROP FUNCTION IF EXISTS identity.get_badge(text);
DROP FUNCTION IF EXISTS identity.find_service(text);
DROP FUNCTION IF EXISTS identity.find_role(text);
DROP FUNCTION IF EXISTS identity.find_operator(text);
DROP FUNCTION IF EXISTS identity.find_device(text);
DROP FUNCTION IF EXISTS identity.find_client(text);
DROP FUNCTION IF EXISTS identity.find_badge(text);
DROP FUNCTION IF EXISTS identity.drop_signing_keys(text);
DROP FUNCTION IF EXISTS identity.describe_grant(bigint);
DROP FUNCTION IF EXISTS identity.common_sites(text[], text[]);
DROP FUNCTION IF EXISTS identity.check_rights(text[], text[]);
DROP FUNCTION IF EXISTS identity.change_version();
DROP FUNCTION IF EXISTS identity.bootstrap_client(text, text[], text[], bytea);
DROP FUNCTION IF EXISTS identity.begin_badge_login(bigint, text);
DROP FUNCTION IF EXISTS identity.add_signing_key(text, bytea, integer, integer);
DROP FUNCTION IF EXISTS floor.resolve_scan(jsonb);
DROP FUNCTION IF EXISTS floor.report_journal(text, jsonb);
DROP FUNCTION IF EXISTS floor.note_sequence(uuid, text, bigint);
DROP FUNCTION IF EXISTS floor.list_tasks(text, integer);
DROP FUNCTION IF EXISTS floor.list_journals(text, integer);
DROP FUNCTION IF EXISTS floor.list_event_sites(text[], bigint[], text[]);
DROP FUNCTION IF EXISTS floor.get_work_center_board(integer);
DROP FUNCTION IF EXISTS floor.get_warning_board(integer);
DROP FUNCTION IF EXISTS floor.get_shipping_board(integer);
DROP FUNCTION IF EXISTS floor.get_reference_data();
DROP FUNCTION IF EXISTS floor.get_journal(uuid);
DROP FUNCTION IF EXISTS floor.caller_sites();
DROP FUNCTION IF EXISTS export.time_zone();
DROP FUNCTION IF EXISTS export.tell_instant(timestamptz, text);
DROP FUNCTION IF EXISTS export.request_file(jsonb, jsonb);
DROP FUNCTION IF EXISTS export.open_rows(text, jsonb);
DROP FUNCTION IF EXISTS export.list_files(text, integer);
DROP FUNCTION IF EXISTS export.get_file(text);
DROP FUNCTION IF EXISTS export.finish_file(text, integer, timestamptz, bigint, bigint, bytea);
DROP FUNCTION IF EXISTS export.fetch_rows(integer);
DROP FUNCTION IF EXISTS export.drop_expired(integer);
DROP FUNCTION IF EXISTS export.describe_file(bigint);
DROP FUNCTION IF EXISTS export.count_rows(text, jsonb);
DROP FUNCTION IF EXISTS export.content_path(text);
DROP FUNCTION IF EXISTS export.begin_file(text);
DROP FUNCTION IF EXISTS export.add_chunk(text, integer, integer, bytea);
DROP FUNCTION IF EXISTS event.webhook_id(uuid, bigint);
DROP FUNCTION IF EXISTS event.webhook_consumer(text);
DROP FUNCTION IF EXISTS event.wake_consumers();
DROP FUNCTION IF EXISTS event.seal_webhook_secret(bigint, bytea);
DROP FUNCTION IF EXISTS event.save_webhook_endpoint(jsonb, jsonb);
DROP FUNCTION IF EXISTS event.rotate_webhook_secret(jsonb, jsonb);
DROP FUNCTION IF EXISTS event.retry_job(jsonb, jsonb);
DROP FUNCTION IF EXISTS event.required_scope(text);
DROP FUNCTION IF EXISTS event.report_progress(bigint, integer, integer);
DROP FUNCTION IF EXISTS event.report_output(bigint, jsonb);
DROP FUNCTION IF EXISTS event.release_webhook(bigint, uuid, integer);
DROP FUNCTION IF EXISTS event.redeliver_webhook(jsonb, jsonb);
DROP FUNCTION IF EXISTS event.record_webhook_attempt(jsonb);
DROP FUNCTION IF EXISTS event.record_check(text, interval, integer, jsonb, text);
DROP FUNCTION IF EXISTS event.read_log(bigint, integer, integer);
DROP FUNCTION IF EXISTS event.prune_webhooks(integer);
DROP FUNCTION IF EXISTS event.ping_webhook(jsonb, jsonb);
DROP FUNCTION IF EXISTS event.pass_webhook_events(bigint, uuid, bigint, integer);
DROP FUNCTION IF EXISTS event.oldest_position();
DROP FUNCTION IF EXISTS event.number_events(tid[], bigint);
DROP FUNCTION IF EXISTS event.next_webhook_events(bigint, uuid, integer);
DROP FUNCTION IF EXISTS event.move_consumer(text, bigint);
DROP FUNCTION IF EXISTS event.matches_topic(text, text[]);
DROP FUNCTION IF EXISTS event.make_webhook_secret(bigint, jsonb);
DROP FUNCTION IF EXISTS event.lock_job(text);
DROP FUNCTION IF EXISTS event.lock_consumer(text);
DROP FUNCTION IF EXISTS event.list_webhook_secrets();
DROP FUNCTION IF EXISTS event.list_webhook_endpoints(text, integer);
DROP FUNCTION IF EXISTS event.list_webhook_attempts(text, text, integer);
DROP FUNCTION IF EXISTS event.list_waiting(integer);
DROP FUNCTION IF EXISTS event.list_orphaned_jobs();
DROP FUNCTION IF EXISTS event.list_jobs(text, text, text, integer);
DROP FUNCTION IF EXISTS event.list_index_findings(jsonb);
DROP FUNCTION IF EXISTS event.is_for_all_sites(text);
DROP FUNCTION IF EXISTS event.insert_job(text, jsonb, text, integer, integer);
DROP FUNCTION IF EXISTS event.hide_secrets(text);
DROP FUNCTION IF EXISTS event.give_back_jobs(bigint[], integer[]);
DROP FUNCTION IF EXISTS event.get_webhook_endpoint(text);
DROP FUNCTION IF EXISTS event.get_job(text);
DROP FUNCTION IF EXISTS event.get_feed_status();
DROP FUNCTION IF EXISTS event.forget_requests(integer, integer);
DROP FUNCTION IF EXISTS event.forget_checks(text[]);
DROP FUNCTION IF EXISTS event.find_webhook_endpoint(text);
DROP FUNCTION IF EXISTS event.enter(jsonb);
DROP FUNCTION IF EXISTS event.ensure_log_partitions(bigint);
DROP FUNCTION IF EXISTS event.ensure_consumer(text, bigint, text, jsonb, text, integer);
DROP FUNCTION IF EXISTS event.enable_webhook(bigint);
DROP FUNCTION IF EXISTS event.drop_log_partition();
DROP FUNCTION IF EXISTS event.disable_webhook(bigint, text);
DROP FUNCTION IF EXISTS event.describe_refusal(text, jsonb, text, text, text, text);
DROP FUNCTION IF EXISTS event.describe_job(bigint);
DROP FUNCTION IF EXISTS event.count_written();
DROP FUNCTION IF EXISTS event.claim_webhooks(integer, integer);
DROP FUNCTION IF EXISTS event.check_scope(text);
DROP FUNCTION IF EXISTS event.cancel_job(jsonb, jsonb);
DROP FUNCTION IF EXISTS document.wake_printers();
DROP FUNCTION IF EXISTS document.store_print_content(bigint, bytea);
DROP FUNCTION IF EXISTS document.save_printer(jsonb, jsonb);
DROP FUNCTION IF EXISTS document.renew_printer(text, uuid, integer);
DROP FUNCTION IF EXISTS document.print_label(jsonb, jsonb);
DROP FUNCTION IF EXISTS document.print_automatically(document.kind, text, text, text);
DROP FUNCTION IF EXISTS document.list_printers(text, integer);
DROP FUNCTION IF EXISTS document.list_print_jobs(text, integer);
DROP FUNCTION IF EXISTS document.label_number(text, text);
DROP FUNCTION IF EXISTS document.label_fits(document.kind, numeric, numeric);
DROP FUNCTION IF EXISTS document.get_printer(text);
DROP FUNCTION IF EXISTS document.get_print_job(text);
DROP FUNCTION IF EXISTS document.get_print_content(text);
DROP FUNCTION IF EXISTS document.get_content(text, text);
DROP FUNCTION IF EXISTS document.forget_print_jobs(integer, integer);
DROP FUNCTION IF EXISTS document.finish_print_job(bigint, uuid, text, text);
DROP FUNCTION IF EXISTS document.find_printer(text);
DROP FUNCTION IF EXISTS document.claim_print_job(text, uuid, integer);
DROP FUNCTION IF EXISTS document.cancel_print_job(jsonb, jsonb);
DROP FUNCTION IF EXISTS document.add_print_job(document.printer, document.kind, text, text, integer, boolean, text);
DROP FUNCTION IF EXISTS costing.write_journal(timestamptz, timestamptz, integer, bigint, integer);
DROP FUNCTION IF EXISTS costing.reversed_document_type(bigint);
DROP FUNCTION IF EXISTS costing.read_movements(bigint, bigint);
DROP FUNCTION IF EXISTS costing.list_journal_entries(text, text, text, timestamptz, timestamptz, text, integer);
DROP FUNCTION IF EXISTS costing.list_account_balances(text, date);
DROP FUNCTION IF EXISTS costing.document_number(costing.entry_kind, inventory.document_type, bigint);
DROP FUNCTION IF EXISTS catalog.refuse_removal();
DROP FUNCTION IF EXISTS catalog.local_date(bigint);
DROP FUNCTION IF EXISTS catalog.first_site();
DROP FUNCTION IF EXISTS catalog.find_reason(text, catalog.reason_kind[]);
DROP FUNCTION IF EXISTS audit.tell_row(jsonb, jsonb);
DROP FUNCTION IF EXISTS audit.record_detachment(text, text);
DROP FUNCTION IF EXISTS audit.record_delivery(text, bigint, text);
DROP FUNCTION IF EXISTS audit.prepare_seal();
DROP FUNCTION IF EXISTS audit.note_sealing(integer, text);
DROP FUNCTION IF EXISTS audit.name_references(regclass, jsonb);
DROP FUNCTION IF EXISTS audit.list_seals(bigint, integer);
DROP FUNCTION IF EXISTS audit.list_history(text, text, text, text, integer);
DROP FUNCTION IF EXISTS audit.list_findings();
DROP FUNCTION IF EXISTS audit.list_columns(text);
DROP FUNCTION IF EXISTS audit.get_seal_status();
DROP FUNCTION IF EXISTS audit.check_incarnation();
DROP FUNCTION IF EXISTS audit.begin_incarnation(text);
DROP FUNCTION IF EXISTS audit.begin_delivery(text[]);
DROP FUNCTION IF EXISTS audit.add_seal_part(bigint, text, text[], bigint, bytea, bytea);
DROP FUNCTION IF EXISTS audit.add_seal_chunk(bigint, text, integer, integer, bytea, bytea);
DROP FUNCTION IF EXISTS audit.add_seal(bigint, integer, text, text, bigint, bytea, bytea, text, bytea, timestamptz);

-- Written by hand:
SET LOCAL lock_timeout = '5s';

-- Definitions as of the version before. Written by `make migration`.
SET LOCAL check_function_bodies = off;

-- functions/audit/record_change.sql as it was.
CREATE OR REPLACE FUNCTION audit.record_change() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_old jsonb;
    v_new jsonb;
    v_id bigint;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        v_old := to_jsonb(OLD);
        v_id := (v_old ->> 'id')::bigint;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        v_new := to_jsonb(NEW);
        v_id := (v_new ->> 'id')::bigint;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF v_old = v_new THEN
            RETURN NULL;
        END IF;
        -- Only what changed: the row before that is the sum of its earlier entries.
        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, v_new -> o.key)
        INTO v_old, v_new
        FROM jsonb_each(v_old) AS o
        WHERE o.value IS DISTINCT FROM v_new -> o.key;
    END IF;

    INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, device, request_key, request_id, old_row, new_row)
    VALUES (TG_TABLE_SCHEMA, TG_TABLE_NAME, v_id, lower(TG_OP)::audit.operation, event.current_actor(),
        nullif(current_setting('millrace.device', true), ''),
        nullif(current_setting('millrace.request_key', true), '')::uuid,
        nullif(current_setting('millrace.request_id', true), ''),
        v_old, v_new);
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION audit.record_change() IS
    'Trigger function of every business table: records who changed which row, when, from what to what. The table must have a bigint id.';

-- functions/billing/check_sums.sql as it was.
CREATE OR REPLACE FUNCTION billing.check_sums() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lines numeric;
    v_net numeric;
    v_tax numeric;
BEGIN
    SELECT sum(l.net) INTO v_lines FROM billing.invoice_line AS l WHERE l.invoice_id = NEW.id;
    SELECT sum(t.net), sum(t.tax) INTO v_net, v_tax FROM billing.invoice_tax AS t WHERE t.invoice_id = NEW.id;
    IF (v_lines, v_net, v_tax) IS DISTINCT FROM (NEW.net, NEW.net, NEW.tax)
        OR EXISTS (
            SELECT l.tax_code_id, l.rate_percent, sum(l.net) FROM billing.invoice_line AS l WHERE l.invoice_id = NEW.id GROUP BY 1, 2
            EXCEPT
            SELECT t.tax_code_id, t.rate_percent, t.net FROM billing.invoice_tax AS t WHERE t.invoice_id = NEW.id) THEN
        RAISE EXCEPTION 'the sums of % do not hold', NEW.number
            USING ERRCODE = 'MR655',
                  DETAIL = jsonb_build_object('invoice', NEW.number, 'lines', v_lines::text, 'net', NEW.net::text,
                      'tax', NEW.tax::text, 'taxes', v_tax::text)::text,
                  HINT = 'Report this: the invoice was not issued.';
    END IF;
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION billing.check_sums() IS
    'Constraint trigger function of billing.invoice: raises MR655 unless the net amount is the sum of the lines and of the taxes, per rate as well, and the tax is the sum of the taxes.';

-- functions/billing/credit_return.sql as it was.
CREATE OR REPLACE FUNCTION billing.credit_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('credit-return', p_context, p_command);
    v_return shipping.customer_return;
    v_shipment shipping.shipment;
    v_invoice billing.invoice;
    v_credit_note text;
    v_line record;
    v_ordinal integer := 0;
    v_id bigint;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_return.shipment_id));
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    SELECT h.* INTO STRICT v_shipment FROM shipping.shipment AS h WHERE h.id = v_return.shipment_id;
    SELECT i.* INTO v_invoice FROM billing.invoice AS i WHERE i.shipment_id = v_shipment.id AND i.kind = 'invoice';
    SELECT i.number INTO v_credit_note FROM billing.invoice AS i WHERE i.customer_return_id = v_return.id;
    IF v_return.is_reversed OR v_invoice.id IS NULL OR v_credit_note IS NOT NULL THEN
        RAISE EXCEPTION '%', CASE
                WHEN v_return.is_reversed THEN format('customer return %s was reversed', v_return.number)
                WHEN v_credit_note IS NOT NULL THEN format('customer return %s is credited by %s', v_return.number, v_credit_note)
                ELSE format('shipment %s is not invoiced', v_shipment.number) END
            USING ERRCODE = 'MR654',
                  DETAIL = jsonb_build_object('customer_return', v_return.number, 'is_reversed', v_return.is_reversed,
                      'credit_note', v_credit_note, 'invoice', v_invoice.number)::text,
                  HINT = 'Only what was invoiced and came back is credited, once.';
    END IF;

    v_id := nextval(pg_get_serial_sequence('billing.invoice', 'id'));
    -- One by one: a second line for the same goods counts on from the first.
    FOR v_line IN
        SELECT r.id, r.shipment_line_id, r.quantity, s.sales_order_line_id, o AS order_line, l.id AS invoice_line_id, l.item_id, l.unit_id,
            l.quantity AS invoiced, l.base_quantity AS invoiced_base, l.unit_price, l.price_quantity, l.tax_code_id, l.rate_percent
        FROM shipping.customer_return_line AS r
        JOIN shipping.shipment_line AS s ON s.id = r.shipment_line_id
        JOIN sales.sales_order_line AS o ON o.id = s.sales_order_line_id
        JOIN billing.invoice_line AS l ON l.shipment_line_id = s.id AND l.corrects_line_id IS NULL
        WHERE r.customer_return_id = v_return.id
        ORDER BY r.line_number
    LOOP
        v_ordinal := v_ordinal + 1;
        -- What all credits of the line come to, less what was credited before: together they are the line, to the cent.
        INSERT INTO billing.invoice_line (invoice_id, line_number, shipment_line_id, customer_return_line_id, corrects_line_id, item_id,
            base_quantity, unit_id, quantity, unit_price, price_quantity, net, tax_code_id, rate_percent)
        SELECT v_id, v_ordinal, v_line.shipment_line_id, v_line.id, v_line.invoice_line_id, v_line.item_id,
            v_line.quantity, e.unit_id, e.quantity, e.unit_price, e.price_quantity,
            billing.net_amount((c.base_quantity + v_line.quantity) * v_line.invoiced, v_line.unit_price,
                v_line.invoiced_base * v_line.price_quantity) - c.net,
            v_line.tax_code_id, v_line.rate_percent
        FROM billing.express_quantity(v_line.order_line, v_line.quantity) AS e
        CROSS JOIN (
            SELECT coalesce(sum(p.base_quantity), 0) AS base_quantity, coalesce(sum(p.net), 0) AS net
            FROM billing.invoice_line AS p
            WHERE p.corrects_line_id = v_line.invoice_line_id
        ) AS c;
        UPDATE shipping.customer_return_line AS r SET credited_quantity = v_line.quantity WHERE r.id = v_line.id;
        UPDATE shipping.shipment_line AS s SET credited_quantity = s.credited_quantity + v_line.quantity WHERE s.id = v_line.shipment_line_id;
        PERFORM sales.add_line_quantities(v_line.sales_order_line_id, 0, 0, 0, 0, v_line.quantity);
    END LOOP;

    v_number := billing.insert_invoice(v_id, 'credit_note', v_shipment, v_return.id, v_invoice.id, 0);
    PERFORM event.publish('credit_note.issued', v_id,
        jsonb_build_object('credit_note', v_number, 'invoice', v_invoice.number, 'customer_return', v_return.number));
    PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'credit_note', 'number', v_number));
    RETURN event.finish_request(p_context, 201, billing.get_credit_note(v_number));
END;
$function$;

COMMENT ON FUNCTION billing.credit_return(jsonb, jsonb) IS
    'Command: credits a customer return at the prices and the tax of the invoice. Body: customer_return. Raises MR654 when the shipment is not invoiced, or the return was reversed or is credited already.';

-- functions/billing/draw_number.sql as it was.
CREATE OR REPLACE FUNCTION billing.draw_number(
    p_site_id bigint,
    p_kind billing.invoice_kind
) RETURNS billing.number_series
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
    v_today date;
    v_series billing.number_series;
BEGIN
    SELECT s.* INTO STRICT v_site FROM catalog.site AS s WHERE s.id = p_site_id;
    v_today := (clock_timestamp() AT TIME ZONE v_site.time_zone)::date;
    FOR v_attempt IN 1..2 LOOP
        UPDATE billing.number_series AS q
        SET last_number = q.last_number + 1,
            last_issued_on = greatest(q.last_issued_on, v_today)
        WHERE q.site_id = v_site.id
          AND q.kind = p_kind
          AND q.year = extract(year FROM v_today)::integer
        RETURNING q.* INTO v_series;
        EXIT WHEN FOUND;
        -- The first of the year. Whoever else is the first at the same moment waits here.
        INSERT INTO billing.number_series (site_id, kind, year, prefix)
        VALUES (v_site.id, p_kind, extract(year FROM v_today)::integer,
            CASE p_kind WHEN 'invoice' THEN 'INV-' ELSE 'CN-' END
                || CASE WHEN v_site.id = (SELECT min(f.id) FROM catalog.site AS f) THEN '' ELSE v_site.code || '-' END
                || to_char(v_today, 'YYYY') || '-')
        ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN v_series;
END;
$function$;

COMMENT ON FUNCTION billing.draw_number(bigint, billing.invoice_kind) IS
    'Draws the next number of a site, kind and year, and gives the series as it stands then: last_number and last_issued_on are those of the document. The row stays locked until the end of the transaction, so this comes last; a rollback burns no number.';

-- functions/billing/get_credit_note.sql as it was.
CREATE OR REPLACE FUNCTION billing.get_credit_note(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT billing.get_invoice(v.number)
    FROM billing.invoice AS v
    WHERE v.number = p_number
      AND v.kind = 'credit_note';
$function$;

COMMENT ON FUNCTION billing.get_credit_note(text) IS 'A credit note, in the form of an invoice; null when there is none of that number.';

-- functions/billing/get_invoice.sql as it was.
CREATE OR REPLACE FUNCTION billing.get_invoice(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', v.number,
        'kind', v.kind,
        'site', s.code,
        'customer', p.code,
        'seller', v.seller,
        'buyer', v.buyer,
        'shipment', h.number,
        'delivery_note', d.number,
        'customer_return', r.number,
        'corrects_invoice', c.number,
        'currency', v.currency,
        'supplied_on', v.supplied_on,
        'issued_on', v.issued_on,
        'due_on', v.due_on,
        'net', round(v.net, 2)::text,
        'tax', round(v.tax, 2)::text,
        'gross', round(v.gross, 2)::text,
        'lines', (
            SELECT jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'shipment_line', sl.line_number,
                'sales_order', o.number,
                'sales_order_line', ol.line_number,
                'customer_reference', o.customer_reference,
                'item', i.number,
                'item_name', i.name,
                'lot', nullif(t.number, ''),
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'base_quantity', trim_scale(l.base_quantity)::text,
                'base_unit', b.code,
                'unit_price', sales.format_price(l.unit_price),
                'price_quantity', trim_scale(l.price_quantity)::text,
                'net', round(l.net, 2)::text,
                'tax_code', x.code,
                'tax_category', x.category,
                'rate_percent', trim_scale(l.rate_percent)::text)
                ORDER BY l.line_number)
            FROM billing.invoice_line AS l
            JOIN shipping.shipment_line AS sl ON sl.id = l.shipment_line_id
            JOIN sales.sales_order_line AS ol ON ol.id = sl.sales_order_line_id
            JOIN sales.sales_order AS o ON o.id = ol.sales_order_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS u ON u.id = l.unit_id
            JOIN catalog.unit AS b ON b.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = sl.lot_id
            JOIN billing.tax_code AS x ON x.id = l.tax_code_id
            WHERE l.invoice_id = v.id),
        'taxes', (
            SELECT jsonb_agg(jsonb_build_object(
                'tax_code', x.code,
                'tax_name', x.name,
                'tax_category', x.category,
                'rate_percent', trim_scale(t.rate_percent)::text,
                'net', round(t.net, 2)::text,
                'tax', round(t.tax, 2)::text,
                'note', nullif(x.note, ''))
                ORDER BY t.id)
            FROM billing.invoice_tax AS t
            JOIN billing.tax_code AS x ON x.id = t.tax_code_id
            WHERE t.invoice_id = v.id))
    FROM billing.invoice AS v
    JOIN catalog.site AS s ON s.id = v.site_id
    JOIN catalog.partner AS p ON p.id = v.customer_id
    JOIN shipping.shipment AS h ON h.id = v.shipment_id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    LEFT JOIN shipping.customer_return AS r ON r.id = v.customer_return_id
    LEFT JOIN billing.invoice AS c ON c.id = v.corrects_invoice_id
    WHERE v.number = p_number;
$function$;

COMMENT ON FUNCTION billing.get_invoice(text) IS
    'An invoice or credit note as it is printed, seller and buyer as they were on the day of issue; null when there is none of that number.';

-- functions/billing/issue_invoice.sql as it was.
CREATE OR REPLACE FUNCTION billing.issue_invoice(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('issue-invoice', p_context, p_command);
    v_shipment shipping.shipment;
    v_earlier text;
    v_code billing.tax_code;
    v_rate numeric;
    v_id bigint;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_shipment.id));
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    IF v_shipment.is_reversed THEN
        RAISE EXCEPTION 'shipment % was reversed', v_shipment.number
            USING ERRCODE = 'MR536',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Its goods never left; look for the shipment that did.';
    END IF;
    SELECT i.number INTO v_earlier FROM billing.invoice AS i WHERE i.shipment_id = v_shipment.id AND i.kind = 'invoice';
    IF FOUND THEN
        RAISE EXCEPTION 'shipment % is invoiced by %', v_shipment.number, v_earlier
            USING ERRCODE = 'MR651',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number, 'invoice', v_earlier)::text,
                  HINT = 'Nothing more is to be invoiced.';
    END IF;

    SELECT t.* INTO v_code
    FROM catalog.site AS s
    CROSS JOIN catalog.partner AS c
    CROSS JOIN LATERAL billing.find_tax_code(s, c, v_shipment.shipped_on) AS t
    WHERE s.id = v_shipment.site_id AND c.id = v_shipment.customer_id;
    v_rate := billing.find_tax_rate(v_code, v_shipment.shipped_on);

    v_id := nextval(pg_get_serial_sequence('billing.invoice', 'id'));
    INSERT INTO billing.invoice_line (invoice_id, line_number, shipment_line_id, item_id, base_quantity, unit_id, quantity, unit_price,
        price_quantity, net, tax_code_id, rate_percent)
    SELECT v_id, row_number() OVER (ORDER BY l.line_number), l.id, l.item_id, l.quantity, e.unit_id, e.quantity, e.unit_price,
        e.price_quantity, billing.net_amount(e.quantity, e.unit_price, e.price_quantity), v_code.id, v_rate
    FROM shipping.shipment_line AS l
    JOIN sales.sales_order_line AS o ON o.id = l.sales_order_line_id
    CROSS JOIN LATERAL billing.express_quantity(o, l.quantity) AS e
    WHERE l.shipment_id = v_shipment.id;
    UPDATE shipping.shipment_line AS l SET invoiced_quantity = l.quantity WHERE l.shipment_id = v_shipment.id;
    PERFORM sales.add_line_quantities(l.sales_order_line_id, 0, 0, 0, sum(l.quantity), 0)
    FROM shipping.shipment_line AS l
    WHERE l.shipment_id = v_shipment.id
    GROUP BY l.sales_order_line_id;

    v_number := billing.insert_invoice(v_id, 'invoice', v_shipment, NULL, NULL, coalesce((p_command ->> 'payment_days')::integer, 30));
    PERFORM event.publish('invoice.issued', v_id, jsonb_build_object('invoice', v_number, 'shipment', v_shipment.number));
    PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'invoice', 'number', v_number));
    RETURN event.finish_request(p_context, 201, billing.get_invoice(v_number));
END;
$function$;

COMMENT ON FUNCTION billing.issue_invoice(jsonb, jsonb) IS
    'Command: invoices a shipment, all of it, at the prices of its orders and the tax of the day of delivery. Body: shipment (its number or that of its delivery note), payment_days? (30). Raises MR536 when the shipment was reversed, MR651 when it is invoiced already, MR652 and MR653 when tax rule or rate is missing.';

-- functions/billing/list_credit_notes.sql as it was.
CREATE OR REPLACE FUNCTION billing.list_credit_notes(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM billing.invoice AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM billing.invoice AS a WHERE a.number = p_after))
          AND t.kind = 'credit_note'
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(billing.get_credit_note(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION billing.list_credit_notes(text, integer) IS 'A page of credit notes, latest first.';

-- functions/billing/list_invoices.sql as it was.
CREATE OR REPLACE FUNCTION billing.list_invoices(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM billing.invoice AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM billing.invoice AS a WHERE a.number = p_after))
          AND t.kind = 'invoice'
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(billing.get_invoice(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION billing.list_invoices(text, integer) IS 'A page of invoices, latest first.';

-- functions/catalog/find_reason.sql as it was.
CREATE OR REPLACE FUNCTION catalog.find_reason(
    p_code text
) RETURNS catalog.reason
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_reason catalog.reason;
BEGIN
    SELECT t.* INTO v_reason FROM catalog.reason AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no reason %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR106',
                  DETAIL = jsonb_build_object('reason', p_code)::text,
                  HINT = 'Check the reason for a typing error, or create it first.';
    END IF;
    RETURN v_reason;
END;
$function$;

COMMENT ON FUNCTION catalog.find_reason(text) IS 'The reason of that code. Raises MR106 when there is none.';

-- functions/catalog/get_bill_of_material.sql as it was.
CREATE OR REPLACE FUNCTION catalog.get_bill_of_material(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', i.number || '/' || b.revision,
        'item', i.number,
        'revision', b.revision,
        'valid_from', lower(b.valid_during),
        'valid_to', upper(b.valid_during) - 1,
        'base_quantity', trim_scale(b.base_quantity)::text,
        'unit', u.code,
        'lines', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                    'line', l.line_number,
                    'item', c.number,
                    'quantity', trim_scale(l.quantity)::text,
                    'unit', cu.code,
                    'is_backflushed', l.is_backflushed)
                ORDER BY l.line_number)
            FROM catalog.bill_of_material_line AS l
            JOIN catalog.item AS c ON c.id = l.item_id
            JOIN catalog.unit AS cu ON cu.id = c.base_unit_id
            WHERE l.bill_of_material_id = b.id), '[]'::jsonb))
    FROM catalog.item AS i
    JOIN catalog.bill_of_material AS b ON b.item_id = i.id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    WHERE p_number LIKE '%/%'
      AND i.number = left(p_number, length(p_number) - strpos(reverse(p_number), '/'))
      AND b.revision = right(p_number, strpos(reverse(p_number), '/') - 1);
$function$;

COMMENT ON FUNCTION catalog.get_bill_of_material(text) IS 'The revision of a bill of material named item/revision, as the API shows it; null when there is none.';

-- functions/catalog/get_item.sql as it was.
CREATE OR REPLACE FUNCTION catalog.get_item(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', i.number,
        'name', i.name,
        'base_unit', u.code,
        'tracking', i.tracking,
        'costing_method', i.costing_method,
        'issue_order', i.issue_order,
        'is_purchased', i.is_purchased,
        'is_manufactured', i.is_manufactured,
        'is_sold', i.is_sold,
        'is_inspected', i.is_inspected,
        'shelf_life_days', i.shelf_life_days,
        'gtin', i.gtin,
        'standard_cost', trim_scale(i.standard_cost)::text,
        'default_location', l.code,
        'second_unit', (SELECT s.code FROM catalog.unit AS s WHERE s.id = i.second_unit_id),
        'units', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                    'unit', o.code,
                    'numerator', iu.numerator,
                    'denominator', iu.denominator,
                    'gtin', iu.gtin)
                ORDER BY o.code)
            FROM catalog.item_unit AS iu
            JOIN catalog.unit AS o ON o.id = iu.unit_id
            WHERE iu.item_id = i.id), '[]'::jsonb))
    FROM catalog.item AS i
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN catalog.location AS l ON l.id = i.default_location_id
    WHERE i.number = p_number;
$function$;

COMMENT ON FUNCTION catalog.get_item(text) IS 'The item of that number as the API shows it; null when there is none.';

-- functions/catalog/get_location.sql as it was.
CREATE OR REPLACE FUNCTION catalog.get_location(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', l.code,
        'site', s.code,
        'name', l.name,
        'kind', l.kind,
        'is_physical', l.is_physical)
    FROM catalog.location AS l
    JOIN catalog.site AS s ON s.id = l.site_id
    WHERE l.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_location(text) IS 'The location of that code as the API shows it; null when there is none.';

-- functions/catalog/get_partner.sql as it was.
CREATE OR REPLACE FUNCTION catalog.get_partner(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', p.code,
        'name', p.name,
        'is_supplier', p.is_supplier,
        'is_customer', p.is_customer,
        'is_carrier', p.is_carrier,
        'gln', p.gln,
        'vat_number', p.vat_number,
        'street', p.street,
        'postal_code', p.postal_code,
        'city', p.city,
        'country', p.country,
        'currency', p.currency,
        'language', p.language,
        'email', p.email)
    FROM catalog.partner AS p
    WHERE p.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_partner(text) IS 'The partner of that code as the API shows it; null when there is none.';

-- functions/catalog/get_reason.sql as it was.
CREATE OR REPLACE FUNCTION catalog.get_reason(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', r.code, 'name', r.name, 'kind', r.kind)
    FROM catalog.reason AS r
    WHERE r.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_reason(text) IS 'The reason of that code as the API shows it; null when there is none.';

-- functions/catalog/get_routing.sql as it was.
CREATE OR REPLACE FUNCTION catalog.get_routing(
    p_item text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'item', i.number,
        'operations', jsonb_agg(jsonb_build_object(
                'sequence', o.sequence,
                'name', o.name,
                'work_center', w.code,
                'setup_minutes', trim_scale(o.setup_minutes)::text,
                'run_minutes', trim_scale(o.run_minutes)::text)
            ORDER BY o.sequence))
    FROM catalog.item AS i
    JOIN catalog.routing_operation AS o ON o.item_id = i.id
    JOIN catalog.work_center AS w ON w.id = o.work_center_id
    WHERE i.number = p_item
    GROUP BY i.number;
$function$;

COMMENT ON FUNCTION catalog.get_routing(text) IS 'The operations by which an item is made, as the API shows them; null when there are none.';

-- functions/catalog/get_site.sql as it was.
CREATE OR REPLACE FUNCTION catalog.get_site(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', s.code,
        'name', s.name,
        'gln', s.gln,
        'gs1_company_prefix', s.gs1_company_prefix,
        'vat_number', s.vat_number,
        'street', s.street,
        'postal_code', s.postal_code,
        'city', s.city,
        'country', s.country,
        'currency', s.currency,
        'time_zone', s.time_zone)
    FROM catalog.site AS s
    WHERE s.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_site(text) IS 'The site of that code as the API shows it; null when there is none.';

-- functions/catalog/get_unit.sql as it was.
CREATE OR REPLACE FUNCTION catalog.get_unit(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', u.code, 'name', u.name, 'scale', u.scale)
    FROM catalog.unit AS u
    WHERE u.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_unit(text) IS 'The unit of that code as the API shows it; null when there is none.';

-- functions/catalog/get_work_center.sql as it was.
CREATE OR REPLACE FUNCTION catalog.get_work_center(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', w.code,
        'site', s.code,
        'name', w.name,
        'supply_location', supply.code,
        'output_location', output.code,
        'hourly_rate', trim_scale(w.hourly_rate)::text,
        'currency', s.currency)
    FROM catalog.work_center AS w
    JOIN catalog.site AS s ON s.id = w.site_id
    JOIN catalog.location AS supply ON supply.id = w.supply_location_id
    JOIN catalog.location AS output ON output.id = w.output_location_id
    WHERE w.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_work_center(text) IS 'The work center of that code as the API shows it; null when there is none.';

-- functions/catalog/import_work_centers.sql as it was.
CREATE OR REPLACE FUNCTION catalog.import_work_centers(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('import-work-centers', p_context, p_command);
    v_inserted integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    INSERT INTO catalog.work_center (site_id, code, name, supply_location_id, output_location_id, hourly_rate)
    SELECT s.id, r.code, r.name, f.id, o.id, r.hourly_rate
    FROM jsonb_to_recordset(p_command -> 'rows') AS r (site text, code text, name text, supply_location text,
        output_location text, hourly_rate numeric)
    LEFT JOIN catalog.site AS s ON s.code = r.site
    LEFT JOIN catalog.location AS f ON f.code = r.supply_location
    LEFT JOIN catalog.location AS o ON o.code = r.output_location
    ORDER BY r.code
    ON CONFLICT (code) DO NOTHING;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN event.finish_request(p_context, 200, jsonb_build_object(
        'rows', jsonb_array_length(p_command -> 'rows'), 'inserted', v_inserted));
END;
$function$;

COMMENT ON FUNCTION catalog.import_work_centers(jsonb, jsonb) IS
    'Command: takes work centers over from another system. Body: rows of site, code, name, supply_location, output_location, hourly_rate. What is there already stays as it is; a row that refers to something missing fails the whole call. Answers how many rows were given and inserted.';

-- functions/catalog/list_bills_of_material.sql as it was.
CREATE OR REPLACE FUNCTION catalog.list_bills_of_material(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.number, row_number() OVER (ORDER BY t.number) AS place
        FROM (
            SELECT i.number || '/' || b.revision AS number
            FROM catalog.bill_of_material AS b
            JOIN catalog.item AS i ON i.id = b.item_id
        ) AS t
        WHERE p_after IS NULL OR t.number > p_after
        ORDER BY t.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_bill_of_material(p.number) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.number) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_bills_of_material(text, integer) IS 'Revisions of bills of material by item and revision, a page at a time.';

-- functions/catalog/list_items.sql as it was.
CREATE OR REPLACE FUNCTION catalog.list_items(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.number, row_number() OVER (ORDER BY t.number) AS place
        FROM catalog.item AS t
        WHERE p_after IS NULL OR t.number > p_after
        ORDER BY t.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_item(p.number) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.number) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_items(text, integer) IS 'Items by number, a page at a time.';

-- functions/catalog/list_locations.sql as it was.
CREATE OR REPLACE FUNCTION catalog.list_locations(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.location AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_location(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_locations(text, integer) IS 'Locations by code, virtual ones included, a page at a time.';

-- functions/catalog/list_partners.sql as it was.
CREATE OR REPLACE FUNCTION catalog.list_partners(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.partner AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_partner(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_partners(text, integer) IS 'Partners by code, a page at a time.';

-- functions/catalog/list_reasons.sql as it was.
CREATE OR REPLACE FUNCTION catalog.list_reasons(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.reason AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_reason(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_reasons(text, integer) IS 'Reasons by code, a page at a time.';

-- functions/catalog/list_routings.sql as it was.
CREATE OR REPLACE FUNCTION catalog.list_routings(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.number, row_number() OVER (ORDER BY t.number) AS place
        FROM catalog.item AS t
        WHERE (p_after IS NULL OR t.number > p_after)
          AND EXISTS (SELECT 1 FROM catalog.routing_operation AS o WHERE o.item_id = t.id)
        ORDER BY t.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_routing(p.number) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.number) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_routings(text, integer) IS 'Routings by item, a page at a time.';

-- functions/catalog/list_sites.sql as it was.
CREATE OR REPLACE FUNCTION catalog.list_sites(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.site AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_site(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_sites(text, integer) IS 'Sites by code, a page at a time.';

-- functions/catalog/list_supplier_prices.sql as it was.
CREATE OR REPLACE FUNCTION catalog.list_supplier_prices(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id::text AS id, row_number() OVER (ORDER BY t.id) AS place
        FROM catalog.supplier_item AS t
        WHERE p_after IS NULL OR t.id > CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 0 END
        ORDER BY t.id
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_supplier_price(p.id) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.id) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_supplier_prices(text, integer) IS 'Prices of suppliers in the order in which they came, a page at a time. p_after is the id of the last one.';

-- functions/catalog/list_units.sql as it was.
CREATE OR REPLACE FUNCTION catalog.list_units(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.unit AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_unit(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_units(text, integer) IS 'Units by code, a page at a time.';

-- functions/catalog/list_work_centers.sql as it was.
CREATE OR REPLACE FUNCTION catalog.list_work_centers(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.work_center AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_work_center(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_work_centers(text, integer) IS 'Work centers by code, a page at a time.';

-- functions/catalog/save_bill_of_material.sql as it was.
CREATE OR REPLACE FUNCTION catalog.save_bill_of_material(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_item catalog.item;
    v_bill_id bigint;
BEGIN
    v_answer := event.begin_request('save-bill-of-material', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_item := catalog.find_item(p_command ->> 'item');
    INSERT INTO catalog.bill_of_material AS b (item_id, revision, valid_during, base_quantity)
    VALUES (v_item.id, p_command ->> 'revision',
        daterange((p_command ->> 'valid_from')::date, (p_command ->> 'valid_to')::date, '[]'),
        catalog.to_base_quantity(v_item, p_command ->> 'base_quantity', p_command ->> 'unit'))
    ON CONFLICT (item_id, revision) DO UPDATE
    SET valid_during = EXCLUDED.valid_during,
        base_quantity = EXCLUDED.base_quantity
    RETURNING b.id INTO v_bill_id;

    PERFORM catalog.refuse_duplicates(p_command -> 'lines', 'line');
    DELETE FROM catalog.bill_of_material_line AS l
    WHERE l.bill_of_material_id = v_bill_id
      AND l.line_number NOT IN (SELECT (e.line ->> 'line')::integer FROM jsonb_array_elements(p_command -> 'lines') AS e (line));
    INSERT INTO catalog.bill_of_material_line AS l (bill_of_material_id, line_number, item_id, quantity, is_backflushed)
    SELECT v_bill_id, (e.line ->> 'line')::integer, c.id, catalog.to_base_quantity(c, e.line ->> 'quantity', e.line ->> 'unit'),
        coalesce((e.line ->> 'is_backflushed')::boolean, true)
    FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e (line, place)
    CROSS JOIN LATERAL catalog.find_item(e.line ->> 'item') AS c
    ORDER BY e.place
    ON CONFLICT (bill_of_material_id, line_number) DO UPDATE
    SET item_id = EXCLUDED.item_id,
        quantity = EXCLUDED.quantity,
        is_backflushed = EXCLUDED.is_backflushed;

    PERFORM event.publish('bill_of_material.saved', v_bill_id, jsonb_build_object('item', v_item.number, 'revision', p_command ->> 'revision'));
    RETURN event.finish_request(p_context, 200, catalog.get_bill_of_material(v_item.number || '/' || (p_command ->> 'revision')));
END;
$function$;

COMMENT ON FUNCTION catalog.save_bill_of_material(jsonb, jsonb) IS
    'Makes a revision of a bill of material, or replaces the one of that name; work orders keep the materials that they were made with. Raises MR101 and MR104 for unknown codes, MR110 to MR112 for quantities, MR113 when the item would be made of itself; MR120 when a line is named twice; two revisions of an item valid on one day are refused.';

-- functions/catalog/save_item.sql as it was.
CREATE OR REPLACE FUNCTION catalog.save_item(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_item_id bigint;
    v_number text := p_command ->> 'number';
BEGIN
    v_answer := event.begin_request('save-item', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.item AS i (number, name, base_unit_id, tracking, costing_method, issue_order, is_purchased, is_manufactured, is_sold,
        is_inspected, shelf_life_days, gtin, standard_cost, default_location_id, second_unit_id)
    VALUES (v_number, p_command ->> 'name', (catalog.find_unit(p_command ->> 'base_unit')).id,
        coalesce(p_command ->> 'tracking', 'none')::catalog.tracking,
        coalesce(p_command ->> 'costing_method', 'moving_average')::catalog.costing_method,
        coalesce(p_command ->> 'issue_order', 'fefo')::catalog.issue_order,
        coalesce((p_command ->> 'is_purchased')::boolean, false), coalesce((p_command ->> 'is_manufactured')::boolean, false),
        coalesce((p_command ->> 'is_sold')::boolean, false), coalesce((p_command ->> 'is_inspected')::boolean, false),
        (p_command ->> 'shelf_life_days')::integer, catalog.check_gs1_number(p_command ->> 'gtin'),
        (p_command ->> 'standard_cost')::numeric,
        CASE WHEN p_command ->> 'default_location' IS NOT NULL THEN (catalog.find_location(p_command ->> 'default_location')).id END,
        CASE WHEN p_command ->> 'second_unit' IS NOT NULL THEN (catalog.find_unit(p_command ->> 'second_unit')).id END)
    ON CONFLICT (number) DO UPDATE
    SET name = EXCLUDED.name,
        base_unit_id = EXCLUDED.base_unit_id,
        tracking = EXCLUDED.tracking,
        costing_method = EXCLUDED.costing_method,
        issue_order = EXCLUDED.issue_order,
        is_purchased = EXCLUDED.is_purchased,
        is_manufactured = EXCLUDED.is_manufactured,
        is_sold = EXCLUDED.is_sold,
        is_inspected = EXCLUDED.is_inspected,
        shelf_life_days = EXCLUDED.shelf_life_days,
        gtin = EXCLUDED.gtin,
        standard_cost = EXCLUDED.standard_cost,
        default_location_id = EXCLUDED.default_location_id,
        second_unit_id = EXCLUDED.second_unit_id
    RETURNING i.id INTO v_item_id;

    PERFORM catalog.refuse_duplicates(
        coalesce(p_command -> 'units', '[]') || jsonb_build_object('unit', p_command ->> 'base_unit'), 'unit');
    DELETE FROM catalog.item_unit AS iu
    USING catalog.unit AS u
    WHERE iu.item_id = v_item_id
      AND u.id = iu.unit_id
      AND u.code NOT IN (SELECT e.unit ->> 'unit' FROM jsonb_array_elements(coalesce(p_command -> 'units', '[]')) AS e (unit));
    INSERT INTO catalog.item_unit AS iu (item_id, unit_id, numerator, denominator, gtin)
    SELECT v_item_id, (catalog.find_unit(e.unit ->> 'unit')).id, (e.unit ->> 'numerator')::bigint,
        coalesce((e.unit ->> 'denominator')::bigint, 1), catalog.check_gs1_number(e.unit ->> 'gtin')
    FROM jsonb_array_elements(coalesce(p_command -> 'units', '[]')) WITH ORDINALITY AS e (unit, place)
    ORDER BY e.place
    ON CONFLICT (item_id, unit_id) DO UPDATE
    SET numerator = EXCLUDED.numerator,
        denominator = EXCLUDED.denominator,
        gtin = EXCLUDED.gtin;

    PERFORM event.publish('item.saved', v_item_id, jsonb_build_object('item', v_number));
    RETURN event.finish_request(p_context, 200, catalog.get_item(v_number));
END;
$function$;

COMMENT ON FUNCTION catalog.save_item(jsonb, jsonb) IS
    'Makes an item with its other units, or replaces what is known of the item of that number. Raises MR104 for an unknown unit, MR102 for an unknown location, MR117 for a wrong GTIN, MR114 when its base unit, second unit or tracking would change, MR120 when a unit is named twice.';

-- functions/catalog/save_location.sql as it was.
CREATE OR REPLACE FUNCTION catalog.save_location(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_location_id bigint;
    v_site catalog.site;
BEGIN
    v_answer := event.begin_request('save-location', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_site := catalog.find_site(p_command ->> 'site');
    INSERT INTO catalog.location AS l (site_id, code, name, kind)
    VALUES (v_site.id, p_command ->> 'code', p_command ->> 'name', (p_command ->> 'kind')::catalog.location_kind)
    ON CONFLICT (code) DO UPDATE
    SET site_id = EXCLUDED.site_id,
        name = EXCLUDED.name,
        kind = EXCLUDED.kind
    RETURNING l.id INTO v_location_id;

    PERFORM event.publish('location.saved', v_location_id, jsonb_build_object('location', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_location(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_location(jsonb, jsonb) IS
    'Makes a location, or renames the one of that code. Raises MR107 for an unknown site, MR114 when its site or kind would change.';

-- functions/catalog/save_partner.sql as it was.
CREATE OR REPLACE FUNCTION catalog.save_partner(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_partner_id bigint;
BEGIN
    v_answer := event.begin_request('save-partner', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.partner AS p (code, name, is_supplier, is_customer, is_carrier, gln, vat_number, street, postal_code, city,
        country, currency, language, email)
    VALUES (p_command ->> 'code', p_command ->> 'name', coalesce((p_command ->> 'is_supplier')::boolean, false),
        coalesce((p_command ->> 'is_customer')::boolean, false), coalesce((p_command ->> 'is_carrier')::boolean, false),
        catalog.check_gs1_number(p_command ->> 'gln'), p_command ->> 'vat_number', coalesce(p_command ->> 'street', ''),
        coalesce(p_command ->> 'postal_code', ''), coalesce(p_command ->> 'city', ''), p_command ->> 'country',
        p_command ->> 'currency', coalesce(p_command ->> 'language', 'en'), p_command ->> 'email')
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        is_supplier = EXCLUDED.is_supplier,
        is_customer = EXCLUDED.is_customer,
        is_carrier = EXCLUDED.is_carrier,
        gln = EXCLUDED.gln,
        vat_number = EXCLUDED.vat_number,
        street = EXCLUDED.street,
        postal_code = EXCLUDED.postal_code,
        city = EXCLUDED.city,
        country = EXCLUDED.country,
        currency = EXCLUDED.currency,
        language = EXCLUDED.language,
        email = EXCLUDED.email
    RETURNING p.id INTO v_partner_id;

    PERFORM event.publish('partner.saved', v_partner_id, jsonb_build_object('partner', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_partner(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_partner(jsonb, jsonb) IS
    'Makes a supplier, customer or carrier, or replaces what is known of the partner of that code. Raises MR117 for a wrong GLN.';

-- functions/catalog/save_reason.sql as it was.
CREATE OR REPLACE FUNCTION catalog.save_reason(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_reason_id bigint;
BEGIN
    v_answer := event.begin_request('save-reason', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.reason AS r (code, name, kind)
    VALUES (p_command ->> 'code', p_command ->> 'name', (p_command ->> 'kind')::catalog.reason_kind)
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        kind = EXCLUDED.kind
    RETURNING r.id INTO v_reason_id;

    PERFORM event.publish('reason.saved', v_reason_id, jsonb_build_object('reason', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_reason(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_reason(jsonb, jsonb) IS
    'Makes a reason, or renames the one of that code. Raises MR114 when it would explain something else.';

-- functions/catalog/save_routing.sql as it was.
CREATE OR REPLACE FUNCTION catalog.save_routing(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_item catalog.item;
BEGIN
    v_answer := event.begin_request('save-routing', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_item := catalog.find_item(p_command ->> 'item');
    PERFORM catalog.refuse_duplicates(p_command -> 'operations', 'sequence');
    DELETE FROM catalog.routing_operation AS o
    WHERE o.item_id = v_item.id
      AND o.sequence NOT IN (SELECT (e.operation ->> 'sequence')::integer FROM jsonb_array_elements(p_command -> 'operations') AS e (operation));
    INSERT INTO catalog.routing_operation AS o (item_id, sequence, name, work_center_id, setup_minutes, run_minutes)
    SELECT v_item.id, (e.operation ->> 'sequence')::integer, e.operation ->> 'name',
        (catalog.find_work_center(e.operation ->> 'work_center')).id,
        coalesce((e.operation ->> 'setup_minutes')::numeric, 0), coalesce((e.operation ->> 'run_minutes')::numeric, 0)
    FROM jsonb_array_elements(p_command -> 'operations') WITH ORDINALITY AS e (operation, place)
    ORDER BY e.place
    ON CONFLICT (item_id, sequence) DO UPDATE
    SET name = EXCLUDED.name,
        work_center_id = EXCLUDED.work_center_id,
        setup_minutes = EXCLUDED.setup_minutes,
        run_minutes = EXCLUDED.run_minutes;

    PERFORM event.publish('routing.saved', v_item.id, jsonb_build_object('item', v_item.number));
    RETURN event.finish_request(p_context, 200, catalog.get_routing(v_item.number));
END;
$function$;

COMMENT ON FUNCTION catalog.save_routing(jsonb, jsonb) IS
    'Says by which operations an item is made, or replaces what was said; work orders keep the operations that they were made with. Raises MR101 and MR105 for unknown codes, MR120 when a sequence is named twice.';

-- functions/catalog/save_site.sql as it was.
CREATE OR REPLACE FUNCTION catalog.save_site(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_site_id bigint;
    v_code text := p_command ->> 'code';
BEGIN
    v_answer := event.begin_request('save-site', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.site AS s (code, name, gln, gs1_company_prefix, vat_number, street, postal_code, city, country, currency, time_zone)
    VALUES (v_code, p_command ->> 'name', catalog.check_gs1_number(p_command ->> 'gln'), p_command ->> 'gs1_company_prefix',
        p_command ->> 'vat_number', coalesce(p_command ->> 'street', ''), coalesce(p_command ->> 'postal_code', ''),
        coalesce(p_command ->> 'city', ''), p_command ->> 'country', p_command ->> 'currency',
        catalog.check_time_zone(p_command ->> 'time_zone'))
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        gln = EXCLUDED.gln,
        gs1_company_prefix = EXCLUDED.gs1_company_prefix,
        vat_number = EXCLUDED.vat_number,
        street = EXCLUDED.street,
        postal_code = EXCLUDED.postal_code,
        city = EXCLUDED.city,
        country = EXCLUDED.country,
        currency = EXCLUDED.currency,
        time_zone = EXCLUDED.time_zone
    RETURNING s.id INTO v_site_id;

    -- The virtual ends of movements: one of each kind per site.
    INSERT INTO catalog.location (site_id, code, name, kind)
    SELECT v_site_id, v_code || '.' || upper(replace(k.kind::text, '_', '-')), replace(k.kind::text, '_', ' '), k.kind
    FROM unnest(enum_range('supplier'::catalog.location_kind, NULL)) AS k (kind)
    ON CONFLICT DO NOTHING;

    PERFORM event.publish('site.saved', v_site_id, jsonb_build_object('site', v_code));
    RETURN event.finish_request(p_context, 200, catalog.get_site(v_code));
END;
$function$;

COMMENT ON FUNCTION catalog.save_site(jsonb, jsonb) IS
    'Makes a site with its virtual locations, or replaces what is known of the site of that code. Raises MR117 for a wrong GLN, MR118 for an unknown time zone, MR114 when the currency of its books would change.';

-- functions/catalog/save_supplier_price.sql as it was.
CREATE OR REPLACE FUNCTION catalog.save_supplier_price(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_partner catalog.partner;
    v_item catalog.item;
    v_supplier_item_id bigint;
BEGIN
    v_answer := event.begin_request('save-supplier-price', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_partner := catalog.find_partner(p_command ->> 'supplier');
    v_item := catalog.find_item(p_command ->> 'item');
    IF NOT v_partner.is_supplier THEN
        RAISE EXCEPTION 'partner % is no supplier', v_partner.code
            USING ERRCODE = 'MR116',
                  DETAIL = jsonb_build_object('partner', v_partner.code)::text,
                  HINT = 'Make the partner a supplier first.';
    END IF;
    -- Also proves that the item is handled in this unit.
    PERFORM catalog.to_base_quantity(v_item, '1', p_command ->> 'unit');

    INSERT INTO catalog.supplier_item AS si (partner_id, item_id, unit_id, price, currency, lead_time_days, minimum_quantity, maximum_quantity)
    VALUES (v_partner.id, v_item.id,
        CASE WHEN p_command ->> 'unit' IS NULL THEN v_item.base_unit_id ELSE (catalog.find_unit(p_command ->> 'unit')).id END,
        (p_command ->> 'price')::numeric, coalesce(p_command ->> 'currency', v_partner.currency),
        coalesce((p_command ->> 'lead_time_days')::integer, 0), coalesce((p_command ->> 'minimum_quantity')::numeric, 0),
        (p_command ->> 'maximum_quantity')::numeric)
    ON CONFLICT (partner_id, item_id) DO UPDATE
    SET unit_id = EXCLUDED.unit_id,
        price = EXCLUDED.price,
        currency = EXCLUDED.currency,
        lead_time_days = EXCLUDED.lead_time_days,
        minimum_quantity = EXCLUDED.minimum_quantity,
        maximum_quantity = EXCLUDED.maximum_quantity
    RETURNING si.id INTO v_supplier_item_id;

    PERFORM event.publish('supplier_price.saved', v_supplier_item_id, jsonb_build_object('supplier', v_partner.code, 'item', v_item.number));
    RETURN event.finish_request(p_context, 200, catalog.get_supplier_price(v_supplier_item_id::text));
END;
$function$;

COMMENT ON FUNCTION catalog.save_supplier_price(jsonb, jsonb) IS
    'Says at which price a supplier delivers an item, or replaces what was said. Raises MR103, MR101 and MR104 for unknown codes, MR116 when the partner is no supplier, MR112 when the item is not handled in the unit.';

-- functions/catalog/save_unit.sql as it was.
CREATE OR REPLACE FUNCTION catalog.save_unit(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_unit_id bigint;
BEGIN
    v_answer := event.begin_request('save-unit', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.unit AS u (code, name, scale)
    VALUES (p_command ->> 'code', p_command ->> 'name', (p_command ->> 'scale')::integer)
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        scale = EXCLUDED.scale
    RETURNING u.id INTO v_unit_id;

    PERFORM event.publish('unit.saved', v_unit_id, jsonb_build_object('unit', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_unit(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_unit(jsonb, jsonb) IS
    'Makes a unit of measure, or replaces the one of that code. Raises MR114 when it would lose decimal places.';

-- functions/catalog/save_work_center.sql as it was.
CREATE OR REPLACE FUNCTION catalog.save_work_center(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_work_center_id bigint;
BEGIN
    v_answer := event.begin_request('save-work-center', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.work_center AS w (site_id, code, name, supply_location_id, output_location_id, hourly_rate)
    VALUES ((catalog.find_site(p_command ->> 'site')).id, p_command ->> 'code', p_command ->> 'name',
        (catalog.find_location(p_command ->> 'supply_location')).id, (catalog.find_location(p_command ->> 'output_location')).id,
        coalesce((p_command ->> 'hourly_rate')::numeric, 0))
    ON CONFLICT (code) DO UPDATE
    SET site_id = EXCLUDED.site_id,
        name = EXCLUDED.name,
        supply_location_id = EXCLUDED.supply_location_id,
        output_location_id = EXCLUDED.output_location_id,
        hourly_rate = EXCLUDED.hourly_rate
    RETURNING w.id INTO v_work_center_id;

    IF EXISTS (
        SELECT 1
        FROM catalog.work_center AS w
        JOIN catalog.location AS l ON l.id IN (w.supply_location_id, w.output_location_id)
        WHERE w.id = v_work_center_id
          AND (l.site_id <> w.site_id OR NOT l.is_physical)
    ) THEN
        RAISE EXCEPTION 'work center % needs physical locations of its own site', p_command ->> 'code'
            USING ERRCODE = 'MR119',
                  DETAIL = jsonb_build_object('work_center', p_command ->> 'code', 'site', p_command ->> 'site')::text,
                  HINT = 'Name storage locations of the site.';
    END IF;

    PERFORM event.publish('work_center.saved', v_work_center_id, jsonb_build_object('work_center', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_work_center(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_work_center(jsonb, jsonb) IS
    'Makes a work center, or replaces what is known of the one of that code. Raises MR107 and MR102 for unknown codes, MR119 when a location is virtual or of another site, MR114 when its site would change.';

-- functions/costing/advance.sql as it was.
CREATE OR REPLACE FUNCTION costing.advance(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $function$
DECLARE
    -- Large enough to write set-based, small enough to stay in memory.
    c_batch CONSTANT integer := 5000;
    v_position bigint;
    v_head bigint;
    v_to bigint;
    v_event record;
    v_lines costing.movement_line[];
    v_taken integer;
    v_total integer := 0;
BEGIN
    -- The lock on the cursor is the queue: a second costing waits here and goes on where the first one ended.
    SELECT c.position INTO STRICT v_position FROM event.consumer AS c WHERE c.name = 'costing' FOR UPDATE;
    SELECT h.position INTO STRICT v_head FROM event.log_head AS h;
    IF v_position = v_head THEN
        RETURN 0;
    END IF;

    WHILE v_total < p_limit LOOP
        v_taken := 0;
        FOR v_event IN
            SELECT l.position, jsonb_array_length(l.payload -> 'movements') AS movements,
                l.payload @? '$.movements[*].type ? (@ == "reversal" || @ == "material_return" || @ == "customer_return" || @ == "supplier_return")' AS looks_back
            FROM event.log AS l
            WHERE l.position > v_position AND l.position <= v_head AND l.topic = 'movement.posted'
            ORDER BY l.position
        LOOP
            -- What looks back starts a batch of its own, so that what it looks for is written already.
            EXIT WHEN v_taken > 0 AND (v_event.looks_back OR v_taken + v_event.movements > least(c_batch, p_limit - v_total));
            v_taken := v_taken + v_event.movements;
            v_to := v_event.position;
        END LOOP;
        IF v_taken = 0 THEN
            v_position := v_head;
            EXIT;
        END IF;
        v_lines := costing.read_movements(v_position, v_to);
        IF coalesce(cardinality(v_lines), 0) <> v_taken THEN
            RAISE EXCEPTION 'the ledger holds % of the % movements that the feed tells of up to position %',
                coalesce(cardinality(v_lines), 0), v_taken, v_to
                USING ERRCODE = 'MR601',
                      DETAIL = jsonb_build_object('after', v_position, 'to', v_to)::text,
                      HINT = 'Attach the partition of inventory.movement that was taken away, then run costing again.';
        END IF;
        PERFORM costing.cost_movements(v_lines);
        v_position := v_to;
        v_total := v_total + v_taken;
    END LOOP;

    UPDATE event.consumer AS c
    SET position = v_position,
        moved_at = clock_timestamp()
    WHERE c.name = 'costing';
    RETURN v_total;
END;
$function$;

COMMENT ON FUNCTION costing.advance(integer) IS
    'Costs the next movements of the feed, about p_limit of them (whole postings, at least one), and moves the cursor of consumer costing in the same transaction. Says how many movements it read; 0: nothing is left. Two at once are safe: the second waits. Never raises for what a posting contains; MR601 when a movement of the feed is missing in the ledger.';

-- functions/costing/cost_movements.sql as it was.
CREATE OR REPLACE FUNCTION costing.cost_movements(
    p_lines costing.movement_line[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
DECLARE
    l costing.movement_line;
    i integer;
    w integer;
    -- Items of the batch by item_rank.
    v_items bigint[];
    v_methods catalog.costing_method[];
    v_quantities numeric[];
    v_values numeric[];
    v_last_costs numeric[];
    v_first_layers bigint[];
    v_last_layers bigint[];
    -- The layer that is being used up; written back when it is empty or at the end.
    v_heads bigint[];
    v_head_quantities numeric[];
    v_head_values numeric[];
    -- Work orders of the batch by work_order_rank.
    v_work_orders bigint[];
    v_materials numeric[];
    v_labours numeric[];
    v_absorbed numeric[];
    v_direct numeric[];
    v_pooled numeric[];
    v_reported numeric[];
    -- What is found out, by the place of the line, to be written at once.
    v_cost_values numeric[];
    v_cost_variances numeric[];
    v_cost_sources costing.cost_source[];
    v_ordinal integer := 0;
    v_report_id bigint := 0;
    v_labour numeric;
    v_original numeric;
    v_original_quantity numeric;
    v_cost numeric;
    v_source costing.cost_source;
    v_variance numeric;
    v_part numeric;
    v_left numeric;
    v_share numeric;
    v_layer costing.layer;
BEGIN
    IF p_lines IS NULL THEN
        RETURN;
    END IF;

    -- 1. State of every item and work order of the batch.
    INSERT INTO costing.item_stock (item_id, method)
    SELECT t.item_id, c.costing_method
    FROM (SELECT DISTINCT x.item_id FROM unnest(p_lines) AS x) AS t
    JOIN catalog.item AS c ON c.id = t.item_id
    WHERE NOT EXISTS (SELECT 1 FROM costing.item_stock AS s WHERE s.item_id = t.item_id);
    SELECT array_agg(s.item_id ORDER BY s.item_id), array_agg(s.method ORDER BY s.item_id), array_agg(s.quantity ORDER BY s.item_id),
        array_agg(s.value ORDER BY s.item_id), array_agg(s.last_unit_cost ORDER BY s.item_id),
        array_agg(s.first_layer ORDER BY s.item_id), array_agg(s.last_layer ORDER BY s.item_id),
        array_agg(NULL::bigint), array_agg(NULL::numeric), array_agg(NULL::numeric)
    INTO v_items, v_methods, v_quantities, v_values, v_last_costs, v_first_layers, v_last_layers, v_heads, v_head_quantities, v_head_values
    FROM (SELECT DISTINCT x.item_id FROM unnest(p_lines) AS x) AS t
    JOIN costing.item_stock AS s ON s.item_id = t.item_id;

    INSERT INTO costing.work_order_cost (work_order_id)
    SELECT t.work_order_id
    FROM (SELECT DISTINCT x.work_order_id FROM unnest(p_lines) AS x WHERE x.work_order_id IS NOT NULL) AS t
    WHERE NOT EXISTS (SELECT 1 FROM costing.work_order_cost AS c WHERE c.work_order_id = t.work_order_id);
    SELECT array_agg(c.work_order_id ORDER BY c.work_order_id), array_agg(c.material_value ORDER BY c.work_order_id),
        array_agg(c.labour_value ORDER BY c.work_order_id), array_agg(c.absorbed_value ORDER BY c.work_order_id),
        array_agg(c.direct_value ORDER BY c.work_order_id), array_agg(c.pooled_value ORDER BY c.work_order_id),
        array_agg(c.reported_quantity ORDER BY c.work_order_id)
    INTO v_work_orders, v_materials, v_labours, v_absorbed, v_direct, v_pooled, v_reported
    FROM (SELECT DISTINCT x.work_order_id FROM unnest(p_lines) AS x WHERE x.work_order_id IS NOT NULL) AS t
    JOIN costing.work_order_cost AS c ON c.work_order_id = t.work_order_id;

    -- Filled, so that they begin at 1 whatever line is costed first.
    v_cost_values := array_fill(NULL::numeric, ARRAY[cardinality(p_lines)]);
    v_cost_variances := v_cost_values;
    v_cost_sources := array_fill(NULL::costing.cost_source, ARRAY[cardinality(p_lines)]);

    -- 2. One movement after the other, in the order of the feed.
    FOREACH l IN ARRAY p_lines LOOP
        v_ordinal := v_ordinal + 1;
        i := l.item_rank;
        w := l.work_order_rank;
        v_variance := 0;
        v_original := NULL;

        -- 2a. Time of the report, taken back once with it. Reports that moved nothing are seen with the next that did.
        IF l.report_id <> v_report_id THEN
            v_report_id := l.report_id;
            IF l.original_type IS NULL THEN
                WITH added AS (
                    INSERT INTO costing.labour_cost (production_report_id, is_reversal, work_order_id, value)
                    SELECT r.id, false, r.work_order_id, round(r.duration_minutes * c.hourly_rate / 60, 4)
                    FROM production.production_report AS r
                    LEFT JOIN production.work_order_operation AS o ON o.id = r.work_order_operation_id
                    LEFT JOIN production.work_order AS p ON p.id = r.work_order_id
                    LEFT JOIN catalog.work_center AS c ON c.id = coalesce(r.work_center_id, o.work_center_id, p.work_center_id)
                    WHERE r.work_order_id = l.work_order_id AND r.id <= l.report_id AND (r.id = l.report_id OR NOT r.is_reversed)
                      AND r.duration_minutes > 0 AND c.hourly_rate > 0
                      AND NOT EXISTS (SELECT 1 FROM costing.labour_cost AS x WHERE x.production_report_id = r.id AND NOT x.is_reversal)
                    UNION ALL
                    SELECT x.production_report_id, true, x.work_order_id, -x.value
                    FROM costing.labour_cost AS x
                    JOIN production.production_report AS r ON r.id = x.production_report_id
                    WHERE x.work_order_id = l.work_order_id AND NOT x.is_reversal AND r.is_reversed AND NOT r.moves_stock
                      AND NOT EXISTS (SELECT 1 FROM costing.labour_cost AS y WHERE y.production_report_id = r.id AND y.is_reversal)
                    RETURNING value
                )
                SELECT sum(a.value) INTO v_labour FROM added AS a;
                IF v_labour IS NOT NULL THEN
                    v_labours[w] := v_labours[w] + v_labour;
                    v_direct[w] := v_direct[w] + v_labour;
                END IF;
            ELSE
                WITH added AS (
                    INSERT INTO costing.labour_cost (production_report_id, is_reversal, work_order_id, value)
                    SELECT x.production_report_id, true, x.work_order_id, -x.value
                    FROM costing.labour_cost AS x
                    WHERE x.production_report_id = l.report_id AND NOT x.is_reversal
                    ON CONFLICT ON CONSTRAINT labour_cost_pkey DO NOTHING
                    RETURNING value
                )
                SELECT sum(a.value) INTO v_labour FROM added AS a;
                IF v_labour IS NOT NULL THEN
                    v_labours[w] := v_labours[w] + v_labour;
                    v_part := least(greatest(v_direct[w], 0), -v_labour);
                    v_direct[w] := v_direct[w] - v_part;
                    v_pooled[w] := v_pooled[w] + v_labour + v_part;
                END IF;
            END IF;
        END IF;

        IF l.direction = 0 THEN
            IF w IS NOT NULL AND l.reported_quantity <> 0 THEN
                v_reported[w] := v_reported[w] + l.reported_quantity;
            END IF;
            CONTINUE;
        END IF;

        -- 2b. What the original was worth, for this quantity of it.
        IF l.original_ids IS NOT NULL OR l.movement_type = 'material_return' THEN
            IF l.original_ids IS NOT NULL THEN
                SELECT sum(c.value + c.variance), sum(c.quantity) INTO v_original, v_original_quantity
                FROM costing.movement_cost AS c
                WHERE c.movement_id = ANY (l.original_ids);
            ELSE
                -- A return names the order and not the issue: what is still out there has one cost on average.
                SELECT sum(c.value + c.variance), sum(c.quantity) INTO v_original, v_original_quantity
                FROM costing.movement_cost AS c
                WHERE c.work_order_id = l.work_order_id AND c.item_id = l.item_id AND c.movement_type <> 'production';
            END IF;
            IF v_original_quantity * l.direction < 0 AND v_original * l.direction <= 0 THEN
                v_original := round(abs(v_original) * l.quantity / abs(v_original_quantity), 4);
            ELSE
                v_original := NULL;
            END IF;
        END IF;

        IF l.direction > 0 THEN
            -- 2c. Into stock.
            IF v_original IS NOT NULL THEN
                v_cost := v_original;
                v_source := 'original';
            ELSIF l.movement_type = 'production' AND w IS NOT NULL THEN
                -- All of what the reports consumed, by the share of this line in its report; of what was issued for
                -- the whole order the share of the quantity that is still to be made.
                v_part := CASE
                    WHEN l.open_quantity > l.quantity THEN round(v_direct[w] * l.quantity / l.open_quantity, 4)
                    ELSE v_direct[w]
                END;
                v_left := l.planned_quantity - v_reported[w];
                v_share := CASE
                    WHEN l.reported_quantity < v_left THEN round(v_pooled[w] * l.reported_quantity / v_left, 4)
                    ELSE v_pooled[w]
                END;
                v_cost := v_part + v_share;
                v_source := 'work_order';
                IF v_cost >= 0 THEN
                    v_direct[w] := v_direct[w] - v_part;
                    v_pooled[w] := v_pooled[w] - v_share;
                ELSE
                    v_cost := 0;
                END IF;
                v_absorbed[w] := v_absorbed[w] + v_cost;
            ELSIF l.purchase_value IS NOT NULL THEN
                v_cost := l.purchase_value;
                v_source := 'purchase_price';
            ELSIF v_quantities[i] > 0 AND l.movement_type <> 'receipt' THEN
                v_cost := round(v_values[i] * l.quantity / v_quantities[i], 4);
                v_source := 'average';
            ELSIF l.standard_cost IS NOT NULL THEN
                v_cost := round(l.standard_cost * l.quantity, 4);
                v_source := 'standard_cost';
            ELSIF v_last_costs[i] IS NOT NULL THEN
                v_cost := round(v_last_costs[i] * l.quantity, 4);
                v_source := 'last_cost';
            ELSE
                v_cost := 0;
                v_source := 'unknown';
            END IF;

            -- 2d. What work in process gets or gives by it.
            IF l.movement_type = 'material_return' AND w IS NOT NULL THEN
                v_materials[w] := v_materials[w] - v_cost;
                v_pooled[w] := v_pooled[w] - v_cost;
            ELSIF l.original_type = 'issue' AND w IS NOT NULL THEN
                v_materials[w] := v_materials[w] - v_cost;
                v_part := CASE WHEN l.report_id IS NULL THEN 0 ELSE least(greatest(v_direct[w], 0), v_cost) END;
                v_direct[w] := v_direct[w] - v_part;
                v_pooled[w] := v_pooled[w] - (v_cost - v_part);
            END IF;

            -- 2e. Stock. What another line of the same posting took before it came has no value left: a variance.
            v_left := l.quantity;
            v_last_costs[i] := round(v_cost / l.quantity, 6);
            IF v_quantities[i] < 0 THEN
                v_left := greatest(l.quantity + v_quantities[i], 0);
                v_variance := v_cost - round(v_cost * v_left / l.quantity, 4);
                v_cost := v_cost - v_variance;
            END IF;
            v_quantities[i] := v_quantities[i] + l.quantity;
            v_values[i] := v_values[i] + v_cost;
            IF v_left > 0 AND v_methods[i] = 'fifo' THEN
                v_last_layers[i] := v_last_layers[i] + 1;
                INSERT INTO costing.layer (item_id, number, movement_id, quantity, value, remaining_quantity, remaining_value)
                VALUES (l.item_id, v_last_layers[i], l.movement_id, v_left, v_cost, v_left, v_cost);
            END IF;
        ELSE
            -- 2f. Out of stock.
            v_left := least(l.quantity, greatest(v_quantities[i], 0));
            v_cost := 0;
            IF v_methods[i] = 'fifo' THEN
                v_source := 'layers';
                IF v_original IS NOT NULL AND v_left > 0 THEN
                    -- The layer of the reversed inflow first, as far as it is there.
                    IF v_heads[i] IS NOT NULL THEN
                        UPDATE costing.layer AS y
                        SET remaining_quantity = v_head_quantities[i],
                            remaining_value = v_head_values[i]
                        WHERE y.item_id = l.item_id AND y.number = v_heads[i];
                        v_heads[i] := NULL;
                    END IF;
                    UPDATE costing.layer AS y
                    SET remaining_quantity = y.remaining_quantity - least(y.remaining_quantity, v_left),
                        remaining_value = CASE
                            WHEN y.remaining_quantity > v_left
                                THEN y.remaining_value - round(y.remaining_value * v_left / y.remaining_quantity, 4)
                            ELSE 0
                        END
                    FROM costing.layer AS o
                    WHERE y.movement_id = ANY (l.original_ids) AND y.item_id = l.item_id AND y.remaining_quantity > 0
                      AND o.item_id = y.item_id AND o.number = y.number
                    RETURNING o.remaining_value - y.remaining_value, o.remaining_quantity - y.remaining_quantity
                    INTO v_part, v_share;
                    IF FOUND THEN
                        v_cost := v_part;
                        v_left := v_left - v_share;
                        v_source := 'original';
                    END IF;
                END IF;
                WHILE v_left > 0 LOOP
                    IF v_heads[i] IS NULL THEN
                        SELECT y.item_id, y.number, y.movement_id, y.quantity, y.value, y.remaining_quantity, y.remaining_value
                        INTO STRICT v_layer
                        FROM costing.layer AS y
                        WHERE y.item_id = l.item_id AND y.number >= v_first_layers[i] AND y.remaining_quantity > 0
                        ORDER BY y.number
                        LIMIT 1;
                        v_heads[i] := v_layer.number;
                        v_head_quantities[i] := v_layer.remaining_quantity;
                        v_head_values[i] := v_layer.remaining_value;
                        v_first_layers[i] := v_layer.number;
                    END IF;
                    IF v_left < v_head_quantities[i] THEN
                        v_part := round(v_head_values[i] * v_left / v_head_quantities[i], 4);
                        v_head_quantities[i] := v_head_quantities[i] - v_left;
                        v_head_values[i] := v_head_values[i] - v_part;
                        v_cost := v_cost + v_part;
                        v_left := 0;
                    ELSE
                        v_cost := v_cost + v_head_values[i];
                        v_left := v_left - v_head_quantities[i];
                        UPDATE costing.layer AS y
                        SET remaining_quantity = 0,
                            remaining_value = 0
                        WHERE y.item_id = l.item_id AND y.number = v_heads[i];
                        v_first_layers[i] := v_heads[i] + 1;
                        v_heads[i] := NULL;
                    END IF;
                END LOOP;
            ELSIF v_left = v_quantities[i] THEN
                -- The last unit takes whatever is left, so that nothing stays behind an empty shelf.
                v_cost := v_values[i];
                v_source := 'average';
            ELSIF v_original <= v_values[i] AND v_left > 0 THEN
                v_cost := v_original;
                v_source := 'original';
            ELSIF v_left > 0 THEN
                v_cost := round(v_values[i] * v_left / v_quantities[i], 4);
                v_source := 'average';
            ELSE
                v_source := 'unknown';
            END IF;
            IF v_original IS NOT NULL THEN
                v_variance := v_cost - v_original;
            END IF;
            v_quantities[i] := v_quantities[i] - l.quantity;
            v_values[i] := v_values[i] - v_cost;
            IF v_cost > 0 THEN
                v_last_costs[i] := round(v_cost / l.quantity, 6);
            END IF;

            -- 2g. What work in process gets: of a reversal the whole of the original, its variance included.
            v_part := coalesce(v_original, v_cost);
            IF w IS NOT NULL THEN
                IF l.movement_type = 'issue' THEN
                    v_materials[w] := v_materials[w] + v_cost;
                    IF l.report_id IS NULL THEN
                        v_pooled[w] := v_pooled[w] + v_cost;
                    ELSE
                        v_direct[w] := v_direct[w] + v_cost;
                    END IF;
                ELSIF l.original_type = 'material_return' THEN
                    v_materials[w] := v_materials[w] + v_part;
                    v_pooled[w] := v_pooled[w] + v_part;
                ELSIF l.original_type = 'production' THEN
                    v_absorbed[w] := v_absorbed[w] - v_part;
                    v_pooled[w] := v_pooled[w] + v_part;
                END IF;
            END IF;
            v_cost := -v_cost;
        END IF;

        IF w IS NOT NULL AND l.reported_quantity <> 0 THEN
            v_reported[w] := v_reported[w] + l.reported_quantity;
        END IF;
        v_cost_values[v_ordinal] := v_cost;
        v_cost_variances[v_ordinal] := v_variance;
        v_cost_sources[v_ordinal] := v_source;
    END LOOP;

    -- 3. Write.
    INSERT INTO costing.movement_cost (movement_id, position, item_id, movement_type, source, quantity, value, variance, currency, work_order_id)
    SELECT x.movement_id, x.position, x.item_id, x.movement_type, x.source, x.quantity * x.direction, x.value, x.variance, x.currency,
        x.work_order_id
    FROM ROWS FROM (unnest(p_lines), unnest(v_cost_values), unnest(v_cost_variances), unnest(v_cost_sources))
        AS x (movement_id, position, movement_type, item_id, item_rank, direction, quantity, currency, standard_cost, purchase_value,
            original_type, original_ids, report_id, work_order_id, work_order_rank, planned_quantity, open_quantity, reported_quantity,
            value, variance, source)
    WHERE x.value IS NOT NULL;

    UPDATE costing.layer AS y
    SET remaining_quantity = h.remaining_quantity,
        remaining_value = h.remaining_value
    FROM unnest(v_items, v_heads, v_head_quantities, v_head_values) AS h (item_id, number, remaining_quantity, remaining_value)
    WHERE y.item_id = h.item_id AND y.number = h.number;

    UPDATE costing.item_stock AS s
    SET quantity = t.quantity,
        value = t.value,
        last_unit_cost = t.last_unit_cost,
        first_layer = t.first_layer,
        last_layer = t.last_layer
    FROM unnest(v_items, v_quantities, v_values, v_last_costs, v_first_layers, v_last_layers)
        AS t (item_id, quantity, value, last_unit_cost, first_layer, last_layer)
    WHERE s.item_id = t.item_id;

    UPDATE costing.work_order_cost AS c
    SET material_value = t.material_value,
        labour_value = t.labour_value,
        absorbed_value = t.absorbed_value,
        direct_value = t.direct_value,
        pooled_value = t.pooled_value,
        reported_quantity = t.reported_quantity
    FROM unnest(v_work_orders, v_materials, v_labours, v_absorbed, v_direct, v_pooled, v_reported)
        AS t (work_order_id, material_value, labour_value, absorbed_value, direct_value, pooled_value, reported_quantity)
    WHERE c.work_order_id = t.work_order_id;
END;
$function$;

COMMENT ON FUNCTION costing.cost_movements(costing.movement_line[]) IS
    'Gives each of the movements its cost, in the order given, and writes stock value, layers and work in process. Called by costing.advance alone, which holds the lock. Rules: docs/adr, costing.';

-- functions/costing/get_item_cost.sql as it was.
CREATE OR REPLACE FUNCTION costing.get_item_cost(
    p_item text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'item', i.number,
        'name', i.name,
        'unit', u.code,
        'method', coalesce(s.method, i.costing_method),
        'quantity', trim_scale(coalesce(s.quantity, 0))::text,
        'value', trim_scale(coalesce(s.value, 0))::text,
        'average_cost', CASE WHEN s.quantity > 0 THEN trim_scale(round(s.value / s.quantity, 6))::text END,
        'last_cost', trim_scale(s.last_unit_cost)::text,
        'standard_cost', trim_scale(i.standard_cost)::text,
        'layers', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'number', l.number,
                'movement', l.movement_id::text,
                'quantity', trim_scale(l.quantity)::text,
                'value', trim_scale(l.value)::text,
                'remaining_quantity', trim_scale(l.remaining_quantity)::text,
                'remaining_value', trim_scale(l.remaining_value)::text,
                'unit_cost', trim_scale(round(l.value / l.quantity, 6))::text) ORDER BY l.number)
            FROM (
                SELECT y.number, y.movement_id, y.quantity, y.value, y.remaining_quantity, y.remaining_value
                FROM costing.layer AS y
                WHERE y.item_id = i.id AND y.number >= s.first_layer AND y.remaining_quantity > 0
                ORDER BY y.number
                LIMIT 1000
            ) AS l), '[]'::jsonb))
    FROM catalog.item AS i
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN costing.item_stock AS s ON s.item_id = i.id
    WHERE i.number = p_item;
$function$;

COMMENT ON FUNCTION costing.get_item_cost(text) IS
    'What the stock of an item is worth, up to the movement that costing has come to; null when there is no such item. Of FIFO items the open layers, oldest first, at most 1000.';

-- functions/costing/get_work_order_cost.sql as it was.
CREATE OR REPLACE FUNCTION costing.get_work_order_cost(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'work_order', w.number,
        'item', i.number,
        'currency', s.currency,
        'quantity', trim_scale(w.quantity)::text,
        'reported_quantity', trim_scale(coalesce(c.reported_quantity, 0))::text,
        'material_value', trim_scale(coalesce(c.material_value, 0))::text,
        'labour_value', trim_scale(coalesce(c.labour_value, 0))::text,
        'absorbed_value', trim_scale(coalesce(c.absorbed_value, 0))::text,
        'work_in_process', trim_scale(coalesce(c.direct_value + c.pooled_value, 0))::text,
        'unit_cost', trim_scale(g.unit_cost)::text,
        'materials', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'item', m.number,
                'unit', m.unit,
                'quantity', trim_scale(m.quantity)::text,
                'value', trim_scale(m.value)::text) ORDER BY m.number)
            FROM (
                SELECT mi.number, mu.code AS unit, -sum(x.quantity) AS quantity, -sum(x.value + x.variance) AS value
                FROM costing.movement_cost AS x
                JOIN catalog.item AS mi ON mi.id = x.item_id
                JOIN catalog.unit AS mu ON mu.id = mi.base_unit_id
                WHERE x.work_order_id = w.id AND x.item_id <> w.item_id
                GROUP BY mi.number, mu.code
            ) AS m), '[]'::jsonb))
    FROM production.work_order AS w
    JOIN catalog.item AS i ON i.id = w.item_id
    JOIN catalog.site AS s ON s.id = w.site_id
    LEFT JOIN costing.work_order_cost AS c ON c.work_order_id = w.id
    LEFT JOIN LATERAL (
        SELECT round(sum(x.value + x.variance) / nullif(sum(x.quantity), 0), 6) AS unit_cost
        FROM costing.movement_cost AS x
        WHERE x.work_order_id = w.id AND x.item_id = w.item_id
    ) AS g ON true
    WHERE w.number = p_number;
$function$;

COMMENT ON FUNCTION costing.get_work_order_cost(text) IS
    'What went into a work order, what its goods took along and what is left, up to the movement that costing has come to; null when there is no such order.';

-- functions/costing/list_valuation.sql as it was.
CREATE OR REPLACE FUNCTION costing.list_valuation(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT i.number, i.name, u.code AS unit, s.method, s.quantity, s.value,
            row_number() OVER (ORDER BY i.number) AS place
        FROM catalog.item AS i
        JOIN costing.item_stock AS s ON s.item_id = i.id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        WHERE i.number > coalesce(p_after, '')
        ORDER BY i.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'item', p.number,
            'name', p.name,
            'unit', p.unit,
            'method', p.method,
            'quantity', trim_scale(p.quantity)::text,
            'value', trim_scale(p.value)::text,
            'average_cost', CASE WHEN p.quantity > 0 THEN trim_scale(round(p.value / p.quantity, 6))::text END) ORDER BY p.number)
            FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.number) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION costing.list_valuation(text, integer) IS
    'Stock value of every costed item by item number, page by page.';

-- functions/costing/oldest_movement_needed.sql as it was.
CREATE OR REPLACE FUNCTION costing.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT m.posted_at - interval '1 hour'
    FROM inventory.movement AS m
    WHERE m.id = (SELECT min(l.movement_id) FROM costing.layer AS l WHERE l.remaining_quantity > 0);
$function$;

COMMENT ON FUNCTION costing.oldest_movement_needed() IS
    'An hour before the posting of the oldest movement that a cost layer with stock in it came from; null when there is none. The hour is for postings that drew their ids in another order than their times.';

-- functions/costing/read_movements.sql as it was.
CREATE OR REPLACE FUNCTION costing.read_movements(
    p_after bigint,
    p_to bigint
) RETURNS costing.movement_line[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
DECLARE
    v_lines costing.movement_line[];
BEGIN
    WITH told AS MATERIALIZED (
        SELECT l.position, e.ordinal, (e.movement ->> 'id')::bigint AS movement_id, (l.payload ->> 'posted_at')::timestamptz AS posted_at
        FROM event.log AS l
        CROSS JOIN LATERAL jsonb_array_elements(l.payload -> 'movements') WITH ORDINALITY AS e (movement, ordinal)
        WHERE l.position > p_after AND l.position <= p_to AND l.topic = 'movement.posted'
    ), line AS MATERIALIZED (
        SELECT t.position, t.ordinal, m.id, m.movement_type, m.item_id, m.quantity, m.document_line_id,
            -- What is relabelled comes back in the same posting as another lot of the item: stock and value stay as they are.
            CASE WHEN m.movement_type = 'relabel' OR m.quantity = 0 THEN 0 WHEN g.is_physical AND NOT f.is_physical THEN 1 WHEN f.is_physical AND NOT g.is_physical THEN -1 ELSE 0 END AS direction,
            f.kind AS from_kind, s.currency, i.standard_cost, m.reverses_movement_id, o.movement_type AS original_type,
            coalesce(o.document_type, m.document_type) AS document_type, coalesce(o.document_id, m.document_id) AS document_id
        FROM told AS t
        JOIN inventory.movement AS m ON m.id = t.movement_id AND m.posted_at = t.posted_at
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS g ON g.id = m.to_location_id
        JOIN catalog.site AS s ON s.id = g.site_id
        JOIN catalog.item AS i ON i.id = m.item_id
        LEFT JOIN LATERAL (
            SELECT r.movement_type, r.document_type, r.document_id
            FROM inventory.movement AS r
            WHERE m.reverses_movement_id IS NOT NULL AND r.id = m.reverses_movement_id
        ) AS o ON true
    ), work AS MATERIALIZED (
        SELECT l.position, l.ordinal, l.id, l.movement_type, l.item_id, l.quantity, l.direction, l.currency, l.standard_cost,
            l.original_type, pr.id AS report_id, w.id AS work_order_id, w.quantity AS planned_quantity,
            CASE WHEN l.item_id = w.item_id AND (l.movement_type = 'production' OR l.original_type = 'production') THEN l.quantity END AS good_quantity,
            CASE
                WHEN l.item_id = w.item_id AND l.direction = 0 AND (l.movement_type = 'scrap' OR l.original_type = 'scrap') THEN l.quantity
            END AS scrap_quantity,
            CASE
                WHEN l.reverses_movement_id IS NOT NULL THEN ARRAY[l.reverses_movement_id]
                WHEN rl.id IS NOT NULL THEN ARRAY[sl.movement_id]
                WHEN sr.id IS NOT NULL THEN ARRAY[sr.movement_id]
            END AS original_ids,
            p.value AS purchase_value
        FROM line AS l
        LEFT JOIN production.material_issue AS mi ON l.document_type = 'material_issue' AND mi.id = l.document_id
        LEFT JOIN production.production_report AS pr ON l.document_type = 'production_report' AND pr.id = l.document_id
        LEFT JOIN production.work_order AS w ON w.id = coalesce(mi.work_order_id, pr.work_order_id)
        LEFT JOIN shipping.customer_return_line AS rl
            ON l.movement_type = 'customer_return' AND l.document_type = 'customer_return' AND rl.id = l.document_line_id
        LEFT JOIN shipping.shipment_line AS sl ON sl.id = rl.shipment_line_id
        LEFT JOIN purchasing.goods_receipt_line AS sr
            ON l.movement_type = 'supplier_return' AND l.document_type = 'supplier_return' AND sr.id = l.document_line_id
        LEFT JOIN LATERAL (
            -- The price is for an ordered unit; quantity over base_quantity is how many of them a base unit is.
            SELECT round(l.quantity * ol.price * ol.quantity / ol.base_quantity, 4) AS value
            FROM purchasing.goods_receipt_line AS gl
            JOIN purchasing.purchase_order_line AS ol ON ol.id = gl.purchase_order_line_id
            JOIN purchasing.purchase_order AS po ON po.id = ol.purchase_order_id
            WHERE l.movement_type = 'receipt' AND l.document_type = 'goods_receipt' AND gl.id = l.document_line_id
              AND po.currency = l.currency
        ) AS p ON true
    ), ranked AS (
        SELECT w.*,
            dense_rank() OVER (ORDER BY w.item_id)::integer AS item_rank,
            dense_rank() OVER (ORDER BY w.work_order_id NULLS LAST)::integer AS work_order_rank,
            sum(w.good_quantity) OVER (PARTITION BY w.position ORDER BY w.ordinal DESC) AS open_quantity,
            sum(w.good_quantity) OVER (PARTITION BY w.position) AS total_good_quantity,
            sum(w.scrap_quantity) OVER (PARTITION BY w.position) AS total_scrap_quantity
        FROM work AS w
    )
    SELECT array_agg(ROW(r.id, r.position, r.movement_type, r.item_id, r.item_rank, r.direction, r.quantity, r.currency, r.standard_cost,
        r.purchase_value, r.original_type, r.original_ids, r.report_id, r.work_order_id,
        CASE WHEN r.work_order_id IS NOT NULL THEN r.work_order_rank END, r.planned_quantity, r.open_quantity,
        CASE
            WHEN r.original_type IS NOT NULL THEN -coalesce(r.good_quantity, r.scrap_quantity, 0)
            -- The first good line of a report brings its scrap along: good parts carry the cost of the bad ones.
            WHEN r.good_quantity IS NOT NULL AND r.open_quantity = r.total_good_quantity
                THEN r.good_quantity + coalesce(r.total_scrap_quantity, 0)
            WHEN r.total_good_quantity IS NOT NULL THEN coalesce(r.good_quantity, 0)
            ELSE coalesce(r.scrap_quantity, 0)
        END)::costing.movement_line ORDER BY r.position, r.ordinal)
    INTO v_lines
    FROM ranked AS r;
    RETURN v_lines;
END;
$function$;

COMMENT ON FUNCTION costing.read_movements(bigint, bigint) IS
    'The movements that the feed tells of after position p_after up to p_to, in its order, with everything that their cost may depend on.';

-- functions/document/describe_file.sql as it was.
CREATE OR REPLACE FUNCTION document.describe_file(
    p_id bigint
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'kind', f.kind,
        'number', f.number,
        'language', f.language,
        'revision', f.revision,
        'media_type', f.media_type,
        'size', octet_length(f.content),
        'sha256', encode(f.sha256, 'hex'),
        'created_at', f.created_at,
        'content', '/v1/documents/' || f.kind || '/' || f.number || '/content')
    FROM document.file AS f
    WHERE f.id = p_id;
$function$;

COMMENT ON FUNCTION document.describe_file(bigint) IS 'A rendered document without its content: what it is, its size and hash, where to get it.';

-- functions/document/get_file.sql as it was.
CREATE OR REPLACE FUNCTION document.get_file(
    p_kind text,
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT document.describe_file(f.id)
    FROM document.file AS f
    WHERE f.kind = p_kind::document.kind
      AND f.number = p_number
    ORDER BY f.id DESC
    LIMIT 1;
$function$;

COMMENT ON FUNCTION document.get_file(text, text) IS 'The newest rendering of a document, without its content; null when there is none.';

-- functions/document/get_source.sql as it was.
CREATE OR REPLACE FUNCTION document.get_source(
    p_kind document.kind,
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_source jsonb;
BEGIN
    CASE p_kind
        WHEN 'delivery_note' THEN
            v_source := shipping.get_shipment(p_number);
            v_source := v_source || jsonb_build_object('language', v_source -> 'customer' ->> 'language');
        WHEN 'invoice', 'credit_note' THEN
            v_source := billing.get_invoice(p_number);
            IF v_source ->> 'kind' <> p_kind::text THEN
                RETURN NULL;
            END IF;
            v_source := v_source || jsonb_build_object(
                'language', coalesce(v_source -> 'buyer' ->> 'language', 'en'),
                'corrects_issued_on', (SELECT i.issued_on FROM billing.invoice AS i WHERE i.number = v_source ->> 'corrects_invoice'),
                'sales_orders', (
                    SELECT jsonb_agg(jsonb_build_object('number', o.number, 'customer_reference', o.customer_reference) ORDER BY o.number)
                    FROM (
                        SELECT DISTINCT l.line ->> 'sales_order' AS number, l.line ->> 'customer_reference' AS customer_reference
                        FROM jsonb_array_elements(v_source -> 'lines') AS l (line)
                    ) AS o));
        WHEN 'handling_unit_label' THEN
            v_source := shipping.get_handling_unit(p_number);
            IF jsonb_typeof(v_source -> 'customer') IS DISTINCT FROM 'object' THEN
                v_source := v_source || '{"customer": null}'::jsonb;
            END IF;
            -- A label names each lot once, in however many boxes it lies, and the day of the site.
            v_source := v_source || jsonb_build_object(
                'language', coalesce(v_source -> 'customer' ->> 'language', 'en'),
                'packed_on', (
                    SELECT (u.packed_at AT TIME ZONE s.time_zone)::date
                    FROM shipping.handling_unit AS u
                    JOIN catalog.site AS s ON s.id = u.site_id
                    WHERE u.sscc = p_number),
                'contents', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'item', c.item, 'item_name', c.item_name, 'gtin', c.gtin, 'lot', c.lot, 'expires_on', c.expires_on,
                        'quantity', trim_scale(c.quantity)::text, 'unit', c.unit) ORDER BY c.item, c.lot), '[]'::jsonb)
                    FROM (
                        SELECT l.line ->> 'item' AS item, l.line ->> 'item_name' AS item_name, l.line ->> 'gtin' AS gtin,
                            l.line ->> 'lot' AS lot, l.line ->> 'expires_on' AS expires_on, l.line ->> 'unit' AS unit,
                            sum((l.line ->> 'quantity')::numeric) AS quantity
                        FROM jsonb_array_elements(v_source -> 'contents') AS l (line)
                        GROUP BY 1, 2, 3, 4, 5, 6
                    ) AS c));
    END CASE;
    RETURN v_source;
END;
$function$;

COMMENT ON FUNCTION document.get_source(document.kind, text) IS
    'Everything that is printed on a document, and the language to print it in, as one JSON document of the room that it comes from; null when there is no such document.';

-- functions/document/list_files.sql as it was.
CREATE OR REPLACE FUNCTION document.list_files(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT f.id, document.describe_file(f.id) AS document,
            row_number() OVER (ORDER BY f.id DESC) AS place
        FROM document.file AS f
        WHERE f.id < CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 9223372036854775807 END
        ORDER BY f.id DESC
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(p.document ORDER BY p.id DESC) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN (min(p.id) FILTER (WHERE p.place <= p_limit))::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION document.list_files(text, integer) IS 'A page of rendered documents without their content, latest first.';

-- functions/document/lock_file.sql as it was.
CREATE OR REPLACE FUNCTION document.lock_file(
    p_kind document.kind,
    p_number text
) RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT pg_advisory_xact_lock(hashtextextended(p_kind::text || ' ' || p_number, 950));
$function$;

COMMENT ON FUNCTION document.lock_file(document.kind, text) IS
    'Makes whoever renders the same document wait until the end of this transaction. Call it before the source is read, so that a later revision is never overtaken by an earlier one.';

-- functions/document/store_file.sql as it was.
CREATE OR REPLACE FUNCTION document.store_file(
    p_kind document.kind,
    p_number text,
    p_language text,
    p_media_type text,
    p_content bytea
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_last document.file;
    v_id bigint;
    v_revision integer;
BEGIN
    SELECT f.* INTO v_last
    FROM document.file AS f
    WHERE f.kind = p_kind AND f.number = p_number AND f.language = p_language
    ORDER BY f.revision DESC
    LIMIT 1;
    -- A document that a partner may have stays as it is; only a label is printed anew.
    IF FOUND AND (p_kind <> 'handling_unit_label' OR v_last.sha256 = sha256(p_content)) THEN
        RETURN false;
    END IF;
    INSERT INTO document.file (kind, number, language, revision, media_type, content, sha256)
    VALUES (p_kind, p_number, p_language, coalesce(v_last.revision, 0) + 1, p_media_type, p_content, sha256(p_content))
    RETURNING id, revision INTO v_id, v_revision;
    PERFORM event.publish('document.rendered', v_id, jsonb_build_object(
        'kind', p_kind, 'number', p_number, 'language', p_language, 'revision', v_revision));
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION document.store_file(document.kind, text, text, text, bytea) IS
    'Stores a rendered document with its hash and publishes document.rendered; says whether it was new. A document that is there already stays as it is, except that a label whose unit changed gets another revision.';

-- functions/event/advance_log.sql as it was.
CREATE OR REPLACE FUNCTION event.advance_log(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_head bigint;
    v_count integer;
BEGIN
    -- The row lock makes a second sequencer wait, so numbers stay gap-free even if two run.
    SELECT h.position INTO STRICT v_head FROM event.log_head AS h FOR UPDATE;

    -- The lowest ordinals first: of two events that depend on each other the limit must not take the later alone.
    WITH taken AS (
        DELETE FROM event.inbox AS i
        WHERE i.ctid = ANY (ARRAY(SELECT c.ctid FROM event.inbox AS c ORDER BY c.ordinal LIMIT p_limit))
        RETURNING i.topic, i.subject_id, i.payload, i.request_key, i.ordinal, i.recorded_at
    ), numbered AS (
        INSERT INTO event.log (position, topic, subject_id, payload, request_key, recorded_at)
        SELECT v_head + row_number() OVER (ORDER BY t.ordinal), t.topic, t.subject_id, t.payload, t.request_key, t.recorded_at
        FROM taken AS t
        RETURNING 1
    )
    SELECT count(*) INTO v_count FROM numbered;

    IF v_count > 0 THEN
        UPDATE event.log_head AS h SET position = v_head + v_count;
    END IF;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION event.advance_log(integer) IS
    'The sequencer: moves up to p_limit committed events from the outbox to the feed under gap-free numbers, and says how many. An event that depends on another (same balance, same document) has the higher ordinal and is never numbered before it.';

-- functions/event/begin_request.sql as it was.
CREATE OR REPLACE FUNCTION event.begin_request(
    p_operation text,
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key uuid := (p_context ->> 'key')::uuid;
    v_fingerprint bytea := event.fingerprint(p_operation, p_command);
    v_stored event.request;
BEGIN
    PERFORM set_config('millrace.actor', coalesce(p_context ->> 'actor', ''), true),
        set_config('millrace.device', coalesce(p_context ->> 'device', ''), true),
        set_config('millrace.request_key', coalesce(p_context ->> 'key', ''), true),
        set_config('millrace.request_id', coalesce(p_context ->> 'request_id', ''), true);

    -- The same key twice at once: the second is told to come back instead of holding a connection.
    IF NOT pg_try_advisory_xact_lock(hashtextextended(v_key::text, 903)) THEN
        RAISE EXCEPTION 'the same request is still running'
            USING ERRCODE = 'MR903',
                  DETAIL = jsonb_build_object('key', v_key)::text,
                  HINT = 'Ask again in a second: the stored answer will be given.';
    END IF;

    SELECT r.* INTO v_stored FROM event.request AS r WHERE r.key = v_key;
    IF NOT FOUND THEN
        INSERT INTO event.request (key, fingerprint, operation, status, actor, device, request_id, recorded_at)
        VALUES (v_key, v_fingerprint, p_operation, 0, coalesce(p_context ->> 'actor', session_user),
            p_context ->> 'device', p_context ->> 'request_id', clock_timestamp());
        RETURN ROW(0, NULL, false)::event.answer;
    END IF;

    IF v_stored.fingerprint <> v_fingerprint THEN
        RAISE EXCEPTION 'this key was used for another request'
            USING ERRCODE = 'MR902',
                  DETAIL = jsonb_build_object('key', v_key, 'operation', v_stored.operation)::text,
                  HINT = 'Send every new request under a new key.';
    END IF;
    RETURN ROW(v_stored.status, v_stored.body, true)::event.answer;
END;
$function$;

COMMENT ON FUNCTION event.begin_request(text, jsonb, jsonb) IS
    'First call of every command. Claims the idempotency key and names the actor for the audit; answers is_replayed = true with the stored answer when the key was answered before. Raises MR902 when the key was used for another request, MR903 while the first one runs.';

-- functions/event/describe_refusal.sql as it was.
CREATE OR REPLACE FUNCTION event.describe_refusal(
    p_context jsonb,
    p_problems jsonb,
    p_code text,
    p_message text,
    p_detail text,
    p_hint text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN jsonb_strip_nulls((p_problems -> p_code) || jsonb_build_object(
        'code', p_code, 'detail', p_message, 'hint', nullif(p_hint, ''),
        'request_id', p_context ->> 'request_id')) || jsonb_build_object('details', coalesce(nullif(p_detail, ''), '{}')::jsonb);
END;
$function$;

COMMENT ON FUNCTION event.describe_refusal(jsonb, jsonb, text, text, text, text) IS
    'The problem document (RFC 9457) of a refusal inside a batch, where no exception may leave: the kind of problem from p_problems (SQLSTATE to type, title, status), the rest as raised. Null for a code that p_problems does not name.';

-- functions/event/ensure_partitions.sql as it was.
CREATE OR REPLACE FUNCTION event.ensure_partitions(
    p_months_ahead integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '200ms'
AS $function$
DECLARE
    -- Positions of the feed per partition.
    c_positions CONSTANT bigint := 50000000;
    v_parent text;
    v_time text;
    v_first timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
    v_month timestamp;
    v_name text;
    v_range text;
    v_referred text;
    v_months timestamp[];
    v_wanting text[];
    v_is_wanting boolean;
    v_part bigint;
    v_created integer := 0;
BEGIN
    -- One at a time: a second one finds everything made.
    PERFORM pg_advisory_xact_lock(904, 0);

    -- Which of the two lack a month, of the UTC calendar whatever the time zone of the session, or have rows in their default
    -- partition because nobody had made theirs in time.
    FOREACH v_parent IN ARRAY ARRAY['inventory.movement', 'audit.entry'] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s_default)', v_parent) INTO v_is_wanting;
        IF v_is_wanting OR EXISTS (
            SELECT FROM generate_series(v_first, v_first + make_interval(months => p_months_ahead), interval '1 month') AS g
            WHERE to_regclass(v_parent || '_' || to_char(g, 'YYYY_MM')) IS NULL) THEN
            v_wanting := v_wanting || v_parent;
        END IF;
    END LOOP;

    -- Attaching waits for nobody who posts into another partition; PARTITION OF would. It needs the tables referred to and the
    -- default partitions. A posting may come from the ledger to the audit or from the audit to the ledger, so there is no order
    -- that is right: all are locked before anything is made, each soon or none, and given back together before a posting can be
    -- taken for the other half of a deadlock.
    FOR v_attempt IN 1..50 LOOP
        EXIT WHEN v_wanting IS NULL;
        BEGIN
            FOR v_referred IN
                SELECT DISTINCT k.confrelid::regclass::text
                FROM pg_constraint AS k
                WHERE k.contype = 'f' AND k.conrelid = ANY (v_wanting::regclass[])
                ORDER BY 1
            LOOP
                EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', v_referred);
            END LOOP;
            FOREACH v_parent IN ARRAY v_wanting LOOP
                EXECUTE format('LOCK TABLE %s_default IN ACCESS EXCLUSIVE MODE', v_parent);
            END LOOP;
            EXIT;
        EXCEPTION
            WHEN lock_not_available THEN
                IF v_attempt = 50 THEN
                    RAISE;
                END IF;
                PERFORM pg_sleep(0.1 * random());
        END;
    END LOOP;

    -- What else it takes, no posting holds.
    PERFORM set_config('lock_timeout', '5s', true);

    FOREACH v_parent IN ARRAY coalesce(v_wanting, '{}') LOOP
        v_time := CASE v_parent WHEN 'audit.entry' THEN 'recorded_at' ELSE 'posted_at' END;
        EXECUTE format('SELECT array_agg(DISTINCT date_trunc(''month'', d.%I AT TIME ZONE ''UTC'')) FROM %s_default AS d', v_time, v_parent)
        INTO v_months;
        FOR v_month IN
            SELECT g FROM generate_series(v_first, v_first + make_interval(months => p_months_ahead), interval '1 month') AS g
            UNION
            SELECT m FROM unnest(v_months) AS m
            ORDER BY 1
        LOOP
            v_name := v_parent || '_' || to_char(v_month, 'YYYY_MM');
            CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
            v_range := format('d.%I >= %L AND d.%I < %L', v_time, v_month AT TIME ZONE 'UTC', v_time, (v_month + interval '1 month') AT TIME ZONE 'UTC');
            EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES)', v_name, v_parent);
            EXECUTE format('COMMENT ON TABLE %s IS %L', v_name, 'Rows of the month ' || to_char(v_month, 'YYYY-MM') || ' (UTC).');
            IF v_month = ANY (v_months) THEN
                EXECUTE format('ALTER TABLE %s_default DISABLE TRIGGER USER', v_parent);
                EXECUTE format('WITH moved AS (DELETE FROM %s_default AS d WHERE %s RETURNING d.*) INSERT INTO %s SELECT m.* FROM moved AS m',
                    v_parent, v_range, v_name);
                EXECUTE format('ALTER TABLE %s_default ENABLE TRIGGER USER', v_parent);
            END IF;
            EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                v_parent, v_name, v_month AT TIME ZONE 'UTC', (v_month + interval '1 month') AT TIME ZONE 'UTC');
            v_created := v_created + 1;
        END LOOP;
    END LOOP;

    -- The feed is cut by position: the part in use and the next one.
    SELECT h.position / c_positions INTO v_part FROM event.log_head AS h;
    FOREACH v_part IN ARRAY ARRAY[v_part, v_part + 1] LOOP
        v_name := 'event.log_p' || v_part;
        CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %s (LIKE event.log INCLUDING ALL EXCLUDING INDEXES)', v_name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', v_name,
            format('Positions %s to %s of the feed.', v_part * c_positions, (v_part + 1) * c_positions - 1));
        EXECUTE format('ALTER TABLE event.log ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)',
            v_name, v_part * c_positions, (v_part + 1) * c_positions);
        v_created := v_created + 1;
    END LOOP;
    RETURN v_created;
END;
$function$;

COMMENT ON FUNCTION event.ensure_partitions(integer) IS
    'Makes the partitions that are missing: of ledger and audit for this month, for p_months_ahead more and for every month whose rows fell into the default partition (they move), of the feed the next part. Says how many. Idempotent. Postings go on meanwhile; those into the default partition wait. 55P03 when the locks do not come free together within some ten seconds.';

-- functions/event/insert_job.sql as it was.
CREATE OR REPLACE FUNCTION event.insert_job(
    p_kind text,
    p_args jsonb,
    p_queue text DEFAULT 'default',
    p_priority integer DEFAULT 1
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    -- No NOTIFY: it would serialise commits. Workers poll.
    INSERT INTO river.river_job (state, kind, args, queue, priority, max_attempts)
    VALUES ('available', p_kind, p_args, p_queue, p_priority::smallint, 25)
    RETURNING river_job.id INTO v_id;
    RETURN v_id;
END;
$function$;

COMMENT ON FUNCTION event.insert_job(text, jsonb, text, integer) IS
    'Inserts a job in the transaction that causes it. Priority 1 (first) to 4. Gives the id of the job.';

-- functions/event/list_findings.sql as it was.
CREATE OR REPLACE FUNCTION event.list_findings() RETURNS TABLE (
    severity text,
    subject text,
    finding text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_parent text;
    v_month timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
    v_has_rows boolean;
    v_part bigint;
    v_statistics_since timestamptz := (SELECT d.stats_reset FROM pg_stat_database AS d WHERE d.datname = current_database());
BEGIN
    -- Settings without which a commit may be lost.
    RETURN QUERY
    SELECT 'error', 'setting ' || s.name, format('%s is %s: %s', s.name, s.setting, w.remedy)
    FROM (VALUES
        ('fsync', 'off', 'a power cut can destroy the database; set it to on and restart'),
        ('full_page_writes', 'off', 'a torn page after a crash cannot be repaired; set it to on and reload'),
        ('synchronous_commit', 'off', 'the last answers given to scanners can be lost in a crash; set it to on and reload'),
        ('autovacuum', 'off', 'tables grow without end; set it to on and reload'),
        ('zero_damaged_pages', 'on', 'damage is hidden; set it to off'),
        ('session_replication_role', 'replica', 'triggers and foreign keys are off for this role; reset it')
    ) AS w (name, wrong, remedy)
    JOIN pg_settings AS s ON s.name = w.name AND s.setting = w.wrong;
    RETURN QUERY
    SELECT 'warning', 'setting ' || s.name, format('%s is %s: %s', s.name, s.setting, w.remedy)
    FROM (VALUES
        ('data_checksums', 'off', 'bad disks go unnoticed; stop the server and run pg_checksums --enable'),
        ('track_counts', 'off', 'autovacuum is blind without it; set it to on'),
        ('max_slot_wal_keep_size', '-1', 'a dead replication slot can fill the disk; give it a limit')
    ) AS w (name, wrong, remedy)
    JOIN pg_settings AS s ON s.name = w.name AND s.setting = w.wrong
    WHERE s.name <> 'max_slot_wal_keep_size' OR EXISTS (SELECT FROM pg_replication_slots AS r);

    -- Partitions.
    FOREACH v_parent IN ARRAY ARRAY['inventory.movement', 'audit.entry'] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s_default)', v_parent) INTO v_has_rows;
        IF v_has_rows THEN
            RETURN QUERY SELECT 'error', v_parent || '_default', format('%s_default holds rows that belong to a month: run dba partitions ensure', v_parent);
        END IF;
        RETURN QUERY
        SELECT CASE WHEN m.ahead = 0 THEN 'error' ELSE 'warning' END, m.name,
            format('%s is missing, its rows will fall into the default partition: see why the worker does not make it, and run dba partitions ensure', m.name)
        FROM (SELECT g AS ahead, v_parent || '_' || to_char(v_month + make_interval(months => g), 'YYYY_MM') AS name FROM generate_series(0, 1) AS g) AS m
        WHERE to_regclass(m.name) IS NULL;
    END LOOP;
    SELECT h.position / 50000000 INTO v_part FROM event.log_head AS h;
    RETURN QUERY
    SELECT CASE WHEN p = v_part THEN 'error' ELSE 'warning' END, 'event.log_p' || p,
        format('event.log_p%s is missing, the feed will stop without it: run dba partitions ensure', p)
    FROM generate_series(v_part, v_part + 1) AS p
    WHERE to_regclass('event.log_p' || p) IS NULL;

    -- What stands still.
    RETURN QUERY
    SELECT 'error', 'event.inbox', format('%s events wait since %s to be numbered: see whether the worker runs', count(*), min(i.recorded_at))
    FROM event.inbox AS i
    HAVING min(i.recorded_at) < clock_timestamp() - interval '1 minute';
    RETURN QUERY
    SELECT 'warning', 'consumer ' || c.name, format('reader %s of the feed is %s events behind: see whether its job fails', c.name, h.position - c.position)
    FROM event.consumer AS c
    CROSS JOIN event.log_head AS h
    WHERE h.position - c.position > 10000;
    RETURN QUERY
    SELECT 'error', 'jobs', format('%s jobs wait since %s: see whether the worker runs', count(*), min(j.scheduled_at))
    FROM river.river_job AS j
    WHERE j.state = 'available'
    HAVING min(j.scheduled_at) < clock_timestamp() - interval '10 minutes';
    RETURN QUERY
    SELECT 'warning', 'job ' || j.kind, format('%s jobs of kind %s failed for good: read their errors in river.river_job', count(*), j.kind)
    FROM river.river_job AS j
    WHERE j.state = 'discarded'
    GROUP BY j.kind
    ORDER BY j.kind;

    -- Transactions that hold back vacuum, and locks with them.
    RETURN QUERY
    SELECT CASE WHEN a.xact_start < clock_timestamp() - interval '1 hour' THEN 'error' ELSE 'warning' END, 'session ' || a.pid,
        format('session %s (%s, %s) has a transaction open since %s (%s): end it, by pg_terminate_backend(%s) if need be',
            a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'no name'), date_trunc('second', a.xact_start), a.state, a.pid)
    FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
      AND a.xact_start < clock_timestamp() - interval '5 minutes'
    ORDER BY a.xact_start;
    RETURN QUERY
    SELECT 'error', 'prepared transaction ' || x.gid, format('prepared transaction %s is open since %s: commit or roll it back by its name', x.gid, x.prepared)
    FROM pg_prepared_xacts AS x
    WHERE x.database = current_database() AND x.prepared < clock_timestamp() - interval '5 minutes';
    RETURN QUERY
    SELECT CASE WHEN age(d.datfrozenxid) > 1500000000 THEN 'error' ELSE 'warning' END, 'transaction ids',
        format('the oldest transaction id is %s behind: let VACUUM FREEZE run before 2 billion, where the database stops', age(d.datfrozenxid))
    FROM pg_database AS d
    WHERE d.datname = current_database() AND age(d.datfrozenxid) > 1000000000;
    RETURN QUERY
    SELECT 'warning', 'deadlocks', format('%s deadlocks since %s: read the log of the server and report them, Millrace locks in one order', d.deadlocks,
        coalesce(date_trunc('second', d.stats_reset)::text, 'the beginning'))
    FROM pg_stat_database AS d
    WHERE d.datname = current_database() AND d.deadlocks > 0;

    -- Replication.
    RETURN QUERY
    SELECT CASE WHEN r.wal_status IN ('lost', 'unreserved') THEN 'error' ELSE 'warning' END, 'slot ' || r.slot_name,
        CASE
            WHEN r.wal_status = 'lost' THEN format('slot %s has lost its log: drop it and set the replica up anew', r.slot_name)
            WHEN r.wal_status = 'unreserved' THEN format('slot %s is about to lose its log: bring its replica back at once', r.slot_name)
            ELSE format('slot %s has no reader and keeps %s MB of log: start its replica, or drop the slot', r.slot_name,
                (pg_wal_lsn_diff(pg_current_wal_lsn(), r.restart_lsn) / 1048576)::bigint)
        END
    FROM pg_replication_slots AS r
    WHERE r.wal_status IN ('lost', 'unreserved') OR NOT r.active
    ORDER BY r.slot_name;

    -- Indexes of our tables.
    RETURN QUERY
    SELECT 'error', i.indexrelid::regclass::text, format('index %s is not valid, its building broke off: drop it and build it again', i.indexrelid::regclass)
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    WHERE NOT i.indisvalid AND c.relkind = 'r';
    RETURN QUERY
    SELECT 'error', w.name, format('the ledger has no index on %s: run dba verify, and build it as sql/structure.sql says', w.name)
    FROM (VALUES ('brin (posted_at)'), ('btree (item_id, posted_at)'), ('btree (lot_id)')) AS w (name)
    WHERE NOT EXISTS (
        SELECT FROM pg_index AS i WHERE i.indrelid = 'inventory.movement'::regclass AND strpos(pg_get_indexdef(i.indexrelid), 'USING ' || w.name) > 0);
    RETURN QUERY
    SELECT 'warning', s.relid::regclass::text,
        format('%s was read as a whole %s times, %s rows each: see which query lacks an index', s.relid::regclass, s.seq_scan, s.seq_tup_read / s.seq_scan)
    FROM pg_stat_user_tables AS s
    WHERE s.schemaname NOT IN ('river', 'public') AND s.seq_scan > 1000 AND s.seq_tup_read / s.seq_scan > 50000
    ORDER BY s.seq_tup_read DESC;
    RETURN QUERY
    SELECT 'note', s.indexrelid::regclass::text,
        format('index %s of %s MB was not used since %s: if that goes on, it only costs', s.indexrelid::regclass,
            pg_relation_size(s.indexrelid) / 1048576, date_trunc('second', v_statistics_since))
    FROM pg_stat_user_indexes AS s
    JOIN pg_index AS i ON i.indexrelid = s.indexrelid AND NOT i.indisunique
    WHERE s.schemaname NOT IN ('river', 'public') AND s.idx_scan = 0 AND pg_relation_size(s.indexrelid) > 10485760
      AND v_statistics_since < clock_timestamp() - interval '30 days'
    ORDER BY s.indexrelid::regclass::text;

    -- Bloat.
    RETURN QUERY
    SELECT CASE WHEN s.n_dead_tup > s.n_live_tup THEN 'error' ELSE 'warning' END, s.relid::regclass::text,
        format('%s has %s dead rows beside %s live ones: run VACUUM %s, and look for a long transaction or slot that keeps autovacuum from it',
            s.relid::regclass, s.n_dead_tup, s.n_live_tup, s.relid::regclass)
    FROM pg_stat_user_tables AS s
    WHERE s.n_dead_tup > 20000 AND s.n_dead_tup > 0.3 * (s.n_live_tup + s.n_dead_tup)
      -- The outbox is emptied all the time; what counts is its size.
      AND s.relid <> 'event.inbox'::regclass
    ORDER BY s.n_dead_tup DESC;
    RETURN QUERY
    SELECT 'warning', 'event.inbox', format('the outbox is %s MB large and normally almost empty: run VACUUM event.inbox when no long transaction is open',
        pg_relation_size('event.inbox') / 1048576)
    WHERE pg_relation_size('event.inbox') > 268435456;
    RETURN QUERY
    SELECT 'warning', 'inventory.balance', format('only %s %% of the updates of balances stay on their page: VACUUM FULL inventory.balance in a quiet hour gives them room again',
        100 * s.n_tup_hot_upd / s.n_tup_upd)
    FROM pg_stat_user_tables AS s
    WHERE s.relid = 'inventory.balance'::regclass AND s.n_tup_upd > 100000 AND s.n_tup_hot_upd < 0.9 * s.n_tup_upd;
END;
$function$;

COMMENT ON FUNCTION event.list_findings() IS
    'What a DBA should look at: severity (error, warning, note), what it is about, and one sentence that says what is wrong and what to do. No rows: all is well. Reads statistics and settings; pg_monitor sees more.';

-- functions/event/record_refusal.sql as it was.
CREATE OR REPLACE FUNCTION event.record_refusal(
    p_context jsonb,
    p_operation text,
    p_command jsonb,
    p_status integer,
    p_problem jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stored event.request;
BEGIN
    INSERT INTO event.request (key, fingerprint, operation, status, body, actor, device, request_id, recorded_at)
    VALUES ((p_context ->> 'key')::uuid, event.fingerprint(p_operation, p_command), p_operation, p_status, p_problem,
        coalesce(p_context ->> 'actor', session_user), p_context ->> 'device', p_context ->> 'request_id', clock_timestamp())
    ON CONFLICT (key) DO NOTHING;
    IF FOUND THEN
        RETURN ROW(p_status, p_problem, false)::event.answer;
    END IF;

    SELECT r.* INTO STRICT v_stored FROM event.request AS r WHERE r.key = (p_context ->> 'key')::uuid;
    IF v_stored.fingerprint <> event.fingerprint(p_operation, p_command) THEN
        RETURN ROW(p_status, p_problem, false)::event.answer;
    END IF;
    RETURN ROW(v_stored.status, v_stored.body, true)::event.answer;
END;
$function$;

COMMENT ON FUNCTION event.record_refusal(jsonb, text, jsonb, integer, jsonb) IS
    'Stores the refusal of a command under its key after the command rolled back and before the client is told, so that a late duplicate cannot take effect. If another answer was stored in between, gives that one.';

-- functions/inventory/change_lot_status.sql as it was.
CREATE OR REPLACE FUNCTION inventory.change_lot_status(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('change-lot-status', p_context, p_command);
    v_item catalog.item;
    v_lot inventory.lot;
    v_reason_id bigint;
    v_status inventory.lot_status := (p_command ->> 'status')::inventory.lot_status;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_lot := inventory.find_lot(v_item, p_command ->> 'lot');
    v_reason_id := (catalog.find_reason(p_command ->> 'reason')).id;

    -- Two that decide about one lot come one after the other: balances first, as everybody does, then the lot.
    PERFORM inventory.lock_balances((
        SELECT coalesce(array_agg(ROW(b.item_id, b.location_id, b.lot_id)::inventory.balance_key), '{}')
        FROM inventory.balance AS b
        WHERE b.item_id = v_item.id AND b.lot_id = v_lot.id));
    SELECT l.* INTO STRICT v_lot FROM inventory.lot AS l WHERE l.id = v_lot.id FOR NO KEY UPDATE;
    IF v_lot.status = v_status THEN
        RAISE EXCEPTION 'lot % is % already', v_lot.number, CASE v_status WHEN 'quarantine' THEN 'in quarantine' ELSE v_status::text END
            USING ERRCODE = 'MR227',
                  DETAIL = jsonb_build_object('item', v_item.number, 'lot', v_lot.number, 'status', v_status)::text,
                  HINT = 'Nothing is to be done.';
    END IF;
    PERFORM inventory.set_lot_status(v_lot.id, v_status);
    INSERT INTO inventory.lot_status_change (lot_id, old_status, new_status, reason_id, actor)
    VALUES (v_lot.id, v_lot.status, v_status, v_reason_id, event.current_actor());
    RETURN event.finish_request(p_context, 201, inventory.get_lot(v_item.number, v_lot.number));
END;
$function$;

COMMENT ON FUNCTION inventory.change_lot_status(jsonb, jsonb) IS
    'Command: quality blocks, releases or quarantines a lot wherever it lies. Body: item, lot, status, reason. What is reserved of it stays reserved and cannot be picked. Raises MR227 when it has that status.';

-- functions/inventory/close_period.sql as it was.
CREATE OR REPLACE FUNCTION inventory.close_period(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
-- Postings queue behind a closer that waits: it gives up soon and is asked to come back.
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('close-period', p_context, p_command);
    v_code text := p_command ->> 'period';
    v_last inventory.period;
    v_next text;
    v_ends_at timestamptz;
    v_movement_id bigint;
    v_id bigint;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    -- From here on nobody posts: who began to post has committed and counts, who comes later reads the row made below.
    PERFORM pg_advisory_xact_lock(218, 0);

    SELECT p.* INTO v_last FROM inventory.period AS p ORDER BY p.ends_at DESC LIMIT 1;
    v_next := to_char(to_date(v_last.code, 'YYYY-MM') + interval '1 month', 'YYYY-MM');
    IF v_code < v_next THEN
        RAISE EXCEPTION 'period % is closed already', v_code
            USING ERRCODE = 'MR221',
                  DETAIL = jsonb_build_object('period', v_code, 'last_closed', v_last.code)::text,
                  HINT = 'Nothing is to be done.';
    ELSIF v_code > v_next THEN
        RAISE EXCEPTION 'period % is still open', v_next
            USING ERRCODE = 'MR220',
                  DETAIL = jsonb_build_object('period', v_code, 'last_closed', v_last.code, 'next', v_next)::text,
                  HINT = 'Close one month after the other.';
    END IF;
    v_ends_at := inventory.period_end(v_code);
    IF v_ends_at > clock_timestamp() THEN
        RAISE EXCEPTION 'period % is not over', v_code
            USING ERRCODE = 'MR219',
                  DETAIL = jsonb_build_object('period', v_code, 'ends_at', v_ends_at)::text,
                  HINT = 'Wait for the end of the month.';
    END IF;

    -- Costing reads the feed: of a movement of the period that it has not come to, nobody knows the value.
    SELECT m.id INTO v_movement_id
    FROM (
        SELECT i.payload FROM event.inbox AS i WHERE i.topic = 'movement.posted'
        UNION ALL
        SELECT l.payload
        FROM event.consumer AS c
        JOIN event.log AS l ON l.position > c.position AND l.topic = 'movement.posted'
        WHERE c.name = 'costing'
    ) AS e
    CROSS JOIN LATERAL jsonb_array_elements(e.payload -> 'movements') AS t (movement)
    JOIN inventory.movement AS m ON m.id = (t.movement ->> 'id')::bigint AND m.posted_at = (e.payload ->> 'posted_at')::timestamptz
    WHERE m.occurred_at < v_ends_at
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'costing has not come to the end of period %', v_code
            USING ERRCODE = 'MR222',
                  DETAIL = jsonb_build_object('period', v_code, 'movement', v_movement_id::text)::text,
                  HINT = 'Close it again in a minute; if that does not help, see whether the worker runs.';
    END IF;

    INSERT INTO inventory.period (code, starts_at, ends_at, closed_at, closed_by)
    VALUES (v_code, coalesce(v_last.ends_at, '-infinity'), v_ends_at, clock_timestamp(), event.current_actor())
    RETURNING period.id INTO v_id;

    PERFORM event.insert_job('inventory_snapshot', '{}');
    PERFORM event.publish('period.closed', v_id, jsonb_build_object('period', v_code, 'ends_at', v_ends_at));
    RETURN event.finish_request(p_context, 201, inventory.get_period(v_code));
END;
$function$;

COMMENT ON FUNCTION inventory.close_period(jsonb, jsonb) IS
    'Command: closes a month of the stock books: what happened in it cannot be posted any more. Body: period. The first one closed takes along everything before it. A job writes the balances at its end. Raises MR219 when it is not over, MR220 when an earlier one is open, MR221 when it is closed, MR222 when costing has not come so far; 55P03 when postings do not let it in for two seconds.';

-- functions/inventory/count_stock.sql as it was.
CREATE OR REPLACE FUNCTION inventory.count_stock(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('count-stock', p_context, p_command);
    v_location catalog.location;
    v_reason_id bigint;
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_difference_id bigint;
    v_count_id bigint;
    v_number text;
    v_item catalog.item;
    v_lot inventory.lot;
    v_line record;
    v_keys inventory.balance_key[] := ARRAY[]::inventory.balance_key[];
    v_quantities numeric[] := ARRAY[]::numeric[];
    v_lines inventory.posting_line[];
    v_ids bigint[];
    v_seconds numeric[] := ARRAY[]::numeric[];
    v_second_quantities numeric[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_location := catalog.find_location(p_command ->> 'location');
    v_reason_id := (catalog.find_reason(p_command ->> 'reason')).id;
    v_difference_id := catalog.virtual_location(v_location.site_id, 'count_difference');
    IF v_location.kind NOT IN ('storage', 'quarantine', 'rejected') THEN
        RAISE EXCEPTION '% is no place where stock is counted', v_location.code
            USING ERRCODE = 'MR203',
                  DETAIL = jsonb_build_object('movement_type', 'count', 'location', v_location.code)::text,
                  HINT = 'Count storage, quarantine or rejected locations.';
    END IF;

    FOR v_line IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        v_item := catalog.find_item(v_line.line ->> 'item');
        v_lot := inventory.find_lot(v_item, v_line.line ->> 'lot');
        IF ROW(v_item.id, v_location.id, v_lot.id)::inventory.balance_key = ANY (v_keys) THEN
            RAISE EXCEPTION 'item % is counted twice', v_item.number
                USING ERRCODE = 'MR215',
                      DETAIL = jsonb_build_object('item', v_item.number, 'lot', v_line.line ->> 'lot')::text,
                      HINT = 'Add up the quantities and count it once.';
        END IF;
        v_keys := v_keys || ROW(v_item.id, v_location.id, v_lot.id)::inventory.balance_key;
        -- Nothing found is a count too; every other quantity follows the rules of a quantity.
        v_quantities := v_quantities || CASE
            WHEN v_line.line ->> 'counted_quantity' ~ '^0+(\.0+)?$' THEN 0
            ELSE catalog.to_base_quantity(v_item, v_line.line ->> 'counted_quantity', v_line.line ->> 'unit') END;
        v_seconds := v_seconds || inventory.to_second_quantity(v_item.id, v_line.line ->> 'counted_second_quantity', true);
    END LOOP;

    -- Expected and counted are compared under the locks that the posting needs: no scan can slip between.
    PERFORM inventory.lock_balances(v_keys);

    INSERT INTO inventory.count (location_id, counted_at)
    VALUES (v_location.id, v_occurred_at)
    RETURNING count.id, count.number INTO v_count_id, v_number;

    INSERT INTO inventory.count_line (count_id, line_number, item_id, lot_id, expected_quantity, counted_quantity, reason_id,
        expected_second_quantity, counted_second_quantity)
    SELECT v_count_id, k.ordinal, k.item_id, k.lot_id, b.on_hand, v_quantities[k.ordinal],
        CASE WHEN b.on_hand <> v_quantities[k.ordinal] OR coalesce(b.second_on_hand, 0) <> v_seconds[k.ordinal] THEN v_reason_id END,
        CASE WHEN v_seconds[k.ordinal] IS NOT NULL THEN coalesce(b.second_on_hand, 0) END, v_seconds[k.ordinal]
    FROM unnest(v_keys) WITH ORDINALITY AS k (item_id, location_id, lot_id, ordinal)
    JOIN inventory.balance AS b
        ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id;

    -- The second difference goes along with the first where both are of one sign, else by a movement of its own (quantity 0).
    SELECT coalesce(array_agg(ROW(n.item_id, n.lot_id,
            CASE WHEN p.sign < 0 THEN v_location.id ELSE v_difference_id END,
            CASE WHEN p.sign < 0 THEN v_difference_id ELSE v_location.id END,
            p.quantity, false, n.id, NULL, n.reason_id)::inventory.posting_line ORDER BY n.id, p.ordinal), '{}'),
        CASE WHEN count(p.second_quantity) > 0 THEN array_agg(p.second_quantity ORDER BY n.id, p.ordinal) END
    INTO v_lines, v_second_quantities
    FROM inventory.count_line AS n
    CROSS JOIN LATERAL (
        SELECT 1 AS ordinal, sign(n.difference) AS sign, abs(n.difference) AS quantity,
            CASE WHEN sign(n.second_difference) = sign(n.difference) THEN abs(n.second_difference) ELSE 0 * n.second_difference END AS second_quantity
        WHERE n.difference <> 0
        UNION ALL
        SELECT 2, sign(n.second_difference), 0, abs(n.second_difference)
        WHERE n.second_difference <> 0 AND sign(n.second_difference) <> sign(n.difference)
    ) AS p
    WHERE n.count_id = v_count_id;
    v_ids := inventory.post_movements('count', v_lines, 'count', v_count_id, v_occurred_at, v_second_quantities);

    UPDATE inventory.count_line AS n
    SET movement_id = p.movement_id,
        second_movement_id = p.second_movement_id
    FROM (
        SELECT l.document_line_id, max(v_ids[l.ordinal]) FILTER (WHERE l.quantity > 0) AS movement_id,
            max(v_ids[l.ordinal]) FILTER (WHERE l.quantity = 0) AS second_movement_id
        FROM unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        GROUP BY l.document_line_id
    ) AS p
    WHERE n.id = p.document_line_id;

    PERFORM event.publish('count.posted', v_count_id, jsonb_build_object('number', v_number, 'location', v_location.code));
    RETURN event.finish_request(p_context, 201, inventory.get_count(v_number));
END;
$function$;

COMMENT ON FUNCTION inventory.count_stock(jsonb, jsonb) IS
    'Command: a cycle count. What was found is compared with the balance under its lock and the difference posted. Body: location, reason, lines [item, lot?, counted_quantity (0 allowed), unit?, counted_second_quantity (catch weight)], occurred_at?. Items not named are not touched. Raises MR203 for a place that is not counted, MR215 when a line comes twice, MR201 when more is missing than is not reserved.';

-- functions/inventory/detach_partitions.sql as it was.
CREATE OR REPLACE FUNCTION inventory.detach_partitions(
    p_before timestamptz
) RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '5s'
AS $function$
DECLARE
    v_names text[];
    v_until timestamptz;
    v_horizon timestamptz;
    v_room text;
    v_needed timestamptz;
    v_name text;
BEGIN
    PERFORM pg_advisory_xact_lock(904, 0);
    SELECT array_agg(l.partition ORDER BY l.ends), max(l.ends::timestamptz)
    INTO v_names, v_until
    FROM event.list_partitions() AS l
    WHERE l.parent = 'inventory.movement' AND NOT l.is_default AND l.ends::timestamptz <= p_before;
    IF v_names IS NULL THEN
        RETURN ARRAY[]::text[];
    END IF;

    -- Everything in them must have happened in a period that is closed and has its snapshot; a clock may be five minutes ahead.
    SELECT min(p.ends_at) INTO v_horizon
    FROM inventory.period AS p
    WHERE p.snapshot_at IS NOT NULL AND p.ends_at >= v_until + interval '5 minutes';
    IF v_horizon IS NULL THEN
        RAISE EXCEPTION 'the ledger before % belongs to a period that is not closed', v_until
            USING ERRCODE = 'MR224',
                  DETAIL = jsonb_build_object('before', v_until, 'needed_by', 'inventory.period')::text,
                  HINT = 'Close the periods up to the month after it, or keep more.';
    END IF;

    -- Every room says how far back it needs the ledger. They are found by name: the arrows between rooms do not point this way.
    FOR v_room IN
        SELECT n.nspname
        FROM pg_proc AS f
        JOIN pg_namespace AS n ON n.oid = f.pronamespace
        WHERE f.proname = 'oldest_movement_needed' AND f.pronargs = 0
        ORDER BY n.nspname
    LOOP
        EXECUTE format('SELECT %I.oldest_movement_needed()', v_room) INTO v_needed;
        IF v_needed < v_until THEN
            RAISE EXCEPTION '% still needs the ledger since %', v_room, v_needed
                USING ERRCODE = 'MR224',
                      DETAIL = jsonb_build_object('before', v_until, 'needed_by', v_room, 'since', v_needed)::text,
                      HINT = 'Close what is open, or keep more.';
        END IF;
    END LOOP;

    -- The locks that detaching takes, in the order in which postings take theirs: the tables referred to, then the ledger.
    FOR v_name IN
        SELECT DISTINCT k.confrelid::regclass::text
        FROM pg_constraint AS k
        WHERE k.contype = 'f' AND k.conrelid = 'inventory.movement'::regclass
        ORDER BY 1
    LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', v_name);
    END LOOP;
    FOREACH v_name IN ARRAY v_names LOOP
        EXECUTE format('ALTER TABLE inventory.movement DETACH PARTITION %s', v_name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', v_name, 'Detached from inventory.movement; save it, then drop it.');
    END LOOP;
    UPDATE inventory.period AS p SET detached_at = clock_timestamp() WHERE p.ends_at <= v_horizon AND p.detached_at IS NULL;
    RETURN v_names;
END;
$function$;

COMMENT ON FUNCTION inventory.detach_partitions(timestamptz) IS
    'Detaches the partitions of the ledger that end at p_before or earlier and gives their names; the tables stay, to be saved and dropped. Raises MR224 when a period is not closed, or a room (its function oldest_movement_needed) still needs something of them; then nothing is detached.';

-- functions/inventory/ensure_lot.sql as it was.
CREATE OR REPLACE FUNCTION inventory.ensure_lot(
    p_item catalog.item,
    p_number text,
    p_status inventory.lot_status,
    p_supplier_id bigint,
    p_supplier_lot text,
    p_manufactured_on date,
    p_expires_on date,
    p_reuse boolean DEFAULT false
) RETURNS inventory.lot
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lot inventory.lot;
    v_id bigint;
BEGIN
    IF p_item.tracking = 'none' THEN
        RETURN inventory.find_lot(p_item, p_number);
    END IF;

    v_id := nextval(pg_get_serial_sequence('inventory.lot', 'id'));
    INSERT INTO inventory.lot (id, item_id, number, status, supplier_id, supplier_lot, manufactured_on, expires_on)
    VALUES (v_id, p_item.id, coalesce(p_number, 'L' || lpad(v_id::text, greatest(8, length(v_id::text)), '0')), p_status,
        p_supplier_id, p_supplier_lot, p_manufactured_on,
        coalesce(p_expires_on, p_manufactured_on + p_item.shelf_life_days, current_date + p_item.shelf_life_days))
    ON CONFLICT ON CONSTRAINT lot_item_id_number_key DO NOTHING
    RETURNING inventory.lot.* INTO v_lot;
    IF FOUND THEN
        RETURN v_lot;
    END IF;

    SELECT l.* INTO STRICT v_lot FROM inventory.lot AS l WHERE l.item_id = p_item.id AND l.number = p_number;
    -- A piece comes into being once: its number is free again only if everything that was done with it was taken back.
    IF NOT p_reuse OR v_lot.status <> p_status
        OR (p_item.tracking = 'serial' AND EXISTS (
            SELECT FROM inventory.movement AS m
            WHERE m.lot_id = v_lot.id
              AND m.movement_type <> 'reversal'
              AND NOT EXISTS (SELECT FROM inventory.reversal AS r WHERE r.reversed_movement_id = m.id)))
        OR v_lot.supplier_id IS DISTINCT FROM p_supplier_id OR v_lot.supplier_lot IS DISTINCT FROM p_supplier_lot
        OR v_lot.expires_on IS DISTINCT FROM coalesce(p_expires_on, v_lot.expires_on) THEN
        RAISE EXCEPTION 'item % already has a lot %', p_item.number, p_number
            USING ERRCODE = 'MR210',
                  DETAIL = jsonb_build_object('item', p_item.number, 'lot', p_number, 'status', v_lot.status)::text,
                  HINT = 'Give the new goods a number of their own.';
    END IF;
    RETURN v_lot;
END;
$function$;

COMMENT ON FUNCTION inventory.ensure_lot(catalog.item, text, inventory.lot_status, bigint, text, date, date, boolean) IS
    'A new lot of an item; number null: the next free one. With p_reuse an existing lot of the same status, supplier and supplier lot is taken. Expiry: as named, else manufacture (or today) plus the shelf life of the item. Raises MR210 when the number is taken, MR205 when an untracked item names a lot.';

-- functions/inventory/get_count.sql as it was.
CREATE OR REPLACE FUNCTION inventory.get_count(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', c.number, 'location', g.code, 'is_reversed', c.is_reversed, 'counted_at', c.counted_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', n.line_number, 'item', i.number, 'lot', nullif(l.number, ''), 'unit', u.code,
                'expected_quantity', trim_scale(n.expected_quantity)::text,
                'counted_quantity', trim_scale(n.counted_quantity)::text,
                'difference', trim_scale(n.difference)::text, 'reason', r.code)
                || CASE WHEN n.counted_second_quantity IS NOT NULL THEN jsonb_build_object(
                    'expected_second_quantity', trim_scale(n.expected_second_quantity)::text,
                    'counted_second_quantity', trim_scale(n.counted_second_quantity)::text,
                    'second_difference', trim_scale(n.second_difference)::text) ELSE '{}' END ORDER BY n.line_number), '[]')
            FROM inventory.count_line AS n
            JOIN catalog.item AS i ON i.id = n.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS l ON l.id = n.lot_id
            LEFT JOIN catalog.reason AS r ON r.id = n.reason_id
            WHERE n.count_id = c.id))
    FROM inventory.count AS c
    JOIN catalog.location AS g ON g.id = c.location_id
    WHERE c.number = p_number;
$function$;

COMMENT ON FUNCTION inventory.get_count(text) IS 'A cycle count as a document; null when there is none of that number.';

-- functions/inventory/get_lot.sql as it was.
CREATE OR REPLACE FUNCTION inventory.get_lot(
    p_item text,
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH RECURSIVE root AS (
        SELECT l.id, l.number, l.status, l.supplier_lot, l.supplier_id, l.manufactured_on, l.expires_on, i.id AS item_id, i.number AS item, u.code AS unit
        FROM inventory.lot AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        WHERE i.number = p_item AND l.number = p_number
    ), up AS (
        SELECT g.parent_lot_id, g.child_lot_id, g.quantity, 1 AS level
        FROM root AS r JOIN inventory.genealogy AS g ON g.child_lot_id = r.id
        WHERE g.quantity > 0
        UNION
        SELECT g.parent_lot_id, g.child_lot_id, g.quantity, p.level + 1
        FROM up AS p JOIN inventory.genealogy AS g ON g.child_lot_id = p.parent_lot_id
        WHERE g.quantity > 0 AND p.level < 64
    ), down AS (
        SELECT g.parent_lot_id, g.child_lot_id, g.quantity, 1 AS level
        FROM root AS r JOIN inventory.genealogy AS g ON g.parent_lot_id = r.id
        WHERE g.quantity > 0
        UNION
        SELECT g.parent_lot_id, g.child_lot_id, g.quantity, d.level + 1
        FROM down AS d JOIN inventory.genealogy AS g ON g.parent_lot_id = d.child_lot_id
        WHERE g.quantity > 0 AND d.level < 64
    )
    SELECT jsonb_build_object(
        'item', r.item, 'number', r.number, 'status', r.status, 'supplier_lot', r.supplier_lot, 'unit', r.unit,
        'supplier', (SELECT p.code FROM catalog.partner AS p WHERE p.id = r.supplier_id),
        'manufactured_on', r.manufactured_on, 'expires_on', r.expires_on,
        'status_changes', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('from', h.old_status, 'to', h.new_status, 'reason', e.code, 'actor', h.actor,
                'changed_at', h.changed_at) ORDER BY h.id), '[]')
            FROM inventory.lot_status_change AS h
            JOIN catalog.reason AS e ON e.id = h.reason_id
            WHERE h.lot_id = r.id),
        'stock', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('location', c.code, 'on_hand', trim_scale(b.on_hand)::text,
                'reserved', trim_scale(b.reserved)::text) ORDER BY c.code), '[]')
            FROM inventory.balance AS b JOIN catalog.location AS c ON c.id = b.location_id
            WHERE b.item_id = r.item_id AND b.lot_id = r.id AND b.on_hand > 0),
        'made_from', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('level', e.level, 'item', i.number, 'lot', l.number,
                'quantity', trim_scale(e.quantity)::text) ORDER BY e.level, i.number, l.number), '[]')
            FROM (SELECT u.parent_lot_id, min(u.level) AS level, sum(u.quantity) AS quantity
                  FROM (SELECT parent_lot_id, child_lot_id, quantity, min(level) AS level FROM up GROUP BY parent_lot_id, child_lot_id, quantity) AS u
                  GROUP BY u.parent_lot_id) AS e
            JOIN inventory.lot AS l ON l.id = e.parent_lot_id
            JOIN catalog.item AS i ON i.id = l.item_id),
        'went_into', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('level', e.level, 'item', i.number, 'lot', l.number) ORDER BY e.level, i.number, l.number), '[]')
            FROM (SELECT d.child_lot_id, min(d.level) AS level FROM down AS d GROUP BY d.child_lot_id) AS e
            JOIN inventory.lot AS l ON l.id = e.child_lot_id
            JOIN catalog.item AS i ON i.id = l.item_id))
    FROM root AS r;
$function$;

COMMENT ON FUNCTION inventory.get_lot(text, text) IS
    'A lot with its stock and its genealogy both ways: what it was made from (quantities in base units of the parent item) and what it went into. Null when there is none.';

-- functions/inventory/get_lot_change.sql as it was.
CREATE OR REPLACE FUNCTION inventory.get_lot_change(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', h.number, 'kind', h.kind, 'item', i.number, 'location', c.code, 'lot', l.number, 'unit', u.code, 'created_at', h.created_at,
        'from', (
            SELECT jsonb_agg(jsonb_build_object('lot', f.number, 'quantity', trim_scale(n.quantity)::text)
                || CASE WHEN n.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(n.second_quantity)::text)
                    ELSE '{}' END ORDER BY n.id)
            FROM inventory.lot_change_line AS n
            JOIN inventory.lot AS f ON f.id = n.from_lot_id
            WHERE n.lot_change_id = h.id))
    FROM inventory.lot_change AS h
    JOIN catalog.location AS c ON c.id = h.location_id
    JOIN inventory.lot AS l ON l.id = h.to_lot_id
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    WHERE h.number = p_number;
$function$;

COMMENT ON FUNCTION inventory.get_lot_change(text) IS 'A split or merge as a document; null when there is none of that number.';

-- functions/inventory/get_on_hand_as_of.sql as it was.
CREATE OR REPLACE FUNCTION inventory.get_on_hand_as_of(
    p_item_id bigint,
    p_location_id bigint,
    p_instant timestamptz,
    p_basis inventory.as_of_basis
) RETURNS TABLE (location_id bigint, lot_id bigint, on_hand numeric, second_on_hand numeric)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    -- The latest snapshot that does not lie after the instant; without one, everything from the beginning.
    v_snapshot_id bigint;
    v_from timestamptz;
    v_from_closed_at timestamptz;
    v_until timestamptz;
BEGIN
    IF p_instant < (SELECT max(p.ends_at) FROM inventory.period AS p WHERE p.detached_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the ledger does not go back to % any more', p_instant
            USING ERRCODE = 'MR223',
                  DETAIL = (SELECT jsonb_build_object('as_of', p_instant, 'begins', max(p.ends_at))
                            FROM inventory.period AS p WHERE p.detached_at IS NOT NULL)::text,
                  HINT = 'Ask for a later day, or attach the partitions from the archive.';
    END IF;

    SELECT p.id, p.ends_at, p.closed_at INTO v_snapshot_id, v_from, v_from_closed_at
    FROM inventory.period AS p
    WHERE p.ends_at <= p_instant AND p.snapshot_at IS NOT NULL
    ORDER BY p.ends_at DESC
    LIMIT 1;
    v_from := coalesce(v_from, '-infinity'::timestamptz);
    v_from_closed_at := coalesce(v_from_closed_at, '-infinity'::timestamptz);

    -- posted: what happened since the snapshot and was posted by then, less what the snapshot holds and was posted only later.
    -- occurred: what happened since the snapshot, whenever it was posted: at the latest when its period was closed.
    IF p_basis = 'posted' THEN
        v_until := greatest(p_instant, v_from_closed_at);
    ELSE
        SELECT p.closed_at INTO v_until
        FROM inventory.period AS p
        WHERE p.ends_at > p_instant
        ORDER BY p.ends_at
        LIMIT 1;
        v_until := coalesce(v_until, 'infinity'::timestamptz);
    END IF;

    RETURN QUERY
    SELECT e.location_id, e.lot_id, sum(e.quantity), sum(e.second_quantity)
    FROM (
        SELECT b.location_id, b.lot_id, b.on_hand AS quantity, b.second_on_hand AS second_quantity
        FROM inventory.period_balance AS b
        WHERE b.period_id = v_snapshot_id AND b.item_id = p_item_id
        UNION ALL
        SELECT p.location_id, w.lot_id, p.quantity, p.second_quantity
        FROM (
            -- By way first, each row of the ledger once: the ways are few.
            SELECT m.from_location_id, m.to_location_id, m.lot_id,
                sum(CASE WHEN m.occurred_at < v_from THEN -m.quantity ELSE m.quantity END) AS quantity,
                sum(CASE WHEN m.occurred_at < v_from THEN -m.second_quantity ELSE m.second_quantity END) AS second_quantity
            FROM inventory.movement AS m
            WHERE m.item_id = p_item_id
              -- A clock may be five minutes ahead, not more.
              AND m.posted_at >= v_from - interval '5 minutes' AND m.posted_at <= v_until
              AND CASE
                  WHEN p_basis = 'occurred' THEN m.occurred_at >= v_from AND m.occurred_at <= p_instant
                  ELSE (m.occurred_at >= v_from) = (m.posted_at <= p_instant)
              END
            GROUP BY m.from_location_id, m.to_location_id, m.lot_id
        ) AS w
        CROSS JOIN LATERAL (VALUES (w.to_location_id, w.quantity, w.second_quantity), (w.from_location_id, -w.quantity, -w.second_quantity))
            AS p (location_id, quantity, second_quantity)
    ) AS e
    JOIN catalog.location AS c ON c.id = e.location_id AND c.is_physical
    WHERE p_location_id IS NULL OR e.location_id = p_location_id
    GROUP BY e.location_id, e.lot_id
    HAVING sum(e.quantity) <> 0 OR sum(e.second_quantity) <> 0;
END;
$function$;

COMMENT ON FUNCTION inventory.get_on_hand_as_of(bigint, bigint, timestamptz, inventory.as_of_basis) IS
    'What was on hand of an item at an instant, included, at one location or (null) at all: the latest snapshot before it and the movements since. Base units; by occurred it may be negative on paper. Reads the ledger of one period and of the time it took to close it. Raises MR223 when that part of the ledger was detached.';

-- functions/inventory/get_period.sql as it was.
CREATE OR REPLACE FUNCTION inventory.get_period(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'period', p.code, 'starts_at', nullif(p.starts_at, '-infinity'), 'ends_at', p.ends_at, 'closed_at', p.closed_at,
        'closed_by', p.closed_by, 'snapshot_at', p.snapshot_at, 'detached_at', p.detached_at)
    FROM inventory.period AS p
    WHERE p.code = p_code;
$function$;

COMMENT ON FUNCTION inventory.get_period(text) IS 'A closed period as a document; null when there is none of that month.';

-- functions/inventory/get_transfer.sql as it was.
CREATE OR REPLACE FUNCTION inventory.get_transfer(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT inventory.describe_transfer(m.id, m.movement_type, i.number, l.number, f.code, g.code, m.quantity, u.code, m.posted_at)
            || jsonb_build_object('is_reversed', EXISTS (SELECT FROM inventory.reversal AS r WHERE r.reversed_movement_id = m.id))
            || CASE WHEN m.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(m.second_quantity)::text,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
        FROM inventory.movement AS m
        JOIN catalog.item AS i ON i.id = m.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS l ON l.id = m.lot_id
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS g ON g.id = m.to_location_id
        WHERE m.id = inventory.transfer_id(p_number)
          AND m.document_id = m.id
          AND m.document_type IN ('transfer', 'scrapping', 'opening'));
END;
$function$;

COMMENT ON FUNCTION inventory.get_transfer(text) IS
    'A put-away, move, scrapping or opening as a document; null when there is none of that number.';

-- functions/inventory/list_expired_lots.sql as it was.
CREATE OR REPLACE FUNCTION inventory.list_expired_lots(
    p_on date,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT i.number AS item, l.number AS lot, l.status, l.expires_on, s.on_hand, s.reserved, u.code AS unit,
            l.expires_on || chr(31) || i.number || chr(31) || l.number AS cursor
        FROM inventory.lot AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        CROSS JOIN LATERAL (
            SELECT sum(b.on_hand) AS on_hand, sum(b.reserved) AS reserved
            FROM inventory.balance AS b
            WHERE b.item_id = l.item_id AND b.lot_id = l.id) AS s
        WHERE l.expires_on < coalesce(p_on, current_date)
          AND s.on_hand > 0
          AND (p_after IS NULL OR (l.expires_on::text, i.number, l.number)
               > (split_part(p_after, chr(31), 1), split_part(p_after, chr(31), 2), split_part(p_after, chr(31), 3)))
        ORDER BY l.expires_on::text, i.number, l.number
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'item', p.item, 'lot', p.lot, 'status', p.status, 'expires_on', p.expires_on, 'on_hand', trim_scale(p.on_hand)::text,
            'reserved', trim_scale(p.reserved)::text, 'unit', p.unit) ORDER BY p.expires_on::text, p.item, p.lot), '[]'),
        'next', CASE WHEN count(*) = p_limit
            THEN (array_agg(p.cursor ORDER BY p.expires_on::text DESC, p.item DESC, p.lot DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_expired_lots(date, text, integer) IS
    'A page of the lots that are in stock and whose last day of use was before p_on (null: today), longest expired first.';

-- functions/inventory/list_movements.sql as it was.
CREATE OR REPLACE FUNCTION inventory.list_movements(
    p_item text,
    p_lot text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The page is cut by an index before anything is looked up: that on lots (which holds no lot 0, so the query must say so), or
    -- that on items and posting time. The cursor is the id of a movement.
    WITH start AS MATERIALIZED (
        SELECT i.id AS item_id, l.id AS lot_id, a.posted_at, a.id
        FROM catalog.item AS i
        LEFT JOIN inventory.lot AS l ON l.item_id = i.id AND l.number = p_lot
        LEFT JOIN inventory.movement AS a ON a.id = CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint END
        WHERE i.number = p_item
    ), cut AS MATERIALIZED (
        (SELECT m.id, m.posted_at, m.occurred_at, m.movement_type, m.lot_id, m.from_location_id, m.to_location_id, m.quantity,
            m.second_quantity, m.document_type, m.actor, m.reverses_movement_id, m.reason_id
        FROM inventory.movement AS m
        WHERE p_lot IS NULL
          AND m.item_id = (SELECT s.item_id FROM start AS s)
          AND (p_after IS NULL OR (m.posted_at, m.id) < (SELECT s.posted_at, s.id FROM start AS s))
        ORDER BY m.posted_at DESC, m.id DESC
        LIMIT p_limit)
        UNION ALL
        (SELECT m.id, m.posted_at, m.occurred_at, m.movement_type, m.lot_id, m.from_location_id, m.to_location_id, m.quantity,
            m.second_quantity, m.document_type, m.actor, m.reverses_movement_id, m.reason_id
        FROM inventory.movement AS m
        WHERE p_lot IS NOT NULL
          AND m.lot_id <> 0 AND m.lot_id = (SELECT s.lot_id FROM start AS s)
          AND (p_after IS NULL OR (m.posted_at, m.id) < (SELECT s.posted_at, s.id FROM start AS s))
        ORDER BY m.posted_at DESC, m.id DESC
        LIMIT p_limit)
    ), page AS (
        SELECT m.id, m.posted_at, m.occurred_at, m.movement_type, i.number AS item, l.number AS lot, f.code AS from_location,
            g.code AS to_location, m.quantity, u.code AS unit, m.second_quantity, w.code AS second_unit, m.document_type, m.actor,
            m.reverses_movement_id, r.code AS reason
        FROM cut AS m
        JOIN catalog.item AS i ON i.number = p_item
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
        JOIN inventory.lot AS l ON l.id = m.lot_id
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS g ON g.id = m.to_location_id
        LEFT JOIN catalog.reason AS r ON r.id = m.reason_id
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'id', p.id::text, 'posted_at', p.posted_at, 'occurred_at', p.occurred_at, 'type', p.movement_type, 'item', p.item,
            'lot', nullif(p.lot, ''), 'from', p.from_location, 'to', p.to_location, 'quantity', trim_scale(p.quantity)::text,
            'unit', p.unit, 'document_type', p.document_type, 'actor', p.actor, 'reverses', p.reverses_movement_id::text,
            'reason', p.reason)
            || CASE WHEN p.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(p.second_quantity)::text,
                'second_unit', p.second_unit) ELSE '{}' END ORDER BY p.posted_at DESC, p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.id ORDER BY p.posted_at, p.id))[1]::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_movements(text, text, text, integer) IS
    'A page of the ledger of one item, or of one of its lots, latest first.';

-- functions/inventory/list_periods.sql as it was.
CREATE OR REPLACE FUNCTION inventory.list_periods(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT p.code
        FROM inventory.period AS p
        WHERE p_after IS NULL OR p.code < p_after
        ORDER BY p.code DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(inventory.get_period(p.code) ORDER BY p.code DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN min(p.code) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_periods(text, integer) IS 'A page of the closed periods, latest first.';

-- functions/inventory/list_stock.sql as it was.
CREATE OR REPLACE FUNCTION inventory.list_stock(
    p_item text,
    p_location text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT i.number AS item, c.code AS location, l.number AS lot, l.status, l.expires_on, b.on_hand, b.reserved, u.code AS unit,
            b.second_on_hand, w.code AS second_unit,
            i.number || chr(31) || c.code || chr(31) || l.number AS cursor
        FROM inventory.balance AS b
        JOIN catalog.item AS i ON i.id = b.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        WHERE (b.on_hand > 0 OR b.second_on_hand > 0)
          AND (p_item IS NULL OR i.number = p_item)
          AND (p_location IS NULL OR c.code = p_location)
          AND (p_after IS NULL
               OR (i.number, c.code, l.number) > (split_part(p_after, chr(31), 1), split_part(p_after, chr(31), 2), split_part(p_after, chr(31), 3)))
        ORDER BY i.number, c.code, l.number
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'item', p.item, 'location', p.location, 'lot', nullif(p.lot, ''),
            'lot_status', CASE WHEN p.lot <> '' THEN p.status END, 'expires_on', p.expires_on,
            'on_hand', trim_scale(p.on_hand)::text, 'reserved', trim_scale(p.reserved)::text, 'unit', p.unit)
            || CASE WHEN p.second_unit IS NOT NULL THEN jsonb_build_object('second_on_hand', trim_scale(coalesce(p.second_on_hand, 0))::text,
                'second_unit', p.second_unit) ELSE '{}' END
            ORDER BY p.item, p.location, p.lot), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.cursor ORDER BY p.item DESC, p.location DESC, p.lot DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_stock(text, text, text, integer) IS
    'A page of what is on hand, by item, location and lot, optionally of one item or location.';

-- functions/inventory/list_stock_as_of.sql as it was.
CREATE OR REPLACE FUNCTION inventory.list_stock_as_of(
    p_instant timestamptz,
    p_basis text,
    p_item text,
    p_location text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location_id bigint := CASE WHEN p_location IS NOT NULL THEN (catalog.find_location(p_location)).id END;
BEGIN
    -- A page is of items: each is read by its own index, and the ledger is never scanned as a whole.
    RETURN (
        WITH page AS (
            SELECT i.id, i.number, u.code AS unit, w.code AS second_unit
            FROM catalog.item AS i
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
            WHERE (p_item IS NULL OR i.number = p_item)
              AND (p_after IS NULL OR i.number > p_after)
            ORDER BY i.number
            LIMIT p_limit
        )
        SELECT jsonb_build_object(
            'items', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'item', p.number, 'location', c.code, 'lot', nullif(l.number, ''), 'on_hand', trim_scale(b.on_hand)::text,
                    'unit', p.unit)
                    || CASE WHEN p.second_unit IS NOT NULL THEN jsonb_build_object('second_on_hand', trim_scale(coalesce(b.second_on_hand, 0))::text,
                        'second_unit', p.second_unit) ELSE '{}' END ORDER BY p.number, c.code, l.number), '[]')
                FROM page AS p
                CROSS JOIN LATERAL inventory.get_on_hand_as_of(p.id, v_location_id, p_instant, p_basis::inventory.as_of_basis) AS b
                JOIN catalog.location AS c ON c.id = b.location_id
                JOIN inventory.lot AS l ON l.id = b.lot_id),
            'next', CASE WHEN count(*) = p_limit THEN max(p.number) END)
        FROM page AS p);
END;
$function$;

COMMENT ON FUNCTION inventory.list_stock_as_of(timestamptz, text, text, text, text, integer) IS
    'What was on hand at an instant, by item, location and lot, optionally of one item or location. A page holds the stock of p_limit items; next is the last of them. Raises MR102 for an unknown location.';

-- functions/inventory/lock_balances.sql as it was.
CREATE OR REPLACE FUNCTION inventory.lock_balances(
    p_keys inventory.balance_key[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
AS $function$
BEGIN
    -- Whoever closes a period takes this lock alone: it waits for all who post, and they read after it what is closed.
    PERFORM pg_advisory_xact_lock_shared(218, 0);

    -- Missing rows first, in key order, and only then the locks, in key order. The other way round two postings
    -- can deadlock: one holds an old row and wants the new one that the other has just locked.
    INSERT INTO inventory.balance (item_id, location_id, lot_id, on_hand)
    SELECT DISTINCT k.item_id, k.location_id, k.lot_id, 0
    FROM unnest(p_keys) AS k
    WHERE NOT EXISTS (
        SELECT FROM inventory.balance AS b
        WHERE b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id)
    ORDER BY k.item_id, k.location_id, k.lot_id
    ON CONFLICT ON CONSTRAINT balance_pkey DO NOTHING;

    PERFORM
    FROM (SELECT DISTINCT u.item_id, u.location_id, u.lot_id FROM unnest(p_keys) AS u) AS k
    JOIN inventory.balance AS b
        ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id
    ORDER BY b.item_id, b.location_id, b.lot_id
    FOR UPDATE OF b;
END;
$function$;

COMMENT ON FUNCTION inventory.lock_balances(inventory.balance_key[]) IS
    'Locks the balances named, creating missing ones, in key order. Whoever writes or decides on balances calls it once, with all its keys, before reading them; so no two transactions can wait for each other.';

-- functions/inventory/merge_lots.sql as it was.
CREATE OR REPLACE FUNCTION inventory.merge_lots(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('merge-lots', p_context, p_command);
    v_item catalog.item;
    v_location catalog.location;
    v_into inventory.lot;
    v_is_new boolean;
    v_lot_ids bigint[];
    v_quantities numeric[];
    v_second_quantities numeric[];
    v_part record;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_location := catalog.find_location(p_command ->> 'location');
    SELECT array_agg((inventory.find_lot(v_item, e.number)).id ORDER BY e.ordinal)
    INTO v_lot_ids
    FROM jsonb_array_elements_text(p_command -> 'lots') WITH ORDINALITY AS e (number, ordinal);

    -- The target first and the balances then, as everybody does.
    SELECT l.* INTO v_into FROM inventory.lot AS l WHERE l.item_id = v_item.id AND l.number = p_command ->> 'into';
    v_is_new := NOT FOUND;
    IF v_is_new THEN
        v_into := inventory.ensure_lot(v_item, p_command ->> 'into', 'quarantine', NULL, NULL, NULL, NULL);
    END IF;
    PERFORM inventory.lock_balances((
        SELECT array_agg(ROW(v_item.id, v_location.id, k)::inventory.balance_key) FROM unnest(v_lot_ids || v_into.id) AS k));
    IF v_is_new THEN
        -- As old and as good as the worst of its parts; of one supplier's lot only if all are.
        UPDATE inventory.lot AS l
        SET (status, expires_on, manufactured_on, arrived_at, supplier_id, supplier_lot) = (
            SELECT min(o.status), min(o.expires_on), min(o.manufactured_on), min(o.arrived_at),
                CASE WHEN count(DISTINCT coalesce(o.supplier_id, 0)) = 1 THEN min(o.supplier_id) END,
                CASE WHEN count(DISTINCT (coalesce(o.supplier_id, 0), coalesce(o.supplier_lot, ''))) = 1 THEN min(o.supplier_lot) END
            FROM inventory.lot AS o
            WHERE o.id = ANY (v_lot_ids))
        WHERE l.id = v_into.id;
    END IF;
    SELECT l.* INTO STRICT v_into FROM inventory.lot AS l WHERE l.id = v_into.id;

    FOR v_part IN
        SELECT l.number, CASE
            WHEN v_item.tracking <> 'lot' THEN 'is a serial number'
            WHEN l.id = v_into.id THEN 'is the target itself'
            WHEN count(*) OVER (PARTITION BY l.id) > 1 THEN 'is named twice'
            WHEN l.status <> v_into.status THEN format('is %s and %s is %s', l.status, v_into.number, v_into.status)
            WHEN l.expires_on < v_into.expires_on OR (l.expires_on IS NOT NULL AND v_into.expires_on IS NULL)
                THEN format('expires before %s', v_into.number)
            WHEN coalesce(b.on_hand, 0) = 0 THEN format('is not at %s', v_location.code)
        END AS refusal
        FROM unnest(v_lot_ids) WITH ORDINALITY AS k (lot_id, ordinal)
        JOIN inventory.lot AS l ON l.id = k.lot_id
        LEFT JOIN inventory.balance AS b ON b.item_id = v_item.id AND b.location_id = v_location.id AND b.lot_id = l.id
        ORDER BY k.ordinal
    LOOP
        IF v_part.refusal IS NOT NULL THEN
            RAISE EXCEPTION 'lot % cannot be merged: it %', v_part.number, v_part.refusal
                USING ERRCODE = 'MR225',
                      DETAIL = jsonb_build_object('item', v_item.number, 'lot', v_part.number, 'into', v_into.number)::text,
                      HINT = 'Merge lots of one status into one that expires no later, or into a new one.';
        END IF;
    END LOOP;

    SELECT array_agg(b.on_hand ORDER BY k.ordinal), array_agg(b.second_on_hand ORDER BY k.ordinal)
    INTO v_quantities, v_second_quantities
    FROM unnest(v_lot_ids) WITH ORDINALITY AS k (lot_id, ordinal)
    JOIN inventory.balance AS b ON b.item_id = v_item.id AND b.location_id = v_location.id AND b.lot_id = k.lot_id;
    v_number := inventory.post_lot_change('merge', v_location, v_into,
        v_lot_ids, v_quantities, v_second_quantities, event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_lot_change(v_number));
END;
$function$;

COMMENT ON FUNCTION inventory.merge_lots(jsonb, jsonb) IS
    'Command: makes all of some lots at a location part of one lot, an old one or a new one. Body: item, location, lots [number], into, occurred_at?. A new one gets the earliest expiry and age of its parts. Raises MR201 when part of a lot is reserved, MR203 where lots are not changed, MR211 when the target went into one of the lots, MR225 when status, expiry or place do not fit.';

-- functions/inventory/period_end.sql as it was.
CREATE OR REPLACE FUNCTION inventory.period_end(
    p_code text
) RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (to_date(p_code, 'YYYY-MM') + interval '1 month')
        AT TIME ZONE coalesce((SELECT s.time_zone FROM catalog.site AS s ORDER BY s.id LIMIT 1), 'UTC');
$function$;

COMMENT ON FUNCTION inventory.period_end(text) IS
    'The first instant after a month (2026-10), in the time zone of the first site, by which the books are kept.';

-- functions/inventory/post_mixed_movements.sql as it was.
CREATE OR REPLACE FUNCTION inventory.post_mixed_movements(
    p_types inventory.movement_type[],
    p_lines inventory.posting_line[],
    p_document_type inventory.document_type,
    p_document_id bigint,
    p_occurred_at timestamptz,
    p_second_quantities numeric[] DEFAULT NULL
) RETURNS bigint[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
AS $function$
DECLARE
    v_count integer := coalesce(cardinality(p_lines), 0);
    v_keys inventory.balance_key[];
    v_ids bigint[];
    v_posted_at timestamptz;
    v_actor text := event.current_actor();
    v_bad record;
    v_has_serials boolean;
    v_has_seconds boolean;
    v_payload jsonb;
BEGIN
    IF v_count = 0 THEN
        RETURN ARRAY[]::bigint[];
    END IF;

    -- 1. Every balance the call touches, locked in key order. Virtual locations hold none.
    SELECT coalesce(array_agg(ROW(e.item_id, e.location_id, e.lot_id)::inventory.balance_key) FILTER (WHERE c.is_physical), '{}'),
        coalesce(bool_or(i.tracking = 'serial'), false), coalesce(bool_or(i.second_unit_id IS NOT NULL), false)
    INTO v_keys, v_has_serials, v_has_seconds
    FROM (
        SELECT l.item_id, p.location_id, l.lot_id
        FROM unnest(p_lines) AS l
        CROSS JOIN LATERAL (VALUES (l.from_location_id), (l.to_location_id)) AS p (location_id)
    ) AS e
    JOIN catalog.location AS c ON c.id = e.location_id
    JOIN catalog.item AS i ON i.id = e.item_id;
    PERFORM inventory.lock_balances(v_keys);
    IF p_occurred_at < (SELECT max(p.ends_at) FROM inventory.period AS p) THEN
        PERFORM inventory.refuse_closed_period(p_occurred_at);
    END IF;

    -- 2. The rules, read after the locks: whoever changes the status of a lot holds its balances while doing so.
    FOR v_bad IN
        SELECT t.movement_type, l.item_id, l.lot_id, l.from_location_id, l.to_location_id, l.quantity
        FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        JOIN unnest(p_types) WITH ORDINALITY AS t (movement_type, ordinal) ON t.ordinal = l.ordinal
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS lot ON lot.id = l.lot_id
        JOIN catalog.location AS f ON f.id = l.from_location_id
        JOIN catalog.location AS g ON g.id = l.to_location_id
        LEFT JOIN inventory.movement_rule AS r
            ON r.movement_type = t.movement_type AND r.from_kind = f.kind AND r.to_kind = g.kind
        WHERE (t.movement_type <> 'reversal' AND r.id IS NULL)
           OR (r.needs_released_lot AND lot.status <> 'released')
           OR (i.tracking = 'none' AND l.lot_id <> 0)
           OR (i.tracking <> 'none' AND l.lot_id = 0 AND (f.is_physical OR g.is_physical))
           OR lot.item_id <> l.item_id
           OR l.quantity IS NULL OR l.quantity < 0
           OR (l.quantity = 0 AND (t.movement_type NOT IN ('count', 'reversal') OR coalesce(p_second_quantities[l.ordinal], 0) = 0))
           OR l.quantity <> round(l.quantity, u.scale)
           OR (i.tracking = 'serial' AND l.quantity <> 1)
           OR f.site_id <> g.site_id
        ORDER BY l.ordinal
    LOOP
        PERFORM inventory.check_movement(v_bad.movement_type, ROW(v_bad.item_id, v_bad.lot_id, v_bad.from_location_id,
            v_bad.to_location_id, v_bad.quantity, false, NULL, NULL, NULL)::inventory.posting_line);
    END LOOP;

    -- 3. Net per balance; what the call takes may not exceed what is free.
    SELECT i.number AS item, c.code AS location, lot.number AS lot, b.on_hand, b.reserved, n.on_hand_change, n.reserved_change, n.out_quantity
    INTO v_bad
    FROM (
        SELECT e.item_id, e.location_id, e.lot_id, sum(e.on_hand_change) AS on_hand_change,
            sum(e.reserved_change) AS reserved_change, -sum(e.on_hand_change) FILTER (WHERE e.on_hand_change < 0) AS out_quantity
        FROM (
            SELECT l.item_id, l.from_location_id AS location_id, l.lot_id, -l.quantity AS on_hand_change,
                CASE WHEN l.consumes_reservation THEN -l.quantity ELSE 0 END AS reserved_change
            FROM unnest(p_lines) AS l
            UNION ALL
            SELECT l.item_id, l.to_location_id, l.lot_id, l.quantity, 0
            FROM unnest(p_lines) AS l
        ) AS e
        GROUP BY e.item_id, e.location_id, e.lot_id
    ) AS n
    JOIN inventory.balance AS b
        ON b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id
    JOIN catalog.item AS i ON i.id = n.item_id
    JOIN catalog.location AS c ON c.id = n.location_id
    JOIN inventory.lot AS lot ON lot.id = n.lot_id
    WHERE b.on_hand + n.on_hand_change < b.reserved + n.reserved_change
       OR b.reserved + n.reserved_change < 0
    ORDER BY n.item_id, n.location_id, n.lot_id
    LIMIT 1;
    IF FOUND THEN
        PERFORM inventory.refuse_shortage(v_bad.item, v_bad.location, v_bad.lot, v_bad.on_hand, v_bad.reserved, v_bad.out_quantity);
    END IF;

    IF v_has_seconds OR cardinality(array_remove(p_second_quantities, NULL)) > 0 THEN
        PERFORM inventory.check_second_quantities(p_types, p_lines, p_second_quantities);
    END IF;

    -- 4. Write. The time and the ids are drawn after the locks: per balance they are the true order.
    v_posted_at := clock_timestamp();
    SELECT array_agg(nextval('inventory.movement_id') ORDER BY g) INTO v_ids FROM generate_series(1, v_count) AS g;

    INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id,
        quantity, second_quantity, document_type, document_id, document_line_id, reverses_movement_id, reason_id, actor, request_key)
    SELECT v_ids[l.ordinal], v_posted_at, p_occurred_at, p_types[l.ordinal], l.item_id, l.lot_id, l.from_location_id, l.to_location_id,
        l.quantity, p_second_quantities[l.ordinal], p_document_type, coalesce(p_document_id, v_ids[l.ordinal]), l.document_line_id, l.reverses_movement_id, l.reason_id,
        v_actor, nullif(current_setting('millrace.request_key', true), '')::uuid
    FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
        consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal);

    UPDATE inventory.balance AS b
    SET on_hand = b.on_hand + n.on_hand_change,
        reserved = b.reserved + n.reserved_change
    FROM (
        SELECT e.item_id, e.location_id, e.lot_id, sum(e.on_hand_change) AS on_hand_change, sum(e.reserved_change) AS reserved_change
        FROM (
            SELECT l.item_id, l.from_location_id AS location_id, l.lot_id, -l.quantity AS on_hand_change,
                CASE WHEN l.consumes_reservation THEN -l.quantity ELSE 0 END AS reserved_change
            FROM unnest(p_lines) AS l
            UNION ALL
            SELECT l.item_id, l.to_location_id, l.lot_id, l.quantity, 0
            FROM unnest(p_lines) AS l
        ) AS e
        GROUP BY e.item_id, e.location_id, e.lot_id
    ) AS n
    WHERE b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id;

    IF v_has_seconds THEN
        PERFORM inventory.move_second_quantities(p_lines, p_second_quantities);
    END IF;

    -- 5. A serial number is in stock once, wherever. Its lot is locked, so that two places cannot both find it absent.
    IF v_has_serials THEN
        PERFORM inventory.keep_serials(p_lines);
    END IF;

    -- 6. What follows: the event for every reader of the feed, and the job that costs it.
    SELECT jsonb_build_object('posted_at', v_posted_at, 'document_type', p_document_type, 'movements', jsonb_agg(jsonb_build_object(
        'id', v_ids[l.ordinal]::text, 'type', p_types[l.ordinal], 'item', i.number, 'lot', nullif(lot.number, ''),
        'from', f.code, 'to', g.code, 'quantity', l.quantity::text) ORDER BY l.ordinal))
    INTO v_payload
    FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
        consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN inventory.lot AS lot ON lot.id = l.lot_id
    JOIN catalog.location AS f ON f.id = l.from_location_id
    JOIN catalog.location AS g ON g.id = l.to_location_id;
    PERFORM event.publish('movement.posted', coalesce(p_document_id, v_ids[1]), v_payload);
    PERFORM event.insert_job('costing_advance', '{}', 'costing', 3);

    RETURN v_ids;
END;
$function$;

COMMENT ON FUNCTION inventory.post_mixed_movements(inventory.movement_type[], inventory.posting_line[], inventory.document_type, bigint, timestamptz, numeric[]) IS
    'Posts the lines as movements of the types beside them, in one go: locks every balance in key order, checks lots and locations, refuses what is not free, writes ledger, balances and event. Gives the movement ids, one per line in order. Call it once per command, after the rows of the document are locked. p_document_id null: each movement is its own document. p_second_quantities: catch weight per line, null where the item has none. Raises MR201 when stock is not free, MR202 when a lot is not released, MR203 when the type may not go that way, MR205 when the lot does not fit the item, MR207 for a quantity that is not positive at the scale of the unit, or not 1 of a serial number, MR218 when it happened in a closed period, MR226 when a serial number is in stock already, MR228 when the catch weight is missing or too many, MR229 when the balance has less of it.';

-- functions/inventory/post_opening_stock.sql as it was.
CREATE OR REPLACE FUNCTION inventory.post_opening_stock(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('post-opening-stock', p_context, p_command);
    v_item catalog.item;
    v_to catalog.location;
    v_lot inventory.lot;
    v_ids bigint[];
    v_second_quantities numeric[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_to := catalog.find_location(p_command ->> 'to');
    v_lot := inventory.ensure_lot(v_item, p_command ->> 'lot', 'released', NULL, NULL, NULL,
        (p_command ->> 'expires_on')::date, true);
    IF v_item.second_unit_id IS NOT NULL OR p_command ? 'second_quantity' THEN
        v_second_quantities := ARRAY[inventory.to_second_quantity(v_item.id, p_command ->> 'second_quantity')];
    END IF;
    v_ids := inventory.post_movements('opening', ARRAY[ROW(v_item.id, v_lot.id,
            catalog.virtual_location(v_to.site_id, 'opening'), v_to.id,
            catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit'),
            false, NULL, NULL, NULL)::inventory.posting_line],
        'opening', NULL, event.occurred_at(p_command), v_second_quantities);
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(inventory.transfer_number(v_ids[1])));
END;
$function$;

COMMENT ON FUNCTION inventory.post_opening_stock(jsonb, jsonb) IS
    'Command: takes over stock that was there before the books began. Body: item, lot?, to, quantity, unit?, second_quantity (catch weight), expires_on?, occurred_at?.';

-- functions/inventory/post_transfers.sql as it was.
CREATE OR REPLACE FUNCTION inventory.post_transfers(
    p_operations text[],
    p_keys uuid[],
    p_actors text[],
    p_devices text[],
    p_request_ids text[],
    p_commands jsonb[],
    p_problems jsonb
) RETURNS TABLE (ordinal integer, status integer, body jsonb, is_replayed boolean)
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
AS $function$
#variable_conflict use_column
DECLARE
    -- Per command, in the order of arrival. Arrays of plain types, read by one unnest: their elements are not searched for.
    v_types inventory.movement_type[];
    v_fingerprints bytea[];
    v_bodies jsonb[];           -- the answer, null while the command is still to be posted
    v_replayed boolean[];       -- answered before, under the same key
    v_foreign boolean[];        -- the key belongs to another request: answered, and not stored
    v_occurred timestamptz[];   -- null: when it is posted
    v_items bigint[];           -- null: nothing is posted
    v_lots bigint[];
    v_froms bigint[];
    v_tos bigint[];
    v_sources bigint[];         -- the source, null when it holds no balance
    v_targets bigint[];         -- the target, null when it holds no balance
    v_quantities numeric[];
    v_reasons bigint[];
    v_to_codes text[];
    v_units text[];
    v_seconds numeric[];        -- catch weight, null where the item has none
    v_second_units text[];
    v_has_seconds boolean := false;
    v_second_frees numeric[];   -- what there is of it per balance, as v_frees
    v_second_free numeric;
    v_closed_until timestamptz;
    v_is_usual boolean;
    v_is_complete boolean;      -- every balance is there already
    v_is_covered boolean;
    v_unstored integer;
    v_line inventory.posting_line;
    v_keys inventory.balance_key[];
    v_ordinal integer;
    v_entry record;
    v_frees numeric[];          -- what is free per balance that cannot serve all
    v_free numeric;
    v_shortage jsonb;
    v_posted_at timestamptz;
    v_rows integer;
    v_code text;
    v_message text;
    v_detail text;
    v_hint text;
BEGIN
    -- 1. What was answered before, and what the codes of the others mean. A command that is in any way unusual gets no item yet.
    SELECT array_agg(s.movement_type), array_agg(s.fingerprint), array_agg(s.body), array_agg(s.is_replayed), array_agg(s.is_foreign),
        array_agg(NULL::timestamptz), array_agg(s.item_id), array_agg(s.lot_id), array_agg(s.from_id), array_agg(s.to_id),
        array_agg(CASE WHEN s.is_from_physical THEN s.from_id END), array_agg(CASE WHEN s.is_to_physical THEN s.to_id END),
        array_agg(s.quantity), array_agg(s.reason_id), array_agg(s.to_code), array_agg(s.unit),
        array_agg(NULL::numeric), array_agg(NULL::text),
        bool_and(s.is_replayed OR s.item_id IS NOT NULL), bool_and(s.is_complete), count(*) FILTER (WHERE NOT s.is_replayed AND NOT s.is_foreign)
    INTO v_types, v_fingerprints, v_bodies, v_replayed, v_foreign,
        v_occurred, v_items, v_lots, v_froms, v_tos,
        v_sources, v_targets,
        v_quantities, v_reasons, v_to_codes, v_units,
        v_seconds, v_second_units,
        v_is_usual, v_is_complete, v_unstored
    FROM (
        -- Kept apart so that each member is taken out of its document once.
        WITH command AS MATERIALIZED (
            SELECT n.ordinal, n.key, n.command ->> 'item' AS item, n.command ->> 'lot' AS lot, n.command ->> 'from' AS from_code,
                n.command ->> 'to' AS to_code, n.command ->> 'unit' AS unit, n.command ->> 'reason' AS reason,
                n.command ->> 'occurred_at' AS occurred_at, n.command ? 'second_quantity' AS has_second,
                CASE WHEN n.command ->> 'quantity' ~ '^[0-9]{1,12}(\.[0-9]{1,6})?$' THEN (n.command ->> 'quantity')::numeric END AS quantity,
                -- The same as event.fingerprint.
                sha256(convert_to(n.operation || ' ' || coalesce(n.command::text, ''), 'UTF8')) AS fingerprint,
                (CASE n.operation WHEN 'put-away' THEN 'put_away' WHEN 'transfer-stock' THEN 'transfer' WHEN 'scrap-stock' THEN 'scrap' END)
                    ::inventory.movement_type AS movement_type
            FROM unnest(p_operations, p_keys, p_commands) WITH ORDINALITY AS n (operation, key, command, ordinal)
        )
        SELECT c.movement_type, c.fingerprint, r.body,
            coalesce(r.fingerprint = c.fingerprint, false) AS is_replayed, coalesce(r.fingerprint <> c.fingerprint, false) AS is_foreign,
            CASE WHEN r.key IS NULL AND rule.id IS NOT NULL AND f.site_id = coalesce(scrap.site_id, g.site_id) AND f.id <> coalesce(scrap.id, g.id)
                AND (i.tracking = 'none') = (c.lot IS NULL)
                AND (i.tracking = 'none' OR l.id IS NOT NULL)
                AND NOT (c.movement_type = 'put_away' AND f.kind = 'quarantine' AND i.tracking = 'none')
                AND (c.movement_type <> 'scrap' OR reason.id IS NOT NULL)
                AND (c.unit IS NULL OR c.unit = u.code)
                AND i.second_unit_id IS NULL AND NOT c.has_second
                AND (i.tracking <> 'serial' OR c.quantity = 1)
                AND c.quantity > 0 AND scale(trim_scale(c.quantity)) <= u.scale
                AND c.occurred_at IS NULL
            THEN i.id END AS item_id,
            coalesce(l.id, 0) AS lot_id, f.id AS from_id, coalesce(scrap.id, g.id) AS to_id,
            f.is_physical AS is_from_physical, coalesce(scrap.is_physical, g.is_physical) AS is_to_physical,
            c.quantity, reason.id AS reason_id, coalesce(scrap.code, g.code) AS to_code, u.code AS unit,
            (f.is_physical IS NOT TRUE OR EXISTS (
                SELECT FROM inventory.balance AS b
                WHERE b.item_id = i.id AND b.location_id = f.id AND b.lot_id = coalesce(l.id, 0)))
            AND (g.is_physical IS NOT TRUE OR EXISTS (
                SELECT FROM inventory.balance AS b
                WHERE b.item_id = i.id AND b.location_id = g.id AND b.lot_id = coalesce(l.id, 0))) AS is_complete
        FROM command AS c
        LEFT JOIN event.request AS r ON r.key = c.key
        LEFT JOIN catalog.item AS i ON i.number = c.item
        LEFT JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN inventory.lot AS l ON l.item_id = i.id AND l.number = c.lot
        LEFT JOIN catalog.location AS f ON f.code = c.from_code
        LEFT JOIN catalog.location AS scrap ON c.movement_type = 'scrap' AND scrap.site_id = f.site_id AND scrap.kind = 'scrap'
        LEFT JOIN catalog.location AS g ON c.movement_type <> 'scrap' AND g.code = c.to_code
        LEFT JOIN catalog.reason AS reason ON c.movement_type = 'scrap' AND reason.code = c.reason
        LEFT JOIN inventory.movement_rule AS rule
            ON rule.movement_type = c.movement_type AND rule.from_kind = f.kind AND rule.to_kind = coalesce(scrap.kind, g.kind)
        ORDER BY c.ordinal
    ) AS s;

    -- 2. The unusual ones, each alone, by the functions that convert units and say what is wrong.
    IF NOT v_is_usual THEN
        v_is_complete := false;
        FOR i IN 1..cardinality(p_operations) LOOP
            IF v_foreign[i] THEN
                v_bodies[i] := event.describe_refusal(jsonb_build_object('request_id', p_request_ids[i]), p_problems, 'MR902',
                    'this key was used for another request', NULL, 'Send every new request under a new key.');
            ELSIF NOT v_replayed[i] AND v_items[i] IS NULL THEN
                BEGIN
                    v_occurred[i] := event.occurred_at(p_commands[i]);
                    v_line := inventory.prepare_transfer(v_types[i], p_commands[i]);
                    PERFORM inventory.check_movement(v_types[i], v_line);
                    v_seconds[i] := inventory.to_second_quantity(v_line.item_id, p_commands[i] ->> 'second_quantity');
                    SELECT f.is_physical AS is_from_physical, g.is_physical AS is_to_physical, g.code AS to_code, u.code AS unit, w.code AS second_unit
                    INTO STRICT v_entry
                    FROM catalog.location AS f, catalog.location AS g, catalog.item AS t
                    JOIN catalog.unit AS u ON u.id = t.base_unit_id
                    LEFT JOIN catalog.unit AS w ON w.id = t.second_unit_id
                    WHERE f.id = v_line.from_location_id AND g.id = v_line.to_location_id AND t.id = v_line.item_id;
                    v_lots[i] := v_line.lot_id;
                    v_froms[i] := v_line.from_location_id;
                    v_tos[i] := v_line.to_location_id;
                    v_sources[i] := CASE WHEN v_entry.is_from_physical THEN v_line.from_location_id END;
                    v_targets[i] := CASE WHEN v_entry.is_to_physical THEN v_line.to_location_id END;
                    v_quantities[i] := v_line.quantity;
                    v_reasons[i] := v_line.reason_id;
                    v_to_codes[i] := v_entry.to_code;
                    v_units[i] := v_entry.unit;
                    v_second_units[i] := v_entry.second_unit;
                    v_has_seconds := v_has_seconds OR v_seconds[i] IS NOT NULL;
                    v_items[i] := v_line.item_id;
                EXCEPTION WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS v_code = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                        v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                    v_items[i] := NULL;
                    v_seconds[i] := NULL;
                    v_bodies[i] := event.describe_refusal(jsonb_build_object('request_id', p_request_ids[i]), p_problems, v_code, v_message, v_detail, v_hint);
                    IF v_bodies[i] IS NULL THEN
                        RAISE;
                    END IF;
                END;
            END IF;
        END LOOP;
    END IF;

    -- 3. Every balance the batch touches, locked in key order; missing ones are made first. Is there enough for all, whatever the order?
    -- Then nothing has to be looked at one by one.
    PERFORM pg_advisory_xact_lock_shared(218, 0);   -- see inventory.lock_balances
    IF NOT v_is_complete THEN
        SELECT coalesce(array_agg(ROW(l.item_id, p.location_id, l.lot_id)::inventory.balance_key), '{}')
        INTO v_keys
        FROM unnest(v_items, v_lots, v_sources, v_targets) AS l (item_id, lot_id, source_id, target_id)
        CROSS JOIN LATERAL (VALUES (l.source_id), (l.target_id)) AS p (location_id)
        WHERE l.item_id IS NOT NULL AND p.location_id IS NOT NULL;
        PERFORM inventory.lock_balances(v_keys);
    END IF;
    SELECT coalesce(bool_and(k.free >= k.taken), true)
    INTO v_is_covered
    FROM (
        SELECT b.on_hand - b.reserved AS free, n.taken
        FROM (
            SELECT e.item_id, e.location_id, e.lot_id, sum(e.taken) AS taken
            FROM (
                SELECT l.item_id, l.location_id, l.lot_id, l.quantity AS taken
                FROM unnest(v_items, v_sources, v_lots, v_quantities) AS l (item_id, location_id, lot_id, quantity)
                UNION ALL
                SELECT l.item_id, l.location_id, l.lot_id, 0
                FROM unnest(v_items, v_targets, v_lots) AS l (item_id, location_id, lot_id)
            ) AS e
            WHERE e.item_id IS NOT NULL AND e.location_id IS NOT NULL
            GROUP BY e.item_id, e.location_id, e.lot_id
        ) AS n
        JOIN inventory.balance AS b ON b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id
        ORDER BY b.item_id, b.location_id, b.lot_id
        FOR UPDATE OF b
    ) AS k;

    -- 4. What happened in a period that is closed, read after the locks; see inventory.close_period. The usual ones happen now.
    IF NOT v_is_usual THEN
        SELECT max(p.ends_at) INTO v_closed_until FROM inventory.period AS p;
        FOR v_ordinal IN
            SELECT l.ordinal
            FROM unnest(v_items, v_occurred) WITH ORDINALITY AS l (item_id, occurred_at, ordinal)
            WHERE l.item_id IS NOT NULL AND l.occurred_at < v_closed_until
        LOOP
            BEGIN
                PERFORM inventory.refuse_closed_period(v_occurred[v_ordinal]);
            EXCEPTION WHEN SQLSTATE 'MR218' THEN
                GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                v_items[v_ordinal] := NULL;
                v_bodies[v_ordinal] := event.describe_refusal(jsonb_build_object('request_id', p_request_ids[v_ordinal]), p_problems,
                    'MR218', v_message, v_detail, v_hint);
            END;
        END LOOP;
    END IF;

    -- 5. Lots that are not released, read after the locks; see inventory.set_lot_status.
    IF 'put_away' = ANY (v_types) THEN
        FOR v_ordinal IN
            SELECT l.ordinal
            FROM unnest(v_items, v_lots, v_types) WITH ORDINALITY AS l (item_id, lot_id, movement_type, ordinal)
            JOIN inventory.lot AS lot ON lot.id = l.lot_id AND lot.status <> 'released'
            WHERE l.item_id IS NOT NULL AND l.movement_type = 'put_away'
        LOOP
            BEGIN
                PERFORM inventory.check_movement(v_types[v_ordinal], ROW(v_items[v_ordinal], v_lots[v_ordinal], v_froms[v_ordinal], v_tos[v_ordinal],
                    v_quantities[v_ordinal], false, NULL, NULL, NULL)::inventory.posting_line);
            EXCEPTION WHEN SQLSTATE 'MR202' THEN
                GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                v_items[v_ordinal] := NULL;
                v_bodies[v_ordinal] := event.describe_refusal(jsonb_build_object('request_id', p_request_ids[v_ordinal]), p_problems,
                    'MR202', v_message, v_detail, v_hint);
            END;
        END LOOP;
    END IF;

    -- 6. The balances that cannot serve all, or have catch weight: who takes from them and who adds to them, in the order of arrival.
    IF NOT v_is_covered OR v_has_seconds THEN
        FOR v_entry IN
            SELECT e.ordinal, e.is_addition, e.number, e.quantity, b.on_hand, b.reserved, e.second_quantity,
                coalesce(b.second_on_hand, 0) AS second_on_hand
            FROM (
                SELECT p.ordinal, p.is_addition, p.item_id, p.location_id, p.lot_id, p.quantity, p.second_quantity,
                    dense_rank() OVER (ORDER BY p.item_id, p.location_id, p.lot_id) AS number,
                    sum(p.quantity) FILTER (WHERE NOT p.is_addition)
                        OVER (ORDER BY p.item_id, p.location_id, p.lot_id RANGE BETWEEN CURRENT ROW AND CURRENT ROW) AS taken
                FROM (
                    SELECT l.ordinal, false AS is_addition, l.item_id, l.location_id, l.lot_id, l.quantity, l.second_quantity
                    FROM unnest(v_items, v_sources, v_lots, v_quantities, v_seconds)
                        WITH ORDINALITY AS l (item_id, location_id, lot_id, quantity, second_quantity, ordinal)
                    UNION ALL
                    SELECT l.ordinal, true, l.item_id, l.location_id, l.lot_id, l.quantity, l.second_quantity
                    FROM unnest(v_items, v_targets, v_lots, v_quantities, v_seconds)
                        WITH ORDINALITY AS l (item_id, location_id, lot_id, quantity, second_quantity, ordinal)
                ) AS p
                WHERE p.item_id IS NOT NULL AND p.location_id IS NOT NULL
            ) AS e
            JOIN inventory.balance AS b ON b.item_id = e.item_id AND b.location_id = e.location_id AND b.lot_id = e.lot_id
            WHERE b.on_hand - b.reserved < e.taken OR e.second_quantity IS NOT NULL
            ORDER BY e.ordinal, e.is_addition
        LOOP
            CONTINUE WHEN v_items[v_entry.ordinal] IS NULL;     -- an addition of what was refused
            v_free := coalesce(v_frees[v_entry.number], v_entry.on_hand - v_entry.reserved);
            v_second_free := coalesce(v_second_frees[v_entry.number], v_entry.second_on_hand);
            IF v_entry.is_addition THEN
                v_frees[v_entry.number] := v_free + v_entry.quantity;
                v_second_frees[v_entry.number] := v_second_free + coalesce(v_entry.second_quantity, 0);
            ELSIF v_free >= v_entry.quantity AND (v_entry.second_quantity IS NULL OR v_second_free >= v_entry.second_quantity) THEN
                v_frees[v_entry.number] := v_free - v_entry.quantity;
                v_second_frees[v_entry.number] := v_second_free - coalesce(v_entry.second_quantity, 0);
            ELSE
                v_ordinal := v_entry.ordinal;
                IF v_free < v_entry.quantity THEN
                    v_code := 'MR201';
                    v_shortage := inventory.describe_shortage(p_commands[v_ordinal] ->> 'item', p_commands[v_ordinal] ->> 'from',
                        p_commands[v_ordinal] ->> 'lot', v_free + v_entry.reserved, v_entry.reserved, v_entry.quantity);
                ELSE
                    v_code := 'MR229';
                    BEGIN
                        PERFORM inventory.refuse_second_shortage(p_commands[v_ordinal] ->> 'item', p_commands[v_ordinal] ->> 'from',
                            p_commands[v_ordinal] ->> 'lot', v_second_units[v_ordinal], v_second_free, v_entry.second_quantity);
                    EXCEPTION WHEN SQLSTATE 'MR229' THEN
                        GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                        v_shortage := jsonb_build_object('message', v_message, 'detail', v_detail, 'hint', v_hint);
                    END;
                END IF;
                v_items[v_ordinal] := NULL;
                v_seconds[v_ordinal] := NULL;
                v_bodies[v_ordinal] := event.describe_refusal(jsonb_build_object('request_id', p_request_ids[v_ordinal]), p_problems,
                    v_code, v_shortage ->> 'message', v_shortage ->> 'detail', v_shortage ->> 'hint');
            END IF;
        END LOOP;
    END IF;

    -- 7. Write what is left, set by set, and answer all. Time and ids are drawn after the locks: per balance they are the true order.
    v_posted_at := clock_timestamp();
    RETURN QUERY
    WITH line AS MATERIALIZED (
        SELECT l.ordinal, l.key, l.operation, l.fingerprint, l.actor, l.device, l.request_id, l.command, l.movement_type, l.item_id, l.lot_id, l.from_id, l.to_id, l.source_id, l.target_id,
            l.quantity, l.second_quantity, l.reason_id, l.occurred_at, l.to_code, l.unit, l.second_unit, nextval('inventory.movement_id') AS id,
            (CASE l.movement_type WHEN 'scrap' THEN 'scrapping' ELSE 'transfer' END)::inventory.document_type AS document_type
        FROM unnest(p_keys, p_operations, v_fingerprints, p_actors, p_devices, p_request_ids, p_commands, v_types, v_items, v_lots, v_froms,
                v_tos, v_sources, v_targets, v_quantities, v_seconds, v_reasons, v_occurred, v_to_codes, v_units, v_second_units)
            WITH ORDINALITY AS l (key, operation, fingerprint, actor, device, request_id, command, movement_type, item_id, lot_id, from_id,
                to_id, source_id, target_id, quantity, second_quantity, reason_id, occurred_at, to_code, unit, second_unit, ordinal)
        WHERE l.item_id IS NOT NULL
    ), posted AS (
        INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id,
            quantity, second_quantity, document_type, document_id, reason_id, actor, request_key)
        SELECT l.id, v_posted_at, coalesce(l.occurred_at, v_posted_at), l.movement_type, l.item_id, l.lot_id, l.from_id, l.to_id,
            l.quantity, l.second_quantity, l.document_type, l.id, l.reason_id, l.actor, l.key
        FROM line AS l
    ), changed AS (
        UPDATE inventory.balance AS b
        SET on_hand = b.on_hand + n.change
        FROM (
            SELECT e.item_id, e.location_id, e.lot_id, sum(e.change) AS change
            FROM (
                SELECT l.item_id, l.source_id AS location_id, l.lot_id, -l.quantity AS change FROM line AS l
                UNION ALL
                SELECT l.item_id, l.target_id, l.lot_id, l.quantity FROM line AS l
            ) AS e
            WHERE e.location_id IS NOT NULL
            GROUP BY e.item_id, e.location_id, e.lot_id
        ) AS n
        WHERE b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id AND n.change <> 0
    ), gone AS (
        DELETE FROM inventory.serial AS s
        USING line AS l
        WHERE s.lot_id = l.lot_id AND l.lot_id <> 0 AND l.movement_type = 'scrap'
    ), told AS (
        INSERT INTO event.inbox (topic, subject_id, payload, request_key, ordinal, recorded_at)
        SELECT 'movement.posted', l.id,
            jsonb_build_object('posted_at', v_posted_at, 'document_type', l.document_type,
                'movements', jsonb_build_array(jsonb_build_object('id', l.id::text, 'type', l.movement_type,
                    'item', l.command ->> 'item', 'lot', l.command ->> 'lot', 'from', l.command ->> 'from', 'to', l.to_code,
                    'quantity', l.quantity::text))),
            l.key, nextval('event.inbox_ordinal'), v_posted_at
        FROM line AS l
    ), answered AS MATERIALIZED (
        SELECT a.ordinal, a.key, a.is_replayed, a.is_foreign, a.fingerprint, a.operation, a.actor, a.device, a.request_id, a.body,
            coalesce((a.body ->> 'status')::integer, 201) AS status
        FROM unnest(p_keys, v_replayed, v_foreign, v_fingerprints, p_operations, p_actors, p_devices, p_request_ids, v_items, v_bodies)
            WITH ORDINALITY AS a (key, is_replayed, is_foreign, fingerprint, operation, actor, device, request_id, item_id, body, ordinal)
        WHERE a.item_id IS NULL
        UNION ALL
        SELECT l.ordinal, l.key, false, false, l.fingerprint, l.operation, l.actor, l.device, l.request_id,
            -- The same as inventory.describe_transfer.
            jsonb_build_object('number', 'TR-' || CASE WHEN l.id < 1000000 THEN lpad(l.id::text, 6, '0') ELSE l.id::text END,
                'type', l.movement_type, 'item', l.command ->> 'item', 'lot', l.command ->> 'lot', 'from', l.command ->> 'from', 'to', l.to_code,
                'quantity', trim_scale(l.quantity)::text, 'unit', l.unit, 'is_reversed', false, 'created_at', v_posted_at)
                || CASE WHEN l.second_quantity IS NULL THEN '{}' ELSE jsonb_build_object(
                    'second_quantity', trim_scale(l.second_quantity)::text, 'second_unit', l.second_unit) END,
            201
        FROM line AS l
    ), stored AS (
        INSERT INTO event.request (key, fingerprint, operation, status, body, actor, device, request_id, recorded_at)
        SELECT a.key, a.fingerprint, a.operation, a.status, a.body, a.actor, nullif(a.device, ''), a.request_id, v_posted_at
        FROM answered AS a
        WHERE NOT a.is_replayed AND NOT a.is_foreign
        ON CONFLICT (key) DO NOTHING
        RETURNING request.key
    )
    SELECT a.ordinal::integer, a.status, a.body, a.is_replayed
    FROM answered AS a
    WHERE (SELECT count(*) FROM stored) = v_unstored;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows <> cardinality(p_operations) THEN
        RAISE EXCEPTION 'a key of this batch was answered meanwhile' USING ERRCODE = '40001';
    END IF;
    IF v_has_seconds THEN
        PERFORM inventory.move_second_quantities(array_agg(ROW(l.item_id, l.lot_id, l.from_id, l.to_id, l.quantity, false, NULL, NULL, NULL)
            ::inventory.posting_line ORDER BY l.ordinal), array_agg(l.second_quantity ORDER BY l.ordinal))
        FROM unnest(v_items, v_lots, v_froms, v_tos, v_quantities, v_seconds)
            WITH ORDINALITY AS l (item_id, lot_id, from_id, to_id, quantity, second_quantity, ordinal)
        WHERE l.item_id IS NOT NULL;
    END IF;
    IF EXISTS (SELECT FROM unnest(v_items) AS l (item_id) WHERE l.item_id IS NOT NULL) THEN
        PERFORM event.insert_job('costing_advance', '{}', 'costing', 3);
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.post_transfers(text[], uuid[], text[], text[], text[], jsonb[], jsonb) IS
    'Posts a batch of put-away, transfer-stock and scrap-stock commands in one transaction: each succeeds or is refused alone, in the order of arrival, and is answered and stored under its own key. No key twice in a batch. p_problems maps the SQLSTATEs that may be told to {type, title, status}. One row per command, in any order. Raises 40001 when a key was answered by another transaction meanwhile: call again; any other error means that nothing of the batch was done.';

-- functions/inventory/prepare_transfer.sql as it was.
CREATE OR REPLACE FUNCTION inventory.prepare_transfer(
    p_type inventory.movement_type,
    p_command jsonb
) RETURNS inventory.posting_line
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_item catalog.item := catalog.find_item(p_command ->> 'item');
    v_lot inventory.lot := inventory.find_lot(v_item, p_command ->> 'lot');
    v_from catalog.location := catalog.find_location(p_command ->> 'from');
    v_to_id bigint;
    v_reason_id bigint;
BEGIN
    IF p_type = 'scrap' THEN
        v_to_id := catalog.virtual_location(v_from.site_id, 'scrap');
        v_reason_id := (catalog.find_reason(p_command ->> 'reason')).id;
    ELSE
        v_to_id := (catalog.find_location(p_command ->> 'to')).id;
    END IF;
    IF p_type = 'put_away' AND v_from.kind = 'quarantine' AND v_lot.id = 0 THEN
        RAISE EXCEPTION 'goods without lot leave quarantine by their inspection'
            USING ERRCODE = 'MR213',
                  DETAIL = jsonb_build_object('item', v_item.number, 'from', v_from.code)::text,
                  HINT = 'Record the inspection of the goods receipt and name the place there.';
    END IF;
    RETURN ROW(v_item.id, v_lot.id, v_from.id, v_to_id,
        catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit'),
        false, NULL, NULL, v_reason_id)::inventory.posting_line;
END;
$function$;

COMMENT ON FUNCTION inventory.prepare_transfer(inventory.movement_type, jsonb) IS
    'The posting line of a put-away, transfer or scrapping, from its command: item, lot?, from, to (reason for scrap), quantity, unit?. Raises what resolving raises, and MR213 for untracked goods that would leave quarantine by a put-away.';

-- functions/inventory/release_expired_reservations.sql as it was.
CREATE OR REPLACE FUNCTION inventory.release_expired_reservations(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids bigint[];
    v_keys inventory.balance_key[];
BEGIN
    SELECT array_agg(r.id), array_agg(ROW(r.item_id, r.location_id, r.lot_id)::inventory.balance_key)
    INTO v_ids, v_keys
    FROM (
        SELECT v.id, v.item_id, v.location_id, v.lot_id
        FROM inventory.reservation AS v
        WHERE v.expires_at <= clock_timestamp() AND v.open_quantity > 0
        ORDER BY v.expires_at
        LIMIT p_limit
    ) AS r;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM inventory.lock_balances(v_keys);

    -- Balances are held here, so nobody is waited for: a reservation that a pick holds right now is used, not expired.
    SELECT array_agg(r.id) INTO v_ids
    FROM (
        SELECT v.id
        FROM inventory.reservation AS v
        WHERE v.id = ANY (v_ids) AND v.open_quantity > 0
        FOR UPDATE SKIP LOCKED
    ) AS r;

    UPDATE inventory.balance AS b
    SET reserved = b.reserved - o.quantity
    FROM (
        SELECT r.item_id, r.location_id, r.lot_id, sum(r.open_quantity) AS quantity
        FROM inventory.reservation AS r
        WHERE r.id = ANY (v_ids)
        GROUP BY r.item_id, r.location_id, r.lot_id
    ) AS o
    WHERE b.item_id = o.item_id AND b.location_id = o.location_id AND b.lot_id = o.lot_id;

    PERFORM event.publish('reservation.expired', r.id, jsonb_build_object(
        'demand_type', r.demand_type, 'demand', r.demand_id::text, 'item', i.number, 'location', c.code, 'lot', nullif(l.number, ''),
        'quantity', trim_scale(r.open_quantity)::text))
    FROM inventory.reservation AS r
    JOIN catalog.item AS i ON i.id = r.item_id
    JOIN catalog.location AS c ON c.id = r.location_id
    JOIN inventory.lot AS l ON l.id = r.lot_id
    WHERE r.id = ANY (v_ids);

    UPDATE inventory.reservation AS r
    SET released_quantity = r.released_quantity + r.open_quantity
    WHERE r.id = ANY (v_ids);
    RETURN coalesce(cardinality(v_ids), 0);
END;
$function$;

COMMENT ON FUNCTION inventory.release_expired_reservations(integer) IS
    'Gives back up to p_limit reservations whose time is over, oldest first, and says how many. Safe beside picks and other releases: it waits for balances only.';

-- functions/inventory/reserve_stock.sql as it was.
CREATE OR REPLACE FUNCTION inventory.reserve_stock(
    p_demand_type inventory.demand_type,
    p_demand_id bigint,
    p_item_id bigint,
    p_site_id bigint,
    p_quantity numeric,
    p_expires_at timestamptz DEFAULT NULL
) RETURNS numeric
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_keys inventory.balance_key[];
    v_reserved numeric;
BEGIN
    SELECT coalesce(array_agg(ROW(b.item_id, b.location_id, b.lot_id)::inventory.balance_key), '{}')
    INTO v_keys
    FROM inventory.balance AS b
    JOIN catalog.location AS c ON c.id = b.location_id
    WHERE b.item_id = p_item_id
      AND c.site_id = p_site_id
      AND c.kind = 'storage'
      AND b.on_hand > b.reserved;
    PERFORM inventory.lock_balances(v_keys);

    -- Only the balances that are locked count: a receipt that commits right now waits for the next call.
    WITH candidate AS (
        SELECT b.location_id, b.lot_id, b.on_hand - b.reserved AS free,
            sum(b.on_hand - b.reserved) OVER (
                ORDER BY CASE i.issue_order WHEN 'fefo' THEN l.expires_on END NULLS LAST, l.arrived_at, b.lot_id, b.location_id) AS running
        FROM unnest(v_keys) AS k
        JOIN inventory.balance AS b
            ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        JOIN catalog.item AS i ON i.id = b.item_id
        WHERE l.status = 'released'
          AND (l.expires_on IS NULL OR l.expires_on >= current_date)
          AND b.on_hand > b.reserved
    ), taken AS (
        SELECT c.location_id, c.lot_id, least(c.free, p_quantity - (c.running - c.free)) AS quantity
        FROM candidate AS c
        WHERE c.running - c.free < p_quantity
    ), booked AS (
        UPDATE inventory.balance AS b
        SET reserved = b.reserved + t.quantity
        FROM taken AS t
        WHERE b.item_id = p_item_id AND b.location_id = t.location_id AND b.lot_id = t.lot_id
        RETURNING b.location_id, b.lot_id, t.quantity
    ), held AS (
        INSERT INTO inventory.reservation (item_id, location_id, lot_id, demand_type, demand_id, quantity, expires_at)
        SELECT p_item_id, b.location_id, b.lot_id, p_demand_type, p_demand_id, b.quantity, p_expires_at
        FROM booked AS b
        RETURNING quantity
    )
    SELECT coalesce(sum(h.quantity), 0) INTO v_reserved FROM held AS h;
    RETURN v_reserved;
END;
$function$;

COMMENT ON FUNCTION inventory.reserve_stock(inventory.demand_type, bigint, bigint, bigint, numeric, timestamptz) IS
    'Reserves up to p_quantity base units for a demand, in the issue order of the item (first expiring or oldest first), from free, released, unexpired stock at the storage locations of the site, and gives what it could reserve. At p_expires_at (null: never) a job gives back what is still open. A command that reserves several items calls it in ascending order of item id.';

-- functions/inventory/resolve_barcode.sql as it was.
CREATE OR REPLACE FUNCTION inventory.resolve_barcode(
    p_barcode text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_gs1 jsonb := inventory.parse_gs1(p_barcode);
    v_gtin text := CASE WHEN p_barcode ~ '^[0-9]{8,14}$' AND inventory.has_check_digit(p_barcode) THEN lpad(p_barcode, 14, '0') END;
    v_lot_number text;
    v_result jsonb;
    v_matches integer;
BEGIN
    IF v_gs1 ? '00' AND inventory.has_check_digit(v_gs1 ->> '00') THEN
        RETURN jsonb_build_object('kind', 'handling_unit', 'sscc', v_gs1 ->> '00');
    END IF;
    IF v_gs1 ?| ARRAY['01', '02'] AND inventory.has_check_digit(coalesce(v_gs1 ->> '01', v_gs1 ->> '02')) THEN
        v_gtin := coalesce(v_gs1 ->> '01', v_gs1 ->> '02');
        v_lot_number := coalesce(v_gs1 ->> '10', v_gs1 ->> '21');
    END IF;

    IF v_gtin IS NOT NULL THEN
        SELECT jsonb_build_object('kind', CASE WHEN v_lot_number IS NULL THEN 'item' ELSE 'lot' END,
            'item', i.number, 'lot', v_lot_number, 'unit', u.code,
            'quantity', coalesce(v_gs1 ->> '37', v_gs1 ->> '30'))
        INTO v_result
        FROM catalog.item AS i
        LEFT JOIN catalog.item_unit AS iu ON iu.item_id = i.id AND iu.gtin = v_gtin
        JOIN catalog.unit AS u ON u.id = coalesce(iu.unit_id, i.base_unit_id)
        WHERE (i.gtin = v_gtin OR iu.gtin = v_gtin)
          AND (v_lot_number IS NULL
               OR EXISTS (SELECT FROM inventory.lot AS l WHERE l.item_id = i.id AND l.number = v_lot_number));
    END IF;
    IF v_result IS NULL THEN
        SELECT jsonb_build_object('kind', 'item', 'item', i.number) INTO v_result
        FROM catalog.item AS i WHERE i.number = p_barcode;
    END IF;
    IF v_result IS NULL THEN
        SELECT jsonb_build_object('kind', 'location', 'location', c.code) INTO v_result
        FROM catalog.location AS c WHERE c.code = p_barcode AND c.is_physical;
    END IF;
    IF v_result IS NULL THEN
        SELECT min(jsonb_build_object('kind', 'lot', 'item', i.number, 'lot', l.number)::text)::jsonb, count(*)
        INTO v_result, v_matches
        FROM inventory.lot AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        WHERE l.number = p_barcode;
        IF v_matches > 1 THEN
            RAISE EXCEPTION '% items have a lot %', v_matches, left(p_barcode, 60)
                USING ERRCODE = 'MR217',
                      DETAIL = jsonb_build_object('barcode', left(p_barcode, 60))::text,
                      HINT = 'Scan the item as well.';
        END IF;
    END IF;
    IF v_result IS NULL THEN
        RAISE EXCEPTION 'nobody knows the code %', left(p_barcode, 60)
            USING ERRCODE = 'MR206',
                  DETAIL = jsonb_build_object('barcode', left(p_barcode, 60))::text,
                  HINT = 'Scan it again, or key in the number.';
    END IF;
    RETURN jsonb_strip_nulls(v_result);
END;
$function$;

COMMENT ON FUNCTION inventory.resolve_barcode(text) IS
    'What a scanned code means: {kind: item | lot | location | handling_unit, item, lot, unit, quantity, location, sscc}. Takes GS1 element strings (AI 00, 01, 02, 10, 21, 30, 37), GTINs, item numbers, location codes and lot numbers. Raises MR206 when nobody knows it, MR217 when a bare lot number fits several items.';

-- functions/inventory/reverse_count.sql as it was.
CREATE OR REPLACE FUNCTION inventory.reverse_count(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-count', p_context, p_command);
    v_count inventory.count;
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT c.* INTO v_count FROM inventory.count AS c WHERE c.number = p_command ->> 'count' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no count %', p_command ->> 'count'
            USING ERRCODE = 'MR216',
                  DETAIL = jsonb_build_object('count', p_command ->> 'count')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_count.is_reversed THEN
        RAISE EXCEPTION 'this was reversed already'
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('count', v_count.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    SELECT coalesce(array_agg(m.id ORDER BY m.id), '{}')
    INTO v_movement_ids
    FROM inventory.count_line AS n
    CROSS JOIN LATERAL (VALUES (n.movement_id), (n.second_movement_id)) AS m (id)
    WHERE n.count_id = v_count.id AND m.id IS NOT NULL;
    PERFORM inventory.reverse_movements(v_movement_ids, 'reversal', v_count.id,
        (catalog.find_reason(p_command ->> 'reason')).id, event.occurred_at(p_command));
    UPDATE inventory.count AS c SET is_reversed = true WHERE c.id = v_count.id;
    RETURN event.finish_request(p_context, 201, inventory.get_count(v_count.number));
END;
$function$;

COMMENT ON FUNCTION inventory.reverse_count(jsonb, jsonb) IS
    'Command: takes back the adjustments of a count. Body: count, reason, occurred_at?. Raises MR216 when there is no such count, MR209 when it was taken back already.';

-- functions/inventory/reverse_transfer.sql as it was.
CREATE OR REPLACE FUNCTION inventory.reverse_transfer(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-transfer', p_context, p_command);
    v_id bigint := inventory.transfer_id(p_command ->> 'transfer');
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF inventory.get_transfer(p_command ->> 'transfer') IS NULL THEN
        RAISE EXCEPTION 'there is no transfer %', p_command ->> 'transfer'
            USING ERRCODE = 'MR214',
                  DETAIL = jsonb_build_object('transfer', p_command ->> 'transfer')::text,
                  HINT = 'Check the number.';
    END IF;
    PERFORM inventory.reverse_movements(ARRAY[v_id], 'reversal', v_id,
        (catalog.find_reason(p_command ->> 'reason')).id, event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(p_command ->> 'transfer'));
END;
$function$;

COMMENT ON FUNCTION inventory.reverse_transfer(jsonb, jsonb) IS
    'Command: takes back a put-away, move, scrapping or opening by a reversing movement. Body: transfer, reason, occurred_at?. Raises MR214 when there is no such transfer, MR209 when it was taken back already.';

-- functions/inventory/select_stock.sql as it was.
CREATE OR REPLACE FUNCTION inventory.select_stock(
    p_item_id bigint,
    p_site_id bigint,
    p_location_id bigint,
    p_quantity numeric,
    p_use_reserved boolean
) RETURNS TABLE (location_id bigint, lot_id bigint, quantity numeric)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    v_found numeric := 0;
BEGIN
    RETURN QUERY
    WITH candidate AS (
        SELECT b.location_id, b.lot_id,
            CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END AS free,
            sum(CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END) OVER (
                ORDER BY CASE i.issue_order WHEN 'fefo' THEN l.expires_on END NULLS LAST, l.arrived_at, b.lot_id, b.location_id) AS running
        FROM inventory.balance AS b
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        JOIN catalog.item AS i ON i.id = b.item_id
        WHERE b.item_id = p_item_id
          AND c.site_id = p_site_id
          AND c.kind = 'storage'
          AND (p_location_id IS NULL OR b.location_id = p_location_id)
          AND l.status = 'released'
          AND (l.expires_on IS NULL OR l.expires_on >= current_date)
          AND CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END > 0
    )
    SELECT c.location_id, c.lot_id, least(c.free, p_quantity - (c.running - c.free))
    FROM candidate AS c
    WHERE c.running - c.free < p_quantity
    ORDER BY c.running;

    SELECT coalesce(sum(CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END), 0) INTO v_found
    FROM inventory.balance AS b
    JOIN catalog.location AS c ON c.id = b.location_id
    JOIN inventory.lot AS l ON l.id = b.lot_id
    WHERE b.item_id = p_item_id
      AND c.site_id = p_site_id
      AND c.kind = 'storage'
      AND (p_location_id IS NULL OR b.location_id = p_location_id)
      AND l.status = 'released'
      AND (l.expires_on IS NULL OR l.expires_on >= current_date);
    IF v_found < p_quantity THEN
        RAISE EXCEPTION '% of item % asked for, % free', trim_scale(p_quantity),
            (SELECT i.number FROM catalog.item AS i WHERE i.id = p_item_id), trim_scale(v_found)
            USING ERRCODE = 'MR201',
                  DETAIL = jsonb_build_object('item', (SELECT i.number FROM catalog.item AS i WHERE i.id = p_item_id),
                      'location', (SELECT c.code FROM catalog.location AS c WHERE c.id = p_location_id),
                      'free', v_found::text, 'requested', p_quantity::text)::text,
                  HINT = 'Take less, or bring material first.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.select_stock(bigint, bigint, bigint, numeric, boolean) IS
    'Chooses released, unexpired stock for p_quantity base units, in the issue order of the item (first expiring or oldest first), at one location or (null) at any storage location of the site; p_use_reserved also offers what is reserved. Locks nothing: the posting that follows refuses what was taken meanwhile. Raises MR201 when there is not enough.';

-- functions/inventory/set_lot_status.sql as it was.
CREATE OR REPLACE FUNCTION inventory.set_lot_status(
    p_lot_id bigint,
    p_status inventory.lot_status
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_keys inventory.balance_key[];
BEGIN
    -- Postings read the status after they locked their balances: holding those, no posting can slip by on the old status.
    SELECT coalesce(array_agg(ROW(b.item_id, b.location_id, b.lot_id)::inventory.balance_key), '{}')
    INTO v_keys
    FROM inventory.lot AS l
    JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.lot_id = l.id
    WHERE l.id = p_lot_id AND l.id <> 0;
    PERFORM inventory.lock_balances(v_keys);

    UPDATE inventory.lot AS l SET status = p_status WHERE l.id = p_lot_id AND l.id <> 0 AND l.status <> p_status;
    IF FOUND THEN
        PERFORM event.publish('lot.status_changed', p_lot_id,
            (SELECT jsonb_build_object('item', i.number, 'lot', l.number, 'status', l.status)
             FROM inventory.lot AS l JOIN catalog.item AS i ON i.id = l.item_id WHERE l.id = p_lot_id));
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.set_lot_status(bigint, inventory.lot_status) IS
    'Releases, blocks or quarantines a lot, wherever it lies. Call it after the rows of the document are locked and before the posting of the same command.';

-- functions/inventory/split_lot.sql as it was.
CREATE OR REPLACE FUNCTION inventory.split_lot(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('split-lot', p_context, p_command);
    v_item catalog.item;
    v_parent inventory.lot;
    v_child inventory.lot;
    v_location catalog.location;
    v_quantity numeric;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_parent := inventory.find_lot(v_item, p_command ->> 'lot');
    v_location := catalog.find_location(p_command ->> 'location');
    v_quantity := catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit');
    IF v_item.tracking = 'serial' THEN
        RAISE EXCEPTION 'a serial number of % is one piece and cannot be split', v_item.number
            USING ERRCODE = 'MR225',
                  DETAIL = jsonb_build_object('item', v_item.number, 'lot', v_parent.number)::text,
                  HINT = 'Scan the right piece.';
    END IF;

    -- The new lot first and the balances then, as everybody does; under their lock the status cannot change any more.
    v_child := inventory.ensure_lot(v_item, p_command ->> 'new_lot', v_parent.status, v_parent.supplier_id, v_parent.supplier_lot,
        v_parent.manufactured_on, v_parent.expires_on);
    PERFORM inventory.lock_balances(ARRAY[
        ROW(v_item.id, v_location.id, v_parent.id), ROW(v_item.id, v_location.id, v_child.id)]::inventory.balance_key[]);
    UPDATE inventory.lot AS l
    SET status = o.status,
        expires_on = o.expires_on,
        arrived_at = o.arrived_at
    FROM inventory.lot AS o
    WHERE l.id = v_child.id AND o.id = v_parent.id;

    v_number := inventory.post_lot_change('split', v_location, v_child,
        ARRAY[v_parent.id], ARRAY[v_quantity],
        ARRAY[inventory.to_second_quantity(v_item.id, p_command ->> 'second_quantity')], event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_lot_change(v_number));
END;
$function$;

COMMENT ON FUNCTION inventory.split_lot(jsonb, jsonb) IS
    'Command: makes part of a lot at a location a lot of its own, of the same status, age, expiry and origin. Body: item, lot, location, quantity, unit?, second_quantity (catch weight), new_lot? (numbered if left out), occurred_at?. Raises MR201 for more than is free, MR203 where lots are not changed, MR210 when the new number is taken, MR225 for a serial number.';

-- functions/inventory/tell_expired_lots.sql as it was.
CREATE OR REPLACE FUNCTION inventory.tell_expired_lots() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_today date := (clock_timestamp() AT TIME ZONE coalesce((SELECT s.time_zone FROM catalog.site AS s ORDER BY s.id LIMIT 1), 'UTC'))::date;
    v_lot record;
    v_told integer := 0;
BEGIN
    FOR v_lot IN
        UPDATE inventory.lot AS l
        SET expiry_told_at = clock_timestamp()
        FROM catalog.item AS i
        WHERE i.id = l.item_id
          AND l.expires_on < v_today
          AND l.expiry_told_at IS NULL
          AND EXISTS (SELECT FROM inventory.balance AS b WHERE b.item_id = l.item_id AND b.lot_id = l.id AND b.on_hand > 0)
        RETURNING l.id, l.number, l.expires_on, i.number AS item
    LOOP
        PERFORM event.publish('lot.expired', v_lot.id,
            jsonb_build_object('item', v_lot.item, 'lot', v_lot.number, 'expires_on', v_lot.expires_on));
        v_told := v_told + 1;
    END LOOP;
    RETURN v_told;
END;
$function$;

COMMENT ON FUNCTION inventory.tell_expired_lots() IS
    'Tells the feed of every lot in stock that has expired since the last call, each once, and says how many.';

-- functions/inventory/write_snapshots.sql as it was.
CREATE OR REPLACE FUNCTION inventory.write_snapshots() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_period inventory.period;
    v_previous_id bigint;
    v_written integer := 0;
BEGIN
    FOR v_period IN
        SELECT p.* FROM inventory.period AS p WHERE p.snapshot_at IS NULL ORDER BY p.ends_at FOR UPDATE
    LOOP
        SELECT p.id INTO v_previous_id FROM inventory.period AS p WHERE p.ends_at = v_period.starts_at;

        -- What happened in the period was posted between five minutes before it began (clocks of devices may be that much
        -- ahead) and its closing; so the scan is of one period.
        INSERT INTO inventory.period_balance (period_id, item_id, location_id, lot_id, on_hand, second_on_hand)
        SELECT v_period.id, e.item_id, e.location_id, e.lot_id, sum(e.quantity), sum(e.second_quantity)
        FROM (
            SELECT b.item_id, b.location_id, b.lot_id, b.on_hand AS quantity, b.second_on_hand AS second_quantity
            FROM inventory.period_balance AS b
            WHERE b.period_id = v_previous_id
            UNION ALL
            SELECT m.item_id, p.location_id, m.lot_id, p.quantity, p.second_quantity
            FROM inventory.movement AS m
            CROSS JOIN LATERAL (VALUES (m.to_location_id, m.quantity, m.second_quantity), (m.from_location_id, -m.quantity, -m.second_quantity))
                AS p (location_id, quantity, second_quantity)
            JOIN catalog.location AS c ON c.id = p.location_id AND c.is_physical
            WHERE m.posted_at >= v_period.starts_at - interval '5 minutes' AND m.posted_at <= v_period.closed_at
              AND m.occurred_at >= v_period.starts_at AND m.occurred_at < v_period.ends_at
        ) AS e
        GROUP BY e.item_id, e.location_id, e.lot_id
        HAVING sum(e.quantity) <> 0 OR sum(e.second_quantity) <> 0;

        UPDATE inventory.period AS p SET snapshot_at = clock_timestamp() WHERE p.id = v_period.id;
        v_written := v_written + 1;
    END LOOP;
    RETURN v_written;
END;
$function$;

COMMENT ON FUNCTION inventory.write_snapshots() IS
    'Writes the balances at the end of every closed period that has none yet, from those of the period before and the movements of the period; says of how many. Idempotent; reads the ledger of one period each.';

-- functions/production/attribute_material.sql as it was.
CREATE OR REPLACE FUNCTION production.attribute_material(
    p_order production.work_order,
    p_report_id bigint,
    p_child_lot_id bigint,
    p_produced numeric
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_row record;
BEGIN
    -- Nothing was issued by scan: nothing to do. The usual case of an order that is backflushed.
    IF NOT EXISTS (SELECT FROM production.material_issue AS t WHERE t.work_order_id = p_order.id AND t.kind = 'issue' AND NOT t.is_reversed) THEN
        RETURN;
    END IF;
    FOR v_row IN
        WITH issued AS (
            SELECT l.work_order_material_id, l.item_id, l.lot_id, min(l.id) AS first_id,
                sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END) AS quantity
            FROM production.material_issue AS t
            JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
            WHERE t.work_order_id = p_order.id AND NOT t.is_reversed AND l.lot_id <> 0
            GROUP BY l.work_order_material_id, l.item_id, l.lot_id
        ), used AS (
            SELECT r.work_order_material_id, r.lot_id, sum(r.quantity) AS quantity
            FROM production.production_report AS p
            JOIN production.production_report_material AS r ON r.production_report_id = p.id
            WHERE p.work_order_id = p_order.id AND NOT p.is_reversed AND r.movement_id IS NULL
            GROUP BY r.work_order_material_id, r.lot_id
        ), rest AS (
            SELECT i.work_order_material_id, i.item_id, i.lot_id, i.quantity - coalesce(u.quantity, 0) AS quantity,
                sum(i.quantity - coalesce(u.quantity, 0)) OVER (PARTITION BY i.work_order_material_id ORDER BY i.first_id) AS running,
                sum(coalesce(u.quantity, 0)) OVER (PARTITION BY i.work_order_material_id) AS used_quantity
            FROM issued AS i
            LEFT JOIN used AS u ON u.work_order_material_id = i.work_order_material_id AND u.lot_id = i.lot_id
        ), wanted AS (
            SELECT m.id, CASE WHEN p_produced IS NULL THEN m.issued_quantity
                ELSE round(m.required_quantity * p_produced / p_order.quantity, u.scale) - m.backflushed_quantity END AS quantity
            FROM production.work_order_material AS m
            JOIN catalog.item AS i ON i.id = m.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            WHERE m.work_order_id = p_order.id
        )
        SELECT r.work_order_material_id, r.item_id, r.lot_id,
            least(r.quantity, w.quantity - r.used_quantity - (r.running - r.quantity)) AS quantity
        FROM rest AS r
        JOIN wanted AS w ON w.id = r.work_order_material_id
        WHERE r.quantity > 0
          AND w.quantity - r.used_quantity - (r.running - r.quantity) > 0
        ORDER BY r.lot_id
    LOOP
        INSERT INTO production.production_report_material (production_report_id, work_order_material_id, item_id, lot_id, quantity)
        VALUES (p_report_id, v_row.work_order_material_id, v_row.item_id, v_row.lot_id, v_row.quantity);
        IF p_child_lot_id <> 0 THEN
            PERFORM inventory.add_genealogy(v_row.lot_id, p_child_lot_id, v_row.quantity, 'production_report', p_report_id);
        END IF;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION production.attribute_material(production.work_order, bigint, bigint, numeric) IS
    'Counts lots issued by scan to a report, first issued first, in proportion to what the order has produced so far (p_produced, good and scrap), or everything that is left (null: at completion), and writes the genealogy to the finished lot. Lots that backflush took have theirs already.';

-- functions/production/cancel_work_order.sql as it was.
CREATE OR REPLACE FUNCTION production.cancel_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('cancel-work-order', p_context, p_command);
    v_order production.work_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    IF v_order.good_quantity > 0 OR v_order.scrap_quantity > 0 OR EXISTS (
        SELECT FROM production.work_order_material AS m WHERE m.work_order_id = v_order.id AND m.issued_quantity > 0) THEN
        RAISE EXCEPTION 'material or production was booked on work order %', v_order.number
            USING ERRCODE = 'MR320',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'good_quantity', trim_scale(v_order.good_quantity)::text,
                      'scrap_quantity', trim_scale(v_order.scrap_quantity)::text)::text,
                  HINT = 'Take that back first, or complete the order.';
    END IF;
    UPDATE production.work_order AS o SET state = 'cancelled' WHERE o.id = v_order.id;
    PERFORM event.publish('work_order.cancelled', v_order.id, jsonb_build_object('number', v_order.number));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.cancel_work_order(jsonb, jsonb) IS
    'Command: the order is not made. Body: work_order. Raises MR301, MR303, MR320 when material or production was booked on it.';

-- functions/production/choose_lots.sql as it was.
CREATE OR REPLACE FUNCTION production.choose_lots(
    p_order production.work_order,
    p_needs production.production_report_material[],
    p_named jsonb,
    p_output_item_id bigint,
    p_output_location_id bigint,
    p_output_lot_id bigint
) RETURNS production.production_report_material[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_needs production.production_report_material[] := p_needs;
    v_uses production.production_report_material[] := '{}';
    v_named production.production_report_material[] := '{}';
    v_use production.production_report_material;
    v_entry record;
    v_item catalog.item;
    v_material production.work_order_material;
    v_free numeric;
    v_quantity numeric;
    v_position integer;
    v_bad record;
    v_keys inventory.balance_key[];
BEGIN
    -- The lots that the report names; quantity null: as much as is needed and there.
    FOR v_entry IN SELECT e.value AS line FROM jsonb_array_elements(p_named) AS e LOOP
        v_item := catalog.find_item(v_entry.line ->> 'item');
        v_material := production.find_material(p_order, v_item);
        v_named := v_named || ROW(NULL, NULL, v_material.id, v_item.id, (inventory.find_lot(v_item, v_entry.line ->> 'lot')).id,
            CASE WHEN v_entry.line ->> 'location' IS NULL THEN v_material.supply_location_id
                ELSE (catalog.find_location(v_entry.line ->> 'location')).id END,
            CASE WHEN v_entry.line ->> 'quantity' IS NOT NULL
                THEN catalog.to_base_quantity(v_item, v_entry.line ->> 'quantity', v_entry.line ->> 'unit') END,
            NULL)::production.production_report_material;
    END LOOP;

    -- Everything that may be taken, and where the product goes, locked in one go before looking at stock: two reports
    -- that want the last lot meet here, and the second sees what the first left. What comes to these places from now on
    -- waits for the next report: locking it after the others would be out of order.
    v_keys := ARRAY(
        SELECT ROW(b.item_id, b.location_id, b.lot_id)::inventory.balance_key
        FROM unnest(p_needs) AS n
        JOIN inventory.balance AS b ON b.item_id = n.item_id AND b.location_id = n.location_id
        WHERE b.on_hand > 0
        UNION
        SELECT ROW(n.item_id, n.location_id, 0)::inventory.balance_key
        FROM unnest(p_needs) AS n
        JOIN catalog.item AS i ON i.id = n.item_id
        WHERE i.tracking = 'none'
        UNION
        SELECT ROW(n.item_id, n.location_id, n.lot_id)::inventory.balance_key
        FROM unnest(v_named) AS n
        JOIN catalog.location AS c ON c.id = n.location_id
        WHERE c.is_physical
        UNION
        SELECT ROW(p_output_item_id, p_output_location_id, p_output_lot_id)::inventory.balance_key
        FROM catalog.location AS c
        WHERE c.id = p_output_location_id AND c.is_physical);
    PERFORM inventory.lock_balances(v_keys);

    FOREACH v_use IN ARRAY v_named LOOP
        SELECT n.ordinality, n.quantity INTO v_position, v_quantity
        FROM unnest(v_needs) WITH ORDINALITY AS n (id, production_report_id, work_order_material_id, item_id, lot_id, location_id,
            quantity, movement_id, ordinality)
        WHERE n.item_id = v_use.item_id
        ORDER BY n.quantity = 0, n.ordinality
        LIMIT 1;
        IF v_use.quantity IS NULL THEN
            SELECT b.on_hand - b.reserved INTO v_free
            FROM inventory.balance AS b
            WHERE b.item_id = v_use.item_id AND b.location_id = v_use.location_id AND b.lot_id = v_use.lot_id;
            -- An empty or unreleased lot is asked for all the same, so that the posting says what is wrong with it.
            v_use.quantity := CASE WHEN v_free > 0 THEN least(v_free, coalesce(v_quantity, 0)) ELSE coalesce(v_quantity, 0) END;
            CONTINUE WHEN v_use.quantity = 0;
        END IF;
        IF v_use.quantity > coalesce(v_quantity, 0) THEN
            RAISE EXCEPTION 'the report uses % of item %, and the lots named make more', trim_scale(coalesce(v_quantity, 0)),
                (SELECT i.number FROM catalog.item AS i WHERE i.id = v_use.item_id)
                USING ERRCODE = 'MR309',
                      DETAIL = jsonb_build_object('work_order', p_order.number,
                          'item', (SELECT i.number FROM catalog.item AS i WHERE i.id = v_use.item_id),
                          'needed', trim_scale(coalesce(v_quantity, 0))::text, 'requested', trim_scale(v_use.quantity)::text)::text,
                      HINT = 'Name the lots only, or issue what was used beyond that by scan.';
        END IF;
        v_use.work_order_material_id := v_needs[v_position].work_order_material_id;
        v_uses := v_uses || v_use;
        v_needs[v_position].quantity := v_quantity - v_use.quantity;
    END LOOP;

    -- The rest: from the supply location, first expiring first out.
    v_uses := v_uses || ARRAY(
        SELECT ROW(NULL, NULL, n.work_order_material_id, n.item_id, 0, n.location_id, n.quantity, NULL)::production.production_report_material
        FROM unnest(v_needs) AS n
        JOIN catalog.item AS i ON i.id = n.item_id
        WHERE i.tracking = 'none' AND n.quantity > 0);
    v_uses := v_uses || ARRAY(
        SELECT ROW(NULL, NULL, c.work_order_material_id, c.item_id, c.lot_id, c.location_id,
            least(c.running, c.wanted_until) - greatest(c.running - c.free, c.wanted_from), NULL)::production.production_report_material
        FROM (
            SELECT w.work_order_material_id, w.item_id, w.location_id, w.wanted_from, w.wanted_until, b.lot_id, f.free,
                sum(f.free) OVER (PARTITION BY w.work_order_material_id ORDER BY l.expires_on NULLS LAST, b.lot_id) AS running
            FROM (
                -- Two lines of one item share its stock: each takes its own part of the queue of lots.
                SELECT n.work_order_material_id, n.item_id, n.location_id, n.quantity,
                    sum(n.quantity) OVER q - n.quantity AS wanted_from, sum(n.quantity) OVER q AS wanted_until
                FROM unnest(v_needs) AS n
                JOIN catalog.item AS i ON i.id = n.item_id
                WHERE i.tracking <> 'none' AND n.quantity > 0
                WINDOW q AS (PARTITION BY n.item_id, n.location_id ORDER BY n.work_order_material_id)
            ) AS w
            JOIN unnest(v_keys) AS k ON k.item_id = w.item_id AND k.location_id = w.location_id
            JOIN inventory.balance AS b ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id
            JOIN inventory.lot AS l ON l.id = b.lot_id
            CROSS JOIN LATERAL (
                SELECT b.on_hand - b.reserved - coalesce(sum(x.quantity), 0) AS free
                FROM unnest(v_uses) AS x
                WHERE x.item_id = b.item_id AND x.location_id = b.location_id AND x.lot_id = b.lot_id
            ) AS f
            WHERE f.free > 0
              AND l.status = 'released'
              AND (l.expires_on IS NULL OR l.expires_on >= current_date)
        ) AS c
        WHERE c.running > c.wanted_from AND c.running - c.free < c.wanted_until
        ORDER BY c.work_order_material_id, c.running);

    SELECT i.number AS item, c.code AS location, n.quantity, coalesce(u.quantity, 0) AS found INTO v_bad
    FROM unnest(p_needs) AS n
    LEFT JOIN (SELECT s.work_order_material_id, sum(s.quantity) AS quantity FROM unnest(v_uses) AS s GROUP BY s.work_order_material_id) AS u
        ON u.work_order_material_id = n.work_order_material_id
    JOIN catalog.item AS i ON i.id = n.item_id
    JOIN catalog.location AS c ON c.id = n.location_id
    WHERE coalesce(u.quantity, 0) < n.quantity
    ORDER BY n.work_order_material_id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% of item % asked for at %, % free', trim_scale(v_bad.quantity), v_bad.item, v_bad.location, trim_scale(v_bad.found)
            USING ERRCODE = 'MR201',
                  DETAIL = jsonb_build_object('item', v_bad.item, 'location', v_bad.location, 'requested', trim_scale(v_bad.quantity)::text,
                      'free', trim_scale(v_bad.found)::text)::text,
                  HINT = 'Bring released material to the supply location first.';
    END IF;
    RETURN v_uses;
END;
$function$;

COMMENT ON FUNCTION production.choose_lots(production.work_order, production.production_report_material[], jsonb, bigint, bigint, bigint) IS
    'Which lots a backflush takes: those that the report names, then first expiring first out at the supply location. Locks every balance it looks at, and that of the product. Raises MR201 when there is not enough, MR304 for an item that is no material, MR309 when the lots named make more than is needed.';

-- functions/production/complete_work_order.sql as it was.
CREATE OR REPLACE FUNCTION production.complete_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('complete-work-order', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order production.work_order;
    v_report record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    SELECT r.id, r.lot_id INTO v_report
    FROM production.production_report AS r
    WHERE r.work_order_id = v_order.id AND NOT r.is_reversed
    ORDER BY r.moves_stock DESC, r.good_quantity > 0 DESC, r.id DESC
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing was reported of work order %', v_order.number
            USING ERRCODE = 'MR319',
                  DETAIL = jsonb_build_object('work_order', v_order.number)::text,
                  HINT = 'Report production first, or cancel the order.';
    END IF;
    -- Scanned material that no report counted yet was used by the last one.
    PERFORM production.attribute_material(v_order, v_report.id, coalesce(v_report.lot_id, 0), NULL);

    UPDATE production.work_order AS o SET state = 'completed', completed_at = v_occurred_at WHERE o.id = v_order.id;
    PERFORM event.publish('work_order.completed', v_order.id,
        jsonb_build_object('number', v_order.number, 'good_quantity', trim_scale(v_order.good_quantity)::text,
            'scrap_quantity', trim_scale(v_order.scrap_quantity)::text));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.complete_work_order(jsonb, jsonb) IS
    'Command: no more is made on the order. Body: work_order, occurred_at?. Raises MR301, MR303, MR319 when nothing was reported.';

-- functions/production/create_work_order.sql as it was.
CREATE OR REPLACE FUNCTION production.create_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('create-work-order', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_item catalog.item;
    v_site catalog.site;
    v_work_center catalog.work_center;
    v_output catalog.location;
    v_quantity numeric;
    v_as_of date;
    v_bill catalog.bill_of_material;
    v_order production.work_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_quantity := catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit');

    IF p_command ->> 'work_center' IS NOT NULL THEN
        v_work_center := catalog.find_work_center(p_command ->> 'work_center');
    ELSIF jsonb_array_length(p_command -> 'operations') > 0 THEN
        v_work_center := catalog.find_work_center((
            SELECT e.work_center
            FROM jsonb_to_recordset(p_command -> 'operations') AS e (operation integer, work_center text)
            ORDER BY e.operation DESC
            LIMIT 1));
    ELSE
        SELECT w.* INTO v_work_center
        FROM catalog.routing_operation AS o
        JOIN catalog.work_center AS w ON w.id = o.work_center_id
        WHERE o.item_id = v_item.id
        ORDER BY o.sequence DESC
        LIMIT 1;
    END IF;
    IF p_command ->> 'site' IS NULL AND v_work_center.id IS NOT NULL THEN
        SELECT s.* INTO STRICT v_site FROM catalog.site AS s WHERE s.id = v_work_center.site_id;
    ELSE
        v_site := catalog.resolve_site(p_command ->> 'site');
    END IF;
    IF p_command ->> 'output_location' IS NOT NULL THEN
        v_output := catalog.find_location(p_command ->> 'output_location');
    ELSE
        SELECT c.* INTO STRICT v_output
        FROM catalog.location AS c
        WHERE c.id = coalesce(v_work_center.output_location_id, catalog.item_location(v_item, v_site.id));
    END IF;
    IF v_site.id <> coalesce(v_work_center.site_id, v_site.id) OR v_site.id <> v_output.site_id
        OR v_output.kind NOT IN ('storage', 'quarantine') THEN
        RAISE EXCEPTION 'work center % or location % does not fit site %', coalesce(v_work_center.code, '(none)'), v_output.code, v_site.code
            USING ERRCODE = 'MR311',
                  DETAIL = jsonb_build_object('site', v_site.code, 'work_center', v_work_center.code,
                      'output_location', v_output.code, 'kind', v_output.kind)::text,
                  HINT = 'Name a work center of the site and a storage or quarantine location of it.';
    END IF;

    v_as_of := coalesce((p_command ->> 'as_of')::date, (v_occurred_at AT TIME ZONE v_site.time_zone)::date);
    IF p_command ->> 'revision' IS NOT NULL THEN
        SELECT b.* INTO v_bill
        FROM catalog.bill_of_material AS b
        WHERE b.item_id = v_item.id AND b.revision = p_command ->> 'revision';
    ELSE
        SELECT b.* INTO v_bill
        FROM catalog.bill_of_material AS b
        WHERE b.item_id = v_item.id AND b.valid_during @> v_as_of;
    END IF;
    -- An item without any bill of material may be made from nothing that is stocked; one with revisions needs a valid one.
    IF v_bill.id IS NULL AND (p_command ->> 'revision' IS NOT NULL OR NOT v_item.is_manufactured
        OR EXISTS (SELECT FROM catalog.bill_of_material AS b WHERE b.item_id = v_item.id)) THEN
        RAISE EXCEPTION 'item % has no bill of material %', v_item.number,
            CASE WHEN p_command ->> 'revision' IS NOT NULL THEN 'of revision ' || (p_command ->> 'revision') ELSE 'valid on ' || v_as_of END
            USING ERRCODE = 'MR302',
                  DETAIL = jsonb_build_object('item', v_item.number, 'revision', p_command ->> 'revision', 'as_of', v_as_of)::text,
                  HINT = 'Choose a revision of the item, or release one first.';
    END IF;

    INSERT INTO production.work_order (external_number, site_id, item_id, bill_of_material_id, quantity, work_center_id,
        output_location_id, over_production_percent, due_on, released_at)
    VALUES (p_command ->> 'external_number', v_site.id, v_item.id, v_bill.id, v_quantity, v_work_center.id, v_output.id,
        coalesce((p_command ->> 'over_production_percent')::numeric, 0), (p_command ->> 'due_on')::date, v_occurred_at)
    ON CONFLICT ON CONSTRAINT work_order_external_number_key DO NOTHING
    RETURNING work_order.* INTO v_order;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is already a work order with the external number %', p_command ->> 'external_number'
            USING ERRCODE = 'MR317',
                  DETAIL = jsonb_build_object('external_number', p_command ->> 'external_number')::text,
                  HINT = 'Look at that order first: this one may have been entered before.';
    END IF;

    -- Rounded up, by whole quotient and remainder, so that the last piece never lacks a grain.
    INSERT INTO production.work_order_material (work_order_id, line_number, item_id, required_quantity, over_issue_percent,
        supply_location_id, is_backflushed)
    SELECT v_order.id, l.line_number, l.item_id,
        (div(l.quantity * v_quantity * 10::numeric ^ u.scale, v_bill.base_quantity)
            + sign(mod(l.quantity * v_quantity * 10::numeric ^ u.scale, v_bill.base_quantity))) / 10::numeric ^ u.scale,
        coalesce((p_command ->> 'over_issue_percent')::numeric, 10),
        coalesce(c.id, v_work_center.supply_location_id, catalog.physical_location(v_site.id, 'storage')),
        l.is_backflushed
    FROM catalog.bill_of_material_line AS l
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN catalog.location AS c ON c.id = i.default_location_id AND c.site_id = v_site.id AND c.kind = 'storage'
    WHERE l.bill_of_material_id = v_bill.id
    ORDER BY l.line_number;

    -- A job of its own way (a repair, a prototype, a taken-over order) names its steps; all others follow the routing.
    IF jsonb_array_length(p_command -> 'operations') > 0 THEN
        INSERT INTO production.work_order_operation (work_order_id, sequence, name, work_center_id, planned_minutes)
        SELECT v_order.id, e.operation, e.name, (catalog.find_work_center(e.work_center)).id, coalesce(e.planned_minutes, 0)
        FROM jsonb_to_recordset(p_command -> 'operations') AS e (operation integer, name text, work_center text, planned_minutes numeric)
        ORDER BY e.operation;
    ELSE
        INSERT INTO production.work_order_operation (work_order_id, sequence, name, work_center_id, planned_minutes)
        SELECT v_order.id, o.sequence, o.name, o.work_center_id, round(o.setup_minutes + o.run_minutes * v_quantity, 3)
        FROM catalog.routing_operation AS o
        WHERE o.item_id = v_item.id
        ORDER BY o.sequence;
    END IF;

    PERFORM event.publish('work_order.released', v_order.id,
        jsonb_build_object('number', v_order.number, 'item', v_item.number, 'quantity', trim_scale(v_quantity)::text));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.create_work_order(jsonb, jsonb) IS
    'Command: orders a quantity of an item to be made; explodes a revision of its bill of material and its routing. Body: item, quantity, unit?, site?, work_center? (default: of the last operation), output_location?, revision? (default: valid on as_of, by default today), as_of?, due_on?, external_number?, over_production_percent? (default 0), over_issue_percent? (default 10), operations? [operation, name, work_center, planned_minutes?: instead of the routing], occurred_at?. Raises MR302 when there is no such revision, MR311 when work center or location are of another site, MR317 when the external number is taken.';

-- functions/production/get_material_issue.sql as it was.
CREATE OR REPLACE FUNCTION production.get_material_issue(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', t.number, 'kind', t.kind, 'work_order', o.number, 'is_reversed', t.is_reversed,
            'occurred_at', t.occurred_at, 'created_at', t.created_at,
            'lines', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'item', i.number, 'lot', nullif(lot.number, ''), 'location', c.code,
                    'quantity', trim_scale(l.quantity)::text, 'unit', u.code) ORDER BY l.line_number), '[]')
                FROM production.material_issue_line AS l
                JOIN catalog.item AS i ON i.id = l.item_id
                JOIN catalog.unit AS u ON u.id = i.base_unit_id
                JOIN inventory.lot AS lot ON lot.id = l.lot_id
                JOIN catalog.location AS c ON c.id = l.location_id
                WHERE l.material_issue_id = t.id))
        FROM production.material_issue AS t
        JOIN production.work_order AS o ON o.id = t.work_order_id
        WHERE t.number = p_number);
END;
$function$;

COMMENT ON FUNCTION production.get_material_issue(text) IS 'An issue or return of material as a document, quantities in base units; null when there is none of that number.';

-- functions/production/get_production_report.sql as it was.
CREATE OR REPLACE FUNCTION production.get_production_report(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', r.number, 'kind', r.kind, 'work_order', o.number, 'item', i.number, 'operation', p.sequence, 'work_center', w.code,
            'good_quantity', trim_scale(r.good_quantity)::text, 'scrap_quantity', trim_scale(r.scrap_quantity)::text,
            'rework_quantity', trim_scale(r.rework_quantity)::text, 'unit', u.code, 'scrap_reason', q.code,
            'moves_stock', r.moves_stock, 'lot', nullif(lot.number, ''), 'expires_on', lot.expires_on, 'location', c.code,
            'operator', r.operator, 'started_at', r.started_at, 'ended_at', r.ended_at,
            'duration_minutes', trim_scale(r.duration_minutes)::text, 'is_reversed', r.is_reversed,
            'occurred_at', r.occurred_at, 'created_at', r.created_at,
            'materials', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'item', mi.number, 'lot', nullif(ml.number, ''), 'location', mc.code, 'quantity', trim_scale(m.quantity)::text,
                    'unit', mu.code, 'is_backflushed', m.movement_id IS NOT NULL) ORDER BY m.id), '[]')
                FROM production.production_report_material AS m
                JOIN catalog.item AS mi ON mi.id = m.item_id
                JOIN catalog.unit AS mu ON mu.id = mi.base_unit_id
                JOIN inventory.lot AS ml ON ml.id = m.lot_id
                LEFT JOIN catalog.location AS mc ON mc.id = m.location_id
                WHERE m.production_report_id = r.id AND m.quantity > 0))
        FROM production.production_report AS r
        JOIN production.work_order AS o ON o.id = r.work_order_id
        JOIN catalog.item AS i ON i.id = o.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN production.work_order_operation AS p ON p.id = r.work_order_operation_id
        LEFT JOIN catalog.work_center AS w ON w.id = r.work_center_id
        LEFT JOIN catalog.reason AS q ON q.id = r.scrap_reason_id
        LEFT JOIN inventory.lot AS lot ON lot.id = r.lot_id
        LEFT JOIN catalog.location AS c ON c.id = r.location_id
        WHERE r.number = p_number);
END;
$function$;

COMMENT ON FUNCTION production.get_production_report(text) IS 'A production report as a document, quantities in base units; null when there is none of that number.';

-- functions/production/get_work_order.sql as it was.
CREATE OR REPLACE FUNCTION production.get_work_order(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', o.number, 'external_number', o.external_number, 'site', s.code, 'item', i.number, 'revision', b.revision,
            'quantity', trim_scale(o.quantity)::text, 'unit', u.code, 'state', o.state, 'work_center', w.code,
            'output_location', c.code, 'over_production_percent', trim_scale(o.over_production_percent)::text,
            'good_quantity', trim_scale(o.good_quantity)::text, 'scrap_quantity', trim_scale(o.scrap_quantity)::text,
            'rework_quantity', trim_scale(o.rework_quantity)::text, 'due_on', o.due_on, 'released_at', o.released_at,
            'completed_at', o.completed_at, 'created_at', o.created_at,
            'materials', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', m.line_number, 'item', mi.number, 'required_quantity', trim_scale(m.required_quantity)::text,
                    'issued_quantity', trim_scale(m.issued_quantity)::text, 'unit', mu.code, 'supply_location', mc.code,
                    'is_backflushed', m.is_backflushed) ORDER BY m.line_number), '[]')
                FROM production.work_order_material AS m
                JOIN catalog.item AS mi ON mi.id = m.item_id
                JOIN catalog.unit AS mu ON mu.id = mi.base_unit_id
                JOIN catalog.location AS mc ON mc.id = m.supply_location_id
                WHERE m.work_order_id = o.id),
            'operations', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'operation', p.sequence, 'name', p.name, 'work_center', pw.code, 'planned_minutes', trim_scale(p.planned_minutes)::text,
                    'good_quantity', trim_scale(p.good_quantity)::text, 'scrap_quantity', trim_scale(p.scrap_quantity)::text,
                    'rework_quantity', trim_scale(p.rework_quantity)::text) ORDER BY p.sequence), '[]')
                FROM production.work_order_operation AS p
                JOIN catalog.work_center AS pw ON pw.id = p.work_center_id
                WHERE p.work_order_id = o.id))
        FROM production.work_order AS o
        JOIN catalog.site AS s ON s.id = o.site_id
        JOIN catalog.item AS i ON i.id = o.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN catalog.location AS c ON c.id = o.output_location_id
        LEFT JOIN catalog.bill_of_material AS b ON b.id = o.bill_of_material_id
        LEFT JOIN catalog.work_center AS w ON w.id = o.work_center_id
        WHERE o.number = p_number);
END;
$function$;

COMMENT ON FUNCTION production.get_work_order(text) IS 'A work order as a document, quantities in base units; null when there is none of that number.';

-- functions/production/issue_material.sql as it was.
CREATE OR REPLACE FUNCTION production.issue_material(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('issue-material', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order production.work_order;
    v_material production.work_order_material;
    v_production_id bigint;
    v_issue production.material_issue;
    v_entry record;
    v_line jsonb;
    v_item catalog.item;
    v_lot inventory.lot;
    v_quantity numeric;
    v_location_id bigint;
    v_lines production.material_issue_line[] := '{}';
    v_second_quantity numeric;
    v_second_quantities numeric[] := '{}';
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    v_production_id := catalog.virtual_location(v_order.site_id, 'production');
    INSERT INTO production.material_issue (kind, work_order_id, occurred_at)
    VALUES ('issue', v_order.id, v_occurred_at)
    RETURNING material_issue.* INTO v_issue;

    FOR v_entry IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        v_line := production.resolve_material_line(v_entry.line);
        v_item := catalog.find_item(v_line ->> 'item');
        v_material := production.find_material(v_order, v_item);
        v_quantity := catalog.to_base_quantity(v_item, v_line ->> 'quantity', v_line ->> 'unit');
        v_second_quantity := inventory.to_second_quantity(v_item.id, v_line ->> 'second_quantity');
        v_location_id := CASE WHEN v_line ->> 'location' IS NOT NULL THEN (catalog.find_location(v_line ->> 'location')).id END;

        IF (v_material.issued_quantity - v_material.backflushed_quantity + v_quantity) * 100
            > v_material.required_quantity * (100 + v_material.over_issue_percent) THEN
            RAISE EXCEPTION '% of item % is more than order % needs: required %, issued %', trim_scale(v_quantity), v_item.number,
                v_order.number, trim_scale(v_material.required_quantity), trim_scale(v_material.issued_quantity)
                USING ERRCODE = 'MR305',
                      CONSTRAINT = 'work_order_material_issued_quantity_check',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_item.number,
                          'required', trim_scale(v_material.required_quantity)::text, 'issued', trim_scale(v_material.issued_quantity)::text,
                          'requested', trim_scale(v_quantity)::text,
                          'over_issue_percent', trim_scale(v_material.over_issue_percent)::text)::text,
                      HINT = 'Take less.';
        END IF;
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity + v_quantity
        WHERE m.id = v_material.id;

        IF v_line ->> 'lot' IS NOT NULL OR v_item.tracking = 'none' THEN
            v_lot := inventory.find_lot(v_item, v_line ->> 'lot');
            -- Nobody named the place: the supply location if it has enough, else where most of it lies.
            IF v_location_id IS NULL THEN
                SELECT b.location_id INTO v_location_id
                FROM inventory.balance AS b
                JOIN catalog.location AS c ON c.id = b.location_id
                WHERE b.item_id = v_item.id
                  AND b.lot_id = v_lot.id
                  AND c.site_id = v_order.site_id
                  AND c.kind = 'storage'
                  AND b.on_hand - b.reserved > 0
                ORDER BY b.location_id = v_material.supply_location_id AND b.on_hand - b.reserved >= v_quantity DESC,
                    b.on_hand - b.reserved DESC, b.location_id
                LIMIT 1;
            END IF;
            v_lines := v_lines || ROW(nextval('production.material_issue_line_id_seq'), v_issue.id, cardinality(v_lines) + 1,
                v_material.id, v_item.id, v_lot.id, coalesce(v_location_id, v_material.supply_location_id), v_quantity,
                NULL)::production.material_issue_line;
        ELSE
            v_lines := v_lines || ARRAY(
                SELECT ROW(nextval('production.material_issue_line_id_seq'), v_issue.id,
                    cardinality(v_lines) + row_number() OVER (ORDER BY s.ordinality), v_material.id, v_item.id, s.lot_id,
                    s.location_id, s.quantity, NULL)::production.material_issue_line
                FROM inventory.select_stock(v_item.id, v_order.site_id, v_location_id, v_quantity, false)
                    WITH ORDINALITY AS s (location_id, lot_id, quantity, ordinality)
                ORDER BY s.ordinality);
        END IF;
        -- What was weighed is one lot at one place; spread over several it would have to be weighed for each.
        v_second_quantities := v_second_quantities || CASE cardinality(v_lines) - cardinality(v_second_quantities)
            WHEN 1 THEN ARRAY[v_second_quantity]
            ELSE array_fill(NULL::numeric, ARRAY[cardinality(v_lines) - cardinality(v_second_quantities)]) END;
    END LOOP;

    v_ids := inventory.post_movements('issue',
        (SELECT array_agg(ROW(l.item_id, l.lot_id, l.location_id, v_production_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
            ORDER BY l.line_number)
         FROM unnest(v_lines) AS l),
        'material_issue', v_issue.id, v_occurred_at, v_second_quantities);
    INSERT INTO production.material_issue_line (id, material_issue_id, line_number, work_order_material_id, item_id, lot_id,
        location_id, quantity, movement_id)
    SELECT l.id, l.material_issue_id, l.line_number, l.work_order_material_id, l.item_id, l.lot_id, l.location_id, l.quantity,
        v_ids[l.line_number]
    FROM unnest(v_lines) AS l;
    UPDATE production.work_order AS o SET state = 'in_process' WHERE o.id = v_order.id AND o.state = 'released';

    PERFORM event.publish('material_issue.posted', v_issue.id,
        jsonb_build_object('number', v_issue.number, 'work_order', v_order.number));
    RETURN event.finish_request(p_context, 201, production.get_material_issue(v_issue.number));
END;
$function$;

COMMENT ON FUNCTION production.issue_material(jsonb, jsonb) IS
    'Command: material goes from storage to a work order. Body: work_order, occurred_at?, lines [item or barcode, lot? (default: first expiring first out), quantity, unit?, second_quantity (catch weight), location? (default: the supply location of the material, else where it lies)]. At most over_issue_percent more than required may be issued by scan. Raises MR301, MR303, MR304 when the item is no material of the order, MR305 beyond that, MR306 for a code that is no material.';

-- functions/production/list_material_issues.sql as it was.
CREATE OR REPLACE FUNCTION production.list_material_issues(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM production.material_issue AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM production.material_issue AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(production.get_material_issue(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION production.list_material_issues(text, integer) IS 'A page of issues and returns of material, oldest first, after the number p_after.';

-- functions/production/list_production_reports.sql as it was.
CREATE OR REPLACE FUNCTION production.list_production_reports(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM production.production_report AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM production.production_report AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(production.get_production_report(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION production.list_production_reports(text, integer) IS 'A page of production reports, oldest first, after the number p_after.';

-- functions/production/list_work_orders.sql as it was.
CREATE OR REPLACE FUNCTION production.list_work_orders(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM production.work_order AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM production.work_order AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(production.get_work_order(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION production.list_work_orders(text, integer) IS 'A page of work orders, oldest first, after the number p_after.';

-- functions/production/release_attribution.sql as it was.
CREATE OR REPLACE FUNCTION production.release_attribution(
    p_material_id bigint,
    p_lot_id bigint
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_excess numeric;
    v_row record;
    v_take numeric;
BEGIN
    -- What reports count as used may not be more than what is still issued by scan.
    SELECT coalesce((
            SELECT sum(r.quantity)
            FROM production.production_report_material AS r
            JOIN production.production_report AS p ON p.id = r.production_report_id
            WHERE r.work_order_material_id = p_material_id AND r.lot_id = p_lot_id AND r.movement_id IS NULL AND NOT p.is_reversed), 0)
        - coalesce((
            SELECT sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END)
            FROM production.material_issue_line AS l
            JOIN production.material_issue AS t ON t.id = l.material_issue_id
            WHERE l.work_order_material_id = p_material_id AND l.lot_id = p_lot_id AND NOT t.is_reversed), 0)
    INTO v_excess;

    FOR v_row IN
        SELECT r.id, r.quantity, p.id AS report_id, p.lot_id AS child_lot_id
        FROM production.production_report_material AS r
        JOIN production.production_report AS p ON p.id = r.production_report_id
        WHERE r.work_order_material_id = p_material_id
          AND r.lot_id = p_lot_id
          AND r.movement_id IS NULL
          AND r.quantity > 0
          AND NOT p.is_reversed
        ORDER BY r.id DESC
    LOOP
        EXIT WHEN v_excess <= 0;
        v_take := least(v_excess, v_row.quantity);
        UPDATE production.production_report_material AS r SET quantity = r.quantity - v_take WHERE r.id = v_row.id;
        IF v_row.child_lot_id <> 0 THEN
            PERFORM inventory.add_genealogy(p_lot_id, v_row.child_lot_id, -v_take, 'production_report', v_row.report_id);
        END IF;
        v_excess := v_excess - v_take;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION production.release_attribution(bigint, bigint) IS
    'After scanned material of a lot came back: lowers what reports count as used of it, the latest report first, and the genealogy with it, until it is no more than what is issued.';

-- functions/production/reopen_work_order.sql as it was.
CREATE OR REPLACE FUNCTION production.reopen_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reopen-work-order', p_context, p_command);
    v_reason catalog.reason;
    v_order production.work_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason');
    v_order := production.lock_work_order(p_command ->> 'work_order', '{completed}');
    UPDATE production.work_order AS o SET state = 'in_process', completed_at = NULL WHERE o.id = v_order.id;
    PERFORM event.publish('work_order.reopened', v_order.id, jsonb_build_object('number', v_order.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.reopen_work_order(jsonb, jsonb) IS
    'Command: takes back a completion, so that the order can be corrected. Body: work_order, reason. Raises MR301, MR303 when the order is not completed.';

-- functions/production/report_production.sql as it was.
CREATE OR REPLACE FUNCTION production.report_production(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('report-production', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_kind production.report_kind := coalesce(p_command ->> 'kind', 'production')::production.report_kind;
    v_order production.work_order;
    v_item catalog.item;
    v_operation production.work_order_operation;
    v_work_center_id bigint;
    v_good numeric := 0;
    v_scrap numeric := 0;
    v_rework numeric := 0;
    v_produced numeric;
    v_reason_id bigint;
    v_moves_stock boolean := false;
    v_location catalog.location;
    v_lot_id bigint;
    v_production_id bigint;
    v_report_id bigint := nextval('production.production_report_id_seq');
    v_number text;
    v_needs production.production_report_material[] := '{}';
    v_uses production.production_report_material[] := '{}';
    v_count integer;
    v_types inventory.movement_type[];
    v_lines inventory.posting_line[];
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_order.item_id;

    -- What is reported.
    IF coalesce(p_command ->> 'good_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_good := catalog.to_base_quantity(v_item, p_command ->> 'good_quantity', p_command ->> 'unit');
    END IF;
    IF coalesce(p_command ->> 'scrap_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_scrap := catalog.to_base_quantity(v_item, p_command ->> 'scrap_quantity', p_command ->> 'unit');
        v_reason_id := (catalog.find_reason(p_command ->> 'scrap_reason')).id;
    END IF;
    IF coalesce(p_command ->> 'rework_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_rework := catalog.to_base_quantity(v_item, p_command ->> 'rework_quantity', p_command ->> 'unit');
    END IF;
    IF (CASE WHEN v_kind = 'production'
        THEN v_good + v_scrap + v_rework = 0 AND (p_command ->> 'started_at' IS NULL OR p_command ->> 'ended_at' IS NULL)
        ELSE v_good + v_scrap + v_rework > 0 OR p_command ->> 'started_at' IS NULL OR p_command ->> 'ended_at' IS NULL END) THEN
        RAISE EXCEPTION 'a report of % needs %', v_kind,
            CASE WHEN v_kind = 'production' THEN 'a quantity, or the time from start to end' ELSE 'the time from start to end, and no quantity' END
            USING ERRCODE = 'MR313',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'kind', v_kind)::text,
                  HINT = 'Enter what was made and how long it took.';
    END IF;
    IF (p_command ->> 'ended_at')::timestamptz < (p_command ->> 'started_at')::timestamptz THEN
        RAISE EXCEPTION 'the work ended before it started'
            USING ERRCODE = 'MR315',
                  DETAIL = jsonb_build_object('started_at', p_command ->> 'started_at', 'ended_at', p_command ->> 'ended_at')::text,
                  HINT = 'Enter the times again.';
    END IF;

    -- Where in the order. Without an operation, or at the last one, goods go into stock.
    IF p_command ->> 'operation' IS NOT NULL THEN
        SELECT p.* INTO v_operation
        FROM production.work_order_operation AS p
        WHERE p.work_order_id = v_order.id AND p.sequence = (p_command ->> 'operation')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'work order % has no operation %', v_order.number, p_command ->> 'operation'
                USING ERRCODE = 'MR312',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'operation', p_command -> 'operation')::text,
                      HINT = 'Look at the operations of the order.';
        END IF;
    END IF;
    v_work_center_id := CASE WHEN p_command ->> 'work_center' IS NOT NULL THEN (catalog.find_work_center(p_command ->> 'work_center')).id
        ELSE coalesce(v_operation.work_center_id, v_order.work_center_id) END;
    v_moves_stock := v_good + v_scrap > 0
        AND (v_operation.id IS NULL OR NOT EXISTS (
            SELECT FROM production.work_order_operation AS p
            WHERE p.work_order_id = v_order.id AND p.sequence > v_operation.sequence));

    IF v_moves_stock THEN
        v_produced := v_order.good_quantity + v_order.scrap_quantity + v_good + v_scrap;
        IF (v_order.good_quantity + v_good) * 100 > v_order.quantity * (100 + v_order.over_production_percent) THEN
            RAISE EXCEPTION '% good is more than work order % takes: ordered %, reported %', trim_scale(v_good), v_order.number,
                trim_scale(v_order.quantity), trim_scale(v_order.good_quantity)
                USING ERRCODE = 'MR307',
                      CONSTRAINT = 'work_order_good_quantity_check',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'ordered', trim_scale(v_order.quantity)::text,
                          'reported', trim_scale(v_order.good_quantity)::text, 'requested', trim_scale(v_good)::text,
                          'over_production_percent', trim_scale(v_order.over_production_percent)::text)::text,
                      HINT = 'Count again, or make the rest on another order.';
        END IF;
        IF v_item.tracking = 'serial' AND v_good + v_scrap <> 1 THEN
            RAISE EXCEPTION 'a serial number of item % stands for one piece', v_item.number
                USING ERRCODE = 'MR316',
                      DETAIL = jsonb_build_object('item', v_item.number, 'good', trim_scale(v_good)::text, 'scrap', trim_scale(v_scrap)::text)::text,
                      HINT = 'Report every piece by itself.';
        END IF;

        v_production_id := catalog.virtual_location(v_order.site_id, 'production');
        IF p_command ->> 'location' IS NOT NULL THEN
            v_location := catalog.find_location(p_command ->> 'location');
        ELSE
            SELECT c.* INTO STRICT v_location FROM catalog.location AS c WHERE c.id = v_order.output_location_id;
        END IF;
        -- The same lot may be reported in several portions, but only by its own order.
        v_lot_id := (inventory.ensure_lot(v_item, p_command ->> 'lot',
            CASE WHEN v_location.kind = 'quarantine' THEN 'quarantine' ELSE 'released' END::inventory.lot_status, NULL, NULL,
            coalesce((p_command ->> 'manufactured_on')::date,
                (SELECT (v_occurred_at AT TIME ZONE s.time_zone)::date FROM catalog.site AS s WHERE s.id = v_order.site_id)), (p_command ->> 'expires_on')::date,
            EXISTS (
                SELECT FROM production.production_report AS r
                JOIN inventory.lot AS l ON l.id = r.lot_id
                WHERE r.work_order_id = v_order.id AND l.item_id = v_item.id AND l.number = p_command ->> 'lot'))).id;

        -- Backflush: what the order should have used up to now, less what it has. Rounding never adds up.
        SELECT coalesce(array_agg(ROW(m.id, v_report_id, m.id, m.item_id, 0, m.supply_location_id, n.quantity, NULL)::production.production_report_material
            ORDER BY m.id), '{}')
        INTO v_needs
        FROM production.work_order_material AS m
        JOIN catalog.item AS i ON i.id = m.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        CROSS JOIN LATERAL (SELECT round(m.required_quantity * v_produced / v_order.quantity, u.scale) - m.issued_quantity AS quantity) AS n
        WHERE m.work_order_id = v_order.id AND m.is_backflushed AND n.quantity > 0;

        IF EXISTS (SELECT FROM unnest(v_needs) AS n JOIN catalog.item AS i ON i.id = n.item_id WHERE i.tracking <> 'none')
            OR jsonb_array_length(coalesce(p_command -> 'materials', '[]')) > 0 THEN
            v_uses := production.choose_lots(v_order, v_needs, coalesce(p_command -> 'materials', '[]'), v_item.id, v_location.id, v_lot_id);
        ELSE
            v_uses := v_needs;
        END IF;
        SELECT coalesce(array_agg(ROW(nextval('production.production_report_material_id_seq'), v_report_id, n.work_order_material_id, n.item_id,
            n.lot_id, n.location_id, n.quantity, NULL)::production.production_report_material), '{}')
        INTO v_uses
        FROM (SELECT u.work_order_material_id, u.item_id, u.lot_id, u.location_id, u.quantity FROM unnest(v_uses) AS u ORDER BY u.work_order_material_id) AS n;
        v_count := cardinality(v_uses);

        SELECT array_agg('issue'::inventory.movement_type),
            array_agg(ROW(n.item_id, n.lot_id, n.location_id, v_production_id, n.quantity, false, n.id, NULL, NULL)::inventory.posting_line
                ORDER BY n.ordinality)
        INTO v_types, v_lines
        FROM unnest(v_uses) WITH ORDINALITY AS n (id, production_report_id, work_order_material_id, item_id, lot_id, location_id,
            quantity, movement_id, ordinality);
        IF v_good > 0 THEN
            v_types := v_types || 'production'::inventory.movement_type;
            v_lines := v_lines || ROW(v_item.id, v_lot_id, v_production_id, v_location.id, v_good, false, v_report_id, NULL, NULL)::inventory.posting_line;
        END IF;
        IF v_scrap > 0 THEN
            v_types := v_types || 'scrap'::inventory.movement_type;
            v_lines := v_lines || ROW(v_item.id, v_lot_id, v_production_id, catalog.virtual_location(v_order.site_id, 'scrap'), v_scrap, false,
                v_report_id, NULL, v_reason_id)::inventory.posting_line;
        END IF;
        v_ids := inventory.post_mixed_movements(v_types, v_lines, 'production_report', v_report_id, v_occurred_at);
    END IF;

    INSERT INTO production.production_report (id, kind, work_order_id, work_order_operation_id, work_center_id, good_quantity,
        scrap_quantity, rework_quantity, scrap_reason_id, moves_stock, lot_id, location_id, good_movement_id, scrap_movement_id,
        operator, started_at, ended_at, occurred_at)
    VALUES (v_report_id, v_kind, v_order.id, v_operation.id, v_work_center_id, v_good, v_scrap, v_rework, v_reason_id, v_moves_stock,
        v_lot_id, v_location.id, CASE WHEN v_moves_stock AND v_good > 0 THEN v_ids[v_count + 1] END,
        CASE WHEN v_moves_stock AND v_scrap > 0 THEN v_ids[cardinality(v_ids)] END,
        coalesce(p_command ->> 'operator', event.current_actor()), (p_command ->> 'started_at')::timestamptz,
        (p_command ->> 'ended_at')::timestamptz, v_occurred_at)
    RETURNING production_report.number INTO v_number;

    IF v_count > 0 THEN
        INSERT INTO production.production_report_material (id, production_report_id, work_order_material_id, item_id, lot_id,
            location_id, quantity, movement_id)
        SELECT n.id, n.production_report_id, n.work_order_material_id, n.item_id, n.lot_id, n.location_id, n.quantity, v_ids[n.ordinality]
        FROM unnest(v_uses) WITH ORDINALITY AS n (id, production_report_id, work_order_material_id, item_id, lot_id, location_id,
            quantity, movement_id, ordinality);
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity + s.quantity,
            backflushed_quantity = m.backflushed_quantity + s.quantity
        FROM (SELECT n.work_order_material_id, sum(n.quantity) AS quantity FROM unnest(v_uses) AS n GROUP BY n.work_order_material_id) AS s
        WHERE m.id = s.work_order_material_id;
        IF v_lot_id <> 0 THEN
            PERFORM inventory.add_genealogy(s.lot_id, v_lot_id, s.quantity, 'production_report', v_report_id)
            FROM (SELECT n.lot_id, sum(n.quantity) AS quantity FROM unnest(v_uses) AS n WHERE n.lot_id <> 0 GROUP BY n.lot_id ORDER BY n.lot_id) AS s;
        END IF;
    END IF;
    IF v_moves_stock THEN
        PERFORM production.attribute_material(v_order, v_report_id, v_lot_id, v_produced);
    END IF;

    IF v_moves_stock OR v_rework > 0 OR v_order.state = 'released' THEN
        UPDATE production.work_order AS o
        SET state = 'in_process',
            good_quantity = o.good_quantity + CASE WHEN v_moves_stock THEN v_good ELSE 0 END,
            scrap_quantity = o.scrap_quantity + CASE WHEN v_moves_stock THEN v_scrap ELSE 0 END,
            rework_quantity = o.rework_quantity + v_rework
        WHERE o.id = v_order.id;
    END IF;
    IF v_operation.id IS NOT NULL AND v_good + v_scrap + v_rework > 0 THEN
        UPDATE production.work_order_operation AS p
        SET good_quantity = p.good_quantity + v_good,
            scrap_quantity = p.scrap_quantity + v_scrap,
            rework_quantity = p.rework_quantity + v_rework
        WHERE p.id = v_operation.id;
    END IF;

    PERFORM event.publish('production_report.posted', v_report_id,
        jsonb_build_object('number', v_number, 'work_order', v_order.number, 'item', v_item.number, 'kind', v_kind,
            'good_quantity', trim_scale(v_good)::text, 'scrap_quantity', trim_scale(v_scrap)::text,
            'rework_quantity', trim_scale(v_rework)::text));
    RETURN event.finish_request(p_context, 201, production.get_production_report(v_number));
END;
$function$;

COMMENT ON FUNCTION production.report_production(jsonb, jsonb) IS
    'Command: what was made of a work order. A report without operation, or of the last one, moves stock: backflushed materials are issued in proportion to good and scrap, good goes into the output location under its lot, scrap is booked out, the genealogy is written, all in one posting. Body: work_order, kind? (production, setup, breakdown), operation?, work_center?, good_quantity?, scrap_quantity?, rework_quantity?, unit?, scrap_reason (with scrap), lot? (default: the next number), manufactured_on?, expires_on?, location?, operator?, started_at?, ended_at?, occurred_at?, materials? [item, lot?, quantity?, unit?, location?: which lots backflush takes; the rest first expiring first out]. Raises MR301, MR303, MR307 beyond order and tolerance, MR309, MR312, MR313, MR315, MR316, and what posting raises.';

-- functions/production/return_material.sql as it was.
CREATE OR REPLACE FUNCTION production.return_material(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('return-material', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order production.work_order;
    v_production_id bigint;
    v_issue production.material_issue;
    v_entry record;
    v_line jsonb;
    v_item catalog.item;
    v_lot inventory.lot;
    v_quantity numeric;
    v_open numeric;
    v_material production.work_order_material;
    v_location_id bigint;
    v_lines production.material_issue_line[] := '{}';
    v_second_quantities numeric[] := '{}';
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{in_process}');
    v_production_id := catalog.virtual_location(v_order.site_id, 'production');
    INSERT INTO production.material_issue (kind, work_order_id, occurred_at)
    VALUES ('return', v_order.id, v_occurred_at)
    RETURNING material_issue.* INTO v_issue;

    FOR v_entry IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        v_line := production.resolve_material_line(v_entry.line);
        v_item := catalog.find_item(v_line ->> 'item');
        v_lot := inventory.find_lot(v_item, v_line ->> 'lot');
        v_quantity := catalog.to_base_quantity(v_item, v_line ->> 'quantity', v_line ->> 'unit');
        PERFORM production.find_material(v_order, v_item);

        -- The material line from which most of the lot is out.
        SELECT l.work_order_material_id, sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END)
            - coalesce((SELECT sum(n.quantity) FROM unnest(v_lines) AS n
                        WHERE n.work_order_material_id = l.work_order_material_id AND n.lot_id = v_lot.id), 0) AS quantity
        INTO v_material.id, v_open
        FROM production.material_issue AS t
        JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
        WHERE t.work_order_id = v_order.id
          AND NOT t.is_reversed
          AND l.item_id = v_item.id
          AND l.lot_id = v_lot.id
        GROUP BY l.work_order_material_id
        ORDER BY quantity DESC, l.work_order_material_id
        LIMIT 1;
        IF coalesce(v_open, 0) < v_quantity THEN
            RAISE EXCEPTION '% of item % is more than was issued to order % (%)', trim_scale(v_quantity), v_item.number, v_order.number,
                trim_scale(coalesce(v_open, 0))
                USING ERRCODE = 'MR308',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_item.number, 'lot', v_line ->> 'lot',
                          'issued', trim_scale(coalesce(v_open, 0))::text, 'requested', trim_scale(v_quantity)::text)::text,
                      HINT = 'Only material issued by scan comes back; backflushed material comes back with its report.';
        END IF;
        SELECT m.* INTO STRICT v_material FROM production.work_order_material AS m WHERE m.id = v_material.id;
        v_location_id := CASE WHEN v_line ->> 'location' IS NULL THEN v_material.supply_location_id
            ELSE (catalog.find_location(v_line ->> 'location')).id END;
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity - v_quantity
        WHERE m.id = v_material.id;
        v_second_quantities := v_second_quantities || inventory.to_second_quantity(v_item.id, v_line ->> 'second_quantity');
        v_lines := v_lines || ROW(nextval('production.material_issue_line_id_seq'), v_issue.id, cardinality(v_lines) + 1,
            v_material.id, v_item.id, v_lot.id, v_location_id, v_quantity, NULL)::production.material_issue_line;
    END LOOP;

    v_ids := inventory.post_movements('material_return',
        (SELECT array_agg(ROW(l.item_id, l.lot_id, v_production_id, l.location_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
            ORDER BY l.line_number)
         FROM unnest(v_lines) AS l),
        'material_issue', v_issue.id, v_occurred_at, v_second_quantities);
    INSERT INTO production.material_issue_line (id, material_issue_id, line_number, work_order_material_id, item_id, lot_id,
        location_id, quantity, movement_id)
    SELECT l.id, l.material_issue_id, l.line_number, l.work_order_material_id, l.item_id, l.lot_id, l.location_id, l.quantity,
        v_ids[l.line_number]
    FROM unnest(v_lines) AS l;
    PERFORM production.release_attribution(s.work_order_material_id, s.lot_id)
    FROM (SELECT DISTINCT l.work_order_material_id, l.lot_id FROM unnest(v_lines) AS l WHERE l.lot_id <> 0) AS s;

    PERFORM event.publish('material_return.posted', v_issue.id,
        jsonb_build_object('number', v_issue.number, 'work_order', v_order.number));
    RETURN event.finish_request(p_context, 201, production.get_material_issue(v_issue.number));
END;
$function$;

COMMENT ON FUNCTION production.return_material(jsonb, jsonb) IS
    'Command: material that was issued by scan and not used goes back to storage. Body: work_order, occurred_at?, lines [item or barcode, lot?, quantity, unit?, location? (default: the supply location of the material)]. Raises MR301, MR303, MR304, MR306, MR308 when it is more than was issued.';

-- functions/production/reverse_material_issue.sql as it was.
CREATE OR REPLACE FUNCTION production.reverse_material_issue(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-material-issue', p_context, p_command);
    v_reason catalog.reason;
    v_order production.work_order;
    v_issue production.material_issue;
    v_number text;
    v_bad record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason');
    SELECT o.number INTO v_number
    FROM production.material_issue AS t
    JOIN production.work_order AS o ON o.id = t.work_order_id
    WHERE t.number = p_command ->> 'material_issue';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no issue of material %', p_command ->> 'material_issue'
            USING ERRCODE = 'MR314',
                  DETAIL = jsonb_build_object('material_issue', p_command ->> 'material_issue')::text,
                  HINT = 'Check the number.';
    END IF;
    v_order := production.lock_work_order(v_number, '{released,in_process}');
    SELECT t.* INTO STRICT v_issue FROM production.material_issue AS t WHERE t.number = p_command ->> 'material_issue' FOR NO KEY UPDATE;
    IF v_issue.is_reversed THEN
        RAISE EXCEPTION '% was taken back already', v_issue.number
            USING ERRCODE = 'MR310',
                  DETAIL = jsonb_build_object('material_issue', v_issue.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;

    UPDATE production.material_issue AS t SET is_reversed = true WHERE t.id = v_issue.id;
    -- A part may have come back by a return: what is out of a lot cannot be less than nothing.
    SELECT i.number AS item, lot.number AS lot INTO v_bad
    FROM production.material_issue AS t
    JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN inventory.lot AS lot ON lot.id = l.lot_id
    WHERE t.work_order_id = v_order.id AND NOT t.is_reversed
    GROUP BY l.work_order_material_id, i.number, lot.number
    HAVING sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END) < 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a part of % came back already', v_issue.number
            USING ERRCODE = 'MR308',
                  DETAIL = jsonb_build_object('material_issue', v_issue.number, 'item', v_bad.item, 'lot', nullif(v_bad.lot, ''))::text,
                  HINT = 'Take back the return first, or return the rest.';
    END IF;
    SELECT i.number AS item, m.required_quantity, m.issued_quantity INTO v_bad
    FROM (
        SELECT l.work_order_material_id, sum(l.quantity) AS quantity
        FROM production.material_issue_line AS l
        WHERE l.material_issue_id = v_issue.id AND v_issue.kind = 'return'
        GROUP BY l.work_order_material_id
    ) AS s
    JOIN production.work_order_material AS m ON m.id = s.work_order_material_id
    JOIN catalog.item AS i ON i.id = m.item_id
    WHERE (m.issued_quantity - m.backflushed_quantity + s.quantity) * 100 > m.required_quantity * (100 + m.over_issue_percent)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'without return % more of item % would be issued than order % needs', v_issue.number, v_bad.item, v_order.number
            USING ERRCODE = 'MR305',
                  CONSTRAINT = 'work_order_material_issued_quantity_check',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_bad.item,
                      'required', trim_scale(v_bad.required_quantity)::text, 'issued', trim_scale(v_bad.issued_quantity)::text)::text,
                  HINT = 'Return the later issues first.';
    END IF;

    UPDATE production.work_order_material AS m
    SET issued_quantity = m.issued_quantity + CASE v_issue.kind WHEN 'issue' THEN -s.quantity ELSE s.quantity END
    FROM (
        SELECT l.work_order_material_id, sum(l.quantity) AS quantity
        FROM production.material_issue_line AS l
        WHERE l.material_issue_id = v_issue.id
        GROUP BY l.work_order_material_id
    ) AS s
    WHERE m.id = s.work_order_material_id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM production.material_issue_line AS l WHERE l.material_issue_id = v_issue.id),
        'material_issue', v_issue.id, v_reason.id, event.occurred_at(p_command));
    PERFORM production.release_attribution(s.work_order_material_id, s.lot_id)
    FROM (
        SELECT DISTINCT l.work_order_material_id, l.lot_id
        FROM production.material_issue_line AS l
        WHERE l.material_issue_id = v_issue.id AND l.lot_id <> 0
    ) AS s;

    PERFORM event.publish('material_issue.reversed', v_issue.id,
        jsonb_build_object('number', v_issue.number, 'work_order', v_order.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, production.get_material_issue(v_issue.number));
END;
$function$;

COMMENT ON FUNCTION production.reverse_material_issue(jsonb, jsonb) IS
    'Command: takes back an issue or a return of material as a whole. Body: material_issue, reason, occurred_at?. Raises MR314 when there is none of that number, MR310 when it was taken back already, MR303 when the order is completed, MR308 when a part of an issue came back already, MR305 when a return stands between later issues and the limit, MR201 when returned material went on.';

-- functions/production/reverse_production_report.sql as it was.
CREATE OR REPLACE FUNCTION production.reverse_production_report(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-production-report', p_context, p_command);
    v_reason catalog.reason;
    v_order production.work_order;
    v_report production.production_report;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason');
    SELECT o.number INTO v_number
    FROM production.production_report AS r
    JOIN production.work_order AS o ON o.id = r.work_order_id
    WHERE r.number = p_command ->> 'production_report';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no production report %', p_command ->> 'production_report'
            USING ERRCODE = 'MR318',
                  DETAIL = jsonb_build_object('production_report', p_command ->> 'production_report')::text,
                  HINT = 'Check the number.';
    END IF;
    v_order := production.lock_work_order(v_number, '{in_process}');
    SELECT r.* INTO STRICT v_report FROM production.production_report AS r WHERE r.number = p_command ->> 'production_report' FOR NO KEY UPDATE;
    IF v_report.is_reversed THEN
        RAISE EXCEPTION '% was taken back already', v_report.number
            USING ERRCODE = 'MR310',
                  DETAIL = jsonb_build_object('production_report', v_report.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;

    IF v_report.moves_stock THEN
        PERFORM inventory.reverse_movements(
            array_remove(ARRAY(
                SELECT m.movement_id FROM production.production_report_material AS m WHERE m.production_report_id = v_report.id
            ) || v_report.good_movement_id || v_report.scrap_movement_id, NULL),
            'production_report', v_report.id, v_reason.id, event.occurred_at(p_command));
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity - s.quantity,
            backflushed_quantity = m.backflushed_quantity - s.quantity
        FROM (
            SELECT r.work_order_material_id, sum(r.quantity) AS quantity
            FROM production.production_report_material AS r
            WHERE r.production_report_id = v_report.id AND r.movement_id IS NOT NULL
            GROUP BY r.work_order_material_id
        ) AS s
        WHERE m.id = s.work_order_material_id;
        IF v_report.lot_id <> 0 THEN
            PERFORM inventory.add_genealogy(s.lot_id, v_report.lot_id, -s.quantity, 'production_report', v_report.id)
            FROM (
                SELECT r.lot_id, sum(r.quantity) AS quantity
                FROM production.production_report_material AS r
                WHERE r.production_report_id = v_report.id AND r.lot_id <> 0 AND r.quantity > 0
                GROUP BY r.lot_id
                ORDER BY r.lot_id
            ) AS s;
        END IF;
    END IF;

    UPDATE production.production_report AS r SET is_reversed = true WHERE r.id = v_report.id;
    UPDATE production.work_order AS o
    SET good_quantity = o.good_quantity - CASE WHEN v_report.moves_stock THEN v_report.good_quantity ELSE 0 END,
        scrap_quantity = o.scrap_quantity - CASE WHEN v_report.moves_stock THEN v_report.scrap_quantity ELSE 0 END,
        rework_quantity = o.rework_quantity - v_report.rework_quantity
    WHERE o.id = v_order.id;
    UPDATE production.work_order_operation AS p
    SET good_quantity = p.good_quantity - v_report.good_quantity,
        scrap_quantity = p.scrap_quantity - v_report.scrap_quantity,
        rework_quantity = p.rework_quantity - v_report.rework_quantity
    WHERE p.id = v_report.work_order_operation_id;

    PERFORM event.publish('production_report.reversed', v_report.id,
        jsonb_build_object('number', v_report.number, 'work_order', v_order.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, production.get_production_report(v_report.number));
END;
$function$;

COMMENT ON FUNCTION production.reverse_production_report(jsonb, jsonb) IS
    'Command: takes back a report: its goods leave stock, its backflushed material comes back, its genealogy drops to 0. Body: production_report, reason, occurred_at?. Raises MR318 when there is none of that number, MR310 when it was taken back already, MR303 when the order is completed, MR201 when the goods went on.';

-- functions/purchasing/close_purchase_order.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.close_purchase_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('close-purchase-order', p_context, p_command);
    v_outcome purchasing.purchase_order_state := coalesce(p_command ->> 'outcome', 'closed')::purchasing.purchase_order_state;
    v_order purchasing.purchase_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    -- Receipts hold the order in share mode while they post: whoever comes second sees what the first did.
    SELECT o.* INTO v_order FROM purchasing.purchase_order AS o WHERE o.number = p_command ->> 'purchase_order' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no purchase order %', p_command ->> 'purchase_order'
            USING ERRCODE = 'MR401',
                  DETAIL = jsonb_build_object('purchase_order', p_command ->> 'purchase_order')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_order.state <> 'released' THEN
        RAISE EXCEPTION 'purchase order % is %', v_order.number, v_order.state
            USING ERRCODE = 'MR403',
                  DETAIL = jsonb_build_object('purchase_order', v_order.number, 'state', v_order.state)::text,
                  HINT = 'Nothing more is to be done with this order.';
    END IF;
    IF v_outcome = 'cancelled' AND EXISTS (
        SELECT FROM purchasing.purchase_order_line AS l WHERE l.purchase_order_id = v_order.id AND l.received_quantity > 0) THEN
        RAISE EXCEPTION 'goods came for purchase order %', v_order.number
            USING ERRCODE = 'MR418',
                  DETAIL = jsonb_build_object('purchase_order', v_order.number)::text,
                  HINT = 'Close the order instead of cancelling it.';
    END IF;

    UPDATE purchasing.purchase_order AS o
    SET state = CASE v_outcome WHEN 'cancelled' THEN v_outcome ELSE 'closed' END
    WHERE o.id = v_order.id;
    PERFORM event.publish('purchase_order.' || CASE v_outcome WHEN 'cancelled' THEN 'cancelled' ELSE 'closed' END, v_order.id,
        jsonb_build_object('number', v_order.number));
    RETURN event.finish_request(p_context, 201, purchasing.get_purchase_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.close_purchase_order(jsonb, jsonb) IS
    'Command: no more is expected on an order. Body: purchase_order, outcome? (closed, the default, or cancelled: only while nothing was received). Raises MR401 when there is no such order, MR403 when it is closed or cancelled, MR418 when goods came for it.';

-- functions/purchasing/create_purchase_order.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.create_purchase_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('create-purchase-order', p_context, p_command);
    v_site catalog.site;
    v_supplier catalog.partner;
    v_order purchasing.purchase_order;
    v_line record;
    v_item catalog.item;
    v_unit_id bigint;
    v_base_quantity numeric;
    v_price numeric;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_site := catalog.resolve_site(p_command ->> 'site');
    v_supplier := catalog.find_partner(p_command ->> 'supplier');
    IF NOT v_supplier.is_supplier THEN
        RAISE EXCEPTION 'partner % is not a supplier', v_supplier.code
            USING ERRCODE = 'MR404',
                  DETAIL = jsonb_build_object('supplier', v_supplier.code)::text,
                  HINT = 'Choose a supplier, or make this partner one.';
    END IF;

    INSERT INTO purchasing.purchase_order (external_number, site_id, supplier_id, currency, ordered_on)
    VALUES (p_command ->> 'external_number', v_site.id, v_supplier.id, coalesce(p_command ->> 'currency', v_supplier.currency),
        coalesce((p_command ->> 'ordered_on')::date, (clock_timestamp() AT TIME ZONE v_site.time_zone)::date))
    ON CONFLICT ON CONSTRAINT purchase_order_external_number_key DO NOTHING
    RETURNING purchase_order.* INTO v_order;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is already a purchase order with the external number %', p_command ->> 'external_number'
            USING ERRCODE = 'MR417',
                  DETAIL = jsonb_build_object('external_number', p_command ->> 'external_number')::text,
                  HINT = 'Look at that order first: this one may have been entered before.';
    END IF;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality::integer AS line_number
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e
    LOOP
        v_item := catalog.find_item(v_line.line ->> 'item');
        v_base_quantity := catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit');
        v_unit_id := CASE WHEN v_line.line ->> 'unit' IS NULL THEN v_item.base_unit_id
            ELSE (catalog.find_unit(v_line.line ->> 'unit')).id END;
        v_price := (v_line.line ->> 'price')::numeric;
        IF v_price IS NULL THEN
            SELECT s.price INTO v_price
            FROM catalog.supplier_item AS s
            WHERE s.partner_id = v_supplier.id
              AND s.item_id = v_item.id
              AND s.unit_id = v_unit_id
              AND s.currency = v_order.currency;
        END IF;
        IF v_price IS NULL THEN
            RAISE EXCEPTION 'line % needs a price: supplier % has none for item % in that unit and currency',
                v_line.line_number, v_supplier.code, v_item.number
                USING ERRCODE = 'MR420',
                      DETAIL = jsonb_build_object('line', v_line.line_number, 'item', v_item.number, 'supplier', v_supplier.code,
                          'unit', v_line.line ->> 'unit', 'currency', v_order.currency)::text,
                      HINT = 'Enter the price.';
        END IF;

        INSERT INTO purchasing.purchase_order_line (purchase_order_id, line_number, item_id, unit_id, quantity, base_quantity,
            price, due_on, over_receipt_percent)
        VALUES (v_order.id, v_line.line_number, v_item.id, v_unit_id, (v_line.line ->> 'quantity')::numeric, v_base_quantity,
            v_price, (v_line.line ->> 'due_on')::date, coalesce((v_line.line ->> 'over_receipt_percent')::numeric, 0));
    END LOOP;

    PERFORM event.publish('purchase_order.released', v_order.id,
        jsonb_build_object('number', v_order.number, 'site', v_site.code, 'supplier', v_supplier.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_purchase_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.create_purchase_order(jsonb, jsonb) IS
    'Command: orders goods from a supplier. Body: supplier, site?, currency?, ordered_on?, external_number?, lines [item, quantity, unit?, price? (per unit; default: the price of the supplier), due_on?, over_receipt_percent?]. Raises MR404 when the partner is no supplier, MR417 when the external number is taken, MR420 when no price is known.';

-- functions/purchasing/get_goods_receipt.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.get_goods_receipt(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', r.number, 'purchase_order', o.number, 'supplier', p.code, 'delivery_note', r.delivery_note,
            'occurred_at', r.occurred_at, 'created_at', r.created_at,
            'lines', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'order_line', ol.line_number, 'item', i.number,
                    'lot', nullif(lot.number, ''), 'lot_status', CASE WHEN lot.id <> 0 THEN lot.status END,
                    'supplier_lot', lot.supplier_lot, 'expires_on', lot.expires_on, 'location', c.code,
                    'quantity', trim_scale(l.quantity)::text, 'unit', u.code, 'state', l.state,
                    'accepted_quantity', trim_scale(l.accepted_quantity)::text,
                    'rejected_quantity', trim_scale(l.rejected_quantity)::text,
                    'returned_quantity', trim_scale(l.returned_quantity)::text,
                    'is_reversed', l.is_reversed) ORDER BY l.line_number), '[]')
                FROM purchasing.goods_receipt_line AS l
                JOIN purchasing.purchase_order_line AS ol ON ol.id = l.purchase_order_line_id
                JOIN catalog.item AS i ON i.id = l.item_id
                JOIN catalog.unit AS u ON u.id = i.base_unit_id
                JOIN inventory.lot AS lot ON lot.id = l.lot_id
                JOIN catalog.location AS c ON c.id = l.location_id
                WHERE l.goods_receipt_id = r.id))
        FROM purchasing.goods_receipt AS r
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        JOIN catalog.partner AS p ON p.id = o.supplier_id
        WHERE r.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_goods_receipt(text) IS 'A goods receipt as a document, quantities in base units; null when there is none of that number.';

-- functions/purchasing/get_inspection.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.get_inspection(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', n.number, 'goods_receipt', r.number, 'line', l.line_number, 'item', i.number,
            'lot', nullif(lot.number, ''), 'lot_status', CASE WHEN lot.id <> 0 THEN lot.status END,
            'accepted_quantity', trim_scale(n.accepted_quantity)::text, 'rejected_quantity', trim_scale(n.rejected_quantity)::text,
            'unit', u.code, 'reason', q.code, 'note', n.note, 'to_location', c.code, 'is_reversed', n.is_reversed,
            'occurred_at', n.occurred_at, 'created_at', n.created_at)
        FROM purchasing.inspection AS n
        JOIN purchasing.goods_receipt_line AS l ON l.id = n.goods_receipt_line_id
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS lot ON lot.id = l.lot_id
        LEFT JOIN catalog.reason AS q ON q.id = n.reason_id
        LEFT JOIN catalog.location AS c ON c.id = n.to_location_id
        WHERE n.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_inspection(text) IS 'An inspection as a document, quantities in base units; null when there is none of that number.';

-- functions/purchasing/get_purchase_order.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.get_purchase_order(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', o.number, 'external_number', o.external_number, 'site', s.code, 'supplier', p.code, 'currency', o.currency,
            'state', o.state, 'ordered_on', o.ordered_on, 'created_at', o.created_at,
            'lines', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'item', i.number,
                    'quantity', trim_scale(l.quantity)::text, 'unit', u.code, 'price', trim_scale(l.price)::text,
                    'base_quantity', trim_scale(l.base_quantity)::text, 'base_unit', b.code,
                    'due_on', l.due_on, 'over_receipt_percent', trim_scale(l.over_receipt_percent)::text,
                    'received_quantity', trim_scale(l.received_quantity)::text,
                    'rejected_quantity', trim_scale(l.rejected_quantity)::text,
                    'returned_quantity', trim_scale(l.returned_quantity)::text,
                    'open_quantity', trim_scale(greatest(l.base_quantity - l.received_quantity + l.returned_quantity, 0))::text)
                    ORDER BY l.line_number), '[]')
                FROM purchasing.purchase_order_line AS l
                JOIN catalog.item AS i ON i.id = l.item_id
                JOIN catalog.unit AS u ON u.id = l.unit_id
                JOIN catalog.unit AS b ON b.id = i.base_unit_id
                WHERE l.purchase_order_id = o.id))
        FROM purchasing.purchase_order AS o
        JOIN catalog.site AS s ON s.id = o.site_id
        JOIN catalog.partner AS p ON p.id = o.supplier_id
        WHERE o.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_purchase_order(text) IS 'A purchase order as a document; null when there is none of that number.';

-- functions/purchasing/get_supplier_return.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.get_supplier_return(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', t.number, 'goods_receipt', r.number, 'line', l.line_number, 'supplier', p.code, 'item', i.number,
            'lot', nullif(lot.number, ''), 'quantity', trim_scale(t.quantity)::text, 'unit', u.code, 'location', c.code,
            'reason', q.code, 'note', t.note, 'is_reversed', t.is_reversed, 'occurred_at', t.occurred_at, 'created_at', t.created_at)
        FROM purchasing.supplier_return AS t
        JOIN purchasing.goods_receipt_line AS l ON l.id = t.goods_receipt_line_id
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        JOIN catalog.partner AS p ON p.id = o.supplier_id
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS lot ON lot.id = l.lot_id
        JOIN catalog.location AS c ON c.id = t.from_location_id
        LEFT JOIN catalog.reason AS q ON q.id = t.reason_id
        WHERE t.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_supplier_return(text) IS 'A return to the supplier as a document, quantities in base units; null when there is none of that number.';

-- functions/purchasing/inspect_goods.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.inspect_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('inspect-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_line purchasing.goods_receipt_line;
    v_item catalog.item;
    v_site_id bigint;
    v_accepted numeric := 0;
    v_rejected numeric := 0;
    v_reason_id bigint;
    v_from_location_id bigint;
    v_to_location_id bigint;
    v_rejected_location_id bigint;
    v_inspection_id bigint := nextval('purchasing.inspection_id_seq');
    v_number text;
    v_types inventory.movement_type[] := '{}';
    v_lines inventory.posting_line[] := '{}';
    v_second_quantities numeric[] := '{}';
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_line := purchasing.lock_receipt_line(p_command ->> 'goods_receipt', (p_command ->> 'line')::integer);
    IF v_line.state <> 'waiting' THEN
        RAISE EXCEPTION 'line % of goods receipt % is % already', v_line.line_number, p_command ->> 'goods_receipt',
            replace(v_line.state::text, '_', ' ')
            USING ERRCODE = 'MR408',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
                      'state', v_line.state)::text,
                  HINT = 'Take back the inspection first if it was wrong.';
    END IF;
    SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
    SELECT c.site_id INTO STRICT v_site_id FROM catalog.location AS c WHERE c.id = v_line.location_id;

    IF coalesce(p_command ->> 'accepted_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_accepted := catalog.to_base_quantity(v_item, p_command ->> 'accepted_quantity', p_command ->> 'unit');
    END IF;
    IF coalesce(p_command ->> 'rejected_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_rejected := catalog.to_base_quantity(v_item, p_command ->> 'rejected_quantity', p_command ->> 'unit');
        v_reason_id := (catalog.find_reason(p_command ->> 'reason')).id;
        v_rejected_location_id := catalog.physical_location(v_site_id, 'rejected');
    END IF;
    IF v_accepted + v_rejected <> v_line.quantity THEN
        RAISE EXCEPTION 'accepted % and rejected % do not make the % that were received',
            trim_scale(v_accepted), trim_scale(v_rejected), trim_scale(v_line.quantity)
            USING ERRCODE = 'MR409',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
                      'received', trim_scale(v_line.quantity)::text, 'accepted', trim_scale(v_accepted)::text,
                      'rejected', trim_scale(v_rejected)::text)::text,
                  HINT = 'Decide about the whole line.';
    END IF;

    v_from_location_id := coalesce((SELECT (catalog.find_location(p_command ->> 'location')).id WHERE p_command ->> 'location' IS NOT NULL),
        v_line.location_id);
    -- Lots wait in quarantine for their put-away, released; goods without lot can only be told apart by the place.
    IF v_accepted > 0 AND p_command ->> 'to_location' IS NOT NULL THEN
        v_to_location_id := (catalog.find_location(p_command ->> 'to_location')).id;
    ELSIF v_accepted > 0 AND v_line.lot_id = 0 THEN
        v_to_location_id := catalog.item_location(v_item, v_site_id);
    END IF;
    IF v_to_location_id IS NOT NULL THEN
        v_types := v_types || 'put_away'::inventory.movement_type;
        v_lines := v_lines || ROW(v_item.id, v_line.lot_id, v_from_location_id, v_to_location_id, v_accepted, false,
            v_line.id, NULL, NULL)::inventory.posting_line;
        v_second_quantities := v_second_quantities || inventory.to_second_quantity(v_item.id, p_command ->> 'accepted_second_quantity');
    END IF;
    IF v_rejected > 0 THEN
        v_types := v_types || 'rejection'::inventory.movement_type;
        v_lines := v_lines || ROW(v_item.id, v_line.lot_id, v_from_location_id, v_rejected_location_id, v_rejected, false,
            v_line.id, NULL, v_reason_id)::inventory.posting_line;
        v_second_quantities := v_second_quantities || inventory.to_second_quantity(v_item.id, p_command ->> 'rejected_second_quantity');
    END IF;

    -- Decided, before the lot may leave quarantine.
    UPDATE purchasing.goods_receipt_line AS l
    SET state = (CASE WHEN v_rejected = 0 THEN 'accepted' WHEN v_accepted = 0 THEN 'rejected' ELSE 'partly_accepted' END)::purchasing.receipt_line_state,
        accepted_quantity = v_accepted,
        rejected_quantity = v_rejected
    WHERE l.id = v_line.id;

    IF v_line.lot_id <> 0 THEN
        -- Every balance that the status and the posting touch, in one go and in order.
        PERFORM inventory.lock_balances(ARRAY(
            SELECT ROW(b.item_id, b.location_id, b.lot_id)::inventory.balance_key
            FROM inventory.balance AS b
            WHERE b.item_id = v_item.id AND b.lot_id = v_line.lot_id
            UNION
            SELECT ROW(v_item.id, c.id, v_line.lot_id)::inventory.balance_key
            FROM catalog.location AS c
            WHERE c.id IN (v_from_location_id, v_to_location_id, v_rejected_location_id) AND c.is_physical));
        PERFORM inventory.set_lot_status(v_line.lot_id,
            CASE WHEN v_accepted > 0 THEN 'released' ELSE 'blocked' END::inventory.lot_status);
    END IF;
    v_ids := inventory.post_mixed_movements(v_types, v_lines, 'inspection', v_inspection_id, v_occurred_at, v_second_quantities);

    INSERT INTO purchasing.inspection (id, goods_receipt_line_id, accepted_quantity, rejected_quantity, reason_id, note,
        accepted_movement_id, rejected_movement_id, to_location_id, occurred_at)
    VALUES (v_inspection_id, v_line.id, v_accepted, v_rejected, v_reason_id, p_command ->> 'note',
        v_ids[array_position(v_types, 'put_away')], v_ids[array_position(v_types, 'rejection')], v_to_location_id, v_occurred_at)
    RETURNING inspection.number INTO v_number;
    IF v_rejected > 0 THEN
        UPDATE purchasing.purchase_order_line AS ol
        SET rejected_quantity = ol.rejected_quantity + v_rejected
        WHERE ol.id = v_line.purchase_order_line_id;
    END IF;

    PERFORM event.publish('inspection.decided', v_inspection_id,
        jsonb_build_object('number', v_number, 'goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
            'item', v_item.number, 'accepted_quantity', trim_scale(v_accepted)::text, 'rejected_quantity', trim_scale(v_rejected)::text));
    RETURN event.finish_request(p_context, 201, purchasing.get_inspection(v_number));
END;
$function$;

COMMENT ON FUNCTION purchasing.inspect_goods(jsonb, jsonb) IS
    'Command: decides about a received line that waits in quarantine. What is accepted releases the lot, and is put away when a place is named or the goods have no lot; what is rejected goes to the rejected location; a lot that is rejected as a whole is blocked. Body: goods_receipt, line, accepted_quantity?, rejected_quantity? (together the received quantity), unit?, reason (if anything is rejected), to_location?, location? (if the goods were moved within quarantine), note?, occurred_at?. Raises MR406 to MR409 and MR413.';

-- functions/purchasing/list_goods_receipts.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.list_goods_receipts(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM purchasing.goods_receipt AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM purchasing.goods_receipt AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(purchasing.get_goods_receipt(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION purchasing.list_goods_receipts(text, integer) IS 'A page of goods receipts, oldest first, after the number p_after.';

-- functions/purchasing/list_inspections.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.list_inspections(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM purchasing.inspection AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM purchasing.inspection AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(purchasing.get_inspection(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION purchasing.list_inspections(text, integer) IS 'A page of inspections, oldest first, after the number p_after.';

-- functions/purchasing/list_purchase_orders.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.list_purchase_orders(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM purchasing.purchase_order AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM purchasing.purchase_order AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(purchasing.get_purchase_order(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION purchasing.list_purchase_orders(text, integer) IS 'A page of purchase orders, oldest first, after the number p_after.';

-- functions/purchasing/list_supplier_returns.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.list_supplier_returns(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM purchasing.supplier_return AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM purchasing.supplier_return AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(purchasing.get_supplier_return(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION purchasing.list_supplier_returns(text, integer) IS 'A page of returns to suppliers, oldest first, after the number p_after.';

-- functions/purchasing/oldest_movement_needed.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT min(t.created_at) FROM purchasing.purchase_order AS t WHERE t.state = 'released';
$function$;

COMMENT ON FUNCTION purchasing.oldest_movement_needed() IS
    'When the oldest purchase order that still takes goods was made: no movement of it is older, and each may have to be reversed. Null when there is none.';

-- functions/purchasing/receive_goods.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.receive_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('receive-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order purchasing.purchase_order;
    v_order_line purchasing.purchase_order_line;
    v_receipt purchasing.goods_receipt;
    v_supplier_location_id bigint;
    v_line record;
    v_item catalog.item;
    v_lot inventory.lot;
    v_location catalog.location;
    v_quantity numeric;
    v_kind catalog.location_kind;
    v_lines purchasing.goods_receipt_line[] := '{}';
    v_second_quantities numeric[] := '{}';
    v_id bigint;
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT o.* INTO v_order FROM purchasing.purchase_order AS o WHERE o.number = p_command ->> 'purchase_order' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no purchase order %', p_command ->> 'purchase_order'
            USING ERRCODE = 'MR401',
                  DETAIL = jsonb_build_object('purchase_order', p_command ->> 'purchase_order')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_order.state <> 'released' THEN
        RAISE EXCEPTION 'purchase order % is %', v_order.number, v_order.state
            USING ERRCODE = 'MR403',
                  DETAIL = jsonb_build_object('purchase_order', v_order.number, 'state', v_order.state)::text,
                  HINT = 'Ask purchasing for an order that these goods belong to.';
    END IF;
    v_supplier_location_id := catalog.virtual_location(v_order.site_id, 'supplier');

    -- All lines of the order that the receipt names, locked in id order before the first one changes.
    PERFORM
    FROM purchasing.purchase_order_line AS l
    WHERE l.purchase_order_id = v_order.id
      AND l.line_number IN (SELECT (e.value ->> 'line')::integer FROM jsonb_array_elements(p_command -> 'lines') AS e)
    ORDER BY l.id
    FOR NO KEY UPDATE;

    INSERT INTO purchasing.goods_receipt (purchase_order_id, delivery_note, occurred_at)
    VALUES (v_order.id, p_command ->> 'delivery_note', v_occurred_at)
    RETURNING goods_receipt.* INTO v_receipt;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality::integer AS line_number
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e
    LOOP
        SELECT l.* INTO v_order_line
        FROM purchasing.purchase_order_line AS l
        WHERE l.purchase_order_id = v_order.id AND l.line_number = (v_line.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'purchase order % has no line %', v_order.number, v_line.line ->> 'line'
                USING ERRCODE = 'MR405',
                      DETAIL = jsonb_build_object('purchase_order', v_order.number, 'line', v_line.line -> 'line')::text,
                      HINT = 'Look at the order: its lines are numbered from 1.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_order_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit');
        IF v_item.tracking = 'serial' AND v_quantity <> 1 THEN
            RAISE EXCEPTION 'a serial number of item % stands for one piece', v_item.number
                USING ERRCODE = 'MR419',
                      DETAIL = jsonb_build_object('item', v_item.number, 'quantity', trim_scale(v_quantity)::text)::text,
                      HINT = 'Give every piece a line of its own.';
        END IF;

        v_second_quantities := v_second_quantities || inventory.to_second_quantity(v_item.id, v_line.line ->> 'second_quantity');

        v_kind := CASE WHEN v_item.is_inspected THEN 'quarantine' ELSE 'storage' END::catalog.location_kind;
        IF v_line.line ->> 'location' IS NULL THEN
            SELECT c.* INTO STRICT v_location
            FROM catalog.location AS c
            WHERE c.id = CASE WHEN v_item.is_inspected THEN catalog.physical_location(v_order.site_id, 'quarantine')
                ELSE catalog.item_location(v_item, v_order.site_id) END;
        ELSE
            v_location := catalog.find_location(v_line.line ->> 'location');
            IF v_location.site_id <> v_order.site_id OR v_location.kind <> v_kind THEN
                RAISE EXCEPTION 'item % is received into % of the site of the order, and % is none', v_item.number, v_kind, v_location.code
                    USING ERRCODE = 'MR410',
                          DETAIL = jsonb_build_object('item', v_item.number, 'location', v_location.code,
                              'kind', v_location.kind, 'needs_kind', v_kind)::text,
                          HINT = 'Leave the location out, or scan one that fits.';
            END IF;
        END IF;

        IF (v_order_line.received_quantity + v_quantity - v_order_line.returned_quantity) * 100
            > v_order_line.base_quantity * (100 + v_order_line.over_receipt_percent) THEN
            RAISE EXCEPTION '% of item % is more than line % of order % takes: ordered %, received %',
                trim_scale(v_quantity), v_item.number, v_order_line.line_number, v_order.number,
                trim_scale(v_order_line.base_quantity), trim_scale(v_order_line.received_quantity - v_order_line.returned_quantity)
                USING ERRCODE = 'MR402',
                      CONSTRAINT = 'purchase_order_line_received_quantity_check',
                      DETAIL = jsonb_build_object('purchase_order', v_order.number, 'line', v_order_line.line_number, 'item', v_item.number,
                          'ordered', trim_scale(v_order_line.base_quantity)::text,
                          'received', trim_scale(v_order_line.received_quantity - v_order_line.returned_quantity)::text,
                          'requested', trim_scale(v_quantity)::text,
                          'over_receipt_percent', trim_scale(v_order_line.over_receipt_percent)::text)::text,
                      HINT = 'Count again, or ask purchasing to order more.';
        END IF;
        UPDATE purchasing.purchase_order_line AS l
        SET received_quantity = l.received_quantity + v_quantity
        WHERE l.id = v_order_line.id;

        -- A lot number is taken again only for goods that need no inspection, or when its receipt was a mistake and is gone.
        v_lot := inventory.ensure_lot(v_item, v_line.line ->> 'lot', CASE WHEN v_item.is_inspected THEN 'quarantine' ELSE 'released' END::inventory.lot_status,
            v_order.supplier_id, v_line.line ->> 'supplier_lot', (v_line.line ->> 'manufactured_on')::date,
            (v_line.line ->> 'expires_on')::date,
            NOT v_item.is_inspected OR (
                SELECT coalesce(bool_and(g.is_reversed), false)
                FROM inventory.lot AS o
                JOIN purchasing.goods_receipt_line AS g ON g.lot_id = o.id
                WHERE o.item_id = v_item.id AND o.number = v_line.line ->> 'lot'));

        v_id := nextval('purchasing.goods_receipt_line_id_seq');
        v_lines := v_lines || ROW(v_id, v_receipt.id, v_line.line_number, v_order_line.id, v_item.id, v_lot.id, v_location.id, v_quantity,
            CASE WHEN v_item.is_inspected THEN 'waiting' ELSE 'accepted' END,
            CASE WHEN v_item.is_inspected THEN 0 ELSE v_quantity END, 0, 0, NULL, false)::purchasing.goods_receipt_line;
    END LOOP;

    v_ids := inventory.post_movements('receipt',
        (SELECT array_agg(ROW(l.item_id, l.lot_id, v_supplier_location_id, l.location_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
            ORDER BY l.line_number)
         FROM unnest(v_lines) AS l),
        'goods_receipt', v_receipt.id, v_occurred_at, v_second_quantities);

    INSERT INTO purchasing.goods_receipt_line (id, goods_receipt_id, line_number, purchase_order_line_id, item_id, lot_id, location_id,
        quantity, state, accepted_quantity, movement_id)
    SELECT l.id, l.goods_receipt_id, l.line_number, l.purchase_order_line_id, l.item_id, l.lot_id, l.location_id,
        l.quantity, l.state, l.accepted_quantity, v_ids[l.line_number]
    FROM unnest(v_lines) AS l;

    PERFORM event.publish('goods_receipt.posted', v_receipt.id,
        jsonb_build_object('number', v_receipt.number, 'purchase_order', v_order.number, 'delivery_note', v_receipt.delivery_note));
    RETURN event.finish_request(p_context, 201, purchasing.get_goods_receipt(v_receipt.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.receive_goods(jsonb, jsonb) IS
    'Command: goods arrive against an order: inspected items into quarantine with their lot in quarantine, others into storage. Body: purchase_order, delivery_note?, occurred_at?, lines [line, quantity, unit?, second_quantity (catch weight), lot? (default: the next number), supplier_lot?, manufactured_on?, expires_on?, location?]. Raises MR401 when there is no such order, MR402 beyond the tolerance of the line, MR403 when the order is not released, MR405 when it has no such line, MR410 when the location does not fit, MR419 when a serial number is not one piece.';

-- functions/purchasing/return_to_supplier.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.return_to_supplier(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('return-to-supplier', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_line purchasing.goods_receipt_line;
    v_item catalog.item;
    v_site_id bigint;
    v_quantity numeric;
    v_reason_id bigint;
    v_from_location_id bigint;
    v_return_id bigint := nextval('purchasing.supplier_return_id_seq');
    v_number text;
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ->> 'reason' IS NOT NULL THEN
        v_reason_id := (catalog.find_reason(p_command ->> 'reason')).id;
    END IF;
    v_line := purchasing.lock_receipt_line(p_command ->> 'goods_receipt', (p_command ->> 'line')::integer);
    SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
    SELECT c.site_id INTO STRICT v_site_id FROM catalog.location AS c WHERE c.id = v_line.location_id;
    v_quantity := catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit');
    IF v_line.returned_quantity + v_quantity > v_line.rejected_quantity THEN
        RAISE EXCEPTION '% of item % is more than was rejected and not returned yet (%)', trim_scale(v_quantity), v_item.number,
            trim_scale(v_line.rejected_quantity - v_line.returned_quantity)
            USING ERRCODE = 'MR415',
                  CONSTRAINT = 'goods_receipt_line_returned_quantity_check',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
                      'rejected', trim_scale(v_line.rejected_quantity)::text, 'returned', trim_scale(v_line.returned_quantity)::text,
                      'requested', trim_scale(v_quantity)::text)::text,
                  HINT = 'Only rejected goods go back to the supplier.';
    END IF;
    v_from_location_id := CASE WHEN p_command ->> 'location' IS NULL THEN catalog.physical_location(v_site_id, 'rejected')
        ELSE (catalog.find_location(p_command ->> 'location')).id END;

    v_ids := inventory.post_movements('supplier_return',
        ARRAY[ROW(v_item.id, v_line.lot_id, v_from_location_id, catalog.virtual_location(v_site_id, 'supplier'), v_quantity, false,
            v_line.id, NULL, v_reason_id)::inventory.posting_line],
        'supplier_return', v_return_id, v_occurred_at,
        ARRAY[inventory.to_second_quantity(v_item.id, p_command ->> 'second_quantity')]);
    INSERT INTO purchasing.supplier_return (id, goods_receipt_line_id, quantity, from_location_id, reason_id, note, movement_id, occurred_at)
    VALUES (v_return_id, v_line.id, v_quantity, v_from_location_id, v_reason_id, p_command ->> 'note', v_ids[1], v_occurred_at)
    RETURNING supplier_return.number INTO v_number;
    UPDATE purchasing.goods_receipt_line AS l
    SET returned_quantity = l.returned_quantity + v_quantity
    WHERE l.id = v_line.id;
    UPDATE purchasing.purchase_order_line AS ol
    SET returned_quantity = ol.returned_quantity + v_quantity
    WHERE ol.id = v_line.purchase_order_line_id;

    PERFORM event.publish('supplier_return.posted', v_return_id,
        jsonb_build_object('number', v_number, 'goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
            'item', v_item.number, 'quantity', trim_scale(v_quantity)::text));
    RETURN event.finish_request(p_context, 201, purchasing.get_supplier_return(v_number));
END;
$function$;

COMMENT ON FUNCTION purchasing.return_to_supplier(jsonb, jsonb) IS
    'Command: rejected goods go back to the supplier, who may deliver as much again on the same order. Body: goods_receipt, line, quantity, unit?, location? (default: the rejected location of the site), reason?, note?, occurred_at?. Raises MR406 or MR407 when there is no such receipt or line, MR413 when it was taken back, MR415 beyond what was rejected.';

-- functions/purchasing/reverse_goods_receipt.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.reverse_goods_receipt(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-goods-receipt', p_context, p_command);
    v_receipt purchasing.goods_receipt;
    v_reason catalog.reason;
    v_line integer := (p_command ->> 'line')::integer;
    v_bad record;
    v_ids bigint[];
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason');
    SELECT r.* INTO v_receipt FROM purchasing.goods_receipt AS r WHERE r.number = p_command ->> 'goods_receipt';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no goods receipt %', p_command ->> 'goods_receipt'
            USING ERRCODE = 'MR406',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_line IS NOT NULL AND NOT EXISTS (
        SELECT FROM purchasing.goods_receipt_line AS l WHERE l.goods_receipt_id = v_receipt.id AND l.line_number = v_line) THEN
        RAISE EXCEPTION 'goods receipt % has no line %', v_receipt.number, v_line
            USING ERRCODE = 'MR407',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_line)::text,
                  HINT = 'Look at the receipt: its lines are numbered from 1.';
    END IF;

    PERFORM
    FROM purchasing.purchase_order_line AS ol
    WHERE ol.id IN (
        SELECT l.purchase_order_line_id
        FROM purchasing.goods_receipt_line AS l
        WHERE l.goods_receipt_id = v_receipt.id AND l.line_number = coalesce(v_line, l.line_number))
    ORDER BY ol.id
    FOR NO KEY UPDATE;
    PERFORM
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id AND l.line_number = coalesce(v_line, l.line_number)
    ORDER BY l.id
    FOR NO KEY UPDATE;

    SELECT l.line_number, l.state INTO v_bad
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id
      AND l.line_number = coalesce(v_line, l.line_number)
      AND NOT l.is_reversed
      AND EXISTS (SELECT FROM purchasing.inspection AS n WHERE n.goods_receipt_line_id = l.id AND NOT n.is_reversed)
    ORDER BY l.line_number
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'line % of goods receipt % was inspected', v_bad.line_number, v_receipt.number
            USING ERRCODE = 'MR411',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_bad.line_number, 'state', v_bad.state)::text,
                  HINT = 'Take back the inspection first.';
    END IF;

    SELECT array_agg(l.id ORDER BY l.id), array_agg(l.movement_id ORDER BY l.id)
    INTO v_ids, v_movement_ids
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id
      AND l.line_number = coalesce(v_line, l.line_number)
      AND NOT l.is_reversed;
    IF v_ids IS NULL THEN
        RAISE EXCEPTION 'goods receipt % was taken back already', v_receipt.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_line)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;

    UPDATE purchasing.goods_receipt_line AS l SET is_reversed = true WHERE l.id = ANY (v_ids);
    UPDATE purchasing.purchase_order_line AS ol
    SET received_quantity = ol.received_quantity - s.quantity
    FROM (
        SELECT l.purchase_order_line_id, sum(l.quantity) AS quantity
        FROM purchasing.goods_receipt_line AS l
        WHERE l.id = ANY (v_ids)
        GROUP BY l.purchase_order_line_id
    ) AS s
    WHERE ol.id = s.purchase_order_line_id;
    PERFORM inventory.reverse_movements(v_movement_ids, 'goods_receipt', v_receipt.id, v_reason.id, event.occurred_at(p_command));

    PERFORM event.publish('goods_receipt.reversed', v_receipt.id,
        jsonb_build_object('number', v_receipt.number, 'line', v_line, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_goods_receipt(v_receipt.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_goods_receipt(jsonb, jsonb) IS
    'Command: takes back a goods receipt, or one line of it, while the goods are where they were put. Body: goods_receipt, line?, reason, occurred_at?. Raises MR406 or MR407 when there is no such receipt or line, MR411 when a line was inspected, MR413 when it was taken back already, MR201 when goods went on.';

-- functions/purchasing/reverse_inspection.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.reverse_inspection(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-inspection', p_context, p_command);
    v_reason catalog.reason;
    v_inspection purchasing.inspection;
    v_line purchasing.goods_receipt_line;
    v_receipt text;
    v_line_number integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason');
    SELECT r.number, l.line_number INTO v_receipt, v_line_number
    FROM purchasing.inspection AS n
    JOIN purchasing.goods_receipt_line AS l ON l.id = n.goods_receipt_line_id
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE n.number = p_command ->> 'inspection';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no inspection %', p_command ->> 'inspection'
            USING ERRCODE = 'MR412',
                  DETAIL = jsonb_build_object('inspection', p_command ->> 'inspection')::text,
                  HINT = 'Check the number.';
    END IF;
    v_line := purchasing.lock_receipt_line(v_receipt, v_line_number);
    SELECT n.* INTO STRICT v_inspection FROM purchasing.inspection AS n WHERE n.number = p_command ->> 'inspection' FOR NO KEY UPDATE;
    IF v_inspection.is_reversed THEN
        RAISE EXCEPTION 'inspection % was taken back already', v_inspection.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('inspection', v_inspection.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    IF v_line.returned_quantity > 0 THEN
        RAISE EXCEPTION 'rejected goods of inspection % went back to the supplier', v_inspection.number
            USING ERRCODE = 'MR414',
                  DETAIL = jsonb_build_object('inspection', v_inspection.number,
                      'returned_quantity', trim_scale(v_line.returned_quantity)::text)::text,
                  HINT = 'Take back the return first.';
    END IF;

    IF v_line.lot_id <> 0 THEN
        PERFORM inventory.set_lot_status(v_line.lot_id, 'quarantine');
    END IF;
    PERFORM inventory.reverse_movements(
        array_remove(ARRAY[v_inspection.accepted_movement_id, v_inspection.rejected_movement_id], NULL),
        'inspection', v_inspection.id, v_reason.id, event.occurred_at(p_command));
    -- A released lot may have been put away and used since: all of it must lie in quarantine again.
    IF v_line.lot_id <> 0 AND coalesce((
        SELECT sum(b.on_hand)
        FROM inventory.balance AS b
        JOIN catalog.location AS c ON c.id = b.location_id
        WHERE b.item_id = v_line.item_id AND b.lot_id = v_line.lot_id AND c.kind = 'quarantine'), 0) < v_line.quantity THEN
        RAISE EXCEPTION 'goods of inspection % went on from quarantine', v_inspection.number
            USING ERRCODE = 'MR414',
                  DETAIL = jsonb_build_object('inspection', v_inspection.number)::text,
                  HINT = 'Take back what was done with the lot since, the latest step first.';
    END IF;

    UPDATE purchasing.inspection AS n SET is_reversed = true WHERE n.id = v_inspection.id;
    UPDATE purchasing.goods_receipt_line AS l
    SET state = 'waiting', accepted_quantity = 0, rejected_quantity = 0
    WHERE l.id = v_line.id;
    UPDATE purchasing.purchase_order_line AS ol
    SET rejected_quantity = ol.rejected_quantity - v_inspection.rejected_quantity
    WHERE ol.id = v_line.purchase_order_line_id AND v_inspection.rejected_quantity > 0;

    PERFORM event.publish('inspection.reversed', v_inspection.id,
        jsonb_build_object('number', v_inspection.number, 'goods_receipt', v_receipt, 'line', v_line_number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_inspection(v_inspection.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_inspection(jsonb, jsonb) IS
    'Command: takes back a decision while all its goods are still there; the lot is in quarantine again. Body: inspection, reason, occurred_at?. Raises MR412 when there is no such inspection, MR413 when it was taken back already, MR414 when goods went on, MR201 when put-away goods went on.';

-- functions/purchasing/reverse_supplier_return.sql as it was.
CREATE OR REPLACE FUNCTION purchasing.reverse_supplier_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-supplier-return', p_context, p_command);
    v_reason catalog.reason;
    v_return purchasing.supplier_return;
    v_line purchasing.goods_receipt_line;
    v_order_line purchasing.purchase_order_line;
    v_receipt text;
    v_line_number integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason');
    SELECT r.number, l.line_number INTO v_receipt, v_line_number
    FROM purchasing.supplier_return AS t
    JOIN purchasing.goods_receipt_line AS l ON l.id = t.goods_receipt_line_id
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE t.number = p_command ->> 'supplier_return';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no return to a supplier %', p_command ->> 'supplier_return'
            USING ERRCODE = 'MR416',
                  DETAIL = jsonb_build_object('supplier_return', p_command ->> 'supplier_return')::text,
                  HINT = 'Check the number.';
    END IF;
    v_line := purchasing.lock_receipt_line(v_receipt, v_line_number);
    SELECT t.* INTO STRICT v_return FROM purchasing.supplier_return AS t WHERE t.number = p_command ->> 'supplier_return' FOR NO KEY UPDATE;
    IF v_return.is_reversed THEN
        RAISE EXCEPTION 'return % was taken back already', v_return.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('supplier_return', v_return.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    SELECT ol.* INTO STRICT v_order_line FROM purchasing.purchase_order_line AS ol WHERE ol.id = v_line.purchase_order_line_id;
    IF (v_order_line.received_quantity - v_order_line.returned_quantity + v_return.quantity) * 100
        > v_order_line.base_quantity * (100 + v_order_line.over_receipt_percent) THEN
        RAISE EXCEPTION 'replacements for return % were received already', v_return.number
            USING ERRCODE = 'MR402',
                  CONSTRAINT = 'purchase_order_line_received_quantity_check',
                  DETAIL = jsonb_build_object('supplier_return', v_return.number, 'line', v_order_line.line_number,
                      'ordered', trim_scale(v_order_line.base_quantity)::text,
                      'received', trim_scale(v_order_line.received_quantity - v_order_line.returned_quantity)::text,
                      'requested', trim_scale(v_return.quantity)::text)::text,
                  HINT = 'Take back the receipt of the replacements first.';
    END IF;

    PERFORM inventory.reverse_movements(ARRAY[v_return.movement_id], 'supplier_return', v_return.id, v_reason.id,
        event.occurred_at(p_command));
    UPDATE purchasing.supplier_return AS t SET is_reversed = true WHERE t.id = v_return.id;
    UPDATE purchasing.goods_receipt_line AS l
    SET returned_quantity = l.returned_quantity - v_return.quantity
    WHERE l.id = v_line.id;
    UPDATE purchasing.purchase_order_line AS ol
    SET returned_quantity = ol.returned_quantity - v_return.quantity
    WHERE ol.id = v_line.purchase_order_line_id;

    PERFORM event.publish('supplier_return.reversed', v_return.id,
        jsonb_build_object('number', v_return.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_supplier_return(v_return.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_supplier_return(jsonb, jsonb) IS
    'Command: takes back a return to the supplier. Body: supplier_return, reason, occurred_at?. Raises MR416 when there is no such return, MR413 when it was taken back already, MR402 when replacements came since.';

-- functions/sales/cancel_sales_order.sql as it was.
CREATE OR REPLACE FUNCTION sales.cancel_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('cancel-sales-order', p_context, p_command);
    v_order sales.sales_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);
    IF EXISTS (SELECT FROM sales.sales_order_line AS l WHERE l.sales_order_id = v_order.id AND l.picked_quantity > 0) THEN
        RAISE EXCEPTION 'goods of sales order % are picked', v_order.number
            USING ERRCODE = 'MR507',
                  DETAIL = jsonb_build_object('sales_order', v_order.number)::text,
                  HINT = 'Reverse the picks first, or close the order once everything picked is shipped.';
    END IF;
    PERFORM sales.release_lines((SELECT array_agg(l.id) FROM sales.sales_order_line AS l WHERE l.sales_order_id = v_order.id));
    UPDATE sales.sales_order AS o SET state = 'cancelled' WHERE o.id = v_order.id;

    PERFORM event.publish('sales_order.cancelled', v_order.id, jsonb_build_object('sales_order', v_order.number));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION sales.cancel_sales_order(jsonb, jsonb) IS
    'Command: cancels an order of which nothing is picked and frees what is reserved for it. Body: sales_order. Raises MR502 when it is closed or cancelled already, MR507 when goods are picked.';

-- functions/sales/close_sales_order.sql as it was.
CREATE OR REPLACE FUNCTION sales.close_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('close-sales-order', p_context, p_command);
    v_order sales.sales_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);
    IF EXISTS (
        SELECT FROM sales.sales_order_line AS l
        WHERE l.sales_order_id = v_order.id AND l.picked_quantity > l.shipped_quantity) THEN
        RAISE EXCEPTION 'goods of sales order % wait in staging', v_order.number
            USING ERRCODE = 'MR507',
                  DETAIL = jsonb_build_object('sales_order', v_order.number)::text,
                  HINT = 'Ship them or reverse the picks first.';
    END IF;
    PERFORM sales.release_lines((SELECT array_agg(l.id) FROM sales.sales_order_line AS l WHERE l.sales_order_id = v_order.id));
    UPDATE sales.sales_order AS o SET state = 'closed' WHERE o.id = v_order.id;

    PERFORM event.publish('sales_order.closed', v_order.id, jsonb_build_object('sales_order', v_order.number));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION sales.close_sales_order(jsonb, jsonb) IS
    'Command: nothing more will be delivered for the order, shipped in full or not; frees what is reserved for it. Body: sales_order. Raises MR502 when it is closed or cancelled already, MR507 while picked goods wait in staging.';

-- functions/sales/create_sales_order.sql as it was.
CREATE OR REPLACE FUNCTION sales.create_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('create-sales-order', p_context, p_command);
    v_site catalog.site;
    v_customer catalog.partner;
    v_item catalog.item;
    v_unit_id bigint;
    v_id bigint;
    v_number text;
    v_line record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_site := catalog.find_site(p_command ->> 'site');
    v_customer := catalog.find_partner(p_command ->> 'customer');
    IF NOT v_customer.is_customer THEN
        RAISE EXCEPTION 'partner % is no customer', v_customer.code
            USING ERRCODE = 'MR503',
                  DETAIL = jsonb_build_object('customer', v_customer.code)::text,
                  HINT = 'Check the code, or make the partner a customer.';
    END IF;

    INSERT INTO sales.sales_order (site_id, customer_id, currency, ordered_on, requested_on, customer_reference, external_number)
    VALUES (v_site.id, v_customer.id,
        coalesce(p_command ->> 'currency', v_customer.currency),
        coalesce((p_command ->> 'ordered_on')::date, (clock_timestamp() AT TIME ZONE v_site.time_zone)::date),
        (p_command ->> 'requested_on')::date,
        nullif(p_command ->> 'customer_reference', ''),
        p_command ->> 'external_number')
    RETURNING sales_order.id, sales_order.number INTO v_id, v_number;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality AS ordinal
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e (value, ordinality)
    LOOP
        v_item := catalog.find_item(v_line.line ->> 'item');
        IF NOT v_item.is_sold THEN
            RAISE EXCEPTION 'item % is not sold', v_item.number
                USING ERRCODE = 'MR504',
                      DETAIL = jsonb_build_object('item', v_item.number, 'line', v_line.ordinal)::text,
                      HINT = 'Check the item.';
        END IF;
        v_unit_id := CASE WHEN v_line.line ->> 'unit' IS NULL THEN v_item.base_unit_id
            ELSE (catalog.find_unit(v_line.line ->> 'unit')).id END;
        INSERT INTO sales.sales_order_line (sales_order_id, line_number, item_id, unit_id, quantity, base_quantity, unit_price)
        VALUES (v_id, v_line.ordinal, v_item.id, v_unit_id,
            -- Converted first: it refuses what is no quantity.
            CASE WHEN catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit') > 0
                THEN (v_line.line ->> 'quantity')::numeric END,
            catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit'),
            (v_line.line ->> 'unit_price')::numeric);
    END LOOP;

    PERFORM event.publish('sales_order.created', v_id,
        jsonb_build_object('sales_order', v_number, 'customer', v_customer.code, 'site', v_site.code));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_number));
END;
$function$;

COMMENT ON FUNCTION sales.create_sales_order(jsonb, jsonb) IS
    'Command: a customer orders. Body: site, customer, currency?, ordered_on?, requested_on?, customer_reference?, external_number?, lines [{item, quantity, unit?, unit_price}]. Lines are numbered 1, 2, 3. Raises MR503 when the partner is no customer, MR504 when an item is not sold.';

-- functions/sales/get_sales_order.sql as it was.
CREATE OR REPLACE FUNCTION sales.get_sales_order(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', o.number,
        'external_number', o.external_number,
        'site', s.code,
        'customer', p.code,
        'customer_name', p.name,
        'currency', o.currency,
        'state', o.state,
        'ordered_on', o.ordered_on,
        'requested_on', o.requested_on,
        'customer_reference', o.customer_reference,
        'created_at', o.created_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'item', i.number,
                'item_name', i.name,
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'unit_price', sales.format_price(l.unit_price),
                'base_quantity', trim_scale(l.base_quantity)::text,
                'base_unit', b.code,
                'reserved_quantity', trim_scale(sales.open_reservation(l.id))::text,
                'picked_quantity', trim_scale(l.picked_quantity)::text,
                'shipped_quantity', trim_scale(l.shipped_quantity)::text,
                'returned_quantity', trim_scale(l.returned_quantity)::text,
                'invoiced_quantity', trim_scale(l.invoiced_quantity)::text,
                'credited_quantity', trim_scale(l.credited_quantity)::text,
                'reservations', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'lot', nullif(r.number, ''), 'expires_on', r.expires_on, 'location', r.code,
                        'quantity', trim_scale(r.quantity)::text)
                        ORDER BY r.expires_on NULLS LAST, r.lot_id, r.code), '[]')
                    FROM (
                        SELECT v.lot_id, t.number, t.expires_on, c.code, sum(v.open_quantity) AS quantity
                        FROM inventory.reservation AS v
                        JOIN inventory.lot AS t ON t.id = v.lot_id
                        JOIN catalog.location AS c ON c.id = v.location_id
                        WHERE v.demand_type = 'sales_order_line' AND v.demand_id = l.id AND v.open_quantity > 0
                        GROUP BY v.lot_id, t.number, t.expires_on, c.code
                    ) AS r))
                ORDER BY l.line_number), '[]')
            FROM sales.sales_order_line AS l
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS u ON u.id = l.unit_id
            JOIN catalog.unit AS b ON b.id = i.base_unit_id
            WHERE l.sales_order_id = o.id))
    FROM sales.sales_order AS o
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.partner AS p ON p.id = o.customer_id
    WHERE o.number = p_number;
$function$;

COMMENT ON FUNCTION sales.get_sales_order(text) IS
    'A sales order with its lines, how far they are, and where the reserved stock lies; null when there is none of that number. Counters are in base units.';

-- functions/sales/list_sales_orders.sql as it was.
CREATE OR REPLACE FUNCTION sales.list_sales_orders(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM sales.sales_order AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM sales.sales_order AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(sales.get_sales_order(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION sales.list_sales_orders(text, integer) IS 'A page of sales orders, latest first.';

-- functions/sales/release_sales_order.sql as it was.
CREATE OR REPLACE FUNCTION sales.release_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('release-sales-order', p_context, p_command);
    v_order sales.sales_order;
    v_line_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);

    SELECT array_agg(DISTINCT w.id)
    INTO v_line_ids
    FROM (
        SELECT (sales.find_sales_order_line(v_order, e.value::integer)).id
        FROM jsonb_array_elements_text(p_command -> 'lines') AS e
        UNION ALL
        SELECT l.id
        FROM sales.sales_order_line AS l
        WHERE l.sales_order_id = v_order.id AND NOT p_command ? 'lines'
    ) AS w;
    PERFORM sales.release_lines(v_line_ids);

    PERFORM event.publish('sales_order.released', v_order.id, jsonb_build_object('sales_order', v_order.number));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION sales.release_sales_order(jsonb, jsonb) IS
    'Command: frees what is reserved for an order. Body: sales_order, lines? [line numbers] (all, unless named).';

-- functions/sales/reserve_sales_order.sql as it was.
CREATE OR REPLACE FUNCTION sales.reserve_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reserve-sales-order', p_context, p_command);
    v_order sales.sales_order;
    v_wish record;
    v_item catalog.item;
    v_line sales.sales_order_line;
    v_open numeric;
    v_wanted numeric;
    v_reserved numeric;
    v_lines jsonb[] := '{}';
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);

    -- Ascending items: the balances of an item are locked together, so all sessions lock in the same order.
    FOR v_wish IN
        SELECT w.id, w.line
        FROM (
            SELECT (sales.find_sales_order_line(v_order, (e.value ->> 'line')::integer)).id, e.value AS line
            FROM jsonb_array_elements(p_command -> 'lines') AS e
            UNION ALL
            SELECT l.id, '{}'
            FROM sales.sales_order_line AS l
            WHERE l.sales_order_id = v_order.id AND NOT p_command ? 'lines'
        ) AS w
        JOIN sales.sales_order_line AS l ON l.id = w.id
        ORDER BY l.item_id, l.id
    LOOP
        SELECT l.* INTO STRICT v_line FROM sales.sales_order_line AS l WHERE l.id = v_wish.id;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_open := sales.open_reservation(v_line.id);
        v_wanted := v_line.base_quantity - v_line.picked_quantity - v_open;
        IF v_wish.line ? 'quantity' THEN
            IF catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit') > v_wanted THEN
                RAISE EXCEPTION 'line % of sales order % needs only % more', v_line.line_number, v_order.number, trim_scale(v_wanted)
                    USING ERRCODE = 'MR506',
                          DETAIL = jsonb_build_object('sales_order', v_order.number, 'line', v_line.line_number,
                              'open', trim_scale(v_wanted)::text, 'requested', v_wish.line ->> 'quantity')::text,
                          HINT = 'Enter a smaller quantity.';
            END IF;
            v_wanted := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');
        END IF;
        v_reserved := 0;
        IF v_wanted > 0 THEN
            v_reserved := inventory.reserve_stock('sales_order_line', v_line.id, v_line.item_id, v_order.site_id, v_wanted);
        END IF;
        v_lines := v_lines || jsonb_build_object(
            'line', v_line.line_number,
            'item', v_item.number,
            'unit', (SELECT u.code FROM catalog.unit AS u WHERE u.id = v_item.base_unit_id),
            'wanted', trim_scale(v_wanted)::text,
            'reserved', trim_scale(v_reserved)::text,
            'missing', trim_scale(v_wanted - v_reserved)::text,
            'reserved_in_all', trim_scale(v_open + v_reserved)::text);
    END LOOP;

    PERFORM event.publish('sales_order.reserved', v_order.id,
        jsonb_build_object('sales_order', v_order.number, 'lines', to_jsonb(v_lines)));
    RETURN event.finish_request(p_context, 201, jsonb_build_object(
        'sales_order', v_order.number,
        'is_complete', NOT EXISTS (SELECT FROM unnest(v_lines) AS l (line) WHERE l.line ->> 'missing' <> '0'),
        'lines', (SELECT coalesce(jsonb_agg(l.line ORDER BY (l.line ->> 'line')::integer), '[]') FROM unnest(v_lines) AS l (line))));
END;
$function$;

COMMENT ON FUNCTION sales.reserve_sales_order(jsonb, jsonb) IS
    'Command: reserves stock for an order, first expiring first out, as much as is free. Body: sales_order, lines? [{line, quantity?, unit?}] (all lines, all that is open, unless named). Says per line what was reserved and what is missing, in base units. Raises MR502 when the order is closed, MR505 for an unknown line, MR506 beyond the order.';

-- functions/shipping/draw_delivery_note.sql as it was.
CREATE OR REPLACE FUNCTION shipping.draw_delivery_note(
    p_shipment_id bigint
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
    v_today date;
    v_series shipping.delivery_note_series;
    v_number text;
BEGIN
    SELECT s.* INTO STRICT v_site
    FROM shipping.shipment AS h
    JOIN catalog.site AS s ON s.id = h.site_id
    WHERE h.id = p_shipment_id;
    v_today := (clock_timestamp() AT TIME ZONE v_site.time_zone)::date;

    -- From here until the end of the transaction every other shipment of the site waits: this comes last.
    FOR v_attempt IN 1..2 LOOP
        UPDATE shipping.delivery_note_series AS q
        SET last_number = q.last_number + 1,
            last_issued_on = greatest(q.last_issued_on, v_today)
        WHERE q.site_id = v_site.id
          AND q.year = extract(year FROM v_today)::integer
        RETURNING q.* INTO v_series;
        EXIT WHEN FOUND;
        -- The first of the year. Whoever else is the first at the same moment waits here.
        INSERT INTO shipping.delivery_note_series (site_id, year, prefix)
        VALUES (v_site.id, extract(year FROM v_today)::integer,
            'DN-' || CASE WHEN v_site.id = (SELECT min(f.id) FROM catalog.site AS f) THEN '' ELSE v_site.code || '-' END
                || to_char(v_today, 'YYYY') || '-')
        ON CONFLICT DO NOTHING;
    END LOOP;

    INSERT INTO shipping.delivery_note (number, series_id, series_number, shipment_id, issued_on)
    VALUES (v_series.prefix || lpad(v_series.last_number::text, greatest(6, length(v_series.last_number::text)), '0'),
        v_series.id, v_series.last_number, p_shipment_id, v_series.last_issued_on)
    RETURNING delivery_note.number INTO v_number;
    RETURN v_number;
END;
$function$;

COMMENT ON FUNCTION shipping.draw_delivery_note(bigint) IS
    'Gives a shipment the next delivery note number of its site and year, without gaps: a transaction that rolls back burns none. Dates ascend with numbers.';

-- functions/shipping/find_picked_lot.sql as it was.
CREATE OR REPLACE FUNCTION shipping.find_picked_lot(
    p_item catalog.item,
    p_lot text,
    p_barcode text
) RETURNS inventory.lot
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_code jsonb;
    v_number text := p_lot;
    v_lot inventory.lot;
BEGIN
    IF p_barcode IS NOT NULL THEN
        v_code := inventory.resolve_barcode(p_barcode);
        v_number := coalesce(p_lot, v_code ->> 'lot');
        IF v_code ->> 'item' IS DISTINCT FROM p_item.number OR v_number IS DISTINCT FROM coalesce(v_code ->> 'lot', v_number) THEN
            RAISE EXCEPTION 'that is not item %', p_item.number
                USING ERRCODE = 'MR528',
                      DETAIL = jsonb_build_object('item', p_item.number, 'lot', p_lot, 'scanned', v_code)::text,
                      HINT = 'Look for the right goods, or scan again.';
        END IF;
    END IF;
    IF v_number IS NULL THEN
        RETURN NULL;
    END IF;

    v_lot := inventory.find_lot(p_item, v_number);
    IF v_lot.status <> 'released' THEN
        RAISE EXCEPTION 'lot % of item % is %', v_lot.number, p_item.number,
            CASE v_lot.status WHEN 'quarantine' THEN 'in quarantine' ELSE 'blocked' END
            USING ERRCODE = 'MR202',
                  DETAIL = jsonb_build_object('item', p_item.number, 'lot', v_lot.number, 'status', v_lot.status)::text,
                  HINT = 'Take a released lot, or have this one inspected.';
    END IF;
    IF v_lot.expires_on < current_date THEN
        RAISE EXCEPTION 'lot % of item % expired on %', v_lot.number, p_item.number, v_lot.expires_on
            USING ERRCODE = 'MR512',
                  DETAIL = jsonb_build_object('item', p_item.number, 'lot', v_lot.number, 'expires_on', v_lot.expires_on)::text,
                  HINT = 'Take another lot.';
    END IF;
    RETURN v_lot;
END;
$function$;

COMMENT ON FUNCTION shipping.find_picked_lot(catalog.item, text, text) IS
    'The lot that was keyed in or scanned for an item; null when none was. Raises MR528 when another item was scanned, MR202 when the lot is not released, MR512 when it has expired.';

-- functions/shipping/get_customer_return.sql as it was.
CREATE OR REPLACE FUNCTION shipping.get_customer_return(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', r.number,
        'shipment', h.number,
        'delivery_note', d.number,
        'customer', p.code,
        'location', c.code,
        'is_reversed', r.is_reversed,
        'returned_at', r.returned_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'shipment_line', s.line_number,
                'item', i.number,
                'item_name', i.name,
                'lot', nullif(t.number, ''),
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'reason', e.code,
                'accepted_quantity', trim_scale(l.accepted_quantity)::text,
                'rejected_quantity', trim_scale(l.rejected_quantity)::text,
                'credited_quantity', trim_scale(l.credited_quantity)::text)
                ORDER BY l.line_number), '[]')
            FROM shipping.customer_return_line AS l
            JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
            JOIN catalog.item AS i ON i.id = s.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = s.lot_id
            JOIN catalog.reason AS e ON e.id = l.reason_id
            WHERE l.customer_return_id = r.id))
    FROM shipping.customer_return AS r
    JOIN shipping.shipment AS h ON h.id = r.shipment_id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.partner AS p ON p.id = h.customer_id
    JOIN catalog.location AS c ON c.id = r.location_id
    WHERE r.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_customer_return(text) IS
    'A customer return with its lines, quantities in base units; null when there is none of that number.';

-- functions/shipping/get_handling_unit.sql as it was.
CREATE OR REPLACE FUNCTION shipping.get_handling_unit(
    p_sscc text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'sscc', u.sscc,
        'kind', u.kind,
        'state', u.state,
        'parent', p.sscc,
        'packed_at', u.packed_at,
        'site', sales.describe_site(s),
        'customer', sales.describe_partner(c),
        'sales_orders', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('number', o.number, 'customer_reference', o.customer_reference) ORDER BY o.id), '[]')
            FROM sales.sales_order AS o
            WHERE o.id = ANY (shipping.unit_orders(ARRAY[u.id]))),
        'shipment', (
            SELECT h.number
            FROM shipping.shipment_unit AS su
            JOIN shipping.shipment AS h ON h.id = su.shipment_id
            WHERE su.handling_unit_id = u.id AND NOT h.is_reversed),
        'children', (SELECT coalesce(jsonb_agg(b.sscc ORDER BY b.id), '[]') FROM shipping.handling_unit AS b WHERE b.parent_id = u.id),
        'contents', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'handling_unit', h.sscc,
                'pick', k.number,
                'line', l.line_number,
                'item', i.number,
                'item_name', i.name,
                'gtin', i.gtin,
                'lot', nullif(t.number, ''),
                'expires_on', t.expires_on,
                'quantity', trim_scale(n.quantity)::text,
                'unit', m.code)
                ORDER BY h.id, n.id), '[]')
            FROM shipping.handling_unit_content AS n
            JOIN shipping.handling_unit AS h ON h.id = n.handling_unit_id
            JOIN shipping.pick_line AS l ON l.id = n.pick_line_id
            JOIN shipping.pick AS k ON k.id = l.pick_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS m ON m.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = l.lot_id
            WHERE n.handling_unit_id = ANY (shipping.unit_tree(ARRAY[u.id]))))
    FROM shipping.handling_unit AS u
    JOIN catalog.site AS s ON s.id = u.site_id
    JOIN catalog.partner AS c ON c.id = u.customer_id
    LEFT JOIN shipping.handling_unit AS p ON p.id = u.parent_id
    WHERE u.sscc = p_sscc;
$function$;

COMMENT ON FUNCTION shipping.get_handling_unit(text) IS
    'A box or pallet with what lies in it and in the boxes on it, as its label prints it; null when there is none of that SSCC. Quantities in base units.';

-- functions/shipping/get_pick.sql as it was.
CREATE OR REPLACE FUNCTION shipping.get_pick(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', p.number,
        'sales_order', o.number,
        'staging_location', s.code,
        'is_reversed', p.is_reversed,
        'picked_at', p.picked_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'sales_order_line', ol.line_number,
                'item', i.number,
                'item_name', i.name,
                'lot', nullif(t.number, ''),
                'expires_on', t.expires_on,
                'location', c.code,
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'reserved_quantity', trim_scale(l.reserved_quantity)::text,
                'packed_quantity', trim_scale(l.packed_quantity)::text)
                ORDER BY l.line_number), '[]')
            FROM shipping.pick_line AS l
            JOIN sales.sales_order_line AS ol ON ol.id = l.sales_order_line_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = l.lot_id
            JOIN catalog.location AS c ON c.id = l.from_location_id
            WHERE l.pick_id = p.id))
    FROM shipping.pick AS p
    JOIN sales.sales_order AS o ON o.id = p.sales_order_id
    JOIN catalog.location AS s ON s.id = p.staging_location_id
    WHERE p.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_pick(text) IS 'A pick with its lines, quantities in base units; null when there is none of that number.';

-- functions/shipping/get_return_inspection.sql as it was.
CREATE OR REPLACE FUNCTION shipping.get_return_inspection(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', n.number,
        'customer_return', r.number,
        'is_reversed', n.is_reversed,
        'inspected_at', n.inspected_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'return_line', q.line_number,
                'is_accepted', l.is_accepted,
                'item', i.number,
                'lot', nullif(t.number, ''),
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'location', c.code)
                ORDER BY l.line_number), '[]')
            FROM shipping.return_inspection_line AS l
            JOIN shipping.customer_return_line AS q ON q.id = l.customer_return_line_id
            JOIN shipping.shipment_line AS s ON s.id = q.shipment_line_id
            JOIN catalog.item AS i ON i.id = s.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = s.lot_id
            JOIN catalog.location AS c ON c.id = l.location_id
            WHERE l.return_inspection_id = n.id))
    FROM shipping.return_inspection AS n
    JOIN shipping.customer_return AS r ON r.id = n.customer_return_id
    WHERE n.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_return_inspection(text) IS
    'An inspection of returned goods, quantities in base units; null when there is none of that number.';

-- functions/shipping/get_shipment.sql as it was.
CREATE OR REPLACE FUNCTION shipping.get_shipment(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', h.number,
        'delivery_note', d.number,
        'issued_on', d.issued_on,
        'shipped_on', h.shipped_on,
        'shipped_at', h.shipped_at,
        'is_reversed', h.is_reversed,
        'site', sales.describe_site(s),
        'customer', sales.describe_partner(c),
        'carrier', r.code,
        'carrier_name', r.name,
        'tracking_reference', h.tracking_reference,
        'sales_orders', (
            SELECT jsonb_agg(jsonb_build_object(
                'number', o.number, 'customer_reference', o.customer_reference, 'ordered_on', o.ordered_on) ORDER BY o.id)
            FROM sales.sales_order AS o
            WHERE o.id = ANY (shipping.shipment_orders(h.id))),
        'handling_units', (
            SELECT jsonb_agg(jsonb_build_object('sscc', u.sscc, 'kind', u.kind, 'parent', p.sscc)
                ORDER BY coalesce(n.parent_id, u.id), u.kind DESC, u.id)
            FROM shipping.shipment_unit AS n
            JOIN shipping.handling_unit AS u ON u.id = n.handling_unit_id
            LEFT JOIN shipping.handling_unit AS p ON p.id = n.parent_id
            WHERE n.shipment_id = h.id),
        'lines', (
            SELECT jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'sales_order', o.number,
                'sales_order_line', ol.line_number,
                'handling_unit', u.sscc,
                'item', i.number,
                'item_name', i.name,
                'gtin', i.gtin,
                'lot', nullif(t.number, ''),
                'expires_on', t.expires_on,
                'quantity', trim_scale(l.quantity)::text,
                'unit', m.code,
                'returned_quantity', trim_scale(l.returned_quantity)::text,
                'invoiced_quantity', trim_scale(l.invoiced_quantity)::text,
                'credited_quantity', trim_scale(l.credited_quantity)::text)
                ORDER BY l.line_number)
            FROM shipping.shipment_line AS l
            JOIN sales.sales_order_line AS ol ON ol.id = l.sales_order_line_id
            JOIN sales.sales_order AS o ON o.id = ol.sales_order_id
            JOIN shipping.handling_unit AS u ON u.id = l.handling_unit_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS m ON m.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = l.lot_id
            WHERE l.shipment_id = h.id))
    FROM shipping.shipment AS h
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.site AS s ON s.id = h.site_id
    JOIN catalog.partner AS c ON c.id = h.customer_id
    LEFT JOIN catalog.partner AS r ON r.id = h.carrier_id
    WHERE h.number = p_number
       OR d.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_shipment(text) IS
    'A shipment, by its own number or that of its delivery note, as the delivery note prints it; null when there is none. Quantities in base units.';

-- functions/shipping/inspect_return.sql as it was.
CREATE OR REPLACE FUNCTION shipping.inspect_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('inspect-return', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_return shipping.customer_return;
    v_from catalog.location;
    v_wish record;
    v_line record;
    v_item catalog.item;
    v_accepted numeric;
    v_rejected numeric;
    v_location_id bigint;
    v_inspection_id bigint;
    v_number text;
    v_ordinal integer := 0;
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_return.shipment_id));
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    SELECT c.* INTO STRICT v_from FROM catalog.location AS c WHERE c.id = v_return.location_id;
    IF v_return.is_reversed OR v_from.kind <> 'quarantine' THEN
        RAISE EXCEPTION 'nothing of customer return % waits for inspection', v_return.number
            USING ERRCODE = 'MR542',
                  DETAIL = jsonb_build_object('customer_return', v_return.number, 'is_reversed', v_return.is_reversed,
                      'location', v_from.code)::text,
                  HINT = 'Look at the document: its goods are not in quarantine.';
    END IF;

    INSERT INTO shipping.return_inspection (customer_return_id, inspected_at)
    VALUES (v_return.id, v_occurred_at)
    RETURNING return_inspection.id, return_inspection.number INTO v_inspection_id, v_number;

    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        SELECT l.id, l.line_number, l.quantity, l.accepted_quantity, l.rejected_quantity, s.item_id, k.from_location_id
        INTO v_line
        FROM shipping.customer_return_line AS l
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        JOIN shipping.pick_line AS k ON k.id = s.pick_line_id
        WHERE l.customer_return_id = v_return.id AND l.line_number = (v_wish.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'customer return % has no line %', v_return.number, v_wish.line ->> 'line'
                USING ERRCODE = 'MR544',
                      DETAIL = jsonb_build_object('customer_return', v_return.number, 'line', v_wish.line -> 'line')::text,
                      HINT = 'Check the line.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_accepted := 0;
        v_rejected := 0;
        IF coalesce(v_wish.line ->> 'accepted_quantity', '0') !~ '^0+(\.0+)?$' THEN
            v_accepted := catalog.to_base_quantity(v_item, v_wish.line ->> 'accepted_quantity', v_wish.line ->> 'unit');
        END IF;
        IF coalesce(v_wish.line ->> 'rejected_quantity', '0') !~ '^0+(\.0+)?$' THEN
            v_rejected := catalog.to_base_quantity(v_item, v_wish.line ->> 'rejected_quantity', v_wish.line ->> 'unit');
        END IF;
        IF v_accepted + v_rejected = 0
            OR v_accepted + v_rejected > v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity THEN
            RAISE EXCEPTION 'of line % of customer return % % wait for inspection', v_line.line_number, v_return.number,
                trim_scale(v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity)
                USING ERRCODE = 'MR541',
                      DETAIL = jsonb_build_object('customer_return', v_return.number, 'line', v_line.line_number,
                          'open', trim_scale(v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity)::text,
                          'accepted', trim_scale(v_accepted)::text, 'rejected', trim_scale(v_rejected)::text)::text,
                      HINT = 'Enter an accepted or a rejected quantity, and not more than waits.';
        END IF;
        UPDATE shipping.customer_return_line AS l
        SET accepted_quantity = l.accepted_quantity + v_accepted,
            rejected_quantity = l.rejected_quantity + v_rejected
        WHERE l.id = v_line.id;
        PERFORM inventory.consume_demand('customer_return_line', v_line.id, v_accepted + v_rejected);

        IF v_accepted > 0 THEN
            v_location_id := CASE WHEN v_wish.line ? 'location'
                THEN shipping.require_location(v_wish.line ->> 'location', v_from.site_id, '{storage}')
                ELSE v_line.from_location_id END;
            v_ordinal := v_ordinal + 1;
            INSERT INTO shipping.return_inspection_line (return_inspection_id, line_number, customer_return_line_id, is_accepted, quantity, location_id)
            VALUES (v_inspection_id, v_ordinal, v_line.id, true, v_accepted, v_location_id);
        END IF;
        IF v_rejected > 0 THEN
            v_location_id := shipping.require_location(v_wish.line ->> 'rejected_location', v_from.site_id, '{rejected}');
            v_ordinal := v_ordinal + 1;
            INSERT INTO shipping.return_inspection_line (return_inspection_id, line_number, customer_return_line_id, is_accepted, quantity, location_id)
            VALUES (v_inspection_id, v_ordinal, v_line.id, false, v_rejected, v_location_id);
        END IF;
    END LOOP;

    v_movement_ids := inventory.post_mixed_movements(
        ARRAY(
            SELECT CASE WHEN l.is_accepted THEN 'put_away' ELSE 'rejection' END::inventory.movement_type
            FROM shipping.return_inspection_line AS l
            WHERE l.return_inspection_id = v_inspection_id
            ORDER BY l.line_number),
        ARRAY(
            SELECT ROW(s.item_id, s.lot_id, v_from.id, l.location_id, l.quantity, true, l.id, NULL, r.reason_id)::inventory.posting_line
            FROM shipping.return_inspection_line AS l
            JOIN shipping.customer_return_line AS r ON r.id = l.customer_return_line_id
            JOIN shipping.shipment_line AS s ON s.id = r.shipment_line_id
            WHERE l.return_inspection_id = v_inspection_id
            ORDER BY l.line_number),
        'return_inspection', v_inspection_id, v_occurred_at);
    UPDATE shipping.return_inspection_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.return_inspection_id = v_inspection_id;

    PERFORM event.publish('return_inspection.posted', v_inspection_id,
        jsonb_build_object('return_inspection', v_number, 'customer_return', v_return.number));
    RETURN event.finish_request(p_context, 201, shipping.get_return_inspection(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.inspect_return(jsonb, jsonb) IS
    'Command: returned goods leave quarantine: accepted ones go back to storage (where they were picked, unless a place is named), rejected ones to a rejected location. Body: customer_return, lines [{line, accepted_quantity?, rejected_quantity?, unit?, location?, rejected_location?}], occurred_at?. Raises MR541 beyond what waits, MR542 when nothing waits, MR544 for an unknown line, MR202 when the lot was blocked meanwhile.';

-- functions/shipping/list_customer_returns.sql as it was.
CREATE OR REPLACE FUNCTION shipping.list_customer_returns(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM shipping.customer_return AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.customer_return AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_customer_return(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_customer_returns(text, integer) IS 'A page of customer returns, latest first.';

-- functions/shipping/list_handling_units.sql as it was.
CREATE OR REPLACE FUNCTION shipping.list_handling_units(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.sscc AS number
        FROM shipping.handling_unit AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.handling_unit AS a WHERE a.sscc = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_handling_unit(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_handling_units(text, integer) IS 'A page of boxes and pallets, latest first.';

-- functions/shipping/list_picks.sql as it was.
CREATE OR REPLACE FUNCTION shipping.list_picks(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM shipping.pick AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.pick AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_pick(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_picks(text, integer) IS 'A page of picks, latest first.';

-- functions/shipping/list_return_inspections.sql as it was.
CREATE OR REPLACE FUNCTION shipping.list_return_inspections(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM shipping.return_inspection AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.return_inspection AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_return_inspection(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_return_inspections(text, integer) IS 'A page of inspections of returns, latest first.';

-- functions/shipping/list_shipments.sql as it was.
CREATE OR REPLACE FUNCTION shipping.list_shipments(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM shipping.shipment AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.shipment AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_shipment(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_shipments(text, integer) IS 'A page of shipments, latest first.';

-- functions/shipping/oldest_movement_needed.sql as it was.
CREATE OR REPLACE FUNCTION shipping.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT m.posted_at - interval '1 hour'
    FROM inventory.movement AS m
    WHERE m.id = (
        SELECT min(l.movement_id)
        FROM shipping.handling_unit AS u
        JOIN shipping.handling_unit_content AS c ON c.handling_unit_id = u.id
        JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
        WHERE u.state = 'packed');
$function$;

COMMENT ON FUNCTION shipping.oldest_movement_needed() IS
    'An hour before the oldest pick of goods that wait in handling units; null when there is none.';

-- functions/shipping/pack_handling_unit.sql as it was.
CREATE OR REPLACE FUNCTION shipping.pack_handling_unit(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('pack-handling-unit', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_kind shipping.handling_unit_kind := (p_command ->> 'kind')::shipping.handling_unit_kind;
    v_order_ids bigint[] := '{}';
    v_child_ids bigint[] := '{}';
    v_parent_id bigint;
    v_site_id bigint;
    v_customer_id bigint;
    v_wish record;
    v_pick shipping.pick;
    v_line shipping.pick_line;
    v_item catalog.item;
    v_quantity numeric;
    v_content_ids bigint[] := '{}';
    v_content_quantities numeric[] := '{}';
    v_bad record;
    v_id bigint;
    v_sscc text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ? 'sales_order' THEN
        v_order_ids := ARRAY[(sales.find_sales_order(p_command ->> 'sales_order')).id];
    END IF;
    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'contents') AS e LOOP
        v_pick := shipping.find_pick(v_wish.line ->> 'pick');
        IF p_command ? 'sales_order' AND v_pick.sales_order_id <> v_order_ids[1] THEN
            RAISE EXCEPTION 'pick % is not of sales order %', v_pick.number, p_command ->> 'sales_order'
                USING ERRCODE = 'MR523',
                      DETAIL = jsonb_build_object('pick', v_pick.number, 'sales_order', p_command ->> 'sales_order')::text,
                      HINT = 'Pack it apart, or leave the order out.';
        END IF;
        v_order_ids := v_order_ids || v_pick.sales_order_id;
    END LOOP;
    SELECT coalesce(array_agg((shipping.find_handling_unit(e)).id), '{}')
    INTO v_child_ids
    FROM jsonb_array_elements_text(p_command -> 'children') AS e;
    IF p_command ? 'parent' THEN
        v_parent_id := (shipping.find_handling_unit(p_command ->> 'parent')).id;
    END IF;
    IF cardinality(v_order_ids) = 0 AND cardinality(v_child_ids) = 0 OR v_kind = 'box' AND cardinality(v_order_ids) = 0 THEN
        RAISE EXCEPTION 'nothing was named that lies in the %', v_kind
            USING ERRCODE = 'MR524',
                  DETAIL = jsonb_build_object('kind', v_kind)::text,
                  HINT = 'Scan the goods, the boxes that stand on the pallet, or name the order.';
    END IF;
    SELECT k.order_ids INTO v_order_ids
    FROM shipping.lock_units(array_remove(v_child_ids || v_parent_id, NULL), v_order_ids, false) AS k;

    -- Units that are put together stand in staging, may stand on each other and belong to one customer.
    SELECT u.sscc, u.state, u.kind, u.parent_id, u.id
    INTO v_bad
    FROM shipping.handling_unit AS u
    WHERE (u.id = ANY (v_child_ids) OR u.id = v_parent_id)
      AND u.state <> 'packed'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'handling unit % is %', v_bad.sscc, v_bad.state
            USING ERRCODE = 'MR522',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'state', v_bad.state)::text,
                  HINT = 'Scan the label again.';
    END IF;
    SELECT u.sscc, u.kind
    INTO v_bad
    FROM shipping.handling_unit AS u
    WHERE (u.id = ANY (v_child_ids) AND (u.kind <> 'box' OR u.parent_id IS NOT NULL OR v_kind <> 'pallet'))
       OR (u.id = v_parent_id AND (u.kind <> 'pallet' OR v_kind <> 'box'))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the % cannot go together with handling unit %', v_kind, v_bad.sscc
            USING ERRCODE = 'MR526',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'kind', v_bad.kind)::text,
                  HINT = 'Boxes stand on one pallet each, and on nothing else.';
    END IF;
    SELECT min(p.site_id), min(p.customer_id)
    INTO v_site_id, v_customer_id
    FROM (
        SELECT o.site_id, o.customer_id FROM sales.sales_order AS o WHERE o.id = ANY (v_order_ids)
        UNION
        SELECT u.site_id, u.customer_id FROM shipping.handling_unit AS u WHERE u.id = ANY (v_child_ids) OR u.id = v_parent_id
    ) AS p
    HAVING count(*) = 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'goods of several customers or sites cannot be packed together'
            USING ERRCODE = 'MR523',
                  DETAIL = (SELECT jsonb_build_object('customers', jsonb_agg(DISTINCT p.code))
                            FROM sales.sales_order AS o JOIN catalog.partner AS p ON p.id = o.customer_id
                            WHERE o.id = ANY (v_order_ids))::text,
                  HINT = 'Pack them apart.';
    END IF;

    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'contents') AS e LOOP
        v_pick := shipping.find_pick(v_wish.line ->> 'pick');
        SELECT l.* INTO v_line
        FROM shipping.pick_line AS l
        WHERE l.pick_id = v_pick.id AND l.line_number = (v_wish.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'pick % has no line %', v_pick.number, v_wish.line ->> 'line'
                USING ERRCODE = 'MR511',
                      DETAIL = jsonb_build_object('pick', v_pick.number, 'line', v_wish.line -> 'line')::text,
                      HINT = 'Check the line.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');
        IF v_pick.is_reversed OR v_line.packed_quantity + v_quantity > v_line.quantity THEN
            RAISE EXCEPTION 'of line % of pick % only % can be packed', v_line.line_number, v_pick.number,
                trim_scale(CASE WHEN v_pick.is_reversed THEN 0 ELSE v_line.quantity - v_line.packed_quantity END)
                USING ERRCODE = 'MR521',
                      DETAIL = jsonb_build_object('pick', v_pick.number, 'line', v_line.line_number,
                          'picked', trim_scale(v_line.quantity)::text, 'packed', trim_scale(v_line.packed_quantity)::text,
                          'requested', trim_scale(v_quantity)::text, 'is_reversed', v_pick.is_reversed)::text,
                      HINT = 'Pick more first, or pack less.';
        END IF;
        UPDATE shipping.pick_line AS l SET packed_quantity = l.packed_quantity + v_quantity WHERE l.id = v_line.id;
        v_content_ids := v_content_ids || v_line.id;
        v_content_quantities := v_content_quantities || v_quantity;
    END LOOP;

    v_sscc := shipping.make_sscc(v_site_id);
    INSERT INTO shipping.handling_unit (site_id, sscc, kind, customer_id, parent_id, packed_at)
    VALUES (v_site_id, v_sscc, v_kind, v_customer_id, v_parent_id, v_occurred_at)
    RETURNING handling_unit.id INTO v_id;
    INSERT INTO shipping.handling_unit_content (handling_unit_id, pick_line_id, quantity)
    SELECT v_id, c.pick_line_id, sum(c.quantity)
    FROM unnest(v_content_ids, v_content_quantities) AS c (pick_line_id, quantity)
    GROUP BY c.pick_line_id
    ORDER BY c.pick_line_id;
    UPDATE shipping.handling_unit AS u SET parent_id = v_id WHERE u.id = ANY (v_child_ids);

    PERFORM event.publish('handling_unit.packed', v_id, jsonb_build_object('handling_unit', v_sscc, 'kind', v_kind));
    -- The label of the pallet says what stands on it.
    PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'handling_unit_label', 'number', u.sscc))
    FROM shipping.handling_unit AS u
    WHERE u.id = v_id OR u.id = v_parent_id
    ORDER BY u.id;
    RETURN event.finish_request(p_context, 201, shipping.get_handling_unit(v_sscc));
END;
$function$;

COMMENT ON FUNCTION shipping.pack_handling_unit(jsonb, jsonb) IS
    'Command: picked goods are packed into a box or onto a pallet, which gets an SSCC and a label. Body: kind (box, pallet), contents? [{pick, line, quantity, unit?}], children? [SSCC of boxes], parent? (SSCC of the pallet), sales_order?, occurred_at?. Raises MR511 for an unknown pick line, MR521 beyond what was picked, MR522 when a unit named is shipped or unpacked, MR523 for goods of several customers or sites, MR524 when nothing lies in it, MR526 when the units do not go together, MR527 when the site has no SSCC left.';

-- functions/shipping/pick_goods.sql as it was.
CREATE OR REPLACE FUNCTION shipping.pick_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('pick-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order sales.sales_order;
    v_staging_id bigint;
    v_pick_id bigint;
    v_number text;
    v_wish record;
    v_line sales.sales_order_line;
    v_item catalog.item;
    v_lot inventory.lot;
    v_location_id bigint;
    v_left numeric;
    v_source record;
    v_taken numeric;
    v_posts inventory.posting_line[] := '{}';
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);
    v_staging_id := shipping.require_location(p_command ->> 'staging_location', v_order.site_id, '{staging}');

    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        v_line := sales.find_sales_order_line(v_order, (v_wish.line ->> 'line')::integer);
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_lot := shipping.find_picked_lot(v_item, v_wish.line ->> 'lot', v_wish.line ->> 'barcode');
        v_location_id := CASE WHEN v_wish.line ? 'location'
            THEN shipping.require_location(v_wish.line ->> 'location', v_order.site_id, '{storage}') END;
        v_left := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');

        IF v_line.picked_quantity + v_left > v_line.base_quantity THEN
            RAISE EXCEPTION 'line % of sales order % needs only % more', v_line.line_number, v_order.number,
                trim_scale(v_line.base_quantity - v_line.picked_quantity)
                USING ERRCODE = 'MR506',
                      DETAIL = jsonb_build_object('sales_order', v_order.number, 'line', v_line.line_number,
                          'open', trim_scale(v_line.base_quantity - v_line.picked_quantity)::text,
                          'requested', trim_scale(v_left)::text)::text,
                      HINT = 'Pick a smaller quantity.';
        END IF;
        PERFORM sales.add_line_quantities(v_line.id, v_left, 0, 0, 0, 0);

        -- First what is reserved for the line, then free stock; both first expiring first out.
        FOR v_source IN
            SELECT r.id, r.location_id, r.lot_id, r.open_quantity
            FROM inventory.reservation AS r
            JOIN inventory.lot AS t ON t.id = r.lot_id
            WHERE r.demand_type = 'sales_order_line'
              AND r.demand_id = v_line.id
              AND r.open_quantity > 0
              AND (v_lot.id IS NULL OR r.lot_id = v_lot.id)
              AND (v_location_id IS NULL OR r.location_id = v_location_id)
              AND t.status = 'released'
              AND (t.expires_on IS NULL OR t.expires_on >= current_date)
            ORDER BY t.expires_on NULLS LAST, r.lot_id, r.location_id, r.id
        LOOP
            EXIT WHEN v_left = 0;
            v_taken := least(v_left, v_source.open_quantity);
            PERFORM inventory.consume_reservation(v_source.id, v_taken);
            v_posts := v_posts || ROW(v_line.item_id, v_source.lot_id, v_source.location_id, v_staging_id, v_taken, true,
                v_line.id, NULL, NULL)::inventory.posting_line;
            v_left := v_left - v_taken;
        END LOOP;

        FOR v_source IN
            SELECT b.location_id, b.lot_id, b.on_hand - b.reserved - coalesce((
                    SELECT sum(p.quantity)
                    FROM unnest(v_posts) AS p
                    WHERE p.item_id = b.item_id AND p.from_location_id = b.location_id AND p.lot_id = b.lot_id
                      AND NOT p.consumes_reservation), 0) AS free
            FROM inventory.balance AS b
            JOIN catalog.location AS c ON c.id = b.location_id
            JOIN inventory.lot AS t ON t.id = b.lot_id
            WHERE v_left > 0
              AND b.item_id = v_line.item_id
              AND c.site_id = v_order.site_id
              AND c.kind = 'storage'
              AND b.on_hand > b.reserved
              AND (v_lot.id IS NULL OR b.lot_id = v_lot.id)
              AND (v_location_id IS NULL OR b.location_id = v_location_id)
              AND t.status = 'released'
              AND (t.expires_on IS NULL OR t.expires_on >= current_date)
            ORDER BY t.expires_on NULLS LAST, b.lot_id, b.location_id
        LOOP
            EXIT WHEN v_left = 0;
            v_taken := least(v_left, v_source.free);
            CONTINUE WHEN v_taken <= 0;
            v_posts := v_posts || ROW(v_line.item_id, v_source.lot_id, v_source.location_id, v_staging_id, v_taken, false,
                v_line.id, NULL, NULL)::inventory.posting_line;
            v_left := v_left - v_taken;
        END LOOP;

        IF v_left > 0 THEN
            RAISE EXCEPTION '% of item % is missing for line % of sales order %', trim_scale(v_left), v_item.number,
                v_line.line_number, v_order.number
                USING ERRCODE = 'MR201',
                      DETAIL = jsonb_build_object('item', v_item.number, 'line', v_line.line_number, 'lot', nullif(v_lot.number, ''),
                          'location', v_wish.line ->> 'location', 'missing', trim_scale(v_left)::text)::text,
                      HINT = 'Take less, another lot or another place; what is reserved for other orders is not free.';
        END IF;
    END LOOP;

    -- Every balance that the posting and the release below touch, once and in order.
    PERFORM inventory.lock_balances(ARRAY(
        SELECT ROW(k.item_id, k.location_id, k.lot_id)::inventory.balance_key
        FROM (
            SELECT p.item_id, p.from_location_id AS location_id, p.lot_id FROM unnest(v_posts) AS p
            UNION
            SELECT p.item_id, p.to_location_id, p.lot_id FROM unnest(v_posts) AS p
            UNION
            SELECT r.item_id, r.location_id, r.lot_id
            FROM inventory.reservation AS r
            WHERE r.demand_type = 'sales_order_line'
              AND r.demand_id IN (SELECT p.document_line_id FROM unnest(v_posts) AS p)
              AND r.open_quantity > 0
        ) AS k));
    -- What other stock was picked for is not held any longer.
    PERFORM inventory.release_reservations('sales_order_line', l.id)
    FROM sales.sales_order_line AS l
    WHERE l.id IN (SELECT p.document_line_id FROM unnest(v_posts) AS p)
      AND l.picked_quantity + sales.open_reservation(l.id) > l.base_quantity;

    INSERT INTO shipping.pick (sales_order_id, staging_location_id, picked_at)
    VALUES (v_order.id, v_staging_id, v_occurred_at)
    RETURNING pick.id, pick.number INTO v_pick_id, v_number;

    INSERT INTO shipping.pick_line (pick_id, line_number, sales_order_line_id, item_id, lot_id, from_location_id, quantity, reserved_quantity)
    SELECT v_pick_id, row_number() OVER (ORDER BY min(p.ordinal)), p.document_line_id, p.item_id, p.lot_id, p.from_location_id,
        sum(p.quantity), CASE WHEN p.consumes_reservation THEN sum(p.quantity) ELSE 0 END
    FROM unnest(v_posts) WITH ORDINALITY AS p (item_id, lot_id, from_location_id, to_location_id, quantity, consumes_reservation,
        document_line_id, reverses_movement_id, reason_id, ordinal)
    GROUP BY p.document_line_id, p.item_id, p.lot_id, p.from_location_id, p.consumes_reservation;

    v_movement_ids := inventory.post_movements('pick', ARRAY(
            SELECT ROW(l.item_id, l.lot_id, l.from_location_id, v_staging_id, l.quantity, l.reserved_quantity > 0, l.id, NULL, NULL)::inventory.posting_line
            FROM shipping.pick_line AS l
            WHERE l.pick_id = v_pick_id
            ORDER BY l.line_number),
        'pick', v_pick_id, v_occurred_at);
    UPDATE shipping.pick_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.pick_id = v_pick_id;

    PERFORM event.publish('pick.posted', v_pick_id, jsonb_build_object('pick', v_number, 'sales_order', v_order.number));
    RETURN event.finish_request(p_context, 201, shipping.get_pick(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.pick_goods(jsonb, jsonb) IS
    'Command: goods of an order are brought from storage to staging: first what is reserved for the line, then free stock, first expiring first out, or the lot or location that was scanned. Body: sales_order, lines [{line, quantity, unit?, lot?, barcode?, location?}], staging_location?, occurred_at?. Raises MR502 when the order is closed, MR505 for an unknown line, MR506 beyond the order, MR201 when there is not enough, MR202 and MR512 for a lot that is not released or expired, MR515 for a place of another kind, MR528 when another item was scanned.';

-- functions/shipping/return_goods.sql as it was.
CREATE OR REPLACE FUNCTION shipping.return_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('return-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_shipment shipping.shipment;
    v_location_id bigint;
    v_customer_location_id bigint;
    v_wish record;
    v_line shipping.shipment_line;
    v_item catalog.item;
    v_quantity numeric;
    v_return_id bigint;
    v_number text;
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_shipment.id));
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    IF v_shipment.is_reversed THEN
        RAISE EXCEPTION 'shipment % was reversed', v_shipment.number
            USING ERRCODE = 'MR536',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Its goods never left; look for the shipment that did.';
    END IF;
    v_location_id := shipping.require_location(p_command ->> 'location', v_shipment.site_id, '{quarantine,rejected}');
    v_customer_location_id := catalog.virtual_location(v_shipment.site_id, 'customer');

    INSERT INTO shipping.customer_return (shipment_id, location_id, returned_at)
    VALUES (v_shipment.id, v_location_id, v_occurred_at)
    RETURNING customer_return.id, customer_return.number INTO v_return_id, v_number;

    FOR v_wish IN
        SELECT e.value AS line, e.ordinality AS ordinal
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e (value, ordinality)
    LOOP
        SELECT l.* INTO v_line
        FROM shipping.shipment_line AS l
        WHERE l.shipment_id = v_shipment.id AND l.line_number = (v_wish.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'shipment % has no line %', v_shipment.number, v_wish.line ->> 'line'
                USING ERRCODE = 'MR534',
                      DETAIL = jsonb_build_object('shipment', v_shipment.number, 'line', v_wish.line -> 'line')::text,
                      HINT = 'Check the line.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');
        IF v_line.returned_quantity + v_quantity > v_line.quantity THEN
            RAISE EXCEPTION 'of line % of shipment % only % can come back', v_line.line_number, v_shipment.number,
                trim_scale(v_line.quantity - v_line.returned_quantity)
                USING ERRCODE = 'MR535',
                      DETAIL = jsonb_build_object('shipment', v_shipment.number, 'line', v_line.line_number,
                          'shipped', trim_scale(v_line.quantity)::text, 'returned', trim_scale(v_line.returned_quantity)::text,
                          'requested', trim_scale(v_quantity)::text)::text,
                      HINT = 'Check the line: the goods may be of another shipment.';
        END IF;
        INSERT INTO shipping.customer_return_line (customer_return_id, line_number, shipment_line_id, quantity, reason_id)
        VALUES (v_return_id, v_wish.ordinal, v_line.id, v_quantity, (catalog.find_reason(v_wish.line ->> 'reason')).id);
        UPDATE shipping.shipment_line AS l SET returned_quantity = l.returned_quantity + v_quantity WHERE l.id = v_line.id;
        PERFORM sales.add_line_quantities(v_line.sales_order_line_id, 0, 0, v_quantity, 0, 0);
    END LOOP;

    v_movement_ids := inventory.post_movements('customer_return', ARRAY(
            SELECT ROW(s.item_id, s.lot_id, v_customer_location_id, v_location_id, l.quantity, false, l.id, NULL, l.reason_id)::inventory.posting_line
            FROM shipping.customer_return_line AS l
            JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
            WHERE l.customer_return_id = v_return_id
            ORDER BY l.line_number),
        'customer_return', v_return_id, v_occurred_at);
    UPDATE shipping.customer_return_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.customer_return_id = v_return_id;
    -- The lot may be released: what keeps these goods where they are is that they are held for their inspection.
    PERFORM inventory.hold_stock('customer_return_line', l.id, s.item_id, c.id, s.lot_id, l.quantity)
    FROM shipping.customer_return_line AS l
    JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
    JOIN catalog.location AS c ON c.id = v_location_id AND c.kind = 'quarantine'
    WHERE l.customer_return_id = v_return_id;

    PERFORM event.publish('customer_return.posted', v_return_id,
        jsonb_build_object('customer_return', v_number, 'shipment', v_shipment.number));
    RETURN event.finish_request(p_context, 201, shipping.get_customer_return(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.return_goods(jsonb, jsonb) IS
    'Command: a customer sends goods back; under their own lot they go to a quarantine location (or a rejected one, if named) and stay there until inspected. The lot keeps its status, since the rest of it is still good. Body: shipment (its number or that of its delivery note), lines [{line, quantity, unit?, reason}], location?, occurred_at?. Raises MR534 for an unknown line, MR535 beyond what was shipped, MR536 when the shipment was reversed, MR515 for a place of another kind.';

-- functions/shipping/reverse_customer_return.sql as it was.
CREATE OR REPLACE FUNCTION shipping.reverse_customer_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-customer-return', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_return shipping.customer_return;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    v_reason := catalog.find_reason(p_command ->> 'reason');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_return.shipment_id));
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    IF v_return.is_reversed THEN
        RAISE EXCEPTION 'customer return % was reversed already', v_return.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('customer_return', v_return.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    IF EXISTS (
        SELECT FROM shipping.customer_return_line AS l
        WHERE l.customer_return_id = v_return.id
          AND (l.credited_quantity > 0 OR l.accepted_quantity + l.rejected_quantity > 0)) THEN
        RAISE EXCEPTION 'customer return % is inspected or credited', v_return.number
            USING ERRCODE = 'MR543',
                  DETAIL = jsonb_build_object('customer_return', v_return.number)::text,
                  HINT = 'Reverse the inspection first; what is credited stands.';
    END IF;

    PERFORM sales.add_line_quantities(q.sales_order_line_id, 0, 0, -q.quantity, 0, 0)
    FROM (
        SELECT s.sales_order_line_id, sum(l.quantity) AS quantity
        FROM shipping.customer_return_line AS l
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        WHERE l.customer_return_id = v_return.id
        GROUP BY s.sales_order_line_id
    ) AS q;
    UPDATE shipping.shipment_line AS s
    SET returned_quantity = s.returned_quantity - q.quantity
    FROM (
        SELECT l.shipment_line_id, sum(l.quantity) AS quantity
        FROM shipping.customer_return_line AS l
        WHERE l.customer_return_id = v_return.id
        GROUP BY l.shipment_line_id
    ) AS q
    WHERE s.id = q.shipment_line_id;
    -- Every balance of the return, in one go and in order, before any of them is freed.
    PERFORM inventory.lock_balances(ARRAY(
        SELECT ROW(s.item_id, v_return.location_id, s.lot_id)::inventory.balance_key
        FROM shipping.customer_return_line AS l
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        WHERE l.customer_return_id = v_return.id));
    PERFORM inventory.release_reservations('customer_return_line', l.id)
    FROM shipping.customer_return_line AS l
    WHERE l.customer_return_id = v_return.id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.customer_return_line AS l WHERE l.customer_return_id = v_return.id ORDER BY l.movement_id),
        'reversal', v_return.id, v_reason.id, v_occurred_at);
    UPDATE shipping.customer_return AS r SET is_reversed = true WHERE r.id = v_return.id;

    PERFORM event.publish('customer_return.reversed', v_return.id,
        jsonb_build_object('customer_return', v_return.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_customer_return(v_return.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_customer_return(jsonb, jsonb) IS
    'Command: a customer return was posted by mistake; the goods are with the customer again. Body: customer_return, reason, occurred_at?. Raises MR209 when it was reversed already, MR543 once it is inspected or credited.';

-- functions/shipping/reverse_pick.sql as it was.
CREATE OR REPLACE FUNCTION shipping.reverse_pick(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-pick', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_pick shipping.pick;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_pick := shipping.find_pick(p_command ->> 'pick');
    v_reason := catalog.find_reason(p_command ->> 'reason');
    PERFORM sales.lock_sales_orders(ARRAY[v_pick.sales_order_id]);
    v_pick := shipping.find_pick(p_command ->> 'pick');
    IF v_pick.is_reversed THEN
        RAISE EXCEPTION 'pick % was reversed already', v_pick.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('pick', v_pick.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    IF EXISTS (SELECT FROM shipping.pick_line AS l WHERE l.pick_id = v_pick.id AND l.packed_quantity > 0) THEN
        RAISE EXCEPTION 'goods of pick % are packed', v_pick.number
            USING ERRCODE = 'MR514',
                  DETAIL = jsonb_build_object('pick', v_pick.number)::text,
                  HINT = 'Unpack them first.';
    END IF;

    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.pick_line AS l WHERE l.pick_id = v_pick.id ORDER BY l.movement_id),
        'reversal', v_pick.id, v_reason.id, v_occurred_at);
    PERFORM sales.add_line_quantities(l.sales_order_line_id, -sum(l.quantity), 0, 0, 0, 0)
    FROM shipping.pick_line AS l
    WHERE l.pick_id = v_pick.id
    GROUP BY l.sales_order_line_id;
    UPDATE shipping.pick AS p SET is_reversed = true WHERE p.id = v_pick.id;

    PERFORM event.publish('pick.reversed', v_pick.id, jsonb_build_object('pick', v_pick.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_pick(v_pick.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_pick(jsonb, jsonb) IS
    'Command: picked goods go back to where they came from, as free stock; reserve them again where they are still wanted. Body: pick, reason, occurred_at?. Raises MR209 when it was reversed already, MR514 while any of it is packed.';

-- functions/shipping/reverse_return_inspection.sql as it was.
CREATE OR REPLACE FUNCTION shipping.reverse_return_inspection(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-return-inspection', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_inspection shipping.return_inspection;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason');
    SELECT n.* INTO v_inspection FROM shipping.return_inspection AS n WHERE n.number = p_command ->> 'return_inspection';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no inspection %', p_command ->> 'return_inspection'
            USING ERRCODE = 'MR545',
                  DETAIL = jsonb_build_object('return_inspection', p_command ->> 'return_inspection')::text,
                  HINT = 'Check the number.';
    END IF;
    PERFORM sales.lock_sales_orders((
        SELECT shipping.shipment_orders(r.shipment_id) FROM shipping.customer_return AS r WHERE r.id = v_inspection.customer_return_id));
    SELECT n.* INTO STRICT v_inspection FROM shipping.return_inspection AS n WHERE n.id = v_inspection.id;
    IF v_inspection.is_reversed THEN
        RAISE EXCEPTION 'inspection % was reversed already', v_inspection.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('return_inspection', v_inspection.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;

    UPDATE shipping.customer_return_line AS l
    SET accepted_quantity = l.accepted_quantity - q.accepted,
        rejected_quantity = l.rejected_quantity - q.rejected
    FROM (
        SELECT i.customer_return_line_id,
            coalesce(sum(i.quantity) FILTER (WHERE i.is_accepted), 0) AS accepted,
            coalesce(sum(i.quantity) FILTER (WHERE NOT i.is_accepted), 0) AS rejected
        FROM shipping.return_inspection_line AS i
        WHERE i.return_inspection_id = v_inspection.id
        GROUP BY i.customer_return_line_id
    ) AS q
    WHERE l.id = q.customer_return_line_id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.return_inspection_line AS l WHERE l.return_inspection_id = v_inspection.id ORDER BY l.movement_id),
        'reversal', v_inspection.id, v_reason.id, v_occurred_at);
    PERFORM inventory.hold_stock('customer_return_line', l.id, s.item_id, r.location_id, s.lot_id, i.quantity)
    FROM shipping.return_inspection_line AS i
    JOIN shipping.customer_return_line AS l ON l.id = i.customer_return_line_id
    JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
    JOIN shipping.customer_return AS r ON r.id = l.customer_return_id
    WHERE i.return_inspection_id = v_inspection.id;
    UPDATE shipping.return_inspection AS n SET is_reversed = true WHERE n.id = v_inspection.id;

    PERFORM event.publish('return_inspection.reversed', v_inspection.id,
        jsonb_build_object('return_inspection', v_inspection.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_return_inspection(v_inspection.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_return_inspection(jsonb, jsonb) IS
    'Command: the goods go back to quarantine and wait for a new decision. Body: return_inspection, reason, occurred_at?. Raises MR209 when it was reversed already, MR545 when there is none of that number, MR201 when the goods went on.';

-- functions/shipping/reverse_shipment.sql as it was.
CREATE OR REPLACE FUNCTION shipping.reverse_shipment(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-shipment', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_shipment shipping.shipment;
    v_order_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    v_reason := catalog.find_reason(p_command ->> 'reason');
    v_order_ids := shipping.shipment_orders(v_shipment.id);
    PERFORM sales.lock_sales_orders(v_order_ids);
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    IF v_shipment.is_reversed THEN
        RAISE EXCEPTION 'shipment % was reversed already', v_shipment.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    IF EXISTS (
        SELECT FROM shipping.shipment_line AS l
        WHERE l.shipment_id = v_shipment.id AND (l.invoiced_quantity > 0 OR l.returned_quantity > 0)) THEN
        RAISE EXCEPTION 'shipment % is invoiced or goods of it came back', v_shipment.number
            USING ERRCODE = 'MR533',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Post a customer return and a credit note.';
    END IF;

    PERFORM sales.add_line_quantities(l.sales_order_line_id, 0, -sum(l.quantity), 0, 0, 0)
    FROM shipping.shipment_line AS l
    WHERE l.shipment_id = v_shipment.id
    GROUP BY l.sales_order_line_id;
    -- An order that was closed with this delivery is open again: its goods are back in staging.
    UPDATE sales.sales_order AS o SET state = 'released' WHERE o.id = ANY (v_order_ids) AND o.state = 'closed';
    UPDATE shipping.handling_unit AS u
    SET state = 'packed'
    FROM shipping.shipment_unit AS n
    WHERE n.shipment_id = v_shipment.id AND u.id = n.handling_unit_id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.shipment_line AS l WHERE l.shipment_id = v_shipment.id ORDER BY l.movement_id),
        'reversal', v_shipment.id, v_reason.id, v_occurred_at);
    UPDATE shipping.shipment AS h SET is_reversed = true WHERE h.id = v_shipment.id;

    PERFORM event.publish('shipment.reversed', v_shipment.id, jsonb_build_object('shipment', v_shipment.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_shipment(v_shipment.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_shipment(jsonb, jsonb) IS
    'Command: the truck did not leave; boxes and pallets are back in staging, packed as they were. The delivery note keeps its number. Body: shipment (its number or that of its delivery note), reason, occurred_at?. Raises MR209 when it was reversed already, MR533 once it is invoiced or goods came back.';

-- functions/shipping/ship_goods.sql as it was.
CREATE OR REPLACE FUNCTION shipping.ship_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('ship-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_named_order_ids bigint[];
    v_named_unit_ids bigint[];
    v_root_ids bigint[];
    v_order_ids bigint[];
    v_carrier catalog.partner;
    v_bad record;
    v_head record;
    v_shipment_id bigint;
    v_number text;
    v_customer_location_id bigint;
    v_movement_ids bigint[];
    v_delivery_note text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ? 'carrier' THEN
        v_carrier := catalog.find_partner(p_command ->> 'carrier');
        IF NOT v_carrier.is_carrier THEN
            RAISE EXCEPTION 'partner % is no carrier', v_carrier.code
                USING ERRCODE = 'MR531',
                      DETAIL = jsonb_build_object('carrier', v_carrier.code)::text,
                      HINT = 'Check the code, or make the partner a carrier.';
        END IF;
    END IF;

    -- What is named: units, or all that is packed for orders (whole pallets).
    SELECT coalesce(array_agg(DISTINCT (sales.find_sales_order(e)).id), '{}')
    INTO v_named_order_ids
    FROM jsonb_array_elements_text(p_command -> 'sales_orders') AS e;
    SELECT coalesce(array_agg(DISTINCT (shipping.find_handling_unit(e)).id), '{}')
    INTO v_named_unit_ids
    FROM jsonb_array_elements_text(p_command -> 'handling_units') AS e;
    SELECT k.unit_ids, k.order_ids INTO v_root_ids, v_order_ids
    FROM shipping.lock_units(v_named_unit_ids, v_named_order_ids, true) AS k;
    PERFORM sales.require_released(v_order_ids);

    SELECT u.sscc, u.state, p.sscc AS pallet
    INTO v_bad
    FROM shipping.handling_unit AS u
    LEFT JOIN shipping.handling_unit AS p ON p.id = u.parent_id
    WHERE u.id = ANY (v_root_ids)
      AND (u.state <> 'packed' OR u.parent_id <> ALL (v_root_ids))
    ORDER BY u.id
    LIMIT 1;
    IF FOUND AND v_bad.state <> 'packed' THEN
        RAISE EXCEPTION 'handling unit % is %', v_bad.sscc, v_bad.state
            USING ERRCODE = 'MR522',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'state', v_bad.state)::text,
                  HINT = 'Scan the label again.';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'box % stands on pallet %', v_bad.sscc, v_bad.pallet
            USING ERRCODE = 'MR525',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'pallet', v_bad.pallet)::text,
                  HINT = 'Ship the pallet, or dissolve it first.';
    END IF;

    -- One customer, one site, one currency: one delivery note and one invoice.
    SELECT count(*) AS number_of_lines, count(DISTINCT (o.site_id, o.customer_id, o.currency)) AS number_of_heads,
        min(o.site_id) AS site_id, min(o.customer_id) AS customer_id, min(o.currency) AS currency
    INTO v_head
    FROM shipping.handling_unit_content AS c
    JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
    JOIN shipping.pick AS p ON p.id = l.pick_id
    JOIN sales.sales_order AS o ON o.id = p.sales_order_id
    WHERE c.handling_unit_id = ANY (shipping.unit_tree(v_root_ids));
    IF v_head.number_of_lines = 0 THEN
        RAISE EXCEPTION 'nothing is packed to be shipped'
            USING ERRCODE = 'MR530',
                  DETAIL = jsonb_build_object('sales_orders', p_command -> 'sales_orders', 'handling_units', p_command -> 'handling_units')::text,
                  HINT = 'Pack the picked goods first; what was shipped is not shipped again.';
    ELSIF v_head.number_of_heads > 1 THEN
        RAISE EXCEPTION 'goods for several customers, sites or in several currencies cannot be shipped together'
            USING ERRCODE = 'MR523',
                  DETAIL = (SELECT jsonb_build_object('sales_orders', jsonb_agg(o.number ORDER BY o.id))
                            FROM sales.sales_order AS o WHERE o.id = ANY (v_order_ids))::text,
                  HINT = 'Ship them apart.';
    END IF;
    v_customer_location_id := catalog.virtual_location(v_head.site_id, 'customer');

    INSERT INTO shipping.shipment (site_id, customer_id, carrier_id, tracking_reference, currency, shipped_on, shipped_at)
    SELECT v_head.site_id, v_head.customer_id, v_carrier.id, nullif(p_command ->> 'tracking_reference', ''), v_head.currency,
        (v_occurred_at AT TIME ZONE s.time_zone)::date, v_occurred_at
    FROM catalog.site AS s
    WHERE s.id = v_head.site_id
    RETURNING shipment.id, shipment.number INTO v_shipment_id, v_number;
    INSERT INTO shipping.shipment_unit (shipment_id, handling_unit_id, parent_id)
    SELECT v_shipment_id, u.id, u.parent_id
    FROM shipping.handling_unit AS u
    WHERE u.id = ANY (shipping.unit_tree(v_root_ids))
    ORDER BY u.id;
    INSERT INTO shipping.shipment_line (shipment_id, line_number, sales_order_line_id, pick_line_id, handling_unit_id, item_id, lot_id,
        from_location_id, quantity)
    SELECT v_shipment_id, row_number() OVER (ORDER BY l.sales_order_line_id, c.handling_unit_id, c.id),
        l.sales_order_line_id, l.id, c.handling_unit_id, l.item_id, l.lot_id, p.staging_location_id, c.quantity
    FROM shipping.handling_unit_content AS c
    JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
    JOIN shipping.pick AS p ON p.id = l.pick_id
    WHERE c.handling_unit_id = ANY (shipping.unit_tree(v_root_ids));
    UPDATE shipping.handling_unit AS u SET state = 'shipped' WHERE u.id = ANY (shipping.unit_tree(v_root_ids));
    PERFORM sales.add_line_quantities(l.sales_order_line_id, 0, sum(l.quantity), 0, 0, 0)
    FROM shipping.shipment_line AS l
    WHERE l.shipment_id = v_shipment_id
    GROUP BY l.sales_order_line_id;

    v_movement_ids := inventory.post_movements('shipment', ARRAY(
            SELECT ROW(l.item_id, l.lot_id, l.from_location_id, v_customer_location_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
            FROM shipping.shipment_line AS l
            WHERE l.shipment_id = v_shipment_id
            ORDER BY l.line_number),
        'shipment', v_shipment_id, v_occurred_at);
    UPDATE shipping.shipment_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.shipment_id = v_shipment_id;

    v_delivery_note := shipping.draw_delivery_note(v_shipment_id);
    PERFORM event.publish('shipment.posted', v_shipment_id,
        jsonb_build_object('shipment', v_number, 'delivery_note', v_delivery_note));
    PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'delivery_note', 'number', v_delivery_note));
    RETURN event.finish_request(p_context, 201, shipping.get_shipment(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.ship_goods(jsonb, jsonb) IS
    'Command: boxes and pallets leave for the customer with a delivery note. Body: handling_units [SSCC] or sales_orders (all that is packed for them), carrier?, tracking_reference?, occurred_at?. Raises MR502 when an order is closed, MR522 when a unit is shipped or unpacked, MR523 for goods of several customers, MR525 when a box stands on a pallet that is not named, MR530 when nothing is packed, MR531 when the partner is no carrier, MR202 when a lot was blocked meanwhile.';

-- functions/shipping/unpack_handling_unit.sql as it was.
CREATE OR REPLACE FUNCTION shipping.unpack_handling_unit(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('unpack-handling-unit', p_context, p_command);
    v_unit shipping.handling_unit;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_unit := shipping.find_handling_unit(p_command ->> 'handling_unit');
    PERFORM FROM shipping.lock_units(ARRAY[v_unit.id], '{}', false) AS k;
    v_unit := shipping.find_handling_unit(p_command ->> 'handling_unit');
    IF v_unit.state <> 'packed' THEN
        RAISE EXCEPTION 'handling unit % is %', v_unit.sscc, v_unit.state
            USING ERRCODE = 'MR522',
                  DETAIL = jsonb_build_object('handling_unit', v_unit.sscc, 'state', v_unit.state)::text,
                  HINT = 'Scan the label again.';
    END IF;

    UPDATE shipping.pick_line AS l
    SET packed_quantity = l.packed_quantity - c.quantity
    FROM shipping.handling_unit_content AS c
    WHERE c.handling_unit_id = v_unit.id AND l.id = c.pick_line_id;
    DELETE FROM shipping.handling_unit_content AS c WHERE c.handling_unit_id = v_unit.id;
    UPDATE shipping.handling_unit AS u SET parent_id = NULL WHERE u.parent_id = v_unit.id;
    UPDATE shipping.handling_unit AS u SET state = 'unpacked', parent_id = NULL WHERE u.id = v_unit.id;

    PERFORM event.publish('handling_unit.unpacked', v_unit.id, jsonb_build_object('handling_unit', v_unit.sscc));
    RETURN event.finish_request(p_context, 201, shipping.get_handling_unit(v_unit.sscc));
END;
$function$;

COMMENT ON FUNCTION shipping.unpack_handling_unit(jsonb, jsonb) IS
    'Command: a box or pallet is dissolved; the goods in it lie in staging again, the boxes on it stand there by themselves. Its SSCC is not given again. Body: handling_unit. Raises MR522 when it is shipped or unpacked.';

-- triggers/catalog/item_identity_kept.sql as it was.
CREATE OR REPLACE TRIGGER item_identity_kept
    BEFORE UPDATE ON catalog.item
    FOR EACH ROW
    WHEN (OLD.base_unit_id <> NEW.base_unit_id OR OLD.tracking <> NEW.tracking
        OR OLD.second_unit_id IS DISTINCT FROM NEW.second_unit_id)
    EXECUTE FUNCTION catalog.refuse_identity_change('the base unit, the second unit and the tracking of an item cannot change');

COMMENT ON TRIGGER item_identity_kept ON catalog.item IS 'Raises MR114: the base unit, the second unit and the tracking of an item cannot change.';

-- triggers/catalog/location_identity_kept.sql as it was.
CREATE OR REPLACE TRIGGER location_identity_kept
    BEFORE UPDATE ON catalog.location
    FOR EACH ROW
    WHEN (OLD.site_id <> NEW.site_id OR OLD.kind <> NEW.kind)
    EXECUTE FUNCTION catalog.refuse_identity_change('the site and the kind of a location cannot change');

COMMENT ON TRIGGER location_identity_kept ON catalog.location IS 'Raises MR114: the site and the kind of a location cannot change.';

-- triggers/catalog/reason_identity_kept.sql as it was.
CREATE OR REPLACE TRIGGER reason_identity_kept
    BEFORE UPDATE ON catalog.reason
    FOR EACH ROW
    WHEN (OLD.kind <> NEW.kind)
    EXECUTE FUNCTION catalog.refuse_identity_change('a reason cannot come to explain something else');

COMMENT ON TRIGGER reason_identity_kept ON catalog.reason IS 'Raises MR114: a reason cannot come to explain something else.';

-- triggers/purchasing/purchase_order_line_audited.sql as it was.
CREATE OR REPLACE TRIGGER purchase_order_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.purchase_order_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER purchase_order_line_audited ON purchasing.purchase_order_line IS 'Records every change in audit.entry.';
