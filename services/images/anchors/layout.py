"""The tables: what SQLite keeps of the index."""

VERSION = 1
PAGE = 8192  # bytes; a quarter of it holds a vector of up to 500 numbers, so that none is chained over several
LAYOUT = """
CREATE TABLE IF NOT EXISTS anchors (
    key INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: what was found by a key is that picture or gone
    id TEXT NOT NULL UNIQUE,  -- the first 16 hex digits of the sha256
    sha256 TEXT NOT NULL,
    file TEXT NOT NULL,
    name TEXT NOT NULL,
    media TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    pixels TEXT NOT NULL,
    added_at TEXT NOT NULL,
    source TEXT NOT NULL,  -- default, added
    model TEXT NOT NULL,  -- which its vectors are of
    folded TEXT NOT NULL  -- name and file as they are looked for
);
CREATE INDEX IF NOT EXISTS anchors_pixels ON anchors (pixels);
CREATE TABLE IF NOT EXISTS vectors (
    key INTEGER NOT NULL,
    space TEXT NOT NULL,
    vector BLOB NOT NULL,  -- float32, little-endian
    PRIMARY KEY (key, space)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removed (id TEXT PRIMARY KEY) WITHOUT ROWID;  -- of those that came with a model
CREATE TABLE IF NOT EXISTS defaults (model TEXT NOT NULL);  -- which the pictures in `anchors` came with
CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key INTEGER NOT NULL,
    what TEXT NOT NULL,  -- vectors, name, gone
    mark BLOB NOT NULL DEFAULT (randomblob(8))  -- tells it from the same seq after an older copy was put back
)
"""
