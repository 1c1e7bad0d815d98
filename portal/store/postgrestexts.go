package store

// noWait makes the one transaction of a statement commit without waiting for the disk. WAL is written in order: whatever is
// committed later and durably (a login, an event) takes it along.
const noWait = `set_config('synchronous_commit', 'off', TRUE) IS NOT NULL`

var postgresTexts = texts{
	putChallenge: `INSERT INTO challenges (nonce, session, expires) SELECT $1, $2, $3 WHERE ` + noWait + `
		RETURNING (SELECT count(*) FROM challenges WHERE session = $2)`,
	// SKIP LOCKED here as below: two processes that delete the same rows in another order must not wait for each other. What
	// one skips, another has in hand. FOR UPDATE stands outside, where it cannot shift the OFFSET.
	forgetOldest: `DELETE FROM challenges WHERE number IN (
			SELECT number FROM challenges WHERE number IN (
				SELECT number FROM challenges WHERE session = $1 ORDER BY number DESC OFFSET 16)
			FOR UPDATE SKIP LOCKED) AND ` + noWait,
	purgeChallenges: `DELETE FROM challenges WHERE number IN (SELECT number FROM challenges WHERE expires < $1 FOR UPDATE SKIP LOCKED)`,
	purgeSessions:   `DELETE FROM sessions WHERE key IN (SELECT key FROM sessions WHERE expires < $1 FOR UPDATE SKIP LOCKED)`,
	purgeCounters: `DELETE FROM counters WHERE (bucket, width, start) IN (
		SELECT bucket, width, start FROM counters WHERE start + width <= $1 FOR UPDATE SKIP LOCKED)`,
	// Without noWait all clients behind one address would queue for one row through each other's disk writes.
	count: `INSERT INTO counters (bucket, width, start, tries) SELECT $1, $2, $3, 1 WHERE ` + noWait + `
		ON CONFLICT (bucket, width, start) DO UPDATE SET tries = counters.tries + 1 RETURNING tries`,
	uncount: `UPDATE counters SET tries = tries - 1 WHERE bucket = $1 AND width = $2 AND start = $3 AND tries > 0 AND ` + noWait,
	forget:  `DELETE FROM counters WHERE bucket = $1 AND width = $2 AND start = $3 AND ` + noWait,
	prolong: `UPDATE sessions SET expires = $2 WHERE key = $1 AND ` + noWait,
	begin:   `WITH may AS (SELECT 1),` + postgresBegin,
	// FOR SHARE: an import that dismisses the person, a Bind or an Unbind that takes the card away has either committed before
	// (then nothing begins) or waits for this statement, and ends the session that it sees then.
	beginPerson: `WITH may AS MATERIALIZED (SELECT 1 FROM bindings b JOIN persons p ON p.id = b.person
			WHERE b.family = $21 AND b.serial = $22 AND p.id = $4 AND p.in_office FOR SHARE),` + postgresBegin,
	end: `WITH ended AS (DELETE FROM sessions WHERE key = $1 RETURNING key)
		INSERT INTO events (` + eventColumns + `)
		SELECT $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM ended`,
	lockPerson:   `SELECT in_office FROM persons WHERE id = $1 FOR SHARE`,
	lockPersons:  `LOCK TABLE persons IN SHARE ROW EXCLUSIVE MODE`, // imports one after the other; readers and FOR SHARE go on
	lockAgencies: `LOCK TABLE agencies IN SHARE ROW EXCLUSIVE MODE`,
	lockCards:    `LOCK TABLE bindings IN SHARE ROW EXCLUSIVE MODE`,
	hasVersions:  `SELECT to_regclass('` + versionTable + `') IS NOT NULL`,
}

const postgresBegin = `
		ended AS (DELETE FROM sessions WHERE key = $1 AND EXISTS (SELECT 1 FROM may)),
		begun AS (INSERT INTO sessions (` + sessionColumns + `) SELECT $2, $3, $4, $5, $6, $7, $8, $9 FROM may)
	INSERT INTO events (` + eventColumns + `)
	SELECT $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20 FROM may`
