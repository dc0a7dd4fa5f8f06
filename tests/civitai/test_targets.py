"""Everything a user might paste means what it says, and never anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.civitai.targets import (
    FileTarget,
    HashTarget,
    ModelTarget,
    Target,
    VersionTarget,
    parse_target,
)
from lorakeeper.py.errors import UsageError

SHA256 = "7C819B6D13663ED720C2254F4FE18373107DFEF2448D337913C8FC545640881E"
IDS = st.integers(1, 10**9 - 1)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("43331", ModelTarget(43331)),
        (" 43331\n", ModelTarget(43331)),
        ("43331@176425", VersionTarget(176425, 43331)),
        ("43331@176425+134792", VersionTarget(176425, 43331, 134792)),
        ("https://civitai.com/models/43331", ModelTarget(43331)),
        ("https://civitai.com/models/43331/majicmix-realistic", ModelTarget(43331)),
        ("civitai.com/models/43331", ModelTarget(43331)),
        ("<https://civitai.com/models/43331>", ModelTarget(43331)),
        ("https://www.civitai.com/models/43331?modelVersionId=176425", VersionTarget(176425, 43331)),
        ("https://civitai.red/models/43331/x?modelVersionId=176425#reviews", VersionTarget(176425, 43331)),
        ("http://CIVITAI.RED/de/models/43331", ModelTarget(43331)),
        ("https://civitai.green/models/43331", ModelTarget(43331)),
        ("https://civitai.com/models/43331?modelVersionId=", ModelTarget(43331)),
        ("https://civitai.com/model-versions/176425", VersionTarget(176425)),
        ("https://civitai.com/api/v1/models/43331", ModelTarget(43331)),
        ("https://civitai.com/api/v1/model-versions/176425", VersionTarget(176425)),
        ("https://civitai.com/api/download/models/176425", VersionTarget(176425)),
        ("https://api.civitai.com/api/download/models/176425?fileId=134792", VersionTarget(176425, None, 134792)),
        (
            "https://civitai.com/api/download/models/176425?type=Model&format=SafeTensor&size=pruned&fp=fp16&token=mine",
            VersionTarget(
                176425, None, None, (("type", "Model"), ("format", "SafeTensor"), ("size", "pruned"), ("fp", "fp16"))
            ),
        ),
        ("https://civitai.com/api/v1/model-versions/by-hash/7c819b6d13", HashTarget("7C819B6D13", "AutoV2")),
        ("urn:air:sd1:checkpoint:civitai:43331@176425", VersionTarget(176425, 43331)),
        ("URN:AIR:sdxl:lora:Civitai:43331@176425+134792", VersionTarget(176425, 43331, 134792)),
        ("air:flux1:lora:civitai:43331@176425.safetensors", VersionTarget(176425, 43331)),
        ("urn:air:sd1:checkpoint:civitai:43331", ModelTarget(43331)),
        (SHA256, HashTarget(SHA256, "SHA256 or BLAKE3")),
        (f"sha256:{SHA256.lower()}", HashTarget(SHA256, "SHA256")),
        (f"0x{SHA256.lower()}", HashTarget(SHA256, "SHA256 or BLAKE3")),
        (f"BLAKE3: {SHA256}", HashTarget(SHA256, "BLAKE3")),
        ("7C819B6D13", HashTarget("7C819B6D13", "AutoV2")),
        ("5376065129aa", HashTarget("5376065129AA", "AutoV3")),
        ("C45EB528", HashTarget("C45EB528", "AutoV1 or CRC32")),
        ("crc32:12345678", HashTarget("12345678", "CRC32")),
        ("AutoV1=C45EB528", HashTarget("C45EB528", "AutoV1")),
        ("1234567890", HashTarget("1234567890", "AutoV2")),
    ],
)
def test_a_target_is_understood(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "cat lora",
        "0",
        "-5",
        "43331@",
        "43331@x",
        "https://civitai.com/",
        "https://civitai.com/images/123",
        "https://civitai.com/user/alice/models",
        "https://civitai.com/models/43331?modelVersionId=abc",
        "https://example.com/models/43331",
        "https://civitai.com.example.com/models/43331",
        "https://notcivitai.com/models/43331",
        "https://civitai.com@example.com/models/43331",
        "ftp://civitai.com/models/43331",
        "http://[civitai.com/models/1",
        "urn:air:sd1:checkpoint:huggingface:43331@1",
        "sha256:abcd",
        "abcdef0",
        "no/such/file.safetensors",
        "x" * 5000,
        "a\0b",
    ],
)
def test_what_names_no_model_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match=r"^[A-Z].*\.$"):
        parse_target(text)


def test_links_of_the_configured_site_count() -> None:
    assert parse_target("http://127.0.0.1:9000/models/1001", site="http://127.0.0.1:9000") == ModelTarget(1001)
    with pytest.raises(UsageError):
        parse_target("http://127.0.0.1:9001/models/1001", site="http://127.0.0.1:9000")


def test_a_file_here_is_a_target(tmp_path: Path) -> None:
    path = tmp_path / "a b.safetensors"
    path.write_bytes(b"x")
    assert parse_target(str(path)) == FileTarget(path)
    assert parse_target(path.as_uri()) == FileTarget(path)
    with pytest.raises(UsageError):
        parse_target(str(path), files=False)


@given(IDS, IDS, IDS)
def test_every_way_to_name_a_file_means_the_same(model: int, version: int, file: int) -> None:
    expected = VersionTarget(version, model, file)
    assert parse_target(f"{model}@{version}+{file}") == expected
    assert parse_target(f"urn:air:sdxl:lora:civitai:{model}@{version}+{file}") == expected
    assert parse_target(f"https://civitai.com/models/{model}/x?modelVersionId={version}&fileId={file}") == expected


@given(
    st.one_of(
        st.builds(ModelTarget, IDS),
        st.builds(VersionTarget, IDS, st.none() | IDS, st.none() | IDS),
        st.builds(VersionTarget, IDS, st.none(), st.none(), st.just((("format", "SafeTensor"), ("fp", "fp16")))),
        st.builds(
            HashTarget, st.text("0123456789ABCDEF", min_size=64, max_size=64), st.sampled_from(["SHA256", "BLAKE3"])
        ),
        st.builds(HashTarget, st.text("ABCDEF", min_size=12, max_size=12), st.just("AutoV3")),
    )
)
def test_the_text_of_a_target_means_that_target(target: Target) -> None:
    assert parse_target(str(target)) == target


@given(st.text())
def test_any_text_is_a_target_or_a_sentence(text: str) -> None:
    try:
        parse_target(text)
    except UsageError as error:
        sentence = str(error)
    else:
        sentence = "It names a model."
    assert sentence.endswith(".")
    assert "\n" not in sentence


@given(st.text("abcdefghijklmnopqrstuvwxyz.-@:/?#[]0123456789", max_size=30))
def test_no_link_to_another_host_names_a_model(host: str) -> None:
    try:
        target = parse_target(f"https://{host}.example.com/models/1")
    except UsageError:
        return
    # Only where a sign in `host` ended the host's name: what stands before it was the site.
    assert isinstance(target, (ModelTarget, VersionTarget, HashTarget))
    assert "civitai." in host


def test_a_link_s_key_is_not_kept() -> None:
    target = parse_target("https://civitai.com/api/download/models/176425?fileId=3&token=secret-key-1")
    assert "secret" not in str(target)
    assert "secret" not in repr(target)
