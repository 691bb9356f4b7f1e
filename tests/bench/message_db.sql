-- An event store inside PostgreSQL after message-db's documented behaviour: one table with a global position, streams
-- "category-id", a gapless version per stream, an expected version, and an advisory lock per category around a write.

CREATE TABLE messages (
    global_position bigserial PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    stream_name text NOT NULL,
    position bigint NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL,
    time timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc')
);
CREATE UNIQUE INDEX messages_stream ON messages (stream_name, position);
CREATE INDEX messages_category ON messages (split_part(stream_name, '-', 1), global_position);

CREATE FUNCTION write_message(_id varchar, _stream varchar, _type varchar, _data jsonb, _expected bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _version bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(split_part(_stream, '-', 1), 0));
    SELECT max(position) INTO _version FROM messages WHERE stream_name = _stream;
    _version := coalesce(_version, -1);
    IF _expected IS NOT NULL AND _expected <> _version THEN
        RAISE EXCEPTION 'Wrong expected version: % (Stream: %, Stream Version: %)', _expected, _stream, _version;
    END IF;
    INSERT INTO messages (id, stream_name, position, type, data)
    VALUES (_id::uuid, _stream, _version + 1, _type, _data);
    RETURN _version + 1;
END;
$$;
