"""Pictures between ComfyUI and the application: its folders, its tensors, and what its nodes do with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import folder_paths
from comfy.utils import ProgressBar
from comfy_execution.graph_utils import ExecutionBlocker

from ..errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..app import App
    from ..variations.requests import Variation
    from .comfyui import Host
    from .picture_work import News, Tell

T = TypeVar("T")
Inputs = Mapping[str, Sequence[Any] | None]
Batches = Sequence[Any] | None
Tensor = Any  # torch's: [B, H, W, C], 0 to 1

AS_LIST = "list"


def picture_folders() -> dict[str, Path]:
    return {
        "input": Path(folder_paths.get_input_directory()),
        "output": Path(folder_paths.get_output_directory()),
        "temp": Path(folder_paths.get_temp_directory()),
    }


class Frames:
    """The pictures that reach a node's input, in a list of batches. None is turned into a picture before it is asked
    for, and none is copied that can be handed on as it is."""

    def __init__(self, batches: Batches) -> None:
        self._batches = [_checked(batch) for batch in batches or () if batch is not None]
        self._places = [(batch, place) for batch in self._batches for place in range(len(batch))]

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Image]:
        from .picture_work import picture

        return (picture(_values(self._at(place))) for place in range(len(self)))

    def chosen(self, places: Sequence[int], sizes: str) -> list[Any]:
        """These pictures as an output that is a list; see :func:`_output`."""
        if sizes != AS_LIST and places and len(self._batches) == 1 and _is_run(places):
            return [self._batches[0][places[0] : places[-1] + 1]]
        channels = max((self._at(place).shape[-1] for place in places), default=0)
        return _output(len(places), lambda number: self._at(places[number]), channels, sizes)

    def _at(self, place: int) -> Tensor:
        batch, number = self._places[place]
        return batch[number : number + 1]


class PictureNode:
    """One run of a node for pictures, which says on ``node_id`` how far it is. ``inputs`` are those of a node that
    takes lists."""

    def __init__(self, host: Host, node_id: str | None) -> None:
        self._host = host
        self._node_id = node_id

    async def variations(self, images: Batches, inputs: Inputs) -> tuple[list[Any], list[Any], str, str]:
        """Accepted and rejected pictures, their scores and the report."""

        async def work(app: App, tell: Tell) -> tuple[tuple[list[Any], list[Any], str, str], str]:
            from .picture_work import as_json, single, variation_scores, variations_said, vary

            wanted = single(inputs)
            sizes = wanted.pop("sizes", "")
            result = await vary(app, Frames(images), wanted, tell)
            accepted = await asyncio.to_thread(_made, result.accepted, sizes)
            rejected = await asyncio.to_thread(_made, result.rejected, sizes)
            report = as_json(result.report.model_dump(mode="json"))
            return (accepted, rejected, variation_scores(result), report), variations_said(result.report)

        return await self._run(work)

    async def judged(self, images: Batches, reference: Batches, inputs: Inputs) -> tuple[list[Any], list[Any], str]:
        """Accepted and rejected pictures, and their scores."""

        async def work(app: App, tell: Tell) -> tuple[tuple[list[Any], list[Any], str], str]:
            from .picture_work import judge, judgement_scores, single

            wanted = single(inputs)
            sizes = wanted.pop("sizes", "")
            frames = Frames(images)
            judged = await judge(app, frames, Frames(reference), wanted, tell)
            good, bad = await _split(frames, [each.accepted for each in judged], sizes)
            accepted = sum(each.accepted for each in judged)
            return (good, bad, judgement_scores(judged)), f"{accepted} of {len(frames)} accepted"

        return await self._run(work)

    async def compared(self, images: Batches, inputs: Inputs) -> tuple[list[Any], list[Any], str]:
        """Pictures that are new, those that are duplicates, and which belong together."""

        async def work(app: App, tell: Tell) -> tuple[tuple[list[Any], list[Any], str], str]:
            from .picture_work import compare, sameness_text, single

            wanted = single(inputs)
            sizes = wanted.pop("sizes", "")
            frames = Frames(images)
            found = await compare(app, frames, wanted, tell)
            unique, duplicates = await _split(frames, [each.is_new for each in found], sizes)
            new = sum(each.is_new for each in found)
            return (unique, duplicates, sameness_text(found)), f"{new} of {len(frames)} unique"

        return await self._run(work)

    async def _run(self, work: Callable[[App, Tell], Coroutine[Any, Any, tuple[T, str]]]) -> T:
        """What ``work`` gives; it says how far it is, and at the end its second part."""
        bar = ProgressBar(1.0)

        def show(news: News) -> None:
            bar.update_absolute(news.share)
            self._host.say(news.line, self._node_id)

        with self._host.saying(self._node_id):
            found, said = await self._host.run(work, show)
        bar.update_absolute(1.0)
        self._host.say(said, self._node_id)
        return found


async def _split(frames: Frames, good: Sequence[bool], sizes: str) -> tuple[list[Any], list[Any]]:
    first = [place for place, each in enumerate(good) if each]
    second = [place for place, each in enumerate(good) if not each]
    return (
        await asyncio.to_thread(frames.chosen, first, sizes),
        await asyncio.to_thread(frames.chosen, second, sizes),
    )


def _made(variations: Sequence[Variation], sizes: str) -> list[Any]:
    """Blocking."""
    from .picture_work import has_alpha, values_of

    channels = 4 if any(has_alpha(each.picture.content) for each in variations) else 3
    return _output(
        len(variations),
        lambda number: _torch().from_numpy(values_of(variations[number].image()))[None],
        channels,
        sizes,
    )


def _output(count: int, at: Callable[[int], Tensor], channels: int, sizes: str) -> list[Any]:
    """``count`` pictures, which ``at`` gives one by one, as an output that is a list: each for itself, or all in one
    batch of the first one's size and that many channels, in which what was opaque stays opaque.

    Where there is none, what is connected doesn't run: an empty list would be an error there.
    """
    if not count:
        return [ExecutionBlocker(None)]
    if sizes == AS_LIST:
        return [at(number) for number in range(count)]
    first = at(0)
    height, width = first.shape[1:3]
    # Filled one by one: the pictures and their batch need not be in memory at once.
    batch = _torch().empty((count, height, width, channels), dtype=first.dtype, device=first.device)
    batch[0] = _fitted(first, width, height, channels)[0]
    for number in range(1, count):
        batch[number] = _fitted(at(number), width, height, channels)[0]
    return [batch]


def _fitted(tensor: Tensor, width: int, height: int, channels: int) -> Tensor:
    from .picture_work import resized

    torch = _torch()
    if tensor.shape[-1] == 1 and channels > 1:
        tensor = tensor.expand(-1, -1, -1, 3)
    if tensor.shape[-1] < channels:
        tensor = torch.cat([tensor, torch.ones_like(tensor[..., :1])], -1)
    if tuple(tensor.shape[1:3]) != (height, width):
        tensor = torch.from_numpy(resized(_values(tensor), width, height))[None]
    return tensor


def _checked(batch: Tensor) -> Tensor:
    """A single picture counts as a batch of one."""
    batch = batch[None] if batch.ndim == 3 else batch
    if batch.ndim != 4 or batch.shape[-1] not in (1, 3, 4) or not batch.shape[1] or not batch.shape[2]:
        raise UsageError(f"That is no batch of images: its shape is {tuple(batch.shape)}.")
    return batch


def _values(tensor: Tensor) -> Any:
    """The one picture of ``tensor`` as an array."""
    return tensor[0].detach().cpu().float().numpy()


def _is_run(places: Sequence[int]) -> bool:
    return places[-1] - places[0] + 1 == len(places)


def _torch() -> Any:
    """ComfyUI brings it, and it has no types where the pack is checked."""
    return import_module("torch")
