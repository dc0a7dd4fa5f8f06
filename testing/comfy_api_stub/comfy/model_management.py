"""Stands in for ``comfy.model_management``: the Stop button."""

from __future__ import annotations

_interrupted = False


class InterruptProcessingException(BaseException):
    pass


def interrupt_current_processing(value: bool = True) -> None:
    global _interrupted  # noqa: PLW0603 - as ComfyUI's own
    _interrupted = value


def processing_interrupted() -> bool:
    return _interrupted


def throw_exception_if_processing_interrupted() -> None:
    if processing_interrupted():
        interrupt_current_processing(False)
        raise InterruptProcessingException
