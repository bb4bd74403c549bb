-- Who may do what to a register on PostgreSQL: four roles without a log-in, to be granted to log-ins of yours.
-- docs/operator/operations.md says who needs which. Run it as the owner's administrator after each `afschrift register upgrade`:
--
--   afschrift register roles | psql -v ON_ERROR_STOP=1 "$ADMIN_URL"
--
-- It revokes what was granted before and grants again, in one transaction. The owner of the tables is the role
-- that runs `afschrift register upgrade`: it alone changes tables and triggers, and drops a year of the trail.

BEGIN;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['afschrift_runs', 'afschrift_officers', 'afschrift_checks', 'afschrift_keys'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    END IF;
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), name);
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM %I', current_schema(), name);
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %I', current_schema(), name);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), name);
  END LOOP;
  EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
  EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM PUBLIC', current_schema());
END $$;

-- All of them: read the states of requests, and append to the trail. No role changes existing rows of it.
GRANT SELECT ON afschrift_version, case_file, request, question, decision, fact, case_fact, letter, delivery,
  step, run, event, event_payload, event_code, segment, aside
  TO afschrift_runs, afschrift_officers, afschrift_checks;
GRANT INSERT ON event, event_payload, event_code, fact TO afschrift_runs, afschrift_officers, afschrift_checks;

GRANT SELECT ON data_key, message, message_part, request_identity, look_up, plan
  TO afschrift_runs, afschrift_officers;
GRANT INSERT ON question, message, message_part, letter TO afschrift_runs, afschrift_officers;
-- What becomes of a delivery: removed at its end, with the words that open it.
GRANT UPDATE (secret, expires_at, confirmed_at, destroyed_at)
  ON delivery TO afschrift_runs, afschrift_officers, afschrift_checks;
GRANT UPDATE (state, version, changed_at) ON request TO afschrift_runs, afschrift_officers;
GRANT UPDATE (answered_at) ON question TO afschrift_runs, afschrift_officers;
GRANT UPDATE (hmac) ON message TO afschrift_runs, afschrift_officers; -- of a large document, at its end
GRANT UPDATE (state, claimed_at, sent_on, sent_at, sent_by, channel, proof_id, bounced_on, bounce)
  ON letter TO afschrift_runs, afschrift_officers;

-- The steps of a run, the look-up of keys, and checkpoints: the workers of Airflow. They take no decision.
GRANT INSERT ON delivery, plan, step, run TO afschrift_runs;
GRANT UPDATE (state, uri, bytes, delivered_at, arrived) ON delivery TO afschrift_runs;
GRANT UPDATE (formats, language, destination) ON request TO afschrift_runs; -- options of the trigger form
GRANT UPDATE (ciphertext, served_at, ended_at) ON look_up TO afschrift_runs;
GRANT UPDATE (seen_at, ended_at, outcome) ON run TO afschrift_runs;
GRANT USAGE ON SEQUENCE step_id_seq TO afschrift_runs;

-- Pages, REST and commands of those who take requests in, answer questions and send letters.
GRANT INSERT ON case_file, request, data_key, request_identity, decision, case_fact, look_up TO afschrift_officers;
GRANT DELETE ON request_identity TO afschrift_officers; -- keys that were corrected
GRANT UPDATE ("right") ON request TO afschrift_officers; -- a message that was unclear, read
GRANT UPDATE (ciphertext, ended_at) ON look_up TO afschrift_officers;
GRANT USAGE ON SEQUENCE request_identity_id_seq, decision_id_seq TO afschrift_officers;

-- The sweep and the checks of deadlines: they see whether a data key exists, and never the key, so that they
-- cannot decrypt anything even with the key document.
GRANT SELECT (owner) ON data_key TO afschrift_checks;
GRANT INSERT ON question TO afschrift_checks; -- that the person must be informed of an answer
GRANT UPDATE (seen_at, ended_at, outcome) ON run TO afschrift_checks;

-- Those who destroy data keys, payloads of events and wrapping keys. They have an officer's rights too.
GRANT afschrift_officers TO afschrift_keys;
GRANT DELETE ON data_key TO afschrift_keys;
GRANT UPDATE (wrapped, kek_id) ON data_key TO afschrift_keys;
GRANT UPDATE (payload, salt, erased_by, erased_at) ON event_payload TO afschrift_keys;
GRANT UPDATE (told) ON event_code TO afschrift_keys;

-- What is destroyed with a data key (`forget_request`).
GRANT DELETE ON step, plan, message_part TO afschrift_keys;
GRANT UPDATE (limits) ON request TO afschrift_keys;
GRANT UPDATE (ciphertext) ON request_identity TO afschrift_keys;
GRANT UPDATE (ciphertext, label) ON message TO afschrift_keys;
GRANT UPDATE (recipient, detail) ON letter TO afschrift_keys;
GRANT UPDATE (bytes, secret, arrived, detail) ON delivery TO afschrift_keys;
GRANT UPDATE (about, fingerprint, form, detail) ON question TO afschrift_keys;
GRANT UPDATE (about, detail) ON decision TO afschrift_keys;
GRANT UPDATE (detail) ON fact TO afschrift_keys;

COMMIT;
