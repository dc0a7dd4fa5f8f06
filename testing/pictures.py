"""Made pictures: like photographs, drawings and night scenes, and the ways in which pictures are spoilt or copied.

The same arguments give the same pixels. Sizes are in pixels, width first; amounts that are lengths are shares of the
shorter side, so that a fault looks the same at any size.
"""

from __future__ import annotations

import io
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    Plane = npt.NDArray[np.float64]
    Chance = np.random.Generator


class Maker(Protocol):
    def __call__(self, seed: int = 0, size: tuple[int, int] = (384, 384), /) -> Image: ...


class Fault(Protocol):
    def __call__(self, image: Image, seed: int = 0, /) -> Image: ...


def _picture(values: Any) -> Image:
    import numpy as np
    from PIL import Image

    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _values(image: Image) -> Plane:
    import numpy as np

    return np.asarray(image.convert("RGB"), np.float64)


def _grid(size: tuple[int, int]) -> tuple[Plane, Plane]:
    """Coordinates of the pixels' centres, x and y, 0 to 1."""
    import numpy as np

    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    return (x + 0.5) / width, (y + 0.5) / height


def _clouds(chance: Chance, size: tuple[int, int], slope: float) -> Plane:
    """Noise whose spectrum falls like a photograph's, mean 0 and deviation 1. The shape is drawn at 256², so it is the
    same at any size, only finer."""
    import numpy as np
    from PIL import Image

    width, height = size
    coarse = chance.standard_normal((256, 256))
    fine = chance.standard_normal((height, width))
    across, down = np.fft.rfftfreq(width), np.fft.fftfreq(height)
    radius = np.hypot(across[None], down[:, None]) * max(size)
    radius[0, 0] = 1.0
    wanted = np.asarray(Image.fromarray(coarse.astype(np.float32)).resize(size, Image.Resampling.BICUBIC), np.float64)
    share = 1.0 / (1.0 + (radius / 64) ** 4)
    spectrum = np.fft.rfft2(wanted) * share * max(size) / 256 + np.fft.rfft2(fine) * (1 - share)
    field = np.fft.irfft2(spectrum * radius**-slope, s=(height, width))
    return np.asarray((field - field.mean()) / field.std())


# -- Makers ----------------------------------------------------------------------------------------------------------


def photograph(seed: int = 0, size: tuple[int, int] = (384, 384)) -> Image:
    """A sky over hills and things that stand before them, each with a texture and a hard outline."""
    import numpy as np

    chance = np.random.default_rng(seed)
    x, y = _grid(size)
    sky, ground = chance.uniform(120, 235, 3), chance.uniform(30, 150, 3)
    horizon = chance.uniform(0.3, 0.6) + 0.06 * np.sin(x * chance.uniform(3, 9) + chance.uniform(0, 6))
    tint, bark = _clouds(chance, size, 1.6)[..., None], _clouds(chance, size, 0.9)[..., None]
    values = np.where((y > horizon)[..., None], ground + 26 * bark, sky + 14 * tint - 60 * y[..., None])
    grain = _clouds(chance, size, 1.0)
    for _ in range(int(chance.integers(5, 9))):
        left, top = chance.uniform(0.1, 0.9), chance.uniform(0.25, 0.9)
        wide, high, turn = chance.uniform(0.04, 0.2), chance.uniform(0.06, 0.25), chance.uniform(0, 3.2)
        u, v = (
            (x - left) * np.cos(turn) + (y - top) * np.sin(turn),
            (y - top) * np.cos(turn) - (x - left) * np.sin(turn),
        )
        inside = (u / wide) ** 2 + (v / high) ** 2 < 1 if chance.random() < 0.6 else (abs(u) < wide) & (abs(v) < high)
        light = 1 - 0.45 * np.clip(u / wide, -1, 1)
        moved = np.roll(grain, (int(top * grain.shape[0]), int(left * grain.shape[1])), (0, 1))[..., None]
        colour = chance.uniform(15, 240, 3) + chance.uniform(4, 24) * moved
        values = np.where(inside[..., None], colour * light[..., None], values)
    return _picture(values)


def drawing(seed: int = 0, size: tuple[int, int] = (384, 384)) -> Image:
    """Flat colours within dark outlines on paper, a little shading, no texture."""
    from PIL import Image, ImageDraw

    chance = Random(seed)
    width, height = size
    scale = 2  # drawn larger, so that the lines are smooth
    image = Image.new("RGB", (width * scale, height * scale), tuple(chance.randint(225, 250) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    side = min(image.size)
    line = max(2, side // 110)
    for _ in range(chance.randint(7, 12)):
        colour = tuple(chance.randint(30, 240) for _ in range(3))
        shade = tuple(int(part * 0.75) for part in colour)
        left, top = chance.uniform(0, 0.75) * image.width, chance.uniform(0, 0.75) * image.height
        wide, high = chance.uniform(0.1, 0.4) * side, chance.uniform(0.1, 0.4) * side
        box = (left, top, left + wide, top + high)
        kind = chance.randrange(3)
        if kind == 0:
            pen.ellipse(box, colour, (20, 18, 25), line)
            pen.chord((left + line, top + line, left + wide - line, top + high - line), 20, 130, shade)
        elif kind == 1:
            pen.rounded_rectangle(box, side // 40, colour, (20, 18, 25), line)
        else:
            points = [(left + chance.random() * wide, top + chance.random() * high) for _ in range(5)]
            pen.polygon(points, colour, (20, 18, 25), line)
        for _ in range(3):
            pen.arc(
                (left, top, left + chance.random() * wide + 4, top + chance.random() * high + 4), 0, 200, shade, line
            )
    return image.resize(size, Image.Resampling.LANCZOS)


def night(seed: int = 0, size: tuple[int, int] = (384, 384)) -> Image:
    """A dark scene with windows, lamps and stars: most of it nearly black, what shines is small and sharp."""
    import numpy as np

    chance = np.random.default_rng(seed)
    x, y = _grid(size)
    values = chance.uniform(2, 14, 3) + 18 * y[..., None] + 3 * _clouds(chance, size, 1.4)[..., None]
    grain = _clouds(chance, size, 1.0)[..., None]
    for _ in range(int(chance.integers(4, 8))):
        left, wide, top = chance.uniform(0, 0.9), chance.uniform(0.08, 0.2), chance.uniform(0.3, 0.7)
        house = (x > left) & (x < left + wide) & (y > top)
        values = np.where(house[..., None], chance.uniform(8, 45, 3) + 5 * grain, values)
        lit = house & ((x - left) % 0.04 > 0.018) & ((y - top) % 0.055 > 0.025) & (y < 0.95)
        chosen = np.sin(np.floor((x - left) / 0.04) * 12.9 + np.floor((y - top) / 0.055) * 78.2) > chance.uniform(
            -0.3, 0.6
        )
        values = np.where((lit & chosen)[..., None], chance.uniform([170, 120, 60], [255, 220, 190]), values)
    for _ in range(int(chance.integers(5, 14))):
        far = np.hypot(x - chance.random(), y - chance.uniform(0, 0.9))
        glow = 200 * np.exp(-((far / 0.006) ** 2)) + 40 * np.exp(-far / 0.05)
        values = values + glow[..., None] * chance.uniform(0.5, 1, 3)
    return _picture(values)


MAKERS: dict[str, Maker] = {"photograph": photograph, "drawing": drawing, "night": night}


def edited(image: Image, seed: int = 0) -> Image:
    """The same scene with one thing changed, as an edit would: a new object over about a twentieth of the picture."""
    from PIL import Image as Images
    from PIL import ImageDraw

    chance = Random(seed)
    mask = Images.new("L", image.size)
    side = min(image.size)
    left, top = chance.uniform(0.15, 0.6) * image.width, chance.uniform(0.15, 0.6) * image.height
    box = (left, top, left + 0.28 * side, top + 0.24 * side)
    ImageDraw.Draw(mask).ellipse(box, 255)
    return Images.composite(photograph(seed + 1000, image.size).transpose(Images.Transpose.ROTATE_180), image, mask)


# -- Faults ----------------------------------------------------------------------------------------------------------


def _chance(seed: int) -> Chance:
    import numpy as np

    return np.random.default_rng(seed)


def png(image: Image) -> bytes:
    """The file."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def encoded(image: Image, quality: int, kind: str = "JPEG") -> Image:
    """What is left of ``image`` after a lossy file."""
    from PIL import Image as Images

    file = io.BytesIO()
    image.convert("RGB").save(file, kind, quality=quality)
    with Images.open(io.BytesIO(file.getvalue())) as read:
        decoded: Image = read.convert("RGB")
        return decoded


def blurred(image: Image, seed: int = 0) -> Image:
    from PIL import ImageFilter

    chance = _chance(seed)
    radius = chance.uniform(0.009, 0.025) * min(image.size)
    kind = ImageFilter.GaussianBlur if chance.random() < 0.6 else ImageFilter.BoxBlur
    return image.convert("RGB").filter(kind(radius))


def noisy(image: Image, seed: int = 0) -> Image:
    """Grains as large as a 400th of the picture, grey or coloured, or single pixels that are black or white."""
    import numpy as np

    chance = _chance(seed)
    values = _values(image)
    height, width = values.shape[:2]
    grain = max(1.0, min(width, height) / 400)
    small = (max(1, round(height / grain)), max(1, round(width / grain)))
    if chance.random() < 0.3:
        dice = chance.random(small)
        share = chance.uniform(0.03, 0.1)
        change = np.where(dice < share / 2, -400.0, np.where(dice > 1 - share / 2, 400.0, 0.0))[..., None].repeat(3, 2)
    else:
        channels = 3 if chance.random() < 0.6 else 1
        change = chance.normal(0, chance.uniform(25, 60), (*small, channels)).repeat(3 // channels, 2)
    across = np.minimum((np.arange(width) / grain).astype(int), small[1] - 1)
    down = np.minimum((np.arange(height) / grain).astype(int), small[0] - 1)
    return _picture(values + change[down][:, across])


def banded(image: Image, seed: int = 0) -> Image:
    """Stripes over the whole picture, lying or standing, soft or hard."""
    import numpy as np

    chance = _chance(seed)
    values = _values(image)
    lying = chance.random() < 0.7
    length = values.shape[0 if lying else 1]
    period = chance.uniform(0.012, 0.06) * min(image.size)
    wave = np.sin(2 * np.pi * np.arange(length) / period + chance.uniform(0, 6))
    wave = (np.sign(wave) if chance.random() < 0.5 else wave) * chance.uniform(14, 45)
    return _picture(values + (wave[:, None, None] if lying else wave[None, :, None]))


def blank(image: Image, seed: int = 0) -> Image:
    """Nothing: one colour, or a soft run from one colour to another, perhaps with a breath of noise."""
    chance = _chance(seed)
    x, y = _grid(image.size)
    first = chance.uniform(0, 255, 3)
    second = first if chance.random() < 0.6 else first + chance.uniform(-60, 60, 3)
    run = (x if chance.random() < 0.5 else y)[..., None]
    return _picture(first * (1 - run) + second * run + chance.normal(0, chance.uniform(0, 2), (*x.shape, 1)))


def half_grey(image: Image, seed: int = 0) -> Image:
    """What a decoder makes of half a JPEG file: grey from some row of blocks on."""
    chance = _chance(seed)
    values = _values(image)
    height, width = values.shape[:2]
    row = round(chance.uniform(0.3, 0.6) * height / 16) * 16
    column = round(chance.uniform(0, 1) * width / 16) * 16
    values[row + 16 :] = 128
    values[row : row + 16, column:] = 128
    return _picture(values)


def cut_off(image: Image, seed: int = 0) -> Image:
    """A side of the picture is missing: black, white, or the last line drawn on and on."""
    import numpy as np

    chance = _chance(seed)
    values = np.rot90(_values(image), int(chance.integers(0, 4))).copy()
    turned = image.size if values.shape[1] == image.size[0] else image.size[::-1]
    row = round(chance.uniform(0.5, 0.75) * turned[1])
    fill = int(chance.integers(0, 3))
    values[row:] = (0.0, 255.0, values[row - 1])[fill]
    return _picture(values if values.shape[1] == image.size[0] else np.rot90(values))


def over_compressed(image: Image, seed: int = 0) -> Image:
    return encoded(image, int(_chance(seed).integers(2, 8)))


def posterised(image: Image, seed: int = 0) -> Image:
    """Two to four levels of each colour."""
    import numpy as np

    chance = _chance(seed)
    levels = int(chance.integers(2, 5))
    values = _values(image)
    if chance.random() < 0.5:
        return _picture(np.floor(values / 256 * levels) * (255 / (levels - 1)))
    return _picture(np.floor(values / 256 * levels) * (256 / levels))


FAULTS: dict[str, Fault] = {
    "blurred": blurred,
    "noisy": noisy,
    "banded": banded,
    "blank": blank,
    "half grey": half_grey,
    "cut off": cut_off,
    "over-compressed": over_compressed,
    "posterised": posterised,
}


# -- Copies: the same picture for a person --------------------------------------------------------------------------


def mirrored(image: Image) -> Image:
    from PIL.Image import Transpose

    return image.transpose(Transpose.FLIP_LEFT_RIGHT)


def resized(image: Image, seed: int = 0) -> Image:
    from PIL.Image import Resampling

    share = _chance(seed).uniform(0.4, 1.6)
    return image.resize((round(image.width * share), round(image.height * share)), Resampling.BICUBIC)


def recompressed(image: Image, seed: int = 0) -> Image:
    chance = _chance(seed)
    return encoded(image, int(chance.integers(25, 70)), "JPEG" if chance.random() < 0.5 else "WEBP")


def cropped(image: Image, seed: int = 0) -> Image:
    """Up to a twenty-fifth is missing on each side."""
    left, top, right, bottom = _chance(seed).uniform(0, 0.04, 4)
    width, height = image.size
    return image.crop((int(left * width), int(top * height), int(width - right * width), int(height - bottom * height)))


def recoloured(image: Image, seed: int = 0) -> Image:
    """A little brighter or darker, with more or less contrast and colour, and of another warmth."""
    import numpy as np

    chance = _chance(seed)
    values = _values(image) * chance.uniform(0.85, 1.15)
    middle, grey = values.mean(), values.mean(2, keepdims=True)
    values = grey + (values - grey) * chance.uniform(0.75, 1.3)
    values = middle + (values - middle) * chance.uniform(0.85, 1.15)
    return _picture(np.clip(values, 0, 255) * chance.uniform(0.94, 1.06, 3))


COPIES: dict[str, Fault] = {
    "resized": resized,
    "recompressed": recompressed,
    "cropped": cropped,
    "recoloured": recoloured,
}
