"""Tests of the shared cache against a server of their own."""
