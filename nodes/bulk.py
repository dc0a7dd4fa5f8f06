"""The node that downloads many models as one job."""

from __future__ import annotations

import json
from typing import Any

from comfy_api.latest import io

from ..py.hosts.comfyui import host
from .civitai import Results

STRATEGIES = ["adaptive", "sequential", "parallel"]
PRIORITIES = ["normal", "high", "low"]


class BulkQueue(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_BulkQueue",
            display_name="Bulk Queue",
            category="Lorakeeper/civitai",
            description="Downloads many models as one job, checked, into the folders where ComfyUI looks for them.",
            search_aliases=["bulk download", "download many", "batch download", "download queue"],
            is_output_node=True,
            hidden=[io.Hidden.unique_id],
            inputs=[
                io.String.Input(
                    "targets",
                    multiline=True,
                    default="",
                    placeholder="links, AIRs, model@version or hashes, one a line",
                    optional=True,
                    tooltip="What to download, one a line: Civitai links, AIRs, model numbers, model@version or "
                    "hashes. What follows a # is a comment.",
                ),
                Results.Input(
                    "results", optional=True, tooltip="Search results to download, each in its newest version."
                ),
                io.String.Input("name", default="", optional=True, tooltip="What to call the job in the sidebar."),
                io.Combo.Input(
                    "strategy",
                    options=STRATEGIES,
                    default=STRATEGIES[0],
                    optional=True,
                    tooltip="How many files come at once: adaptive finds out, sequential is one by one in order.",
                ),
                io.Combo.Input(
                    "priority",
                    options=PRIORITIES,
                    default=PRIORITIES[0],
                    optional=True,
                    tooltip="Which jobs go first.",
                ),
                io.Boolean.Input(
                    "wait",
                    default=True,
                    optional=True,
                    tooltip="Whether the graph waits for the files. Without it the job goes on in the background.",
                ),
            ],
            outputs=[
                io.String.Output("job", tooltip="The job's id, as the sidebar and the command line know it."),
                io.String.Output("json", display_name="JSON", tooltip="What became of each file, as JSON text."),
                # Core's loaders take a name only from an output of any type, or of their very own list.
                io.AnyType.Output(
                    "names",
                    is_output_list=True,
                    tooltip="The names of the files that are here, for the name input of a loader.",
                ),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, targets: str | None = "", name: str | None = "", **others: Any) -> Any:
        """Files that were deleted since are fetched again."""
        return host().are_still_here(targets or "", name or "")

    @classmethod
    async def execute(
        cls,
        targets: str = "",
        results: list[dict[str, Any]] | None = None,
        name: str = "",
        strategy: str = STRATEGIES[0],
        priority: str = PRIORITIES[0],
        wait: bool = True,
    ) -> io.NodeOutput:
        options = {"strategy": strategy, "priority": priority}
        job, report, names = await host().bulk(targets, results, name, options, wait, cls.hidden.unique_id)
        return io.NodeOutput(job, json.dumps(report, indent=2, ensure_ascii=False), names)
