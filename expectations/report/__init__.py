"""The steward's report: one static page per business date and an index with history. Opens from disk, shows no personal value."""
