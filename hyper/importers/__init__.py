"""Importers turn documents of other worlds into trees of ``.intent`` files."""
