-- Every mail that is not sent or given up has a job that will try it.
SELECT m.number, m.state
FROM notify.mail AS m
WHERE m.state IN ('queued', 'handing_over')
  AND NOT EXISTS (
      SELECT FROM river.river_job AS j
      WHERE j.kind = 'notify_send' AND j.finalized_at IS NULL AND j.args @> jsonb_build_object('mail_id', m.id::text));
