"""What the author of a model allows, as both doors show it."""

from __future__ import annotations

from pydantic import BaseModel

from .schemas import Model


class Licence(BaseModel):
    """Null is what the site doesn't say. ``commercial`` are its own codes, such as ``Image``, ``RentCivit`` or
    ``Sell``, none for no commercial use at all; ``other_licence``: whether a derivative may have another licence."""

    commercial: list[str] | None = None
    no_credit: bool | None = None
    derivatives: bool | None = None
    other_licence: bool | None = None


def licence_of(model: Model | None) -> Licence | None:
    """None where nothing at all is said."""
    if model is None:
        return None
    said = (model.allow_no_credit, model.allow_derivatives, model.allow_different_license)
    commercial = model.allow_commercial_use
    if commercial is None and any(each is not None for each in said):
        commercial = []  # of a single model the site leaves empty lists out
    if commercial is None:
        return None
    codes = [code for code in commercial if code.casefold() != "none"]
    return Licence(commercial=codes, no_credit=said[0], derivatives=said[1], other_licence=said[2])
