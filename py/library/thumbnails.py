"""Small WebPs made of pictures and of videos, whatever they claim to be. All of it blocks."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

LARGE, SMALL = (450, 600), (96, 128)
MAX_PIXELS = 50_000_000

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def of_picture(content: bytes, size: tuple[int, int] = LARGE) -> bytes:
    """Of a picture of any common format, within ``size``. ValueError or OSError where it is none."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
        _check(picture.width, picture.height)
        picture.draft("RGB", size)
        return _written(ImageOps.exif_transpose(picture).convert("RGB"), size)


def of_video(path: Path) -> bytes:
    """Of the first frame of an MP4. ValueError or OSError where it is none."""
    import cv2
    from PIL import Image

    with path.open("rb") as file:
        # Whatever else a decoder would recognise, such as a playlist that leads to other files, is not given to it.
        if not is_mp4(file.read(12)):
            raise ValueError("the file is no MP4 video")
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        _check(video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT))
        there, frame = video.read()
    except cv2.error as error:
        raise ValueError("the video can't be read") from error
    finally:
        video.release()
    if not there:
        raise ValueError("the video can't be read")
    return _written(Image.fromarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)), LARGE)


def is_mp4(beginning: bytes) -> bool:
    return beginning[4:8] == b"ftyp"


def _check(width: float, height: float) -> None:
    if width * height > MAX_PIXELS:
        raise ValueError("the picture has too many pixels")


def _written(picture: Image, size: tuple[int, int]) -> bytes:
    picture.thumbnail(size)
    out = io.BytesIO()
    # Without the original's metadata, which can hold a whole workflow.
    picture.save(out, "WEBP", quality=80)
    return out.getvalue()
