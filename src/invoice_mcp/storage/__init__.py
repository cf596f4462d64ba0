"""SQLite files: the engine, their schemas and migrations, and the queries, as SQL text with parameters."""
