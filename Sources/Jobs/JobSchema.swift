internal import GRDB

/// The tables, and how older ones become today's. A migration that was released is never changed.
enum JobSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: first)
        }
        migrator.registerMigration("2") { db in
            try db.execute(sql: owners)
        }
        migrator.registerMigration("3") { db in
            try db.execute(sql: deliveries)
        }
        return migrator
    }

    /// Whole names of statuses are in the indices' conditions, so that lists of what is to be done stay short however
    /// many jobs are kept.
    private static let first = """
        CREATE TABLE job (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            revision INTEGER NOT NULL DEFAULT 1,
            status TEXT NOT NULL DEFAULT 'queued'
                CHECK (status IN ('queued', 'running', 'success', 'partial', 'failed', 'cancelled')),
            file_name TEXT,
            kind TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            sha256 TEXT,
            options TEXT NOT NULL,
            password TEXT,
            idempotency_key TEXT UNIQUE,
            created_at REAL NOT NULL,
            started_at REAL,
            finished_at REAL,
            page_count INTEGER,
            pages_selected INTEGER,
            pages_done INTEGER NOT NULL DEFAULT 0,
            pages_degraded INTEGER NOT NULL DEFAULT 0,
            pages_failed INTEGER NOT NULL DEFAULT 0,
            starts INTEGER NOT NULL DEFAULT 0,
            detail TEXT,
            failure_code TEXT,
            failure_status INTEGER,
            model TEXT,
            markdown_path TEXT,
            json_path TEXT
        ) STRICT;
        CREATE INDEX job_unfinished ON job (status) WHERE status IN ('queued', 'running');
        CREATE INDEX job_finished ON job (finished_at) WHERE finished_at IS NOT NULL;

        CREATE TABLE page (
            job INTEGER NOT NULL REFERENCES job (position) ON DELETE CASCADE,
            number INTEGER NOT NULL CHECK (number >= 1),
            sequence INTEGER NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (job, number),
            UNIQUE (job, sequence)
        ) STRICT;

        CREATE TABLE crash (
            job INTEGER NOT NULL REFERENCES job (position) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (job, number)
        ) STRICT, WITHOUT ROWID;
        """

    /// Jobs belong to somebody, and idempotency keys to each of them. A column's own UNIQUE cannot be taken away from it, so
    /// the old column stays, empty. No owner is an empty text, so that `''` stands for none.
    private static let owners = """
        ALTER TABLE job ADD COLUMN owner TEXT CHECK (owner <> '');
        ALTER TABLE job ADD COLUMN request_key TEXT;
        UPDATE job SET request_key = idempotency_key, idempotency_key = NULL WHERE idempotency_key IS NOT NULL;
        CREATE UNIQUE INDEX job_request ON job (COALESCE(owner, ''), request_key) WHERE request_key IS NOT NULL;
        CREATE INDEX job_owner ON job (owner, position) WHERE owner IS NOT NULL;

        CREATE TABLE page_count (
            owner TEXT NOT NULL,
            day INTEGER NOT NULL,
            pages INTEGER NOT NULL,
            PRIMARY KEY (owner, day)
        ) STRICT, WITHOUT ROWID;
        """

    /// What is to be brought to others when a job has ended. The index of those that wait stays short however many jobs are
    /// kept; that of the jobs serves their removal too.
    private static let deliveries = """
        CREATE TABLE delivery (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            job INTEGER NOT NULL REFERENCES job (position) ON DELETE CASCADE,
            kind TEXT NOT NULL CHECK (kind IN ('objects', 'webhook')),
            target TEXT NOT NULL,
            name TEXT,
            status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'done', 'failed')),
            attempts INTEGER NOT NULL DEFAULT 0,
            created_at REAL NOT NULL,
            next_attempt_at REAL,
            detail TEXT
        ) STRICT;
        CREATE INDEX delivery_job ON delivery (job);
        CREATE INDEX delivery_waiting ON delivery (job) WHERE status = 'waiting';
        """
}
