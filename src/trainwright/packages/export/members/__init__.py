"""Each family's fitted model as steps: one file for each kind, and the table in `table`."""
