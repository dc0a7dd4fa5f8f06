"""Stands in for ``comfy_api.latest.io``: schemas and sockets as Lorakeeper's nodes write them, and what ComfyUI's
server tells a front end about them. Compared with the real one wherever a ComfyUI is at hand.
"""

# ruff: noqa: A002 - the names are ComfyUI's

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


class Hidden(str, Enum):
    unique_id = "UNIQUE_ID"
    prompt = "PROMPT"
    extra_pnginfo = "EXTRA_PNGINFO"


class Input:
    io_type: ClassVar[str] = "*"

    def __init__(
        self,
        id: str,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        advanced: bool | None = None,
    ) -> None:
        self.id = id
        self.display_name = display_name
        self.optional = optional
        self.tooltip = tooltip
        self.advanced = advanced

    def as_dict(self) -> dict[str, Any]:
        return _given(display_name=self.display_name, tooltip=self.tooltip, advanced=self.advanced)


class Output:
    io_type: ClassVar[str] = "*"

    def __init__(
        self,
        id: str | None = None,
        display_name: str | None = None,
        tooltip: str | None = None,
        is_output_list: bool = False,
    ) -> None:
        self.id = id
        self.display_name = display_name or id
        self.tooltip = tooltip
        self.is_output_list = is_output_list


class _Widget(Input):
    def __init__(
        self,
        id: str,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        default: Any = None,
        force_input: bool | None = None,
        advanced: bool | None = None,
        **options: Any,
    ) -> None:
        super().__init__(id, display_name, optional, tooltip, advanced)
        self.default = default.value if isinstance(default, Enum) else default
        self.force_input = force_input
        self.options = options

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), **_given(default=self.default, forceInput=self.force_input), **self.options}


class _Type:
    Input: Any
    Output: Any


def Custom(io_type: str) -> type[_Type]:  # noqa: N802 - ComfyUI's name
    kind = {"io_type": io_type}
    return type(
        io_type, (_Type,), {"Input": type("Input", (Input,), kind), "Output": type("Output", (Output,), dict(kind))}
    )


class AnyType:
    class Input(Input):
        io_type = "*"

    class Output(Output):
        io_type = "*"


class Image:
    class Input(Input):
        io_type = "IMAGE"

    class Output(Output):
        io_type = "IMAGE"


class Model:
    class Input(Input):
        io_type = "MODEL"

    class Output(Output):
        io_type = "MODEL"


class Clip:
    class Input(Input):
        io_type = "CLIP"

    class Output(Output):
        io_type = "CLIP"


class String:
    class Input(_Widget):
        io_type = "STRING"

        def __init__(
            self,
            id: str,
            *,
            multiline: bool = False,
            placeholder: str | None = None,
            dynamic_prompts: bool | None = None,
            **more: Any,
        ) -> None:
            options = _given(multiline=multiline, placeholder=placeholder, dynamicPrompts=dynamic_prompts)
            super().__init__(id, **more, **options)

    class Output(Output):
        io_type = "STRING"


class Boolean:
    class Input(_Widget):
        io_type = "BOOLEAN"


class Int:
    class Input(_Widget):
        io_type = "INT"

        def __init__(
            self,
            id: str,
            *,
            min: int | None = None,
            max: int | None = None,
            step: int | None = None,
            control_after_generate: bool | str | None = None,
            **more: Any,
        ) -> None:
            options = _given(min=min, max=max, step=step, control_after_generate=control_after_generate)
            super().__init__(id, **more, **options)


class Float:
    class Input(_Widget):
        io_type = "FLOAT"

        def __init__(
            self,
            id: str,
            *,
            min: float | None = None,
            max: float | None = None,
            step: float | None = None,
            **more: Any,
        ) -> None:
            super().__init__(id, **more, **_given(min=min, max=max, step=step))


class Combo:
    class Input(_Widget):
        io_type = "COMBO"

        def __init__(self, id: str, options: list[str] | type[Enum] | None = None, **more: Any) -> None:
            super().__init__(id, **more)
            if isinstance(options, type):
                options = [each.value for each in options]
            self.options = {"multiselect": False, "options": options or []}


@dataclass
class Schema:
    node_id: str
    display_name: str | None = None
    category: str = "sd"
    inputs: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    description: str = ""
    search_aliases: list[str] = field(default_factory=list)
    is_input_list: bool = False
    is_output_node: bool = False


class HiddenHolder:
    def __init__(self, unique_id: str | None = None, prompt: Any = None) -> None:
        self.unique_id = unique_id
        self.prompt = prompt


class ComfyNode:
    RELATIVE_PYTHON_MODULE: ClassVar[str] = "custom_nodes.ComfyUI-Lorakeeper"
    hidden: ClassVar[HiddenHolder] = HiddenHolder()

    @classmethod
    def define_schema(cls) -> Schema:
        raise NotImplementedError

    @classmethod
    def GET_NODE_INFO_V1(cls) -> dict[str, Any]:  # noqa: N802 - ComfyUI's name
        """The node as ``/object_info`` shows it."""
        schema = cls.define_schema()
        inputs: dict[str, dict[str, Any]] = {"required": {}}
        for each in schema.inputs:
            group = inputs.setdefault("optional" if each.optional else "required", {})
            group[each.id] = (each.io_type, each.as_dict())
        hidden = [*schema.hidden]
        if schema.is_output_node:
            hidden += [each for each in (Hidden.prompt, Hidden.extra_pnginfo) if each not in hidden]
        for each in hidden:
            inputs.setdefault("hidden", {})[each.name] = (each.value,)
        return {
            "input": inputs,
            "input_order": {group: list(members) for group, members in inputs.items()},
            "is_input_list": schema.is_input_list,
            "output": [each.io_type for each in schema.outputs],
            "output_is_list": [each.is_output_list for each in schema.outputs],
            "output_name": [each.display_name or each.io_type for each in schema.outputs],
            "output_tooltips": [each.tooltip for each in schema.outputs],
            "name": schema.node_id,
            "display_name": schema.display_name,
            "description": schema.description,
            "python_module": cls.RELATIVE_PYTHON_MODULE,
            "category": schema.category,
            "output_node": schema.is_output_node,
            "search_aliases": schema.search_aliases or None,
        }


class NodeOutput:
    def __init__(self, *args: Any, ui: dict[str, Any] | None = None) -> None:
        self.args = args
        self.ui = ui
