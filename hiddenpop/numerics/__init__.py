"""Numbers only: arrays in, small frozen records out. Knows nothing of tables, files or estimates."""
