"""Every node, in the order in which the menu shows it."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io

from ..py.hosts import comfyui
from .bulk import BulkQueue
from .civitai import CivitaiDownload, CivitaiSearch
from .image_filters import DuplicateFilter, ImageQualityFilter
from .lora import LoadLora, LoraInfo
from .lora_stack import ApplyLoraStack, LoraStackNode
from .prompt_loras import PromptLoras
from .trigger_words import TriggerWords
from .variations import GeminiVariations


class LorakeeperExtension(ComfyExtension):
    async def on_load(self) -> None:
        comfyui.attach()

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [
            CivitaiSearch,
            CivitaiDownload,
            BulkQueue,
            LoraInfo,
            LoadLora,
            LoraStackNode,
            ApplyLoraStack,
            PromptLoras,
            TriggerWords,
            GeminiVariations,
            ImageQualityFilter,
            DuplicateFilter,
        ]
