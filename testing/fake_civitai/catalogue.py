"""What the fake site knows, and how its endpoints spell it."""

from __future__ import annotations

import hashlib
import itertools
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..samples import Sample

_NOTHING = "E3B0C44298FC"
_STEP = 1 << 20


@dataclass(frozen=True)
class Ids:
    """What :meth:`FakeCivitai.add` made. ``file_ids`` has all files, ``file_id`` is the sample's own."""

    model_id: int
    version_id: int
    file_id: int
    file_ids: tuple[int, ...]
    sha256: str


@dataclass
class FileEntry:
    id: int
    sample: Sample
    hashes: dict[str, str]
    """As the site says; may differ from :attr:`sha256`, which is of the bytes."""
    sha256: str


@dataclass(eq=False)
class VersionEntry:
    id: int
    sample: Sample
    files: list[FileEntry]
    images: list[tuple[int, str]] = field(default_factory=list)


@dataclass(eq=False)
class ModelEntry:
    id: int
    sample: Sample
    versions: list[VersionEntry] = field(default_factory=list)


class Catalogue:
    """Models, newest version first. ``url`` is the site's origin in download links."""

    def __init__(self) -> None:
        self.url = ""
        self.models: dict[int, ModelEntry] = {}
        self._by_hash: dict[str, list[tuple[ModelEntry, VersionEntry]]] = defaultdict(list)
        self._model_ids = itertools.count(1001)
        self._version_ids = itertools.count(2001)
        self._file_ids = itertools.count(3001)
        self._image_ids = itertools.count(4001)

    def add(self, sample: Sample, model_id: int | None = None) -> tuple[VersionEntry, Ids]:
        chosen_model, chosen_version = sample.ids or (None, None)
        if model_id is None:
            model_id = chosen_model or next(self._model_ids)
        entries = []
        for each in (sample, *sample.files):
            hashes, sha256 = site_hashes(each)
            entries.append(FileEntry(next(self._file_ids), each, hashes, sha256))
        version = VersionEntry(chosen_version or next(self._version_ids), sample, entries)
        model = self.models.setdefault(model_id, ModelEntry(model_id, sample))
        model.versions.insert(0, version)
        for entry in entries:
            self._index(model, version, entry)
        own = entries[0]
        return version, Ids(model_id, version.id, own.id, tuple(entry.id for entry in entries), own.sha256)

    def replace(self, file_id: int, sample: Sample) -> None:
        for model in self.models.values():
            for version in model.versions:
                for number, file in enumerate(version.files):
                    if file.id == file_id:
                        version.files[number] = FileEntry(file_id, sample, *site_hashes(sample))
                        self._index(model, version, version.files[number])
                        return
        raise KeyError(file_id)

    def _index(self, model: ModelEntry, version: VersionEntry, file: FileEntry) -> None:
        for value in file.hashes.values():
            if (model, version) not in self._by_hash[value.upper()]:
                self._by_hash[value.upper()].append((model, version))

    def next_image(self) -> int:
        return next(self._image_ids)

    def version(self, version_id: int) -> tuple[ModelEntry, VersionEntry] | None:
        for model in self.models.values():
            for version in model.versions:
                if version.id == version_id:
                    return model, version
        return None

    def by_hash(self, value: str, *kinds: str) -> Iterable[tuple[ModelEntry, VersionEntry]]:
        """The versions with a file of that hash, which may have to be of one of the ``kinds``."""
        for model, version in self._by_hash.get(value.upper(), ()):
            # A file that was replaced has other hashes now.
            found = {
                kind for file in version.files for kind, each in file.hashes.items() if each.upper() == value.upper()
            }
            if found & set(kinds or found):
                yield model, version

    # -- The endpoints' spellings ------------------------------------------------------------------------------------

    def model_json(self, model: ModelEntry, *, listed: bool) -> dict[str, Any]:
        sample = model.sample
        versions = [self._model_version(version, index, listed) for index, version in enumerate(model.versions)]
        item = {
            "id": model.id,
            "name": sample.name,
            "description": sample.description,
            "allowNoCredit": True,
            "allowCommercialUse": ["Image", "RentCivit"] if model.id % 2 else "{Image,RentCivit}",
            "allowDerivatives": True,
            "allowDifferentLicense": True,
            "type": sample.type,
            "minor": False,
            "sfwOnly": False,
            "poi": False,
            "nsfw": sample.nsfw_level > 3,
            "nsfwLevel": sample.nsfw_level,
            "availability": "Public",
            "userId": 7,
            "supportsGeneration": False,
            "baseModels": sorted({version.sample.base_model for version in model.versions}),
            "stats": {"downloadCount": sample.downloads, "thumbsUpCount": sample.downloads // 10, "thumbsDownCount": 1,
                      "commentCount": 2, "tippedAmountCount": None},
            "creator": {"username": sample.creator, "image": None},
            "tags": list(sample.tags),
            "modelVersions": versions,
        }  # fmt: skip
        if sample.archived:
            item["mode"] = "Archived"
        return _over(item, sample.model_fields)

    def _model_version(self, version: VersionEntry, index: int, listed: bool) -> dict[str, Any]:
        sample = version.sample
        item = {
            "id": version.id,
            "index": index,
            "name": sample.version_name,
            "baseModel": sample.base_model,
            "baseModelType": "Standard",
            "publishedAt": _date(sample.published_at, version.id),
            "availability": "Public",
            "nsfwLevel": sample.nsfw_level,
            "description": None,
            "trainedWords": list(sample.trigger_words),
            "supportsGeneration": False,
            "paidAccess": None,
            "stats": {"downloadCount": sample.downloads, "thumbsUpCount": 1, "thumbsDownCount": 0},
            "files": self._files(version),
            "images": [self._image(version, each, with_id=True) for each in range(len(version.images))],
            "downloadUrl": f"{self.url}/api/download/models/{version.id}",
        }
        if sample.early_access:
            item["earlyAccessDeadline"] = _date(sample.published_at + sample.early_access, 0)
        if not listed:
            item |= {"createdAt": _date(sample.published_at, 1), "status": "Published", "covered": False}
        return _over(item, sample.version_fields)

    def version_json(self, model: ModelEntry, version: VersionEntry) -> dict[str, Any]:
        sample = version.sample
        about = {
            "name": model.sample.name,
            "type": model.sample.type,
            "nsfw": model.sample.nsfw_level > 3,
            "poi": False,
        }
        item = {
            "id": version.id,
            "modelId": model.id,
            "name": sample.version_name,
            "nsfwLevel": sample.nsfw_level,
            "createdAt": _date(sample.published_at, 0),
            "updatedAt": _date(sample.published_at, 1),
            "status": "Published",
            "publishedAt": _date(sample.published_at, version.id),
            "trainedWords": list(sample.trigger_words),
            "baseModel": sample.base_model,
            "baseModelType": "Standard",
            "description": None,
            "usageControl": "Download",
            "paidAccess": None,
            "air": f"urn:air:{_ecosystem(sample)}:{sample.type.lower()}:civitai:{model.id}@{version.id}",
            "stats": {"downloadCount": sample.downloads, "thumbsUpCount": 1},
            "model": _over(about, {k: v for k, v in sample.model_fields.items() if k in about}),
            "files": self._files(version),
            "images": [self._image(version, each, with_id=False) for each in range(len(version.images))][:10],
            "downloadUrl": f"{self.url}/api/download/models/{version.id}",
        }
        return _over(item, sample.version_fields)

    def _files(self, version: VersionEntry) -> list[dict[str, Any]]:
        if version.sample.archived:
            return []
        files = list(version.files)
        linked = self.version(version.sample.linked_vae) if version.sample.linked_vae else None
        files += linked[1].files if linked else []
        return [self._file(version, file, own=file in version.files) for file in files]

    def _file(self, version: VersionEntry, file: FileEntry, *, own: bool) -> dict[str, Any]:
        sample = file.sample
        url = f"{self.url}/api/download/models/{version.id}"
        if not (own and sample.primary):
            url += f"?type={sample.file_type if own else 'VAE'}&format={sample.format}"
        item: dict[str, Any] = {
            "id": file.id,
            "sizeKB": sample.size / 1024,
            "name": sample.file_name,
            "overrideName": None,
            "type": sample.file_type if own else "VAE",
            "pickleScanResult": "Success",
            "pickleScanMessage": None,
            "virusScanResult": "Success",
            "virusScanMessage": None,
            "scannedAt": _date(sample.published_at, file.id),
            "metadata": {"format": sample.format, "size": sample.pruned, "fp": sample.fp},
            "hashes": dict(file.hashes),
            "downloadUrl": url,
        }
        if own and sample.primary:
            item["primary"] = True
        if sample.mirrors:
            item["mirrors"] = [dict(mirror) for mirror in sample.mirrors]
        return _over(item, sample.file_fields)

    def _image(self, version: VersionEntry, number: int, *, with_id: bool) -> dict[str, Any]:
        sample, (image_id, url) = version.sample, version.images[number]
        item = {"id": image_id, "url": url, "nsfwLevel": sample.nsfw_level, "width": 450, "height": 600,
                "hash": "UHLD}qMe.A?wOaIU%MxuMx%1xZM|pIo~MxxZ", "type": "video" if url.endswith(".mp4") else "image",
                "meta": {"prompt": ", ".join(sample.trigger_words)}}  # fmt: skip
        changes = sample.preview_fields[number] if number < len(sample.preview_fields) else {}
        # Lists have the id and no meta, the answers about one version the meta and no id.
        return _over(item, {**changes, **({"meta": ...} if with_id else {"id": ...})})

    def images_json(self, version: VersionEntry, *, with_meta: bool) -> list[dict[str, Any]]:
        """A version's images as ``/images`` spells them: levels as words there."""
        items = []
        for number, (image_id, _) in enumerate(version.images):
            image = self._image(version, number, with_id=False)
            word = {1: "None", 2: "Soft", 4: "Mature"}.get(image["nsfwLevel"], "X")
            about = {"id": image_id, "nsfwLevel": word, "username": version.sample.creator}
            meta = image.get("meta") if with_meta else None
            items.append({**image, **about, "meta": meta, "createdAt": _date(version.sample.published_at, 0)})
        return items


def site_hashes(sample: Sample) -> tuple[dict[str, str], str]:
    """``(what the site says, the true SHA256)``: hashes as the site computes them, in upper case."""
    from blake3 import blake3

    size = sample.size
    start = 8 + int.from_bytes(sample.read(0, 8), "little")
    whole, tail, other, checksum = hashlib.sha256(), hashlib.sha256(), blake3(), 0
    for offset in range(0, size, _STEP):
        block = sample.read(offset, _STEP)
        whole.update(block)
        other.update(block)
        checksum = zlib.crc32(block, checksum)
        tail.update(block[max(0, start - offset) :])
    sha256 = whole.hexdigest()
    hashes = {
        "AutoV2": sha256[:10].upper(),
        "SHA256": sha256.upper(),
        "CRC32": checksum.to_bytes(4, "little").hex().upper(),
        "BLAKE3": other.hexdigest().upper(),
    }
    if size >= 2 << 20:
        hashes["AutoV1"] = hashlib.sha256(sample.read(0x100000, 0x10000)).hexdigest()[:8].upper()
    if (autov3 := tail.hexdigest()[:12].upper()) != _NOTHING:
        hashes["AutoV3"] = autov3
    return dict(sample.hashes) if sample.hashes is not None else hashes, sha256


def _ecosystem(sample: Sample) -> str:
    for start, name in (("SD 1", "sd1"), ("Flux", "flux1"), ("SD", "sdxl"), ("Pony", "sdxl"), ("Illustrious", "sdxl")):
        if sample.base_model.startswith(start):
            return name
    return "other"


def _date(moment: datetime, variant: int) -> str:
    """The moment in one of the forms in which the site writes dates."""
    moment = moment.astimezone(timezone.utc)
    forms = ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S")
    return moment.strftime(forms[variant % len(forms)])


def _over(item: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``item`` with ``changes`` over it; a change to ``...`` takes the field out."""
    merged = {**item, **changes}
    return {key: value for key, value in merged.items() if value is not ...}
