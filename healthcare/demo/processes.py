"""Work that several processes do ahead of the one that writes."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

from django.db import connections

T = TypeVar("T")
R = TypeVar("R")

#: What the processes do: they are copies of the one that set it, and so need not be told what it knows.
_work: Callable[[Any], Any] = repr


def _do(task: Any) -> Any:
    return _work(task)


def in_order(work: Callable[[T], R], tasks: Iterable[T], processes: int) -> Iterator[tuple[T, R]]:
    """Each task and what came of it; not many are done before they are taken, so that memory does not grow."""
    if processes < 2:
        for task in tasks:
            yield task, work(task)
        return
    global _work
    _work = work
    connections.close_all()  # a copied process must not talk through its parent's connection
    gc.freeze()  # nor copy all of its memory just to look what may be thrown away
    ahead: deque[tuple[T, Future[R]]] = deque()
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        pool.submit(int).result()  # they are copied now, before the first task asks the database something
        for task in tasks:
            ahead.append((task, pool.submit(_do, task)))
            if len(ahead) > 2 * processes:
                first, done = ahead.popleft()
                yield first, done.result()
        for first, done in ahead:
            yield first, done.result()
