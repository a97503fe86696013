"""Lists: static, active and frozen ones, their members and folders."""
