"""The right file of a version, and the right folder for it."""

from __future__ import annotations

from typing import Any

import pytest

from lorakeeper.py.civitai.placement import choose_file, folder_of, kind_of, template_values
from lorakeeper.py.civitai.schemas import ModelVersion, VersionFile
from lorakeeper.py.errors import NotFoundError, UsageError

SHA = "A" * 64


def version(
    *files: dict[str, Any], model_type: str = "Checkpoint", base_model: str = "SDXL 1.0", **more: Any
) -> ModelVersion:
    return ModelVersion.model_validate(
        {
            "id": 2,
            "modelId": 1,
            "name": "v1",
            "baseModel": base_model,
            "model": {"name": "Cat", "type": model_type},
            "files": [{"id": number, "type": "Model", **file} for number, file in enumerate(files, 1)],
            **more,
        }
    )


@pytest.mark.parametrize(
    ("file_type", "model_type", "base_model", "kind"),
    [
        ("Model", "LORA", "SDXL 1.0", "loras"),
        ("Model", "LoCon", "SDXL 1.0", "loras"),
        ("Model", "DoRA", "SDXL 1.0", "loras"),
        ("Pruned Model", "Checkpoint", "SD 1.5", "checkpoints"),
        ("Model", "Checkpoint", "Flux.1 D", "diffusion_models"),
        ("Model", "Checkpoint", "Wan Video 14B t2v", "diffusion_models"),
        ("Model", "Checkpoint", "ZImageTurbo", "diffusion_models"),
        ("Model", "Checkpoint", "Z-Image", "diffusion_models"),
        ("Model", "LORA", "Flux.1 D", "loras"),
        ("Diffusion Model", "Checkpoint", "SDXL 1.0", "diffusion_models"),
        ("UNet", "Checkpoint", "SDXL 1.0", "diffusion_models"),
        ("VAE", "Checkpoint", "SDXL 1.0", "vae"),
        ("Model", "VAE", "SDXL 1.0", "vae"),
        ("Text Encoder", "Checkpoint", "Flux.1 D", "text_encoders"),
        ("Model", "TextEncoder", "Flux.1 D", "text_encoders"),
        ("Model", "CLIP", "Flux.1 D", "text_encoders"),
        ("Vision Encoder", "Checkpoint", "Wan Video", "clip_vision"),
        ("Model", "CLIPVision", "SDXL 1.0", "clip_vision"),
        ("Model", "Controlnet", "SDXL 1.0", "controlnet"),
        ("ControlNet", "Checkpoint", "SDXL 1.0", "controlnet"),
        ("Model", "Upscaler", "Other", "upscale_models"),
        ("Upscaler", "Workflows", "Other", "upscale_models"),
        ("Model", "TextualInversion", "SD 1.5", "embeddings"),
        ("Negative", "Checkpoint", "SD 1.5", "embeddings"),
        ("Model", "Hypernetwork", "SD 1.5", "hypernetworks"),
        ("Enhancement LoRA", "Checkpoint", "Flux.1 D", "loras"),
        ("Config", "Checkpoint", "SD 1.5", "configs"),
        ("Model", "MotionModule", "SD 1.5", "animatediff_models"),
        ("Model", "Poses", "Other", None),
        ("Archive", "Workflows", "Other", None),
        ("Training Data", "LORA", "SDXL 1.0", None),
        ("Model", "SplatField", "Other", None),
        ("", "LORA", "SDXL 1.0", "loras"),
    ],
)
def test_a_file_belongs_into_a_folder_by_its_type_then_its_model_s(
    file_type: str, model_type: str, base_model: str, kind: str | None
) -> None:
    one = version({"type": file_type}, model_type=model_type, base_model=base_model)
    assert kind_of(one, one.files[0]) == kind


def test_a_checkpoint_in_gguf_is_a_bare_diffusion_model() -> None:
    one = version({"metadata": {"format": "GGUF"}}, base_model="SD 3.5")
    assert kind_of(one, one.files[0]) == "diffusion_models"


def chosen(*files: dict[str, Any], **how: Any) -> int | None:
    return choose_file(version(*files), **how).id


def test_the_file_marked_primary_is_chosen() -> None:
    assert chosen({"metadata": {"format": "SafeTensor", "fp": "fp16"}}, {"type": "Pruned Model", "primary": True}) == 2


def test_without_a_mark_a_model_goes_before_what_lies_beside_it() -> None:
    assert chosen({"type": "Training Data"}, {"type": "Config"}, {"type": "Pruned Model"}) == 3
    assert chosen({"type": "Archive"}, {"type": "Text Encoder"}) == 2


def test_without_a_mark_safetensors_then_pruned_then_fp16_goes_first() -> None:
    pickle = {"metadata": {"format": "PickleTensor", "size": "pruned", "fp": "fp16"}}
    full = {"metadata": {"format": "SafeTensor", "size": "full", "fp": "fp16"}}
    wide = {"metadata": {"format": "SafeTensor", "size": "pruned", "fp": "fp32"}}
    best = {"metadata": {"format": "SafeTensor", "size": "pruned", "fp": "fp16"}}
    assert chosen(pickle, full, wide, best) == 4
    assert chosen(pickle, full, wide) == 3
    assert chosen(pickle, full) == 2
    assert chosen({"metadata": {"format": None, "size": None}}, pickle) == 2


def test_a_linked_vae_is_never_chosen_by_itself() -> None:
    assert chosen({"type": "VAE", "primary": True}, {"metadata": {"format": "PickleTensor"}}) == 2


def test_the_vae_of_a_vae_is_chosen() -> None:
    one = version({"type": "VAE"}, {"type": "Config"}, model_type="VAE")
    assert choose_file(one).id == 1


def test_a_file_is_chosen_by_its_id_or_its_hash() -> None:
    assert chosen({"primary": True}, {}, file_id=2) == 2
    assert chosen({"primary": True}, {"hashes": {"BLAKE3": SHA}}, file_hash=SHA.lower()) == 2


def test_a_hash_that_no_file_tells_means_the_primary_file() -> None:
    assert chosen({}, {"primary": True}, file_hash=SHA) == 2


def test_a_link_s_choices_select_the_file() -> None:
    files = ({"primary": True, "metadata": {"fp": "fp16"}}, {"metadata": {"fp": "fp32"}})
    assert chosen(*files, choices=(("fp", "fp32"), ("type", "Model"))) == 2
    with pytest.raises(UsageError):
        chosen(*files, choices=(("fp", "nf4"),))


def test_an_unknown_file_id_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"has no file 9: it has 1 \(cat\)"):
        chosen({"name": "cat"}, file_id=9)


def test_a_version_without_files_says_so() -> None:
    with pytest.raises(NotFoundError, match="no file to download"):
        choose_file(version())
    with pytest.raises(NotFoundError, match="only be used on the site"):
        choose_file(version(usageControl="InternalGeneration"))


def test_a_template_s_values_come_from_version_and_model() -> None:
    model = {"name": "Cat: the 2nd", "type": "LORA", "creator": {"username": "a/b"}, "tags": ["style"]}
    one = version({}, model=model)
    folder = folder_of("{type}/{base_model}/{creator}/{model}/{version} {version_id} {model_id} {tag}", one)
    assert folder == "LORA/SDXL 1.0/a_b/Cat_ the 2nd/v1 2 1 style"


def test_the_names_that_a_template_knows_need_no_version() -> None:
    assert set(template_values()) >= {"base_model", "creator", "model", "version", "type"}


def test_a_lone_vae_without_a_known_model_is_no_linked_one() -> None:
    lone = ModelVersion(id=1, files=[VersionFile(id=1, type="VAE")])
    assert not lone.is_linked(lone.files[0])
