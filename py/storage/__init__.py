"""SQLite, and all that is special about it."""
