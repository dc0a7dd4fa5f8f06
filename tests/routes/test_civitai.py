"""The site through the routes: search, resolve, and pictures."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.events import Event
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Html, Status

LICENCE = ("allowNoCredit", "allowCommercialUse", "allowDerivatives", "allowDifferentLicense")


async def own(app: App, folder: Path, sample: samples.Sample, *, fetch: bool) -> int | None:
    """The library's id of a file that is here now. With ``fetch`` the site was asked what it is."""
    path = folder / "models" / "loras" / sample.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sample.content())
    return (await app.library.info(path, fetch=fetch)).id


async def test_search_shows_models_with_their_versions(door: Any, civitai: FakeCivitai) -> None:
    first = civitai.add(samples.lora("cat", trigger_words=["kitty, small kitty"]).but(name="Cats", version_name="v1"))
    civitai.add(samples.lora("cat2").but(name="Cats", version_name="v2", base_model="Pony"), model_id=first.model_id)
    civitai.add(samples.checkpoint("dog"))

    page = (await door("GET", "civitai/search", query="cat")).json

    (model,) = page["items"]
    assert (model["name"], model["type"], model["creator"], model["downloads"]) == ("Cats", "LORA", "alice", 100)
    assert [version["name"] for version in model["versions"]] == ["v2", "v1"]
    assert model["versions"][1]["trigger_words"] == ["kitty", "small kitty"]
    assert model["versions"][1]["file"]["name"] == "cat.safetensors"
    assert set(model["base_models"]) == {"SDXL 1.0", "Pony"}


@pytest.mark.parametrize("asked", [True, False])
async def test_search_says_what_is_here_and_what_is_allowed(
    door: Any, app: App, civitai: FakeCivitai, tmp_path: Path, asked: bool
) -> None:
    old = samples.lora("cat").but(
        tags=("cat", "style"), model_fields={"allowCommercialUse": [], "allowNoCredit": False}
    )
    ids = civitai.add(old)
    newest = samples.lora("cat2").but(published_at=old.published_at + timedelta(days=9))
    newest_id = civitai.add(newest, model_id=ids.model_id).version_id
    civitai.add(samples.lora("dog").but(downloads=1, model_fields=dict.fromkeys(LICENCE, ...)))
    mine = await own(app, tmp_path, old, fetch=asked)

    cat, dog = (await door("GET", "civitai/search")).json["items"]

    assert (cat["owned"], cat["has_update"], dog["owned"], dog["has_update"]) == (mine, True, None, False)
    assert {each["id"]: each["owned"] for each in cat["versions"]} == {newest_id: None, ids.version_id: mine}
    assert (cat["tags"], cat["nsfw_level"], cat["motion"]) == (["cat", "style"], 1, None)
    assert cat["licence"] == {"commercial": [], "no_credit": False, "derivatives": True, "other_licence": True}
    assert dog["licence"] == dict.fromkeys(("commercial", "no_credit", "derivatives", "other_licence"))

    await own(app, tmp_path, newest, fetch=asked)
    cat, _ = (await door("GET", "civitai/search")).json["items"]
    assert (cat["owned"] is not None, cat["has_update"]) == (True, False)


async def test_model_of_videos_is_shown_by_a_still_and_by_its_motion(door: Any, app: App, civitai: FakeCivitai) -> None:
    app.store.update({"image_hosts": [civitai.storage.url]})
    moving = samples.lora("cat", previews=[samples.clip(1), samples.clip(2)], preview_fields=[{"nsfwLevel": 8}])
    ids = civitai.add(moving)

    (found,) = (await door("GET", "civitai/search")).json["items"]
    resolved = (await door("POST", "civitai/resolve", {"target": str(ids.model_id)})).json

    assert {name: found[name] for name in ("image", "motion", "nsfw_level")} == {
        name: resolved[name] for name in ("image", "motion", "nsfw_level")
    }
    assert found["nsfw_level"] == 1
    for name, kind in (("image", "image/jpeg"), ("motion", "video/mp4")):
        shown = await door("GET", found[name].removeprefix("/lorakeeper/"))
        assert (shown.status, shown.headers["Content-Type"]) == (200, kind)
    assert all(f"/image/{ids.version_id}-1/" in request.path for request in civitai.storage.requests)


async def test_still_pictures_come_before_stills_of_videos(door: Any, app: App, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("cat", previews=[samples.clip(1), samples.preview(2)]))

    (found,) = (await door("GET", "civitai/search")).json["items"]

    assert found["image"].endswith(".png")
    assert found["motion"].endswith(".mp4")


@pytest.mark.parametrize("spelled", [{"types": "LORA,VAE"}, {"types": ["LORA", "VAE"]}, {"types": "lora, vae"}])
async def test_types_may_be_repeated_or_comma_separated(door: Any, civitai: FakeCivitai, spelled: Any) -> None:
    for sample in (samples.lora("a"), samples.vae("b"), samples.checkpoint("c")):
        civitai.add(sample)

    page = await door("GET", "civitai/search", **spelled)

    assert {item["type"] for item in page.json["items"]} == {"LORA", "VAE"}


async def test_search_goes_on_with_its_cursor(door: Any, civitai: FakeCivitai) -> None:
    for number in range(5):
        civitai.add(samples.lora(f"cat{number}"))

    first = (await door("GET", "civitai/search", limit=3)).json
    rest = (await door("GET", "civitai/search", limit=3, cursor=first["next_cursor"])).json

    assert {item["name"] for item in first["items"] + rest["items"]} == {f"cat{number}" for number in range(5)}
    assert rest["next_cursor"] is None


async def test_models_beyond_the_nsfw_limit_are_left_out(door: Any, app: App, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("mild"))
    civitai.add(samples.lora("wild").but(nsfw_level=8))

    async def shown(limit: str) -> set[str]:
        app.store.update({"nsfw_limit": limit})
        return {item["name"] for item in (await door("GET", "civitai/search", nsfw="true")).json["items"]}

    assert await shown("PG13") == {"mild"}
    assert await shown("X") == {"mild", "wild"}


async def test_wrong_sort_is_named_without_asking_the_site(door: Any, civitai: FakeCivitai) -> None:
    answer = await door("GET", "civitai/search", sort="Best")

    assert answer.status == 422
    assert "sort" in answer.message
    assert civitai.site.requests == []


async def test_target_is_resolved_to_what_would_happen(door: Any, app: App, civitai: FakeCivitai) -> None:
    app.store.update({"path_template": "{base_model}", "image_hosts": [civitai.storage.url]})
    sample = samples.lora("cat", trigger_words=["kitty"], previews=[samples.preview()]).but(name="Cats")
    ids = civitai.add(sample)

    it = (await door("POST", "civitai/resolve", {"target": f"{civitai.url}/models/{ids.model_id}/cats"})).json

    assert (it["model"]["name"], it["model"]["type"], it["version"]["id"]) == ("Cats", "LORA", ids.version_id)
    assert (it["kind"], it["folder"]) == ("loras", "loras/SDXL 1.0")
    assert (it["file"]["name"], it["file"]["size"]) == ("cat.safetensors", sample.size)
    assert it["trigger_words"] == ["kitty"]
    assert [(each["id"], each["size"], each["owned"]) for each in it["versions"]] == [
        (ids.version_id, sample.size, None)
    ]
    assert (it["model"]["tags"], it["model"]["description"], it["nsfw_level"]) == (["style"], "A sample.", 1)
    assert it["model"]["licence"]["derivatives"] is True
    assert it["owned"] is None
    assert it["warnings"] == []
    picture = await door("GET", it["image"].removeprefix("/lorakeeper/"))
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")


async def test_file_that_is_here_is_named(door: Any, app: App, civitai: FakeCivitai, tmp_path: Path) -> None:
    sample = samples.lora("cat")
    ids = civitai.add(sample)
    mine = await own(app, tmp_path, sample, fetch=False)

    it = (await door("POST", "civitai/resolve", {"target": str(ids.model_id)})).json

    assert (it["owned"], it["versions"][0]["owned"]) == (mine, mine)


async def test_another_file_is_chosen_by_its_id(door: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat").but(files=[samples.lora("cat-big").but(primary=False)]))
    it = (await door("POST", "civitai/resolve", {"target": str(ids.model_id)})).json
    other = next(file for file in it["files"] if file["id"] != it["file"]["id"])

    chosen = await door("POST", "civitai/resolve", {"target": str(ids.model_id), "file_id": other["id"]})

    assert chosen.json["file"]["name"] == "cat-big.safetensors"


async def test_type_without_a_folder_leaves_the_choice(door: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("pose").but(type="Poses"))

    it = (await door("POST", "civitai/resolve", {"target": str(ids.model_id)})).json

    assert it["kind"] is None
    assert "loras" in it["kinds"]


async def test_what_should_give_pause_is_said(door: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.bad_pickle().but(hashes={}, early_access=timedelta(days=100_0)))

    warnings = " ".join((await door("POST", "civitai/resolve", {"target": str(ids.model_id)})).json["warnings"])

    for word in ("early access", "programs", "SHA256"):
        assert word in warnings


@pytest.mark.parametrize("target", ["nonsense", "https://example.org/models/1", "/etc/passwd", "file:///etc/passwd"])
async def test_target_that_is_none_is_400_and_no_file_is_looked_at(door: Any, target: str) -> None:
    answer = await door("POST", "civitai/resolve", {"target": target})

    assert (answer.status, answer.json["error"]["kind"]) == (400, "UsageError")


async def test_model_the_site_lacks_is_404(door: Any) -> None:
    answer = await door("POST", "civitai/resolve", {"target": "999999"})

    assert (answer.status, answer.json["error"]["kind"]) == (404, "NotFoundError")


async def test_key_in_a_pasted_link_is_not_repeated(door: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat"))
    link = f"{civitai.url}/api/download/models/{ids.version_id}?token=pasted-secret"

    it = await door("POST", "civitai/resolve", {"target": link})

    assert it.status == 200
    assert b"pasted-secret" not in it.body


# -- Pictures --------------------------------------------------------------------------------------------------------


@pytest.fixture
def picture(app: App, civitai: FakeCivitai) -> str:
    app.store.update({"image_hosts": [civitai.storage.url]})
    return civitai.publish(samples.preview(3), "picture.png")


async def test_picture_is_proxied_once_and_kept_by_the_browser(door: Any, civitai: FakeCivitai, picture: str) -> None:
    first, second = [await door("GET", "civitai/image", url=picture) for _ in range(2)]

    assert first.body == second.body == samples.preview(3)
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age" in first.headers["Cache-Control"]
    assert len(civitai.storage.requests) == 1


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/x.png", "http://169.254.169.254/latest", "file:///etc/passwd", "x", "https://civitai.com.evil.example/x.png"],
)  # fmt: skip
async def test_pictures_of_other_hosts_are_refused(door: Any, url: str) -> None:
    assert (await door("GET", "civitai/image", url=url)).status == 403


@pytest.mark.parametrize("name", ["picture.svg", "page.html", "data.json", "model.safetensors"])
async def test_what_is_no_picture_is_refused(door: Any, civitai: FakeCivitai, picture: str, name: str) -> None:
    answer = await door("GET", "civitai/image", url=civitai.publish(b"<svg/>", name))

    assert (answer.status, answer.json["error"]["kind"]) == (502, "ValidationError")


async def test_huge_picture_is_refused(door: Any, civitai: FakeCivitai, picture: str) -> None:
    answer = await door("GET", "civitai/image", url=civitai.publish(bytes(10_000_001), "huge.png"))

    assert answer.status == 502
    assert "large" in answer.message


async def test_picture_that_moved_to_another_host_is_refused(door: Any, civitai: FakeCivitai, picture: str) -> None:
    async with FakeCivitai() as elsewhere:
        away = elsewhere.publish(samples.preview(), "x.png")
        civitai.faults.storage.append(Status(302, {"Location": away}))

        assert (await door("GET", "civitai/image", url=picture)).status == 403


async def test_key_goes_with_no_picture(door: Any, app: App, civitai: FakeCivitai, picture: str) -> None:
    await door("GET", "civitai/image", url=picture)
    await door("GET", "civitai/image", url=f"{civitai.url}/favicon.png")

    requests = civitai.site.requests + civitai.storage.requests
    assert len(requests) == 2
    assert all("Authorization" not in request.headers for request in requests)


async def test_trouble_of_the_site_is_a_sentence(door: Any, civitai: FakeCivitai, picture: str) -> None:
    civitai.faults.storage.append(Html())
    answer = await door("GET", "civitai/image", url=picture)

    assert answer.status == 502
    assert answer.message.endswith(".")


async def test_a_search_is_told_once_with_its_filters_and_without_its_words(
    door: Any, app: App, civitai: FakeCivitai
) -> None:
    for number in range(3):
        civitai.add(samples.lora(f"cat{number}"))
    heard: list[Event] = []
    app.events.subscribe(heard.append)

    first = (await door("GET", "civitai/search", query="cat", types="lora", base_models="SDXL 1.0", limit=2)).json
    await door("GET", "civitai/search", query="cat", types="lora", limit=2, cursor=first["next_cursor"])
    await door("GET", "civitai/search", query="nosuchthing")
    civitai.faults.site.append(Status(400, path="/api/v1/models", times=None))
    await door("GET", "civitai/search", query="cat9")

    searches = [event for event in heard if event.topic == "search"]
    assert {(event.subject, event.final) for event in searches} == {("civitai", True)}
    told = [(event.data["outcome"], event.data["results"], event.data["cause"]) for event in searches]
    assert told == [("ok", 2, None), ("empty", 0, None), ("failed", 0, "ApiError")]
    assert (searches[0].data["types"], searches[0].data["base_models"]) == (["LORA"], ["SDXL 1.0"])
    assert not [event for event in searches if "cat" in str({**event.data, "source": ""})]


async def test_what_the_application_asks_for_itself_is_no_search(door: Any, app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat"))
    heard: list[Event] = []
    app.events.subscribe(heard.append)

    assert (await door("POST", "civitai/resolve", {"target": str(ids.model_id)})).status == 200

    assert not [event for event in heard if event.topic == "search"]
