"""What outlives a process: task state, sync progress, locks."""
