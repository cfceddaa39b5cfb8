SET LOCAL lock_timeout = '5s';

DROP INDEX costing.journal_entry_credit_idx;
DROP INDEX costing.journal_entry_debit_idx;
DROP INDEX document.print_job_finished_at_idx;

COMMENT ON COLUMN notify.mail.unknown_outcomes IS 'Attempts of which nobody knows whether the relay took the mail: the worker or the connection broke between the end of the text and the answer. Each may have brought a copy under the same Message-ID.';
DROP INDEX notify.mail_state_idx;
ALTER TABLE notify.mail DROP CONSTRAINT mail_state_check;
ALTER TABLE notify.mail ALTER COLUMN state DROP DEFAULT;
ALTER TYPE notify.mail_state RENAME TO mail_state_with_held;
CREATE TYPE notify.mail_state AS ENUM ('queued', 'handing_over', 'sent', 'dead');
COMMENT ON TYPE notify.mail_state IS 'queued: waits for its first or next attempt. handing_over: its text is on the way to the relay; found by a later attempt, the outcome of the earlier one is unknown. sent: the relay has taken it. dead: given up, see reason.';
ALTER TABLE notify.mail ALTER COLUMN state TYPE notify.mail_state
    USING (CASE state::text WHEN 'held' THEN 'dead' ELSE state::text END)::notify.mail_state;
ALTER TABLE notify.mail ALTER COLUMN state SET DEFAULT 'queued';
DROP TYPE notify.mail_state_with_held;
ALTER TABLE notify.mail ADD CONSTRAINT mail_state_check CHECK (
    (state = 'sent') = (sent_at IS NOT NULL) AND (state NOT IN ('sent', 'handing_over') OR message_id IS NOT NULL)
    AND (state <> 'dead' OR reason IS NOT NULL));
CREATE INDEX mail_state_idx ON notify.mail (state, id) WHERE state <> 'sent';

-- What is sealed cannot be opened here: such endpoints get a secret that nobody knows, and theirs is to be rotated.
UPDATE event.webhook_secret SET secret = sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) WHERE secret IS NULL;
ALTER TABLE event.webhook_secret
    DROP CONSTRAINT webhook_secret_sealed_check,
    ALTER COLUMN secret SET NOT NULL,
    DROP COLUMN sealed;
COMMENT ON COLUMN event.webhook_secret.secret IS NULL;
