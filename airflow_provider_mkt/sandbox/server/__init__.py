"""What the emulated platforms share: server, request pipeline, limits, faults, clock, control API, page."""
