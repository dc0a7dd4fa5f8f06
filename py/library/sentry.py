"""The system's notices of changes: one thread that hears them, below all folders that it was given."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

# A step is how often the thread looks for notices; a batch of them is complete when one brings nothing new.
_STEP_MS = 50
_DEBOUNCE_MS = 200

Changes = list[tuple[int, str]]  # watchfiles' numbers, and paths


class Sentry:
    """Hears of changes below ``paths`` from when ``opened`` is done until ``close``, and gives them to ``heard``, which
    is called in the thread. ``opened`` raises what the system said: OSError, RuntimeError, ValueError or ImportError.
    ``ended`` is called in the loop when the system gives no more notices, with the reason.

    The thread ends by itself with the process, and with no wait: it is no daemon, as those die amid what they do.
    """

    def __init__(
        self, paths: Sequence[str], heard: Callable[[Changes], None], ended: Callable[[Exception], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._paths = paths
        self._heard = heard
        self._ended = ended
        self._changes: Changes = []
        self._stopping = False
        self._announced = False
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self._done = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="lorakeeper-watch")
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread within a step."""
        self._stopping = True

    async def close(self) -> None:
        """Ends the thread, and waits until it has ended."""
        self.stop()
        try:
            await self._done.wait()
        except asyncio.CancelledError:
            self._thread.join()  # a step or two, and the canceller finds no thread left
            raise
        self._thread.join()  # which has said its last word

    def is_set(self) -> bool:
        """Asked by watchfiles at each step, first when it watches: whether to end. In the thread."""
        if not self._announced:
            self._announced = True
            self._post(self._open)
        if self._changes:
            changes, self._changes = self._changes, []
            self._heard(changes)
        return self._stopping or not threading.main_thread().is_alive()

    def _run(self) -> None:
        error: Exception = RuntimeError("the watching ended")
        try:
            from watchfiles import watch

            for _ in watch(
                *self._paths,
                watch_filter=self._take,
                debounce=_DEBOUNCE_MS,
                step=_STEP_MS,
                stop_event=self,
                rust_timeout=0,  # with a timeout, what comes at its very end would be lost
                raise_interrupt=False,
                debug=False,
                force_polling=False,
                recursive=True,
                ignore_permission_denied=False,  # it would leave out all that comes after
            ):
                pass
        except (OSError, RuntimeError, ValueError, ImportError) as reason:
            error = reason
        finally:
            self._post(self._close, error)

    def _take(self, change: int, path: str) -> bool:
        """Keeps a change for the next step; False, or watchfiles would log each one."""
        self._changes.append((int(change), path))
        return False

    def _post(self, call: Callable[..., None], *args: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: there is nobody left to tell
            self._loop.call_soon_threadsafe(call, *args)

    def _open(self) -> None:
        if not self.opened.done():
            self.opened.set_result(None)

    def _close(self, error: Exception) -> None:
        self._done.set()
        if not self.opened.done():
            self.opened.set_exception(error)
        elif not self._stopping:
            self._ended(error)
