"""Workflows, flows, sequences, and enrolments in legacy nurture campaigns."""
