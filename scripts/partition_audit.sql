-- PostgreSQL: parts of the audit trail by month, from the next one on; what is there becomes the first part, uncopied.
-- psql -1 -v ON_ERROR_STOP=1 -f scripts/partition_audit.sql "$DATABASE_URL"    (again each year: adds the months to come)

-- Ids begin with the milliseconds since 1970, so a month is a range of ids, and the primary key stays the id alone.
CREATE OR REPLACE FUNCTION audit_logs_bound(month date) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT rpad(lpad(to_hex((extract(epoch FROM month::timestamp AT TIME ZONE 'UTC') * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

DO $$
DECLARE
  month date := date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month';
  part text;
  found record;
BEGIN
  LOCK TABLE audit_logs;
  IF (SELECT relkind FROM pg_class WHERE oid = 'audit_logs'::regclass) <> 'p' THEN
    ALTER TABLE audit_logs RENAME TO audit_logs_first;
    CREATE TABLE audit_logs (LIKE audit_logs_first INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (id);
    EXECUTE format('ALTER TABLE audit_logs ATTACH PARTITION audit_logs_first FOR VALUES FROM (MINVALUE) TO (%L)', audit_logs_bound(month));
    -- The whole takes over the names; the indexes of the first part are attached to its own, not built anew.
    FOR found IN SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conrelid = 'audit_logs_first'::regclass AND contype IN ('p', 'f') LOOP
      EXECUTE format('ALTER TABLE audit_logs_first RENAME CONSTRAINT %I TO %I', found.name, left(found.name, 57) || '_first');
      EXECUTE format('ALTER TABLE audit_logs ADD CONSTRAINT %I %s', found.name, found.definition);
    END LOOP;
    FOR found IN SELECT indexrelid::regclass AS name, replace(pg_get_indexdef(indexrelid), 'audit_logs_first', 'audit_logs') AS definition
        FROM pg_index WHERE indrelid = 'audit_logs_first'::regclass AND NOT indisprimary LOOP
      EXECUTE format('ALTER INDEX %s RENAME TO %I', found.name, left(found.name::text, 57) || '_first');
      EXECUTE found.definition;
    END LOOP;
    EXECUTE 'CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_logs '
      'FOR EACH STATEMENT EXECUTE FUNCTION audit_logs_append_only_refuse()';
  END IF;
  FOR n IN 0..12 LOOP
    part := to_char(month, '"audit_logs_"YYYY_MM');
    IF to_regclass(part) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF audit_logs FOR VALUES FROM (%L) TO (%L)', part,
        audit_logs_bound(month), audit_logs_bound((month + interval '1 month')::date));
      -- A statement on the part alone does not pass the whole's trigger.
      EXECUTE format('CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION audit_logs_append_only_refuse()', part);
    END IF;
    month := month + interval '1 month';
  END LOOP;
  -- Where nobody ran this again in time the clinic goes on.
  IF to_regclass('audit_logs_later') IS NULL THEN
    CREATE TABLE audit_logs_later PARTITION OF audit_logs DEFAULT;
    CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_logs_later
      FOR EACH STATEMENT EXECUTE FUNCTION audit_logs_append_only_refuse();
  END IF;
END $$;
