-- Times are unix milliseconds, hashes raw bytes, booleans 0 or 1.
-- +goose Up
CREATE TABLE settings (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE persons (
	id        BLOB PRIMARY KEY,
	tail      BLOB NOT NULL,
	account   TEXT UNIQUE,
	name      TEXT NOT NULL,
	in_office INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE agencies (
	oid  TEXT PRIMARY KEY,
	code TEXT NOT NULL,
	name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- No foreign key: a binding outlives a person who is missing in one file, to be there when the next one has the person again.
CREATE TABLE bindings (
	family     TEXT NOT NULL,
	serial     TEXT NOT NULL,
	person     BLOB NOT NULL UNIQUE,
	thumbprint TEXT NOT NULL,
	bound      INTEGER NOT NULL,
	PRIMARY KEY (family, serial)
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
	key      BLOB PRIMARY KEY,
	state    TEXT NOT NULL,
	person   BLOB,
	agency   TEXT NOT NULL,
	replaced INTEGER NOT NULL,
	card     TEXT NOT NULL,
	since    INTEGER NOT NULL,
	expires  INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_person ON sessions (person) WHERE person IS NOT NULL;
CREATE INDEX sessions_expires ON sessions (expires);
CREATE TABLE challenges (
	number  INTEGER PRIMARY KEY,
	nonce   BLOB NOT NULL UNIQUE,
	session BLOB NOT NULL,
	expires INTEGER NOT NULL,
	taken   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX challenges_session ON challenges (session, number);
CREATE INDEX challenges_expires ON challenges (expires);
CREATE TABLE counters (
	bucket TEXT NOT NULL,
	width  INTEGER NOT NULL,
	start  INTEGER NOT NULL,
	tries  INTEGER NOT NULL,
	PRIMARY KEY (bucket, width, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
	number     INTEGER PRIMARY KEY,
	at         INTEGER NOT NULL,
	action     TEXT NOT NULL,
	outcome    TEXT NOT NULL,
	card_kind  TEXT NOT NULL,
	card       TEXT NOT NULL,
	thumbprint TEXT NOT NULL,
	person     TEXT NOT NULL,
	agency     TEXT NOT NULL,
	address    TEXT NOT NULL,
	request    TEXT NOT NULL,
	detail     TEXT NOT NULL
) STRICT;
CREATE INDEX events_at ON events (at, number);
