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
  limits BLOB,
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
  wrapped BLOB NOT NULL,
  kek_id VARCHAR(32) NOT NULL,
  created_at VARCHAR(32) NOT NULL,
  CONSTRAINT pk_data_key PRIMARY KEY (owner)
);
CREATE INDEX ix_data_key_kek_id ON data_key (kek_id);
CREATE TABLE request_identity (
  id INTEGER NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  ciphertext BLOB NOT NULL,
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
  ciphertext BLOB NOT NULL,
  hmac VARCHAR(64) NOT NULL,
  "by" VARCHAR(255) NOT NULL,
  created_at VARCHAR(32) NOT NULL,
  label BLOB,
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
  ciphertext BLOB NOT NULL,
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
  id INTEGER NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  question_id VARCHAR(32),
  kind VARCHAR(64) NOT NULL,
  choice VARCHAR(64) NOT NULL,
  "by" VARCHAR(255) NOT NULL,
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
  secret BLOB,
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
  id INTEGER NOT NULL,
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
CREATE TABLE "plan" (
  request_id VARCHAR(32) NOT NULL,
  digest VARCHAR(64) NOT NULL,
  ciphertext BLOB NOT NULL,
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
  recipient BLOB,
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
  "by" VARCHAR(255) NOT NULL,
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
  "by" VARCHAR(255) NOT NULL,
  about VARCHAR(32),
  detail JSON NOT NULL,
  CONSTRAINT pk_case_fact PRIMARY KEY (id),
  CONSTRAINT fk_case_fact_case_id FOREIGN KEY(case_id) REFERENCES case_file (id),
  CONSTRAINT uq_case_fact_case_id_number UNIQUE (case_id, number)
);
CREATE TABLE event (
  seq INTEGER NOT NULL,
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
  seq INTEGER NOT NULL,
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
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  closing VARCHAR(64) NOT NULL,
  count INTEGER NOT NULL,
  rule VARCHAR(64) NOT NULL,
  dropped_at VARCHAR(32) NOT NULL,
  previous VARCHAR(64) NOT NULL,
  event_seq INTEGER NOT NULL, keep_years INTEGER DEFAULT '0' NOT NULL, key_id VARCHAR(32) DEFAULT '' NOT NULL, signature TEXT DEFAULT '' NOT NULL,
  CONSTRAINT pk_segment PRIMARY KEY (year)
);
CREATE TRIGGER event_no_replace BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER event_payload_no_replace BEFORE INSERT ON event_payload WHEN EXISTS (SELECT 1 FROM event_payload WHERE seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER event_payload_only_erase BEFORE UPDATE ON event_payload WHEN NOT (NEW.seq = OLD.seq AND OLD.payload IS NOT NULL AND NEW.payload IS NULL AND NEW.salt IS NULL AND NEW.erased_by IS NOT NULL AND NEW.erased_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event WHEN NOT EXISTS (SELECT 1 FROM segment WHERE OLD.seq BETWEEN first_seq AND last_seq) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER event_payload_no_delete BEFORE DELETE ON event_payload WHEN NOT EXISTS (SELECT 1 FROM segment WHERE OLD.seq BETWEEN first_seq AND last_seq) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER segment_only_whole_year BEFORE INSERT ON segment WHEN EXISTS (SELECT 1 FROM segment WHERE year = NEW.year) OR NOT (NEW.first_seq = (SELECT min(seq) FROM event) AND (SELECT substr(at, 1, 4) FROM event WHERE seq = NEW.first_seq) = CAST(NEW.year AS text) AND NOT EXISTS (SELECT 1 FROM event WHERE seq BETWEEN NEW.first_seq AND NEW.last_seq AND substr(at, 1, 4) > CAST(NEW.year AS text)) AND EXISTS (SELECT 1 FROM event WHERE seq = NEW.last_seq + 1 AND prev = NEW.closing AND substr(at, 1, 4) > CAST(NEW.year AS text)) AND EXISTS (SELECT 1 FROM event WHERE seq = NEW.event_seq AND seq > NEW.last_seq AND type = 'segment_dropped')) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER segment_no_update BEFORE UPDATE ON segment BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER segment_no_delete BEFORE DELETE ON segment BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER fact_no_replace BEFORE INSERT ON fact WHEN EXISTS (SELECT 1 FROM fact WHERE id = NEW.id OR request_id = NEW.request_id AND number = NEW.number) BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;
CREATE TRIGGER case_fact_no_replace BEFORE INSERT ON case_fact WHEN EXISTS (SELECT 1 FROM case_fact WHERE id = NEW.id OR case_id = NEW.case_id AND number = NEW.number) BEGIN SELECT RAISE(ABORT, 'facts of cases are append-only'); END;
CREATE TRIGGER case_fact_no_update BEFORE UPDATE ON case_fact BEGIN SELECT RAISE(ABORT, 'facts of cases are append-only'); END;
CREATE TABLE look_up (
  id VARCHAR(32) NOT NULL,
  request_id VARCHAR(32) NOT NULL,
  about VARCHAR(64) NOT NULL,
  "by" VARCHAR(255) NOT NULL,
  role VARCHAR(64) NOT NULL,
  asked_at VARCHAR(32) NOT NULL,
  served_at VARCHAR(32),
  ciphertext BLOB,
  ended_at VARCHAR(32),
  CONSTRAINT pk_look_up PRIMARY KEY (id),
  CONSTRAINT fk_look_up_request_id FOREIGN KEY(request_id) REFERENCES request (id)
);
CREATE INDEX ix_look_up_request_id ON look_up (request_id);
CREATE UNIQUE INDEX uq_look_up_going ON look_up (request_id) WHERE ended_at IS NULL;
CREATE TABLE event_code (
  seq INTEGER NOT NULL,
  owner VARCHAR(32) NOT NULL,
  previous INTEGER NOT NULL,
  told TEXT,
  told_code VARCHAR(64) NOT NULL,
  key_id VARCHAR(32) NOT NULL,
  code VARCHAR(64) NOT NULL,
  CONSTRAINT pk_event_code PRIMARY KEY (seq),
  CONSTRAINT fk_event_code_seq FOREIGN KEY(seq) REFERENCES event (seq)
);
CREATE INDEX ix_event_code_owner_seq ON event_code (owner, seq);
CREATE TRIGGER event_code_no_replace BEFORE INSERT ON event_code WHEN EXISTS (SELECT 1 FROM event_code WHERE seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER event_code_only_erase BEFORE UPDATE ON event_code WHEN NOT (NEW.seq = OLD.seq AND OLD.told IS NOT NULL AND NEW.told IS NULL AND NEW.owner = OLD.owner AND NEW.previous = OLD.previous AND NEW.told_code = OLD.told_code AND NEW.key_id = OLD.key_id AND NEW.code = OLD.code AND EXISTS (SELECT 1 FROM event_payload p WHERE p.seq = OLD.seq AND p.erased_by IS NOT NULL)) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER event_code_no_delete BEFORE DELETE ON event_code WHEN NOT EXISTS (SELECT 1 FROM segment WHERE OLD.seq BETWEEN first_seq AND last_seq) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact WHEN NOT (NEW."id" IS OLD."id" AND NEW."request_id" IS OLD."request_id" AND NEW."number" IS OLD."number" AND NEW."kind" IS OLD."kind" AND NEW."at" IS OLD."at" AND NEW."by" IS OLD."by" AND NEW."day" IS OLD."day" AND NEW."instant" IS OLD."instant" AND NEW."about" IS OLD."about" AND NEW."letter" IS OLD."letter" AND NEW."channel" IS OLD."channel" AND NEW."proof" IS OLD."proof" AND NEW."other" IS OLD."other" AND NEW."text" IS OLD."text" AND NOT EXISTS (SELECT 1 FROM data_key WHERE owner = OLD.request_id)) BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;
CREATE INDEX ix_event_type_seq ON event (type, seq);
CREATE TABLE aside (
  table_name VARCHAR(64) NOT NULL,
  row_id VARCHAR(64) NOT NULL,
  seq INTEGER NOT NULL,
  CONSTRAINT pk_aside PRIMARY KEY (table_name, row_id, seq),
  CONSTRAINT fk_aside_seq FOREIGN KEY(seq) REFERENCES event (seq)
);
CREATE TRIGGER event_in_order BEFORE INSERT ON event WHEN NEW.seq <> 1 + max(coalesce((SELECT max(seq) FROM event), 0), coalesce((SELECT max(last_seq) FROM segment), 0)) OR typeof(NEW.at) <> 'text' OR typeof(NEW.type) <> 'text' OR typeof(NEW.actor) <> 'text' OR typeof(NEW.payload_sha256) <> 'text' OR typeof(NEW.prev) <> 'text' OR typeof(NEW.request) NOT IN ('text', 'null') BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER event_payload_of_event BEFORE INSERT ON event_payload WHEN NOT EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER event_code_of_event BEFORE INSERT ON event_code WHEN NOT EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact WHEN NOT EXISTS (SELECT 1 FROM aside WHERE table_name = 'fact' AND row_id = CAST(OLD.id AS TEXT)) BEGIN SELECT RAISE(ABORT, 'facts of a request are append-only'); END;
CREATE TRIGGER case_fact_no_delete BEFORE DELETE ON case_fact WHEN NOT EXISTS (SELECT 1 FROM aside WHERE table_name = 'case_fact' AND row_id = CAST(OLD.id AS TEXT)) BEGIN SELECT RAISE(ABORT, 'facts of a case are append-only'); END;
