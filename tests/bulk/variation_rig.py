"""Plans of variations for the tests: an application before the fake Gemini, pictures to vary, and plans for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from lorakeeper.py.app import App
from lorakeeper.py.bulk.instructions import Instruction, InstructionKind, NewInstruction, Validation, VariationsKind
from lorakeeper.testing.fake_gemini import FakeGemini, faults
from lorakeeper.testing.pictures import photograph, png

PRICE = 0.045  # of the smallest image of the usual model
SIZE = (192, 192)
GOOD = [photograph(seed, SIZE) for seed in range(10, 16)]
FOLDER = "output/lorakeeper/Hills"


@dataclass
class Rig:
    app: App
    fake: FakeGemini

    @property
    def kind(self) -> VariationsKind:
        return VariationsKind(self.app.variations, self.app.pictures, self.app.space, lambda: True)

    @property
    def output(self) -> Path:
        return self.app.pictures.results("Hills")

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.output.glob("*.png"))

    def puts(self, name: str, content: Image.Image | bytes) -> Path:
        path = self.app.home / "pictures" / "input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else png(content))
        return path

    def gives(self, *images: Image.Image) -> None:
        self.fake.faults += [faults.Given(png(image)) for image in images]

    async def plan(self, *names: str, **fields: Any) -> Instruction:
        """A draft; ``a.png`` and ``b.png`` are there."""
        payload = {
            "images": [f"input/{name}" for name in names],
            "prompt": "a hill",
            "size": "512",
            "title": "Hills",
            **{"count": 1, **fields},
        }
        return await self.app.instructions.create(
            NewInstruction(title="Many hills", kind=InstructionKind.VARIATIONS, payload=payload)
        )

    async def looked(self, *names: str, **fields: Any) -> Validation:
        validated = await self.app.instructions.validate((await self.plan(*names, **fields)).id)
        assert validated.validation
        return validated.validation

    async def approved(self, *names: str, **fields: Any) -> Instruction:
        plan = await self.plan(*names, **fields)
        await self.app.instructions.validate(plan.id)
        return await self.app.instructions.approve(plan.id)

    async def again(self, plan: Instruction, news: Callable[[dict[str, Any]], None] = lambda facts: None) -> Any:
        """Carries it out by its kind alone, as after a crash: with the same key."""
        payload = self.kind.payload.model_validate(plan.payload)
        assert plan.validation
        return await self.kind.execute(payload, plan.validation, plan.id, news)
