"""Model folders: from the environment, from ComfyUI's own files, and what a file in them is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from lorakeeper.py.errors import SettingsError, UsageError
from lorakeeper.py.library.roots import FolderRoots, folder_for, locate, standalone_roots


def test_pairs_and_a_models_folder_go_together(tmp_path: Path) -> None:
    roots = standalone_roots([f"loras={tmp_path}/a", f"{tmp_path}/models"], comfyui=None, home=tmp_path)

    assert roots.folders("loras") == [tmp_path / "a", tmp_path / "models" / "loras"]
    assert roots.folders("diffusion_models") == [tmp_path / "models" / "diffusion_models", tmp_path / "models" / "unet"]


def test_without_any_the_data_folder_has_one(tmp_path: Path) -> None:
    assert standalone_roots([], comfyui=None, home=tmp_path).folders("loras") == [tmp_path / "models" / "loras"]


def test_comfyui_s_extra_paths_are_understood(tmp_path: Path) -> None:
    (tmp_path / "extra_model_paths.yaml").write_text(
        "first:\n  base_path: /srv/a\n  loras: |\n    one\n    two\n  unet: old\n"
        "second:\n  is_default: true\n  loras: /srv/best\nthird: null\n"
    )

    roots = standalone_roots([], comfyui=tmp_path, home=tmp_path / "home")

    assert roots.folders("loras") == [
        Path("/srv/best"),
        tmp_path / "models" / "loras",
        Path("/srv/a/one"),
        Path("/srv/a/two"),
    ]
    assert roots.folders("diffusion_models")[-1] == Path("/srv/a/old")


def test_a_broken_extra_paths_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "extra_model_paths.yaml").write_text("a: [")

    with pytest.raises(SettingsError, match=r"extra_model_paths\.yaml"):
        standalone_roots([], comfyui=tmp_path, home=tmp_path)


def test_a_pair_without_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="kind=path"):
        standalone_roots(["loras="], comfyui=None, home=tmp_path)


def test_a_file_is_called_as_the_loaders_call_it(tmp_path: Path) -> None:
    roots = FolderRoots({"loras": [tmp_path / "loras"], "other": [tmp_path]})

    assert locate(roots, tmp_path / "loras" / "sub" / "x.safetensors") == (
        "loras",
        str(Path("sub", "x.safetensors")),
    )
    assert locate(roots, tmp_path / "y.pt") == ("other", "y.pt")
    assert locate(roots, tmp_path.parent / "z.pt") is None


def test_a_folder_that_begins_alike_is_another_one(tmp_path: Path) -> None:
    assert locate(FolderRoots({"loras": [tmp_path / "lora"]}), tmp_path / "loras" / "x.pt") is None


def test_a_link_stays_in_the_folder_it_lies_in(tmp_path: Path) -> None:
    (tmp_path / "loras").mkdir()
    (tmp_path / "real.pt").touch()
    try:
        (tmp_path / "loras" / "x.pt").symlink_to(tmp_path / "real.pt")
    except OSError:
        pytest.skip("no right to make links here")

    assert locate(FolderRoots({"loras": [tmp_path / "loras"]}), tmp_path / "loras" / "x.pt") == ("loras", "x.pt")


def test_an_unknown_kind_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="loras, vae"):
        folder_for(FolderRoots({"vae": [tmp_path], "loras": [tmp_path]}), "unet")
