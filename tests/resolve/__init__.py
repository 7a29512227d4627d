"""Names, types, markers, actions and the service; the lowering of declarations."""
