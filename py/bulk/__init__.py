"""Downloads as jobs: rows that outlive the process, and who runs the next one."""
