"""What every room stands on: sources, diagnostics, digests, events, files and output."""
