"""Texts as codes: one dictionary for all columns of a call."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hyper.jit.columns.formats import Array

_MOST: Final = 2**31 - 1


class Texts:
    """Codes from 0 in the order of first use, after those of the unit. Several threads may ask."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.names: list[str] = list(known)
        """The texts by code."""
        self._codes = {text: code for code, text in enumerate(self.names)}
        self._lock = threading.Lock()

    def code(self, text: str) -> int:
        """The code of one text. Raises ``ValueError`` past 2**31 texts."""
        code = self._codes.get(text)
        if code is not None:
            return code
        with self._lock:
            code = self._codes.get(text)
            if code is None:
                code = len(self.names)
                if code >= _MOST:
                    raise ValueError("more different texts than a call can tell apart")
                self.names.append(text)
                self._codes[text] = code
        return code

    def codes(self, texts: Sequence[str]) -> Array:
        """The codes of texts, as int32."""
        return np.fromiter(map(self.code, texts), np.int32, len(texts))
