CREATE TABLE afschrift_version (
  version_num VARCHAR(32) NOT NULL,
  CONSTRAINT afschrift_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE case_file (
  id VARCHAR(32) NOT NULL,
  channel VARCHAR(64) NOT NULL,
  received_at VARCHAR(32) NOT NULL,
  arrived_at VARCHAR(32) NOT NULL,
  made_by VARCHAR(64) NOT NULL,
  detail JSON NOT NULL,
  created_at VARCHAR(32) NOT NULL,
  CONSTRAINT pk_case_file PRIMARY KEY (id)
);
CREATE TABLE request (
  id VARCHAR(32) NOT NULL,
  case_id VARCHAR(32) NOT NULL,
  "right" VARCHAR(64) NOT NULL,
  received_at VARCHAR(32) NOT NULL,
  zone VARCHAR(64) NOT NULL,
  state VARCHAR(64) NOT NULL,
  version INTEGER NOT NULL,
  language VARCHAR(8) NOT NULL,
  formats JSON NOT NULL,
  destination VARCHAR(64) NOT NULL,
  limits BYTEA,
  created_at VARCHAR(32) NOT NULL,
  changed_at VARCHAR(32) NOT NULL,
  CONSTRAINT pk_request PRIMARY KEY (id),
  CONSTRAINT fk_request_case_id FOREIGN KEY(case_id) REFERENCES case_file (id)
);
CREATE INDEX ix_request_case_id ON request (case_id);
CREATE INDEX ix_request_received_at ON request (received_at);
CREATE INDEX ix_request_state ON request (state);
CREATE TABLE data_key (
  owner VARCHAR(32) NOT NULL,
  wrapped BYTEA NOT NULL,
  kek_id VARCHAR(32) NOT NULL,
  created_at VARCHAR(32) NOT NULL,
  CONSTRAINT pk_data_key PRIMARY KEY (owner)
);
CREATE INDEX ix_data_key_kek_id ON data_key (kek_id);
CREATE TABLE request_identity (
  id BIGSERIAL NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  ciphertext BYTEA NOT NULL,
  blind_index VARCHAR(64) NOT NULL,
  key_id VARCHAR(32) NOT NULL,
  verified_by VARCHAR(255),
  CONSTRAINT pk_request_identity PRIMARY KEY (id),
  CONSTRAINT fk_request_identity_request_id FOREIGN KEY(request_id) REFERENCES request (id)
);
CREATE INDEX ix_request_identity_request_id ON request_identity (request_id);
CREATE INDEX ix_request_identity_blind_index ON request_identity (blind_index);
CREATE TABLE message (
  id VARCHAR(32) NOT NULL,
  case_id VARCHAR(32) NOT NULL,
  request_id VARCHAR(32),
  kind VARCHAR(64) NOT NULL,
  ciphertext BYTEA NOT NULL,
  hmac VARCHAR(64) NOT NULL,
  by VARCHAR(255) NOT NULL,
  created_at VARCHAR(32) NOT NULL,
  label BYTEA,
  media_type VARCHAR(255),
  CONSTRAINT pk_message PRIMARY KEY (id),
  CONSTRAINT fk_message_case_id FOREIGN KEY(case_id) REFERENCES case_file (id),
  CONSTRAINT fk_message_request_id FOREIGN KEY(request_id) REFERENCES request (id)
);
CREATE INDEX ix_message_case_id ON message (case_id);
CREATE INDEX ix_message_request_id ON message (request_id);
CREATE TABLE message_part (
  message_id VARCHAR(32) NOT NULL,
  number INTEGER NOT NULL,
  ciphertext BYTEA NOT NULL,
  CONSTRAINT pk_message_part PRIMARY KEY (message_id, number),
  CONSTRAINT fk_message_part_message_id FOREIGN KEY(message_id) REFERENCES message (id)
);
CREATE TABLE question (
  id VARCHAR(32) NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  role VARCHAR(64) NOT NULL,
  options JSON NOT NULL,
  form JSON,
  detail JSON NOT NULL,
  about VARCHAR(64),
  fingerprint VARCHAR(64) NOT NULL,
  asked_at VARCHAR(32) NOT NULL,
  answered_at VARCHAR(32),
  CONSTRAINT pk_question PRIMARY KEY (id),
  CONSTRAINT fk_question_request_id FOREIGN KEY(request_id) REFERENCES request (id)
);
CREATE INDEX ix_question_request_id ON question (request_id);
CREATE UNIQUE INDEX uq_question_open ON question (request_id, fingerprint) WHERE answered_at IS NULL;
CREATE TABLE decision (
  id BIGSERIAL NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  question_id VARCHAR(32),
  kind VARCHAR(64) NOT NULL,
  choice VARCHAR(64) NOT NULL,
  by VARCHAR(255) NOT NULL,
  at VARCHAR(32) NOT NULL,
  about VARCHAR(64),
  detail JSON NOT NULL,
  message_id VARCHAR(32),
  CONSTRAINT pk_decision PRIMARY KEY (id),
  CONSTRAINT fk_decision_request_id FOREIGN KEY(request_id) REFERENCES request (id),
  CONSTRAINT fk_decision_question_id FOREIGN KEY(question_id) REFERENCES question (id),
  CONSTRAINT fk_decision_message_id FOREIGN KEY(message_id) REFERENCES message (id),
  CONSTRAINT uq_decision_question_id UNIQUE (question_id)
);
CREATE INDEX ix_decision_request_id ON decision (request_id);
CREATE TABLE delivery (
  id VARCHAR(32) NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  destination VARCHAR(64) NOT NULL,
  uri TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 VARCHAR(64) NOT NULL,
  secret BYTEA,
  delivered_at VARCHAR(32) NOT NULL,
  expires_at VARCHAR(32),
  confirmed_at VARCHAR(32),
  destroyed_at VARCHAR(32),
  detail JSON NOT NULL,
  CONSTRAINT pk_delivery PRIMARY KEY (id),
  CONSTRAINT fk_delivery_request_id FOREIGN KEY(request_id) REFERENCES request (id),
  CONSTRAINT uq_delivery_request_id_sha256_uri UNIQUE (request_id, sha256, uri)
);
CREATE TABLE step (
  id BIGSERIAL NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  name VARCHAR(64) NOT NULL,
  part VARCHAR(255) NOT NULL,
  inputs VARCHAR(64) NOT NULL,
  result JSON NOT NULL,
  finished_at VARCHAR(32) NOT NULL,
  CONSTRAINT pk_step PRIMARY KEY (id),
  CONSTRAINT fk_step_request_id FOREIGN KEY(request_id) REFERENCES request (id),
  CONSTRAINT uq_step_request_id_name_part_inputs UNIQUE (request_id, name, part, inputs)
);
CREATE TABLE plan (
  request_id VARCHAR(32) NOT NULL,
  digest VARCHAR(64) NOT NULL,
  ciphertext BYTEA NOT NULL,
  created_at VARCHAR(32) NOT NULL,
  CONSTRAINT pk_plan PRIMARY KEY (request_id, digest),
  CONSTRAINT fk_plan_request_id FOREIGN KEY(request_id) REFERENCES request (id)
);
CREATE TABLE run (
  request_id VARCHAR(32) NOT NULL,
  run_id VARCHAR(255) NOT NULL,
  started_at VARCHAR(32) NOT NULL,
  seen_at VARCHAR(32) NOT NULL,
  ended_at VARCHAR(32),
  outcome VARCHAR(64),
  CONSTRAINT pk_run PRIMARY KEY (request_id, run_id),
  CONSTRAINT fk_run_request_id FOREIGN KEY(request_id) REFERENCES request (id)
);
CREATE UNIQUE INDEX uq_run_going ON run (request_id) WHERE ended_at IS NULL;
CREATE TABLE letter (
  id VARCHAR(32) NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  language VARCHAR(8) NOT NULL,
  state VARCHAR(64) NOT NULL,
  document_id VARCHAR(32) NOT NULL,
  fact_id VARCHAR(32),
  recipient BYTEA,
  same_as VARCHAR(64) NOT NULL,
  produced_at VARCHAR(32) NOT NULL,
  produced_by VARCHAR(255) NOT NULL,
  claimed_at VARCHAR(32),
  sent_on VARCHAR(10),
  sent_at VARCHAR(32),
  sent_by VARCHAR(255),
  channel VARCHAR(64),
  proof_id VARCHAR(32),
  bounced_on VARCHAR(10),
  bounce VARCHAR(64),
  detail JSON NOT NULL,
  CONSTRAINT pk_letter PRIMARY KEY (id),
  CONSTRAINT fk_letter_request_id FOREIGN KEY(request_id) REFERENCES request (id),
  CONSTRAINT fk_letter_document_id FOREIGN KEY(document_id) REFERENCES message (id),
  CONSTRAINT fk_letter_proof_id FOREIGN KEY(proof_id) REFERENCES message (id)
);
CREATE INDEX ix_letter_request_id ON letter (request_id);
CREATE TABLE fact (
  id VARCHAR(32) NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  number INTEGER NOT NULL,
  kind VARCHAR(64) NOT NULL,
  at VARCHAR(32) NOT NULL,
  by VARCHAR(255) NOT NULL,
  day VARCHAR(10),
  instant VARCHAR(32),
  about VARCHAR(32),
  letter VARCHAR(32),
  channel VARCHAR(64),
  proof VARCHAR(255),
  other VARCHAR(32),
  text VARCHAR(32),
  detail JSON NOT NULL,
  CONSTRAINT pk_fact PRIMARY KEY (id),
  CONSTRAINT fk_fact_request_id FOREIGN KEY(request_id) REFERENCES request (id),
  CONSTRAINT uq_fact_request_id_number UNIQUE (request_id, number)
);
CREATE TABLE case_fact (
  id VARCHAR(32) NOT NULL,
  case_id VARCHAR(32) NOT NULL,
  number INTEGER NOT NULL,
  kind VARCHAR(64) NOT NULL,
  at VARCHAR(32) NOT NULL,
  by VARCHAR(255) NOT NULL,
  about VARCHAR(32),
  detail JSON NOT NULL,
  CONSTRAINT pk_case_fact PRIMARY KEY (id),
  CONSTRAINT fk_case_fact_case_id FOREIGN KEY(case_id) REFERENCES case_file (id),
  CONSTRAINT uq_case_fact_case_id_number UNIQUE (case_id, number)
);
CREATE TABLE event (
  seq BIGINT NOT NULL,
  at VARCHAR(32) NOT NULL,
  request VARCHAR(32),
  type VARCHAR(64) NOT NULL,
  actor VARCHAR(255) NOT NULL,
  payload_sha256 VARCHAR(64) NOT NULL,
  prev VARCHAR(64) NOT NULL,
  CONSTRAINT pk_event PRIMARY KEY (seq)
);
CREATE INDEX ix_event_request ON event (request);
CREATE TABLE event_payload (
  seq BIGINT NOT NULL,
  payload TEXT,
  salt VARCHAR(64),
  erased_by VARCHAR(64),
  erased_at VARCHAR(32),
  CONSTRAINT pk_event_payload PRIMARY KEY (seq),
  CONSTRAINT fk_event_payload_seq FOREIGN KEY(seq) REFERENCES event (seq)
);
CREATE TABLE segment (
  year INTEGER NOT NULL,
  register VARCHAR(64) NOT NULL,
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  closing VARCHAR(64) NOT NULL,
  count BIGINT NOT NULL,
  rule VARCHAR(64) NOT NULL,
  dropped_at VARCHAR(32) NOT NULL,
  previous VARCHAR(64) NOT NULL,
  event_seq BIGINT NOT NULL,
  CONSTRAINT pk_segment PRIMARY KEY (year)
);
CREATE FUNCTION afschrift_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE FUNCTION afschrift_only_erase() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.seq = OLD.seq AND OLD.payload IS NOT NULL AND NEW.payload IS NULL AND NEW.salt IS NULL AND NEW.erased_by IS NOT NULL AND NEW.erased_at IS NOT NULL THEN RETURN NEW; END IF; RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE FUNCTION afschrift_only_drop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM segment WHERE OLD.seq BETWEEN first_seq AND last_seq) THEN RETURN OLD; END IF; RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE FUNCTION afschrift_only_whole_year() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.first_seq = (SELECT min(seq) FROM event) AND (SELECT substr(at, 1, 4) FROM event WHERE seq = NEW.first_seq) = CAST(NEW.year AS text) AND NOT EXISTS (SELECT 1 FROM event WHERE seq BETWEEN NEW.first_seq AND NEW.last_seq AND substr(at, 1, 4) > CAST(NEW.year AS text)) AND EXISTS (SELECT 1 FROM event WHERE seq = NEW.last_seq + 1 AND prev = NEW.closing AND substr(at, 1, 4) > CAST(NEW.year AS text)) AND EXISTS (SELECT 1 FROM event WHERE seq = NEW.event_seq AND seq > NEW.last_seq AND type = 'segment_dropped') THEN RETURN NEW; END IF; RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE FUNCTION afschrift_fact_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'facts are append-only'; END $$;
CREATE FUNCTION afschrift_case_fact_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'facts of cases are append-only'; END $$;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION afschrift_refuse();
CREATE TRIGGER event_only_drop BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION afschrift_only_drop();
CREATE TRIGGER event_payload_only_erase BEFORE UPDATE ON event_payload FOR EACH ROW EXECUTE FUNCTION afschrift_only_erase();
CREATE TRIGGER event_payload_only_drop BEFORE DELETE ON event_payload FOR EACH ROW EXECUTE FUNCTION afschrift_only_drop();
CREATE TRIGGER segment_only_whole_year BEFORE INSERT ON segment FOR EACH ROW EXECUTE FUNCTION afschrift_only_whole_year();
CREATE TRIGGER segment_no_change BEFORE UPDATE OR DELETE ON segment FOR EACH ROW EXECUTE FUNCTION afschrift_refuse();
CREATE TRIGGER fact_no_change BEFORE UPDATE OR DELETE ON fact FOR EACH ROW EXECUTE FUNCTION afschrift_fact_refuse();
CREATE TRIGGER case_fact_no_change BEFORE UPDATE OR DELETE ON case_fact FOR EACH ROW EXECUTE FUNCTION afschrift_case_fact_refuse();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION afschrift_refuse();
CREATE TRIGGER event_payload_no_truncate BEFORE TRUNCATE ON event_payload FOR EACH STATEMENT EXECUTE FUNCTION afschrift_refuse();
CREATE TRIGGER segment_no_truncate BEFORE TRUNCATE ON segment FOR EACH STATEMENT EXECUTE FUNCTION afschrift_refuse();
CREATE TRIGGER fact_no_truncate BEFORE TRUNCATE ON fact FOR EACH STATEMENT EXECUTE FUNCTION afschrift_fact_refuse();
CREATE TRIGGER case_fact_no_truncate BEFORE TRUNCATE ON case_fact FOR EACH STATEMENT EXECUTE FUNCTION afschrift_case_fact_refuse();
CREATE TABLE look_up (
  id VARCHAR(32) NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  about VARCHAR(64) NOT NULL,
  by VARCHAR(255) NOT NULL,
  role VARCHAR(64) NOT NULL,
  asked_at VARCHAR(32) NOT NULL,
  served_at VARCHAR(32),
  ciphertext BYTEA,
  ended_at VARCHAR(32),
  CONSTRAINT pk_look_up PRIMARY KEY (id),
  CONSTRAINT fk_look_up_request_id FOREIGN KEY(request_id) REFERENCES request (id)
);
CREATE INDEX ix_look_up_request_id ON look_up (request_id);
CREATE UNIQUE INDEX uq_look_up_going ON look_up (request_id) WHERE ended_at IS NULL;
CREATE TABLE event_code (
  seq BIGINT NOT NULL,
  owner VARCHAR(32) NOT NULL,
  previous BIGINT NOT NULL,
  told TEXT,
  told_code VARCHAR(64) NOT NULL,
  key_id VARCHAR(32) NOT NULL,
  code VARCHAR(64) NOT NULL,
  CONSTRAINT pk_event_code PRIMARY KEY (seq),
  CONSTRAINT fk_event_code_seq FOREIGN KEY(seq) REFERENCES event (seq)
);
CREATE INDEX ix_event_code_owner_seq ON event_code (owner, seq);
ALTER TABLE segment ADD COLUMN keep_years INTEGER DEFAULT '0' NOT NULL;
ALTER TABLE segment ADD COLUMN key_id VARCHAR(32) DEFAULT '' NOT NULL;
ALTER TABLE segment ADD COLUMN signature TEXT DEFAULT '' NOT NULL;
CREATE FUNCTION afschrift_only_erase_rows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.seq = OLD.seq AND OLD.told IS NOT NULL AND NEW.told IS NULL AND NEW.owner = OLD.owner AND NEW.previous = OLD.previous AND NEW.told_code = OLD.told_code AND NEW.key_id = OLD.key_id AND NEW.code = OLD.code AND EXISTS (SELECT 1 FROM event_payload p WHERE p.seq = OLD.seq AND p.erased_by IS NOT NULL) THEN RETURN NEW; END IF; RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE TRIGGER event_code_only_erase BEFORE UPDATE ON event_code FOR EACH ROW EXECUTE FUNCTION afschrift_only_erase_rows();
CREATE TRIGGER event_code_only_drop BEFORE DELETE ON event_code FOR EACH ROW EXECUTE FUNCTION afschrift_only_drop();
CREATE TRIGGER event_code_no_truncate BEFORE TRUNCATE ON event_code FOR EACH STATEMENT EXECUTE FUNCTION afschrift_refuse();
DROP TRIGGER fact_no_change ON fact;
CREATE FUNCTION afschrift_only_forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW."id" IS NOT DISTINCT FROM OLD."id" AND NEW."request_id" IS NOT DISTINCT FROM OLD."request_id" AND NEW."number" IS NOT DISTINCT FROM OLD."number" AND NEW."kind" IS NOT DISTINCT FROM OLD."kind" AND NEW."at" IS NOT DISTINCT FROM OLD."at" AND NEW."by" IS NOT DISTINCT FROM OLD."by" AND NEW."day" IS NOT DISTINCT FROM OLD."day" AND NEW."instant" IS NOT DISTINCT FROM OLD."instant" AND NEW."about" IS NOT DISTINCT FROM OLD."about" AND NEW."letter" IS NOT DISTINCT FROM OLD."letter" AND NEW."channel" IS NOT DISTINCT FROM OLD."channel" AND NEW."proof" IS NOT DISTINCT FROM OLD."proof" AND NEW."other" IS NOT DISTINCT FROM OLD."other" AND NEW."text" IS NOT DISTINCT FROM OLD."text" AND NOT EXISTS (SELECT 1 FROM data_key WHERE owner = OLD.request_id) THEN RETURN NEW; END IF; RAISE EXCEPTION 'facts are append-only'; END $$;
CREATE TRIGGER fact_only_forget BEFORE UPDATE ON fact FOR EACH ROW EXECUTE FUNCTION afschrift_only_forget();
CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact FOR EACH ROW EXECUTE FUNCTION afschrift_fact_refuse();
CREATE INDEX ix_event_type_seq ON event (type, seq);
CREATE TABLE aside (
  table_name VARCHAR(64) NOT NULL,
  row_id VARCHAR(64) NOT NULL,
  seq BIGINT NOT NULL,
  CONSTRAINT pk_aside PRIMARY KEY (table_name, row_id, seq),
  CONSTRAINT fk_aside_seq FOREIGN KEY(seq) REFERENCES event (seq)
);
CREATE FUNCTION afschrift_next_event() RETURNS trigger LANGUAGE plpgsql AS $$ 
DECLARE
  before bigint;
  owner oid;
BEGIN
  EXECUTE pg_catalog.format('SELECT greatest((SELECT pg_catalog.max(seq) FROM %1$I.event), '
    '(SELECT pg_catalog.max(last_seq) FROM %1$I.segment), 0)', TG_TABLE_SCHEMA) INTO before;
  IF NEW.seq <> before + 1 THEN
    RAISE EXCEPTION 'the audit trail is append-only';
  END IF;
  SELECT c.relowner INTO owner FROM pg_catalog.pg_class c WHERE c.oid = TG_RELID;
  IF pg_catalog.pg_has_role(current_user, owner, 'MEMBER') OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname IN ('afschrift_checks', 'afschrift_keys', 'afschrift_officers', 'afschrift_runs') AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER'))
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname IN ('afschrift_checks', 'afschrift_keys', 'afschrift_officers', 'afschrift_runs') AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER') AND ((r.rolname = 'afschrift_runs' AND NEW.type IN ('accepted', 'acknowledged', 'age_read', 'answer_refused', 'assessed', 'bundle_arrived', 'bundle_delivered', 'bundle_sealed', 'bundle_viewed', 'canary_checked', 'canary_logs_searched', 'canary_told', 'case_document_read', 'case_fact_matter_told', 'case_text_added', 'case_viewed', 'checkpoint_made', 'checkpoint_not_sent', 'checkpoint_sent', 'clock_went_back', 'deadlines_checked', 'drift_found', 'extracted', 'fact_answer_ready', 'fact_handed_over', 'fact_letter_bounced', 'fact_letter_sent', 'fact_notice_raised', 'fact_notice_told', 'fact_overruled', 'fact_partly_delivered', 'fact_question_assigned', 'fact_question_told', 'gate_bypassed', 'gate_refused', 'identity_look_up_destroyed', 'identity_looked_up', 'identity_read', 'inventory_checked', 'inventory_told', 'letter_bounced', 'letter_not_sent', 'letter_produced', 'letter_released', 'letter_sending', 'letter_sent', 'letter_unknown', 'nothing_held', 'nothing_in_limits', 'nothing_portable', 'options_changed', 'options_refused', 'packed', 'part_closed', 'plan_frozen', 'plan_kept', 'question_asked', 'question_overtaken', 'question_viewed', 'register_differs', 'request_viewed', 'run_ended', 'run_started', 'sealed', 'staged_again', 'staging_destroyed', 'state_changed', 'step_finished', 'sweep_found', 'swept', 'trail_exported', 'validated')) OR (r.rolname = 'afschrift_officers' AND NEW.type IN ('acknowledged', 'answer_refused', 'bundle_viewed', 'canary_signed', 'case_document_read', 'case_fact_forwarded', 'case_fact_handed_over', 'case_fact_matter_recorded', 'case_fact_matter_told', 'case_opened', 'case_text_added', 'case_viewed', 'checkpoint_made', 'checkpoint_not_sent', 'checkpoint_sent', 'clock_went_back', 'decision_taken', 'destruction_proposed', 'destruction_refused', 'destruction_turned_down', 'fact_absorbed', 'fact_answer_ready', 'fact_complained', 'fact_complaint_ended', 'fact_decided', 'fact_extended', 'fact_handed_over', 'fact_held', 'fact_letter_bounced', 'fact_letter_sent', 'fact_linked', 'fact_merged', 'fact_not_received', 'fact_notice_raised', 'fact_notice_told', 'fact_overdue_acknowledged', 'fact_overruled', 'fact_partly_delivered', 'fact_question_assigned', 'fact_question_told', 'fact_receipt_corrected', 'fact_receipt_proposed', 'fact_receipt_rejected', 'fact_released', 'fact_reply_insufficient', 'fact_restriction_reviewed', 'fact_restriction_signed', 'fact_resumed', 'fact_right_read', 'fact_right_unclear', 'fact_suspended', 'fact_withdrawn', 'gate_bypassed', 'gate_refused', 'identity_look_up_asked', 'identity_look_up_destroyed', 'identity_read', 'keys_changed', 'letter_bounced', 'letter_not_sent', 'letter_produced', 'letter_released', 'letter_sending', 'letter_sent', 'letter_unknown', 'map_confirmation_taken_back', 'map_confirmed', 'map_samples_shown', 'options_changed', 'options_refused', 'question_asked', 'question_overtaken', 'question_viewed', 'register_differs', 'request_received', 'request_viewed', 'state_changed', 'trail_exported')) OR (r.rolname = 'afschrift_checks' AND NEW.type IN ('canary_told', 'case_fact_matter_told', 'clock_went_back', 'deadlines_checked', 'fact_notice_raised', 'fact_notice_told', 'fact_question_assigned', 'fact_question_told', 'gate_bypassed', 'gate_refused', 'inventory_checked', 'inventory_told', 'question_asked', 'register_differs', 'run_ended', 'staging_destroyed', 'sweep_found', 'swept')) OR (r.rolname = 'afschrift_keys' AND NEW.type IN ('answer_refused', 'bundle_viewed', 'case_document_read', 'case_text_added', 'case_viewed', 'checkpoint_made', 'checkpoint_not_sent', 'checkpoint_sent', 'clock_went_back', 'data_key_destroyed', 'gate_bypassed', 'gate_refused', 'identity_look_up_destroyed', 'identity_read', 'index_key_forgotten', 'keys_rotated', 'letter_bounced', 'letter_not_sent', 'letter_produced', 'letter_released', 'letter_sending', 'letter_sent', 'letter_unknown', 'options_changed', 'options_refused', 'payloads_erased', 'question_asked', 'question_overtaken', 'question_viewed', 'register_differs', 'request_viewed', 'signing_key_revoked', 'state_changed', 'stray_data_keys_destroyed', 'trail_exported', 'wrapping_keys_lost', 'wrapping_keys_retired')))) THEN
    RETURN NEW;
  END IF;
  RAISE insufficient_privilege USING MESSAGE = 'no event of this type is written by this log-in';
END $$;
CREATE TRIGGER event_in_order BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION afschrift_next_event();
CREATE FUNCTION afschrift_only_aside() RETURNS trigger LANGUAGE plpgsql AS $$ 
DECLARE
  is_aside boolean;
BEGIN
  EXECUTE pg_catalog.format('SELECT EXISTS (SELECT 1 FROM %I.aside WHERE table_name = $1 AND row_id = $2)',
    TG_TABLE_SCHEMA) INTO is_aside USING TG_TABLE_NAME::text, OLD.id::text;
  IF is_aside THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% are append-only', TG_TABLE_NAME;
END $$;
DROP TRIGGER fact_no_delete ON fact;
DROP TRIGGER case_fact_no_change ON case_fact;
CREATE TRIGGER case_fact_no_update BEFORE UPDATE ON case_fact FOR EACH ROW EXECUTE FUNCTION afschrift_case_fact_refuse();
CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact FOR EACH ROW EXECUTE FUNCTION afschrift_only_aside();
CREATE TRIGGER case_fact_no_delete BEFORE DELETE ON case_fact FOR EACH ROW EXECUTE FUNCTION afschrift_only_aside();
