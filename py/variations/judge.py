"""Whether a picture that arrived is good, differs from the others, and is no copy: in the order in which they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UsageError
from .calibrated import COMPARED
from .duplicates import DuplicationPreventer
from .outcomes import Picture
from .pixels import colours, within
from .quality import Thresholds, VariationQualityAnalyzer
from .requests import Variation, VariationRequest

if TYPE_CHECKING:
    from PIL.Image import Image


class Judge:
    """For one run. Blocking, and not safe in threads: each judgement depends on those before it."""

    def __init__(self, request: VariationRequest) -> None:
        self._analyzer = VariationQualityAnalyzer(request.profile, request.thresholds)
        self._seen = DuplicationPreventer(request.same)
        self._others: list[Image] = []
        self._sent = {number for each in request.images if isinstance(number := self._seen.added(each), int)}
        self._original = self._kept(request.images[0]) if request.images else None

    @property
    def thresholds(self) -> Thresholds:
        return self._analyzer.thresholds

    def demand(self, thresholds: Thresholds) -> None:
        """From now on."""
        self._analyzer = VariationQualityAnalyzer(self._analyzer.profile, thresholds)

    def judged(self, number: int, picture: Picture, model: str, *, from_cache: bool) -> Variation:
        variation = Variation(number, picture, None, (), model, from_cache)
        image = variation.image()
        try:
            metrics = self._analyzer.analyze_variation_quality(self._original, image, self._others)
        except UsageError as error:  # too small to be judged
            return Variation(number, picture, None, (str(error),), model, from_cache)
        reasons = self._analyzer.why_not(metrics)
        if not reasons:
            found = self._seen.added(image)
            if isinstance(found, int):
                self._others.append(self._kept(image))
            else:
                what = "an image that was sent" if found.number in self._sent else "another one"
                reasons = [f"It shows the same as {what} (similarity {found.match.similarity:.2f})."]
        return Variation(number, picture, metrics, tuple(reasons), model, from_cache)

    def _kept(self, image: Image) -> Image:
        """What later ones are compared with: by the calibrated metrics no more is ever looked at."""
        from PIL import Image as Images

        if self._analyzer.profile == "classic":
            return image
        return Images.fromarray(within(colours(image), COMPARED))
