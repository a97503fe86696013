"""Mail to one person at a time: sends, their status, and SMTP tokens."""
