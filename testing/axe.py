"""What axe-core, which comes with ``axe-playwright-python``, finds wrong for people who can hardly see or point."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from playwright.async_api import Page

_GRAVE = ("serious", "critical")
# A colour on its way to another has too little contrast for as long as that takes.
_FINISH = """() => {
    const look = (root) => {
        for (const element of root.querySelectorAll("*")) {
            if (element.shadowRoot) look(element.shadowRoot);
            for (const animation of element.getAnimations())
                if (Number.isFinite(animation.effect?.getComputedTiming().endTime)) animation.finish();
        }
    };
    look(document);
}"""
_RUN = """async ([within, rules]) => {
    const { violations } = await axe.run(within ?? document, {
        resultTypes: ["violations"],
        ...(rules && { runOnly: { type: "rule", values: rules } }),
    });
    return violations.flatMap(({ id, help, nodes }) =>
        nodes.map(({ impact, target, any }) => ({
            impact,
            said: `${id}: ${target.flat().join(" ")}: ${help}${any[0] ? ` (${any[0].message})` : ""}`,
        })),
    );
}"""


async def serious_violations(page: Page, within: str | None = None, rules: Sequence[str] | None = None) -> list[str]:
    """A sentence ``rule: element: help`` for each that is serious or critical, in open shadow roots too.

    ``within`` is a selector of the part to look at, ``rules`` the only ones to look for.
    """
    if await page.evaluate("typeof axe === 'undefined'"):
        # Not as a script of the page, whose policy would refuse it.
        await page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text("utf-8"))
    await page.evaluate(_FINISH)
    found = await page.evaluate(_RUN, [within, list(rules) if rules else None])
    return [each["said"] for each in found if each["impact"] in _GRAVE]
