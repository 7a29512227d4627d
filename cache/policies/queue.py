"""A queue of keys with sizes: what the policies are made of."""

from __future__ import annotations

from collections import OrderedDict


class Queue:
    """Keys with sizes, oldest first, and the sum of the sizes. Each operation takes constant time.

    ``entries`` is an ``OrderedDict`` since a plain dictionary finds its first key slowly after many deletions in front.
    """

    __slots__ = ("entries", "used")

    def __init__(self) -> None:
        self.entries: OrderedDict[bytes, int] = OrderedDict()
        self.used = 0

    def push(self, key: bytes, size: int) -> None:
        """Put a key that is not in the queue at its young end."""
        self.entries[key] = size
        self.used += size

    def pop(self) -> tuple[bytes, int]:
        """Take the oldest key out, with its size.

        Raises:
            KeyError: The queue is empty.

        """
        key, size = self.entries.popitem(last=False)
        self.used -= size
        return key, size

    def take(self, key: bytes) -> int | None:
        """Take a key out and give its size, or None if it is not in the queue."""
        size = self.entries.pop(key, None)
        if size is not None:
            self.used -= size
        return size
