"""Texts as codes: one dictionary for all columns of a call."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from hyper.jit.columns.formats import Array

_MOST: Final = 2**31 - 1
_UNKNOWN, _FINE, _BAD = 0, 1, 2


class Verdicts:
    """What one check says of texts by code."""

    def __init__(self) -> None:
        self._known = np.zeros(0, np.uint8)
        self._messages: dict[int, str] = {}

    def of(
        self, check: Callable[[str], str | None], codes: Array, names: Sequence[str]
    ) -> Iterator[tuple[str, Array]]:
        """See ``Texts.wrong``."""
        size = int(codes.max(initial=-1)) + 1
        known = self._known
        if size > len(known):
            # Beside another thread that does the same some are checked twice; what it leaves behind may be shorter than this.
            grown = np.zeros(max(size, len(names)), np.uint8)
            grown[: len(known)] = known
            self._known = known = grown
        used = np.zeros(size, np.bool_)
        used[codes] = True
        for code in np.flatnonzero(used & (known[:size] == _UNKNOWN)).tolist():
            message = check(names[code]) if code < len(names) else None
            if message is not None:
                self._messages[code] = message
            known[code] = _FINE if message is None else _BAD
        bad = np.flatnonzero(known[codes] == _BAD)
        if not len(bad):
            return
        which = codes[bad]
        found: dict[str, list[int]] = {}
        for code in np.unique(which).tolist():
            found.setdefault(self._messages[code], []).append(code)
        for message, wrong in found.items():
            yield message, bad if len(found) == 1 else bad[np.isin(which, wrong)]


class Texts:
    """Codes from 0 in the order of first use, after those of the unit. Several threads may ask."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.names: list[str] = list(known)
        """The texts by code."""
        self._codes = {text: code for code, text in enumerate(self.names)}
        self._lock = threading.Lock()
        self._verdicts: dict[Callable[[str], str | None], Verdicts] = {}

    def wrong(
        self, check: Callable[[str], str | None], codes: Array
    ) -> Iterator[tuple[str, Array]]:
        """What a check says of texts, with the places of their codes. Each text is checked once; codes of none are fine."""
        verdicts = self._verdicts.setdefault(check, Verdicts())
        return verdicts.of(check, codes, self.names)

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
        found = list(map(self._codes.get, texts))
        if None in found:
            found = [
                self.code(text) if code is None else code
                for text, code in zip(texts, found, strict=True)
            ]
        return np.array(found, np.int32)
