"""From an unknown file to a contract: drafts from samples, and a check of a contract against what came. Starts no JVM."""
