"""Previews: what is taken of the site's pictures and videos, and of what lies beside a model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lorakeeper.py.app import App
from lorakeeper.py.civitai.http import Http
from lorakeeper.py.civitai.schemas import ModelVersion
from lorakeeper.py.library.previews import MAX_VIDEO, Previews
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Status

SHA256 = "ab" * 32


@pytest.fixture
async def previews(civitai: FakeCivitai, tmp_path: Path) -> AsyncIterator[Previews]:
    http = Http(base_url=civitai.url, key_for=lambda url: "a-key")
    home = tmp_path / "previews"
    yield Previews(home, http, nsfw_bits=lambda: 1 | 2, allowed=lambda url: url.startswith(civitai.storage.url))
    await http.close()


def version(*images: dict[str, Any]) -> ModelVersion:
    return ModelVersion.model_validate({"id": 1, "images": [*images]})


def video(url: str, level: int = 1, kind: str = "video") -> dict[str, Any]:
    return {"url": url, "type": kind, "nsfwLevel": level}


@pytest.fixture
def clip(civitai: FakeCivitai) -> str:
    """The address of a video on the site."""
    civitai.add(samples.lora("cat", previews=[samples.clip()]))
    (known,) = civitai._catalogue.models.values()
    return known.versions[0].images[0][1]


async def test_where_all_are_videos_the_site_s_still_becomes_the_preview(
    previews: Previews, civitai: FakeCivitai, clip: str
) -> None:
    assert await previews.fetch(SHA256, version(video(clip)))

    path = previews.find(SHA256)
    assert path
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("WEBP", (90, 120))
    assert [request.path.split("/")[3] for request in civitai.storage.requests] == [
        "anim=false,transcode=true,width=450"
    ]


@pytest.mark.parametrize("kind", ["video", "image"])
async def test_the_first_video_within_the_limit_is_kept(previews: Previews, clip: str, kind: str) -> None:
    shown = version(video(f"{clip}?x", 4), video(clip, 2, kind))

    assert previews.has_motion(SHA256, shown.model_dump(mode="json", by_alias=True))
    assert previews.find_motion(SHA256) is None
    path = await previews.motion(SHA256, shown)

    assert path == previews.find_motion(SHA256)
    assert path
    assert path.read_bytes() == samples.clip()
    assert await previews.motion(SHA256, None) == path


async def test_what_no_video_may_be_is_not_kept(previews: Previews, civitai: FakeCivitai, clip: str) -> None:
    wrong = {
        "too large": civitai.publish(samples.clip() + bytes(MAX_VIDEO), "large.mp4"),
        "of another type": civitai.publish(samples.clip(), "video.bin"),
        "no video": civitai.publish(b"<html>" * 10, "page.mp4"),
        "gone": f"{civitai.storage.url}/public/gone.mp4",
        "elsewhere": f"{civitai.url}/x.mp4",
        "too explicit": f"{clip}#",
    }
    for why, url in wrong.items():
        assert await previews.motion(SHA256, version(video(url, 4 if why == "too explicit" else 1))) is None, why
    assert previews.find_motion(SHA256) is None
    assert not civitai.site.requests


async def test_a_video_that_moved_to_another_host_is_not_followed(
    previews: Previews, civitai: FakeCivitai, clip: str
) -> None:
    async with FakeCivitai() as elsewhere:
        civitai.faults.storage.append(Status(302, {"Location": elsewhere.publish(samples.clip(), "x.mp4")}))

        assert await previews.motion(SHA256, version(video(clip))) is None
        assert all("Authorization" not in each.headers for each in elsewhere.storage.requests)


async def test_a_video_beside_a_model_is_its_motion_and_its_first_frame_the_preview(app: App, tmp_path: Path) -> None:
    path = tmp_path / "Ada.safetensors"
    path.write_bytes(samples.lora("ada", size=None).content())
    path.with_name("Ada.preview.mp4").write_bytes(samples.clip(3, width=480, height=640))

    item = await app.library.info(path, fetch=False)

    assert (item.has_preview, item.has_motion, item.id is not None) == (True, True, True)
    assert item.id
    motion, _ = await app.library.motion(item.id)
    assert motion.read_bytes() == path.with_name("Ada.preview.mp4").read_bytes()
    preview, _ = await app.library.preview(item.id)
    with Image.open(preview) as picture, Image.open(BytesIO(samples.preview(3, width=480, height=640))) as scene:
        assert (picture.format, picture.size) == ("WEBP", (450, 600))
        shown, meant = (each.convert("RGB").resize((1, 1)).getpixel((0, 0)) for each in (picture, scene))
    assert isinstance(shown, tuple)
    assert isinstance(meant, tuple)
    assert all(abs(one - other) < 20 for one, other in zip(shown, meant, strict=True))


async def test_a_picture_beside_comes_before_a_video(previews: Previews, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(samples.preview(1))
    (tmp_path / "a.mp4").write_bytes(samples.clip(2))

    await previews.adopt(SHA256, picture=tmp_path / "a.png", video=tmp_path / "a.mp4")

    found = previews.find(SHA256)
    assert found
    with Image.open(found) as picture:
        assert picture.size == (90, 120)
    assert previews.find_motion(SHA256)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"\0\0\0\x20ftypisom" + bytes(500),
        samples.preview(),
    ],
)
async def test_what_only_claims_to_be_a_video_is_no_preview(previews: Previews, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)

    await previews.adopt(SHA256, video=tmp_path / "a.mp4")

    assert previews.find(SHA256) is None
