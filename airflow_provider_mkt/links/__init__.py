"""Buttons on the page of a task, which lead to what the task worked on."""
