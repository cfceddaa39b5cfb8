-- What cmd/worker calls.
GRANT EXECUTE ON ROUTINE
    audit.add_seal,
    audit.add_seal_chunk,
    audit.add_seal_part,
    audit.begin_delivery,
    audit.check_incarnation,
    audit.list_columns,
    audit.list_seals,
    audit.note_sealing,
    audit.prepare_seal,
    audit.record_delivery
TO millrace_worker;

GRANT EXECUTE ON ROUTINE
    costing.advance
TO millrace_worker;

GRANT EXECUTE ON ROUTINE
    document.claim_print_job,
    document.finish_print_job,
    document.forget_print_jobs,
    document.get_source,
    document.lock_file,
    document.print_automatically,
    document.renew_printer,
    document.store_file,
    document.store_print_content,
    document.wake_printers
TO millrace_worker;

GRANT EXECUTE ON ROUTINE
    event.advance_log,
    event.claim_webhooks,
    event.count_written,
    event.drop_log_partition,
    event.ensure_partitions,
    event.forget_checks,
    event.forget_requests,
    event.give_back_jobs,
    event.list_orphaned_jobs,
    event.list_waiting,
    event.list_webhook_secrets,
    event.lock_consumer,
    event.move_consumer,
    event.next_webhook_events,
    event.number_events,
    event.pass_webhook_events,
    event.prune_webhooks,
    event.read_log,
    event.record_check,
    event.record_intervention,
    event.record_webhook_attempt,
    event.release_webhook,
    event.report_progress,
    event.seal_webhook_secret,
    event.wake_consumers
TO millrace_worker;

GRANT EXECUTE ON ROUTINE
    export.add_chunk,
    export.begin_file,
    export.count_rows,
    export.drop_expired,
    export.fetch_rows,
    export.finish_file,
    export.open_rows,
    export.time_zone
TO millrace_worker;

-- It verifies tokens, for the pages over jobs, and can make none.
GRANT EXECUTE ON ROUTINE
    identity.describe_grant,
    identity.has_signing_key,
    identity.prune,
    identity.scopes_of
TO millrace_worker;

GRANT EXECUTE ON ROUTINE
    inventory.detach_old_partitions,
    inventory.keep_month_starts,
    inventory.release_expired_reservations,
    inventory.tell_expired_lots,
    inventory.write_snapshots
TO millrace_worker;

GRANT EXECUTE ON ROUTINE
    notify.begin_hand_over,
    notify.get_mail_source,
    notify.get_outgoing_mail,
    notify.hand_over,
    notify.hold_mail,
    notify.queue_mail,
    notify.record_failure,
    notify.record_sent
TO millrace_worker;

-- River works its queue by statements of its own.
GRANT USAGE ON SCHEMA river TO millrace_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA river TO millrace_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA river TO millrace_worker;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA river TO millrace_worker;

-- Every night it runs the invariants (sql/checks), which read everything but secrets: not the columns that are named so.
GRANT EXECUTE ON ROUTINE inventory.oldest_movement_id, shipping.gs1_check_digit TO millrace_worker;
GRANT SELECT ON inventory.movement_default, audit.entry_default TO millrace_worker;
-- What is sealed is no secret.
GRANT SELECT ON audit.seal, audit.seal_part, audit.seal_chunk, audit.sealing TO millrace_worker;
DO $checks$
DECLARE
    v_grant text;
BEGIN
    FOR v_grant IN
        SELECT format('GRANT SELECT (%s) ON %I.%I TO millrace_worker', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), n.nspname, c.relname)
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public', 'river')
          AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
          AND EXISTS (
              SELECT FROM pg_attribute AS s
              WHERE s.attrelid = c.oid AND s.attnum > 0 AND s.attname ~ '(secret|sealed|private|salt|hash|(^|_)pin(_|$))')
          AND a.attname !~ '(secret|sealed|private|salt|hash|(^|_)pin(_|$))'
        GROUP BY n.nspname, c.relname
        UNION ALL
        SELECT format('GRANT SELECT ON %I.%I TO millrace_worker', n.nspname, c.relname)
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public', 'river')
          AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
          AND NOT EXISTS (
              SELECT FROM pg_attribute AS s
              WHERE s.attrelid = c.oid AND s.attnum > 0 AND s.attname ~ '(secret|sealed|private|salt|hash|(^|_)pin(_|$))')
    LOOP
        EXECUTE v_grant;
    END LOOP;
END;
$checks$;

-- The outbox belongs to the worker: it is vacuumed many times an hour, which Postgres 15 lets nobody do but the owner.
GRANT SELECT, INSERT, DELETE ON event.inbox TO millrace_definer;
