-- Times are unix milliseconds, hashes raw bytes. COLLATE "C": texts are compared, never sorted for people.
-- +goose Up
CREATE TABLE settings (
	name  TEXT COLLATE "C" PRIMARY KEY,
	value BYTEA NOT NULL
);
CREATE TABLE persons (
	id        BYTEA PRIMARY KEY,
	tail      BYTEA NOT NULL,
	account   TEXT COLLATE "C" UNIQUE,
	name      TEXT COLLATE "C" NOT NULL,
	in_office BOOLEAN NOT NULL
);
CREATE TABLE agencies (
	oid  TEXT COLLATE "C" PRIMARY KEY,
	code TEXT COLLATE "C" NOT NULL,
	name TEXT COLLATE "C" NOT NULL
);
-- No foreign key: a binding outlives a person who is missing in one file, to be there when the next one has the person again.
CREATE TABLE bindings (
	family     TEXT COLLATE "C" NOT NULL,
	serial     TEXT COLLATE "C" NOT NULL,
	person     BYTEA NOT NULL UNIQUE,
	thumbprint TEXT COLLATE "C" NOT NULL,
	bound      BIGINT NOT NULL,
	PRIMARY KEY (family, serial)
);
-- Room in the pages and no index on a changing column: an update stays in its page (HOT).
CREATE TABLE sessions (
	key      BYTEA PRIMARY KEY,
	state    TEXT COLLATE "C" NOT NULL,
	person   BYTEA,
	agency   TEXT COLLATE "C" NOT NULL,
	replaced BOOLEAN NOT NULL,
	card     TEXT COLLATE "C" NOT NULL,
	since    BIGINT NOT NULL,
	expires  BIGINT NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX sessions_person ON sessions (person) WHERE person IS NOT NULL;
CREATE TABLE challenges (
	number  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	nonce   BYTEA NOT NULL UNIQUE,
	session BYTEA NOT NULL,
	expires BIGINT NOT NULL,
	taken   BOOLEAN NOT NULL DEFAULT FALSE
) WITH (fillfactor = 70);
CREATE INDEX challenges_session ON challenges (session, number);
CREATE INDEX challenges_expires ON challenges (expires);
CREATE TABLE counters (
	bucket TEXT COLLATE "C" NOT NULL,
	width  BIGINT NOT NULL,
	start  BIGINT NOT NULL,
	tries  BIGINT NOT NULL,
	PRIMARY KEY (bucket, width, start)
) WITH (fillfactor = 70);
CREATE TABLE events (
	number     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at         BIGINT NOT NULL,
	action     TEXT COLLATE "C" NOT NULL,
	outcome    TEXT COLLATE "C" NOT NULL,
	card_kind  TEXT COLLATE "C" NOT NULL,
	card       TEXT COLLATE "C" NOT NULL,
	thumbprint TEXT COLLATE "C" NOT NULL,
	person     TEXT COLLATE "C" NOT NULL,
	agency     TEXT COLLATE "C" NOT NULL,
	address    TEXT COLLATE "C" NOT NULL,
	request    TEXT COLLATE "C" NOT NULL,
	detail     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX events_at ON events (at, number);
