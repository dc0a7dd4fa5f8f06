"""Which model files a workflow names, and by what each can be recognised.

A workflow is a graph of ComfyUI's front end, a prompt of its server, a text of A1111's, or a picture that carries any
of these. It comes from strangers: nothing of it is run, and every size is bounded.
"""

from __future__ import annotations

from ...errors import UsageError
from . import bounds, graphs, images, parameters
from .merge import Mentions
from .named import NamedModel

__all__ = ["NamedModel", "read_workflow"]

_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


def read_workflow(data: bytes, name: str = "") -> list[NamedModel]:
    """The models that the workflow in ``data`` names, each once, in their order; none where it names none.

    All that a picture carries is read and put together, and what is broken doesn't hide the rest. ``name`` is the
    file's, for sentences. Blocking. Raises UsageError for what holds no workflow, or too large a one.
    """
    name = " ".join(name.split())[:200] or "This file"
    mentions = Mentions()
    is_image = images.is_image(data)
    texts = [text for _, text in images.texts_of(data)] if is_image else [_text(data, name)]
    found = [_read(text, mentions) for text in texts]
    if not any(found):
        raise UsageError(_refusal(name, texts, is_image=is_image))
    return mentions.models()


def _read(text: str, mentions: Mentions) -> bool:
    document = bounds.loads(text)
    if document is not None:
        return graphs.read_document(document, mentions)
    return parameters.read_parameters(text, mentions)


def _text(data: bytes, name: str) -> str:
    if len(data) > bounds.MAX_TEXT:
        raise bounds.too_large(name)
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no workflow: take its JSON, or a PNG, WebP or JPEG that has it inside.") from error


def _refusal(name: str, texts: list[str], *, is_image: bool) -> str:
    if any(text.lstrip().startswith(("{", "[")) and bounds.loads(text) is None for text in texts):
        return f"{name} has a workflow whose JSON is broken: save it again."
    if is_image:
        return f"{name} has no workflow inside: it may have been removed when the picture was shared."
    return f"{name} is no workflow: take its JSON, or a PNG, WebP or JPEG that has it inside."
