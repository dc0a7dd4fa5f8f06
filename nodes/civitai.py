"""The nodes that search Civitai and download from it."""

from __future__ import annotations

import json
import time
from typing import Any, get_args

from comfy_api.latest import io

from ..py.civitai.kinds import MODEL_TYPES
from ..py.civitai.query import Period, Sort
from ..py.hosts.comfyui import host
from ..py.hosts.comfyui_app import ComfyRoots
from ..py.library.node_results import as_json, choose, words_text

Results = io.Custom("CIVITAI_RESULTS")
ANY = "any"
AUTO = "auto"
# Seconds for which the client remembers an answer.
FRESH = 300
SORTS: list[str] = list(get_args(Sort))
PERIODS: list[str] = list(get_args(Period))


class CivitaiSearch(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_CivitaiSearch",
            display_name="Civitai Search",
            category="Lorakeeper/civitai",
            description="Searches Civitai for models.",
            search_aliases=["find lora", "find model", "search models", "civitai browser"],
            inputs=[
                io.String.Input(
                    "query", default="", tooltip="Words to search for; empty lists models without a search."
                ),
                io.Combo.Input(
                    "types", options=[ANY, *MODEL_TYPES], default="LORA", optional=True, tooltip="The type of model."
                ),
                io.String.Input(
                    "base_model",
                    default="",
                    placeholder="any base model",
                    optional=True,
                    tooltip="Such as SDXL 1.0, Illustrious or Flux.1 D, as the site writes it; several with commas.",
                ),
                io.Combo.Input("sort", options=SORTS, default=SORTS[0], optional=True, tooltip="What comes first."),
                io.Combo.Input(
                    "period",
                    options=PERIODS,
                    default=PERIODS[0],
                    optional=True,
                    tooltip="The time that the order counts.",
                ),
                io.String.Input(
                    "tag", default="", optional=True, advanced=True, tooltip="Only models with this tag; empty for all."
                ),
                io.String.Input(
                    "username",
                    default="",
                    optional=True,
                    advanced=True,
                    tooltip="Only this creator's models; empty for all.",
                ),
                io.Boolean.Input(
                    "nsfw",
                    default=False,
                    optional=True,
                    tooltip="Also models that aren't safe for work, up to the limit in Lorakeeper's settings. "
                    "Without it the site leaves most models out.",
                ),
                io.Int.Input(
                    "limit", default=20, min=1, max=100, optional=True, tooltip="How many models to list at most."
                ),
            ],
            outputs=[
                Results.Output("results", tooltip="The models found, for Civitai Download."),
                io.String.Output("json", display_name="JSON", tooltip="The models found, as JSON text."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, **inputs: Any) -> Any:
        """The same search is made again when the client's memory of it has run out."""
        return int(time.time() // FRESH)

    @classmethod
    async def execute(
        cls,
        query: str,
        types: str = ANY,
        base_model: str = "",
        sort: str = SORTS[0],
        period: str = PERIODS[0],
        tag: str = "",
        username: str = "",
        nsfw: bool = False,
        limit: int = 20,
    ) -> io.NodeOutput:
        wanted = {
            "query": query,
            "types": "" if types == ANY else types,
            "base_models": base_model,
            "sort": sort,
            "period": period,
            "tag": tag,
            "username": username,
            "nsfw": nsfw,
            "limit": limit,
        }
        results = await host().search(wanted)
        return io.NodeOutput(results, json.dumps(results, indent=2, ensure_ascii=False))


class CivitaiDownload(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_CivitaiDownload",
            display_name="Civitai Download",
            category="Lorakeeper/civitai",
            description="Fetches a model, checked, into the folder where ComfyUI looks for it.",
            search_aliases=["download lora", "download model", "get model", "air", "urn:air"],
            is_output_node=True,
            hidden=[io.Hidden.unique_id],
            inputs=[
                io.String.Input(
                    "target",
                    default="",
                    placeholder="link, AIR, model@version or hash",
                    optional=True,
                    tooltip="A Civitai link, an AIR, a model number, model@version, or a hash.",
                ),
                Results.Input(
                    "results",
                    optional=True,
                    tooltip="Search results to take one of. They count when there is no target.",
                ),
                io.Int.Input(
                    "index", default=0, min=0, max=99, optional=True, tooltip="Which result to take, counted from 0."
                ),
                io.Combo.Input(
                    "kind",
                    options=[AUTO, *ComfyRoots().kinds()],
                    default=AUTO,
                    optional=True,
                    advanced=True,
                    tooltip="The kind of folder to put it in; auto lets the type of the model decide.",
                ),
            ],
            outputs=[
                # Core's loaders take a name only from an output of any type, or of their very own list.
                io.AnyType.Output("name", tooltip="The file's name, for the name input of a loader."),
                io.String.Output("path", tooltip="Where the file lies."),
                io.String.Output("trigger_words", tooltip="The model's trigger words, comma-separated."),
                io.String.Output("json", display_name="JSON", tooltip="What is known of the model, as JSON text."),
            ],
        )

    @classmethod
    def validate_inputs(cls, target: str | None = None) -> bool | str:
        # What comes over a link is None here, and known only when the graph runs.
        return host().check_target(target) if target and target.strip() else True

    @classmethod
    def fingerprint_inputs(cls, target: str | None = None, kind: str | None = AUTO, **others: Any) -> Any:
        """A file that was deleted since is fetched again."""
        return host().is_still_here((target or "").strip(), None if kind == AUTO else kind)

    @classmethod
    async def execute(
        cls, target: str = "", results: list[dict[str, Any]] | None = None, index: int = 0, kind: str = AUTO
    ) -> io.NodeOutput:
        detail = await host().download(
            lambda: choose(target, results, index), None if kind == AUTO else kind, cls.hidden.unique_id
        )
        return io.NodeOutput(detail.name, detail.path or "", words_text(detail), as_json(detail))
