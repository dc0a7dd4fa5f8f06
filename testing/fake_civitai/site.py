"""The site's origin: its API, as strict as the real one or stricter, and the download link."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from ...py.civitai.kinds import MODEL_TYPES
from .catalogue import Catalogue, FileEntry, ModelEntry, VersionEntry
from .faults import Fault
from .origin import Answer, whole

_SORTS = {
    "Highest Rated", "Most Downloaded", "Most Liked", "Most Discussed", "Most Collected", "Most Images", "Newest",
    "Oldest",
}  # fmt: skip
_PERIODS = {"Day", "Week", "Month", "Year", "AllTime"}
_MODELS = {
    "limit", "page", "cursor", "query", "ids", "modelVersionIds", "types", "baseModels", "tag", "username",
    "checkpointType", "availability", "sort", "period", "periodMode", "nsfw", "primaryFileOnly", "favorites", "hidden",
    "supportsGeneration", "fromPlatform", "earlyAccess", "archived",
}  # fmt: skip
_IMAGES = {"limit", "cursor", "modelId", "modelVersionId", "username", "period", "sort", "nsfw", "withMeta"}
_NAMES = {"limit", "page", "query"}
_DOWNLOAD = {
    "type": {"Model", "Text Encoder", "Pruned Model", "Negative", "Training Data", "VAE", "Config", "Archive", "UNet"},
    "format": {"SafeTensor", "PickleTensor", "GGUF", "Diffusers", "Core ML", "ONNX", "Other"},
    "size": {"full", "pruned"},
}
_DOWNLOAD_NAMES = {*_DOWNLOAD, "fp", "quantType", "fileId", "token"}
_BROWSER = re.compile(r"Mozilla|Chrome|Safari")


@dataclass
class Quirks:
    """What the real site is known to do, each to be switched. The defaults are what it does every day."""

    drop_empty: bool = True
    """``/models/{id}`` leaves out nulls and empty lists."""
    undefined_urls: bool = True
    """POST by-hash starts its download links with ``https://undefined/``."""
    untidy_batches: bool = True
    """POST by-hash answers with duplicates and nulls."""
    unknown_tag_is_no_filter: bool = True
    page_repeats: bool = False
    """``page=N`` gives page 1 again."""
    newest_skips: bool = False
    """``sort=Newest`` leaves out one model of each page but the last."""
    empty_pages: bool = False
    """Every second page is empty, with a good cursor."""
    link_needs_file_id: bool = False
    """The download link as the API gives it is 404; with ``fileId`` it works."""
    lost_models: set[int] = field(default_factory=set)
    """``/models/{id}`` is 404 and no list has them, the versions are known."""
    bare_models: set[int] = field(default_factory=set)
    """``/models/{id}`` has no versions."""
    region_blocked: bool = False


class Refusal(Exception):  # noqa: N818 - it is an answer
    def __init__(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.answer = as_json(document, status=status, headers=headers)


def as_json(document: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    known = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return whole(json.dumps(document).encode(), status=status, headers=known)


class Site:
    """``keys`` are the keys that are good; with ``require_key`` every download needs one."""

    def __init__(self, catalogue: Catalogue, link: Callable[[FileEntry], str]) -> None:
        self.quirks = Quirks()
        self.keys: set[str] = {"secret-key-1", "secret", "lorakeeper-demo"}
        self.require_key = False
        self._catalogue = catalogue
        self._link = link

    async def answer(self, request: web.Request, met: list[Fault]) -> Answer:
        try:
            return self._route(request, await request.read())
        except Refusal as refusal:
            return refusal.answer

    def _route(self, request: web.Request, body: bytes) -> Answer:
        path = request.path.rstrip("/")
        if path == "/login":
            return whole(b"<!DOCTYPE html><title>Login</title>", headers={"Content-Type": "text/html"})
        if self.quirks.region_blocked and path.startswith("/api/v1"):
            raise Refusal(451, {"error": "Not available in your region", "code": "REGION_BLOCKED"})
        if request.method == "POST":
            if path == "/api/v1/model-versions/by-hash":
                return self._batch(body)
            if path == "/api/v1/model-versions/by-hash/ids":
                return self._ids(body)
        if request.method != "GET":
            raise Refusal(405, {"error": "Method not allowed"})
        for pattern, handler in (
            (r"/api/v1/models", self._models),
            (r"/api/v1/models/(\d+)", self._model),
            (r"/api/v1/model-versions/(\d+)", self._version),
            (r"/api/v1/model-versions/by-hash/([0-9A-Za-z]+)", self._by_hash),
            (r"/api/v1/images", self._images),
            (r"/api/v1/tags", self._tags),
            (r"/api/v1/creators", self._creators),
            (r"/api/v1/enums", self._enums),
            (r"/api/v1/me", self._me),
            (r"/api/download/models/(\d+)", self._download),
        ):
            if found := re.fullmatch(pattern, path):
                return handler(request, *found.groups())
        return whole(b"<!DOCTYPE html><title>Not found</title>", status=404, headers={"Content-Type": "text/html"})

    # -- Lists -------------------------------------------------------------------------------------------------------

    def _models(self, request: web.Request) -> Answer:
        query = request.query
        self._only(request, _MODELS | {"token"})
        for name in ("nsfw", "primaryFileOnly"):
            if query.get(name, "true") not in ("true", "false"):
                raise Refusal(400, {"error": f"{name} must be true or false"})
        if ("favorites" in query or "hidden" in query) and not self._key(request):
            raise Refusal(401, {"error": "Unauthorized"})
        types = query.getall("types", [])
        if any(each not in MODEL_TYPES for each in types):
            raise Refusal(400, {"error": "Invalid enum value in types"})
        if query.get("sort", "Newest") not in _SORTS or query.get("period", "Day") not in _PERIODS:
            raise Refusal(400, {"error": "Invalid enum value"})
        limit = self._number(query.get("limit", "100"), 0, 100)
        page = self._number(query.get("page", "1"), 1, 10**6)
        if "page" in query and "query" in query:
            raise Refusal(400, {"error": "Cannot use page param with query search. Use cursor-based pagination."})
        if page * limit > 1000:
            raise Refusal(429, {"error": "You have requested too many pages"})
        found: list[ModelEntry | None] = [*self._found(request, types)]
        offset = self._offset(query.get("cursor"), "query" in query)
        if "cursor" not in query and not self.quirks.page_repeats:
            offset = (page - 1) * limit
        if self.quirks.empty_pages and limit:
            pages = (found[start : start + limit] for start in range(0, len(found), limit))
            found = [each for page in pages for each in [*[None] * limit, *page]]
        items = [each for each in found[offset : offset + limit] if each]
        after = offset + limit
        if self.quirks.newest_skips and query.get("sort") == "Newest" and after < len(found):
            items = items[1:]
        metadata: dict[str, Any] = {"pageSize": limit}
        if after < len(found) and limit:
            cursor = str(after) if "query" in query else f"{after}|364671|25494"
            rest = [(key, value) for key, value in query.items() if key not in ("cursor", "page", "token")]
            metadata["nextCursor"] = after if "query" in query else cursor
            link = urlencode([*rest, ("cursor", cursor)])
            metadata["nextPage"] = f"{self._catalogue.url}/api/v1/models?{link}"
        documents = [self._catalogue.model_json(model, listed=True) for model in items]
        if query.get("primaryFileOnly") == "true":
            for version in (version for document in documents for version in document["modelVersions"]):
                version["files"] = [file for file in version["files"] if file.get("primary")][:1]
        return as_json({"items": documents, "metadata": metadata}, headers=_cached(300))

    def _found(self, request: web.Request, types: list[str]) -> list[ModelEntry]:
        query = request.query
        models = [model for model in self._catalogue.models.values() if model.versions]
        tags = {tag.lower() for model in models for tag in model.sample.tags}
        wanted = query.get("tag", "").lower()
        if wanted and wanted not in tags and self.quirks.unknown_tag_is_no_filter:
            wanted = ""
        bases = query.getall("baseModels", [])
        words = query.get("query", "").lower().split()
        ids = {self._number(each, 0, 2**53) for each in query.get("ids", "").split(",") if "ids" in query}

        def fits(model: ModelEntry) -> bool:
            sample = model.sample
            text = " ".join([sample.name, sample.creator, *sample.tags, *sample.trigger_words]).lower()
            return (
                (not types or sample.type in types)
                and (not bases or any(version.sample.base_model in bases for version in model.versions))
                and (not wanted or wanted in (tag.lower() for tag in sample.tags))
                and query.get("username", sample.creator).lower() == sample.creator.lower()
                and all(word in text for word in words)
                and (not ids or model.id in ids)
                and model.id not in self.quirks.lost_models
                # Coerced: any text is yes.
                and (not sample.archived or bool(query.get("archived")))
                and (query.get("nsfw") == "true" or sample.nsfw_level == 1)
            )

        found = [model for model in models if fits(model)]
        if query.get("sort") in ("Newest", "Oldest"):
            found.sort(key=lambda model: model.versions[0].sample.published_at, reverse=query["sort"] == "Newest")
        else:
            found.sort(key=lambda model: -model.sample.downloads)
        return found

    def _images(self, request: web.Request) -> Answer:
        self._only(request, _IMAGES)
        query = request.query
        limit = self._number(query.get("limit", "100"), 0, 200)
        if query.get("withMeta", "true") not in ("true", "false"):
            raise Refusal(400, {"error": "withMeta must be true or false"})
        words, wanted = ("None", "Soft", "Mature", "X"), query.get("nsfw", "true")
        if wanted not in (*words, "true", "false"):
            raise Refusal(400, {"error": "Invalid nsfw"})
        highest = {"true": "X", "false": "None"}.get(wanted, wanted)
        shown = words[: words.index(highest) + 1]
        items = [
            image
            for model in self._catalogue.models.values()
            for version in model.versions
            if query.get("modelId", str(model.id)) == str(model.id)
            and query.get("modelVersionId", str(version.id)) == str(version.id)
            for image in self._catalogue.images_json(version, with_meta=query.get("withMeta") == "true")
            if image["nsfwLevel"] in shown
        ]
        offset = self._offset(query.get("cursor"), True)
        after = offset + limit
        metadata = {"nextCursor": after} if after < len(items) else {}
        return as_json({"items": items[offset:after], "metadata": metadata})

    def _tags(self, request: web.Request) -> Answer:
        tags = {tag for model in self._catalogue.models.values() for tag in model.sample.tags}
        return self._names(request, [{"name": tag, "modelCount": 1, "link": ""} for tag in sorted(tags)], "name")

    def _creators(self, request: web.Request) -> Answer:
        names = {model.sample.creator for model in self._catalogue.models.values()}
        return self._names(request, [{"username": name, "modelCount": 1} for name in sorted(names)], "username")

    def _names(self, request: web.Request, items: list[dict[str, Any]], key: str) -> Answer:
        self._only(request, _NAMES)
        limit = self._number(request.query.get("limit", "20"), 1, 200)
        page = self._number(request.query.get("page", "1"), 1, 10**6)
        items = [item for item in items if request.query.get("query", "").lower() in item[key].lower()]
        metadata = {
            "totalItems": len(items),
            "currentPage": page,
            "pageSize": limit,
            "totalPages": -(-len(items) // limit),
        }
        return as_json({"items": items[(page - 1) * limit : page * limit], "metadata": metadata})

    # -- Single things -----------------------------------------------------------------------------------------------

    def _model(self, request: web.Request, text: str) -> Answer:
        self._only(request, {"token"})
        model = self._catalogue.models.get(int(text))
        if model is None or model.id in self.quirks.lost_models:
            raise Refusal(404, {"error": f"No model with id {text}"})
        document = self._catalogue.model_json(model, listed=False)
        if model.id in self.quirks.bare_models:
            document["modelVersions"] = []
        return as_json(_without_empty(document) if self.quirks.drop_empty else document, headers=_cached(300))

    def _version(self, request: web.Request, text: str) -> Answer:
        self._only(request, {"token"})
        found = self._catalogue.version(int(text))
        if found is None:
            raise Refusal(404, {"error": "Model not found"})
        return as_json(self._catalogue.version_json(*found), headers=_cached(300))

    def _by_hash(self, request: web.Request, value: str) -> Answer:
        self._only(request, {"token"})
        for found in self._catalogue.by_hash(value):
            return as_json(self._catalogue.version_json(*found), headers=_cached(3600))
        raise Refusal(404, {"error": "Model not found"})

    def _batch(self, body: bytes) -> Answer:
        hashes = self._hashes(body, 100)
        documents: list[Any] = []
        for each in hashes:
            for found in self._catalogue.by_hash(each, "SHA256"):
                document = self._catalogue.version_json(*found)
                if self.quirks.undefined_urls:
                    text = json.dumps(document).replace(f"{self._catalogue.url}/api/", "https://undefined/api/")
                    document = json.loads(text)
                documents += [document, document, None] if self.quirks.untidy_batches else [document]
        return as_json(documents[::-1])

    def _ids(self, body: bytes) -> Answer:
        return as_json(
            [
                {"modelVersionId": version.id, "modelId": model.id, "hash": each.upper()}
                for each in self._hashes(body, 10_000)
                for model, version in self._catalogue.by_hash(each, "SHA256")
            ]
        )

    def _enums(self, request: web.Request) -> Answer:
        self._only(request, set())
        bases = {version.sample.base_model for model in self._catalogue.models.values() for version in model.versions}
        return as_json({"ModelType": list(MODEL_TYPES), "ModelFileType": ["Model", "VAE"],
                        "BaseModel": sorted(bases), "BaseModelType": ["Standard", "Inpainting"]})  # fmt: skip

    def _me(self, request: web.Request) -> Answer:
        if not self._key(request):
            raise Refusal(401, {"error": "Unauthorized"})
        return as_json({"id": 7, "username": "alice", "tier": "free", "status": "active"})

    # -- Downloads ---------------------------------------------------------------------------------------------------

    def _download(self, request: web.Request, text: str) -> Answer:
        query = request.query
        for name, value in query.items():
            if name not in _DOWNLOAD_NAMES or (name in _DOWNLOAD and value not in _DOWNLOAD[name]):
                raise Refusal(400, {"error": f"Invalid value for {name}"})
        found = self._catalogue.version(int(text))
        if found is None:
            raise Refusal(404, {"error": "Model not found"})
        sample = found[1].sample
        if sample.archived:
            raise Refusal(410, {"error": "This model was archived"})
        if sample.early_access:
            deadline = (sample.published_at + sample.early_access).isoformat()
            message = "This asset is in Early Access. You can use it by spending Buzz or waiting."
            raise Refusal(403, {"error": "Early Access", "deadline": deadline, "message": message})
        if (sample.needs_key or self.require_key) and not self._key(request):
            if _BROWSER.search(request.headers.get("User-Agent", "")):
                raise Refusal(302, {}, {"Location": f"/login?returnUrl=/api/download/models/{text}"})
            message = "The creator of this asset requires you to be logged in to download it"
            raise Refusal(401, {"error": "Unauthorized", "message": message})
        if self.quirks.link_needs_file_id and "fileId" not in query:
            raise Refusal(404, {"error": "File not found"})
        file = self._pick(found[1], request)
        if file is None:
            raise Refusal(404, {"error": "No file found"})
        return as_json({}, status=307, headers={"Location": self._link(file), "Cache-Control": "no-store"})

    def _pick(self, version: VersionEntry, request: web.Request) -> FileEntry | None:
        query = request.query
        if "fileId" in query:
            return next((file for file in version.files if str(file.id) == query["fileId"]), None)
        wanted = {"type": "file_type", "format": "format", "size": "pruned", "fp": "fp"}
        files = version.files
        for name, attribute in wanted.items():
            if name in query:
                files = [file for file in files if getattr(file.sample, attribute) == query[name]]
        return next((file for file in files if file.sample.primary), files[0] if files else None)

    # -- Checks ------------------------------------------------------------------------------------------------------

    def _key(self, request: web.Request) -> str | None:
        header = request.headers.get("Authorization", "")
        given = header.removeprefix("Bearer ") if header else request.query.get("token", "")
        return given if given in self.keys else None

    @staticmethod
    def _only(request: web.Request, names: set[str]) -> None:
        for name in request.query:
            if name not in names:
                raise Refusal(400, {"error": f"Unrecognized key: {name}"})

    @staticmethod
    def _number(text: str, low: int, high: int) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise Refusal(400, {"error": f"Expected a number from {low} to {high}"})
        return int(text)

    @staticmethod
    def _offset(cursor: str | None, plain: bool) -> int:
        if cursor is None:
            return 0
        found = re.fullmatch(r"(\d+)" if plain else r"(\d+)\|\d+\|\d+", cursor)
        if not found:
            raise Refusal(400, {"error": "Invalid cursor"})
        return int(found[1])

    @staticmethod
    def _hashes(body: bytes, most: int) -> list[str]:
        hashes: Any = None
        try:
            hashes = json.loads(body)
        except ValueError:
            hashes = None
        few = isinstance(hashes, list) and len(hashes) <= most
        # Both batch routes refuse all where one is of another kind.
        if not few or not all(isinstance(each, str) and len(each) == 64 for each in hashes):
            raise Refusal(400, {"error": "Request must include an array of SHA256 Hashes. Too many, or others."})
        return list(hashes)


def _cached(seconds: int) -> dict[str, str]:
    return {"Cache-Control": f"public, s-maxage={seconds}, stale-while-revalidate={seconds // 2}"}


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(each) for key, each in value.items() if each is not None and each != []}
    return [_without_empty(each) for each in value] if isinstance(value, list) else value
