"""Results that depend on documents alone, remembered for as long as the documents are.

A gate judges the same few SBOMs and match reports over and over, and whoever reads them keeps them
in memory. What is worked out of one is kept beside it: keyed by the very objects it was worked out
of, which are held on to, so that another object never stands in their place.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Remembered"]

_T = TypeVar("_T")


class Remembered(Generic[_T]):
    """The results made last, by the identity of what they were made of.

    Args:
        most: how many are kept.

    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, ...], tuple[tuple[object, ...], _T]] = OrderedDict()

    def of(self, things: tuple[object, ...], make: Callable[[], _T]) -> _T:
        """Return what was made of these very things, or make it.

        Args:
            things: everything the result depends on; frozen.
            make: works it out.

        """
        key = tuple(map(id, things))
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found[1]
        made = make()
        with self._lock:
            # Holding on to the things keeps their identities from being given to others.
            self._kept[key] = things, made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
