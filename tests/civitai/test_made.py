"""What the site calls meta comes from strangers' tools."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.civitai.made import comfy_of, made
from lorakeeper.py.civitai.pictures import clip, original, small
from lorakeeper.py.civitai.schemas import Image

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=8), each, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["prompt", "negativePrompt", "comfy", "meta", "steps", "Version"]) | st.text(max_size=80)


@given(st.dictionaries(NAMES, VALUES, max_size=40))
def test_whatever_it_is_what_comes_of_it_is_small_text(meta: dict[str, Any]) -> None:
    found = made(Image(url="https://h/x.png", meta=meta))

    assert len(found.facts) <= 30
    assert all(len(name) <= 60 and 0 < len(value) <= 200 for name, value in found.facts.items())
    assert found.model_dump_json()


@pytest.mark.parametrize(
    ("url", "meta", "expected"),
    [
        ("x.png", None, "maybe"),
        ("x.jpeg", None, "maybe"),
        ("x.mp4", None, "no"),
        ("x.mp4", {"comfy": {"workflow": {"nodes": []}}}, "no"),
        ("x.jpeg", {"prompt": "a"}, "no"),
        ("x.webp", {"prompt": "a"}, "maybe"),
        ("x.png", {"prompt": "a", "Version": "v1.10.1"}, "no"),
        ("x.png", {"civitaiResources": []}, "no"),
        ("x.jpeg", {"comfy": '{"prompt": {}}'}, "yes"),
        ("x.jpeg", {"comfy": {"prompt": {"1": {}}}}, "yes"),
        ("x.jpeg", {"id": 1, "meta": {"comfy": {"workflow": {"nodes": []}}}}, "yes"),
        ("x.png", {"comfy": {}}, "maybe"),
        ("x.png", {"comfy": 5}, "maybe"),
    ],
)
def test_a_workflow_is_there_or_may_be_or_is_not(url: str, meta: Any, expected: str) -> None:
    image = Image(url=f"https://h/original=true/{url}", meta=meta)

    assert made(image).workflow == expected
    assert expected != "yes" or comfy_of(image) is not None


def test_addresses_of_renditions() -> None:
    for rendition in ("original=true", "width=525", "anim=true,width=450,optimized=true"):
        picture, video = (Image(url=f"https://h/key/id/{rendition}/{name}?x=1") for name in ("a.jpeg", "a.mp4"))

        assert small(picture) == "https://h/key/id/width=450/a.jpeg?x=1"
        assert original(picture) == "https://h/key/id/original=true/a.jpeg?x=1"
        assert small(video) == "https://h/key/id/anim=false,transcode=true,width=450/a.mp4?x=1"
        assert (clip(video), clip(picture)) == ("https://h/key/id/transcode=true,width=450/a.mp4?x=1", None)
    bare = Image(url="https://h/a.mp4")
    assert (small(bare), clip(bare)) == (None, "https://h/a.mp4")
