package store

// What PostgreSQL does in one statement is several here: there is no round trip to save, and SQLite's WITH cannot write.
var sqliteTexts = texts{
	putChallenge: `INSERT INTO challenges (nonce, session, expires) VALUES ($1, $2, $3)
		RETURNING (SELECT count(*) FROM challenges WHERE session = $2)`,
	forgetOldest: `DELETE FROM challenges WHERE number IN (
		SELECT number FROM challenges WHERE session = $1 ORDER BY number DESC LIMIT -1 OFFSET 16)`,
	purgeChallenges: `DELETE FROM challenges WHERE expires < $1`,
	purgeSessions:   `DELETE FROM sessions WHERE expires < $1`,
	purgeCounters:   `DELETE FROM counters WHERE start + width <= $1`,
	count: `INSERT INTO counters (bucket, width, start, tries) VALUES ($1, $2, $3, 1)
		ON CONFLICT (bucket, width, start) DO UPDATE SET tries = tries + 1 RETURNING tries`,
	uncount:     `UPDATE counters SET tries = tries - 1 WHERE bucket = $1 AND width = $2 AND start = $3 AND tries > 0`,
	forget:      `DELETE FROM counters WHERE bucket = $1 AND width = $2 AND start = $3`,
	prolong:     `UPDATE sessions SET expires = $2 WHERE key = $1`,
	lockPerson:  `SELECT in_office FROM persons WHERE id = $1`,
	hasVersions: `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '` + versionTable + `')`,
}
