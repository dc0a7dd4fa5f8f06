"""``/lorakeeper/instructions``: plans that are looked through, approved and carried out. What happens to them is told
by ``lorakeeper.instruction`` events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, JsonValue, model_validator

from ..py.bulk.instructions import BatchResult, Instruction, InstructionPage, InstructionStatus, NewInstruction
from ..py.bulk.missing import MissingReport
from .openapi import Api, Nothing

if TYPE_CHECKING:
    from ..py.app import App


# The most bytes of a picture with a workflow inside, as base64.
WORKFLOW = 24 << 20


class InstructionsQuery(BaseModel):
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=200)
    status: InstructionStatus | None = None


class InstructionChanges(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(None, min_length=1, max_length=200)
    payload: dict[str, JsonValue] | None = None


class Batch(BaseModel):
    """One operation for many instructions."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(max_length=1000)
    operation: str = Field(max_length=40, description="validate, approve or execute")
    mode: Literal["parallel", "sequential"] = "parallel"


class Imported(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, description="JSON as the export gives it, or a list of targets, one a line.")
    title: str = Field("", max_length=200)


class Workflow(BaseModel):
    """One of ``text`` (a workflow, a prompt, or generation parameters) and ``data`` (a picture's bytes in base64)."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    data: Base64Bytes | None = None
    name: str = Field("", max_length=200, description="What to call it.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Workflow:
        if (self.text is None) == (self.data is None):
            raise ValueError("give either text or data")
        return self


class Instructed(BaseModel):
    items: list[Instruction]


class ExportQuery(BaseModel):
    format: Literal["json", "list"] = "json"


class Exported(BaseModel):
    """The whole text of a file, and what it could be called."""

    name: str
    text: str


class Removed(BaseModel):
    removed: str


def add(api: Api, services: App) -> None:
    instructions = services.instructions

    @api.get("instructions", "The instructions, newest first")
    async def page(query: InstructionsQuery) -> InstructionPage:
        return await instructions.page(cursor=query.cursor, limit=query.limit, status=query.status)

    @api.post("instructions", "Write an instruction; nothing is done", status=201)
    async def create(body: NewInstruction) -> Instruction:
        return await instructions.create(body)

    @api.post("instructions/batch", "Validate, approve or execute many; one that can't never stops the others")
    async def batch(body: Batch) -> BatchResult:
        return await instructions.process_instructions(body.ids, body.operation, body.mode)

    @api.post("instructions/import", "Take in a file of instructions, or a list of targets", status=201)
    async def take_in(body: Imported) -> Instructed:
        return Instructed(items=await instructions.read(body.text, body.title))

    @api.post(
        "instructions/missing", "Find a workflow's models that are not here, and plan to fetch them", most=WORKFLOW
    )
    async def missing(body: Workflow) -> MissingReport:
        data = body.data if body.text is None else body.text.encode("utf-8", "surrogatepass")
        return await services.missing.look(data or b"", body.name)

    @api.get("instructions/{id}", "One instruction")
    async def get(id: str) -> Instruction:  # noqa: A002 - the name in the path
        return await instructions.get(id)

    @api.patch("instructions/{id}", "Change an instruction; with another payload it is a draft again")
    async def change(id: str, body: InstructionChanges) -> Instruction:  # noqa: A002
        return await instructions.change(id, title=body.title, payload=body.payload)

    @api.delete("instructions/{id}", "Forget an instruction; what it has done stays done")
    async def remove(id: str) -> Removed:  # noqa: A002
        await instructions.remove(id)
        return Removed(removed=id)

    @api.get("instructions/{id}/export", "An instruction as a file for others")
    async def export(id: str, query: ExportQuery) -> Exported:  # noqa: A002
        text = await instructions.write([id], as_list=query.format == "list")
        return Exported(name=f"instruction-{id}.{'txt' if query.format == 'list' else 'json'}", text=text)

    @api.post("instructions/{id}/validate", "Look what carrying it out would do")
    async def validate(id: str, body: Nothing) -> Instruction:  # noqa: A002
        return await instructions.validate(id)

    @api.post("instructions/{id}/approve", "Say yes to what the validation has shown")
    async def approve(id: str, body: Nothing) -> Instruction:  # noqa: A002
        return await instructions.approve(id)

    @api.post("instructions/{id}/reject", "Say that it shall not be done")
    async def reject(id: str, body: Nothing) -> Instruction:  # noqa: A002
        return await instructions.reject(id)

    @api.post("instructions/{id}/execute", "Carry out what was approved; it goes on after the answer", status=202)
    async def execute(id: str, body: Nothing) -> Instruction:  # noqa: A002
        return await instructions.execute(id, wait=False)

    @api.post("instructions/{id}/stop", "Stop what is being carried out; it stays approved, and can go on from there")
    async def stop(id: str, body: Nothing) -> Instruction:  # noqa: A002
        return await instructions.stop(id)
