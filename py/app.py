"""The composition root: builds every service from the settings, starts and stops them. Nothing else does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from yarl import URL

from .analytics import AnalyticsAnalyzer, AnalyticsCollector, ReportGenerator
from .analytics.reports import Reports
from .bulk import BulkDownloadManager, Leases, Limits, LocalDispatcher, Runner
from .bulk.instructions import (
    DownloadKind,
    InstructionKind,
    Instructions,
    MetadataKind,
    ReportKind,
    ScanKind,
    Timetable,
    VariationsKind,
)
from .bulk.missing import MissingModels
from .civitai.client import CivitaiClient
from .civitai.http import Http
from .civitai.resolve import Resolver
from .civitai.schemas import ModelPage
from .credentials import Credentials
from .downloads import DiskSpace, Downloads, OptimizationMode, PerformanceOptimizer
from .downloads.kept_report import KeptReport
from .downloads.optimizer import PerformanceReport
from .downloads.placement import check_name, install
from .events import Events
from .library.actions import Actions
from .library.catalog import Catalog
from .library.examples import Examples
from .library.learn import Learner
from .library.library import Library
from .library.lookup import Lookup
from .library.metadata import MetadataExtractor, SiteKnowledge
from .library.previews import Previews
from .library.roots import ChangingRoots, Roots, standalone_roots
from .library.scan import Scanner
from .library.updates import Updates
from .library.upkeep import Upkeep
from .library.usage import Usage
from .library.view import View
from .logs import LogFile
from .security import ModelScanner, Quarantine
from .security.custody import Custody
from .settings import Settings, SettingsStore
from .storage.database import Database
from .variations import ImageVariationProcessor, VariationCache
from .variations.cache_table import CacheIndex
from .variations.filters import ImageFilters
from .variations.gemini import Gemini
from .variations.pace import Pace
from .variations.places import OUTPUT, Places
from .variations.runs import VariationRuns

HOME_VARIABLE = "LORAKEEPER_HOME"


def data_folder(comfyui: Path | None = None) -> Path:
    """Where Lorakeeper keeps its files: ``LORAKEEPER_HOME``, else ComfyUI's system-user folder, else the platform's."""
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home).expanduser().absolute()
    if comfyui:
        return comfyui / "user" / "__lorakeeper"
    import platformdirs

    return Path(platformdirs.user_data_dir("lorakeeper", appauthor=False))


class App:
    """All services, each built once from what it needs. ``async with`` starts and closes them."""

    def __init__(
        self,
        home: Path,
        roots: Callable[[Settings], Roots],
        *,
        busy: Callable[[], bool] = lambda: False,
        pictures: Callable[[], Mapping[str, Path]] | None = None,
    ) -> None:
        """``roots`` tells the model folders for the settings as they are, ``busy`` whether the host needs the
        machine for itself, ``pictures`` where the host keeps pictures. Nothing is opened yet, no thread started."""
        self.home = home
        self.busy = busy
        self.store = SettingsStore(home / "settings.json")
        self.credentials = Credentials(home / "credentials.json", self._base_url)
        self.events = Events()
        self.roots = ChangingRoots(roots, lambda: self.settings)
        self.http = Http(
            base_url=lambda: self.settings.civitai_url,
            key_for=lambda url: self.credentials.key_for("civitai", url),
            proxy=lambda: self.settings.proxy,
        )
        self.civitai = CivitaiClient(self.http, cache=lambda: self.settings.cache)
        self.resolver = Resolver(self.civitai, lambda: self.settings)
        self.scanner = ModelScanner()
        self.quarantine = Quarantine(home / "quarantine")
        self.database = Database(home / "lorakeeper.db")
        self.previews = Previews(
            home / "previews",
            self.http,
            nsfw_bits=lambda: self.settings.nsfw_bits,
            allowed=self.may_show,
        )
        view = View(self.previews, site_url=lambda: self.settings.civitai_url)
        self.learner = Learner(
            self.database,
            view,
            self.previews,
            self.events,
            threads=lambda: self.settings.hash_workers,
            blake3=lambda: self.settings.hash_blake3,
            busy=lambda: not self.settings.hash_while_running and self.busy(),
        )
        self.knowledge = SiteKnowledge(self.database, self.civitai, view, self.previews, self.events)
        self.catalog = Catalog()
        self.library = Library(
            self.database,
            self.civitai,
            self.roots,
            view,
            self.learner,
            self.knowledge,
            self.previews,
            self.catalog,
            self.events,
            site_url=lambda: self.settings.civitai_url,
        )
        self.examples = Examples(
            self.civitai,
            self.http,
            self.library.known,
            nsfw_bits=lambda: self.settings.nsfw_bits,
            allowed=self.may_show,
            cache=lambda: self.settings.cache,
        )
        self.custody = Custody(
            self.database,
            self.quarantine,
            self.roots,
            install=install,
            check_name=check_name,
            learn=self.library.learn,
            events=self.events,
        )
        self.metadata = MetadataExtractor(self.database, self.knowledge, self.library.learn)
        self.updates = Updates(self.database, self.knowledge, view)
        self.library_scan = Scanner(self.database, self.roots, view, self.events)
        self.space = DiskSpace()
        self.actions = Actions(
            self.database, self.roots, view, self.events, scans=self.library_scan.lock, space=self.space
        )
        self.lookup = Lookup(self.database, self.roots)
        self.usage = Usage(self.database, view, self.lookup, self.events)
        self.upkeep = Upkeep(
            self.database,
            self.roots,
            self.library_scan,
            self.learner,
            self.knowledge,
            self.updates,
            self.actions,
            self.catalog,
            self.events,
            asks_site=lambda: self.settings.ask_site,
            locks=home / "locks",
        )
        self._kept = KeptReport(home / "performance.json")
        self.optimizer = PerformanceOptimizer(
            mode=lambda: OptimizationMode(self.settings.optimization),
            most=lambda: self.settings.connections,
            busy=self.busy,
            keep=self._kept.keep,
            publish=self.events.publish,
        )
        self.downloads = Downloads(
            self.http,
            self.space,
            self.scanner,
            self.quarantine,
            self.library.find_owned,
            self.resolver.refresh,
            optimizer=self.optimizer,
        )
        runner = Runner(self.resolver, self.downloads, self.library, self.custody, self.roots)
        dispatcher = LocalDispatcher(
            self.database,
            runner,
            Leases(home / "locks"),
            self.events,
            limits=lambda: Limits(
                files=self.optimizer.files(self.settings.concurrency),
                jobs=self.settings.job_concurrency,
                connections=self.settings.connections,
            ),
        )
        self.jobs = BulkDownloadManager(
            self.database, dispatcher, runner, self.events, site=lambda: self.settings.civitai_url
        )
        self.gemini = Gemini(
            lambda: self.settings.gemini_url,
            lambda url: self.credentials.key_for("gemini", url),
            proxy=lambda: self.settings.proxy,
        )
        self.variation_cache = VariationCache(
            home / "variations", CacheIndex(self.database), limit=lambda: self.settings.variation_cache_mb * 1_000_000
        )
        pace = Pace(
            at_once=lambda: self.settings.gemini_concurrency, per_minute=lambda: self.settings.gemini_per_minute
        )
        self.variations = ImageVariationProcessor(self.gemini, self.variation_cache, pace, self.events)
        self.filters = ImageFilters(self.database, self.events)
        own = {name: home / "pictures" / name for name in ("input", OUTPUT)}
        self.pictures = Places(pictures or (lambda: own))
        self.variation_runs = VariationRuns(self.variations, self.pictures)
        self.collector = AnalyticsCollector(
            self.database,
            self.events,
            enabled=lambda: self.settings.analytics,
            keep_days=lambda: self.settings.analytics_days,
        )
        self.analyzer = AnalyticsAnalyzer(self.database, recording=lambda: self.settings.analytics)
        self.reports = Reports(self.analyzer, ReportGenerator(), home / "reports")
        self.instructions = Instructions(
            self.database,
            self.events,
            {
                InstructionKind.DOWNLOAD: DownloadKind(
                    self.resolver,
                    self.http,
                    runner,
                    self.jobs,
                    self.library,
                    self.quarantine,
                    self.space,
                    self.performance,
                    site=lambda: self.settings.civitai_url,
                    nsfw_bits=lambda: self.settings.nsfw_bits,
                ),
                InstructionKind.METADATA: MetadataKind(self.metadata, self._folders),
                InstructionKind.SCAN: ScanKind(self.upkeep, self._folders),
                InstructionKind.VARIATIONS: VariationsKind(
                    self.variations,
                    self.pictures,
                    self.space,
                    lambda: self.credentials.key_for("gemini", URL(self.settings.gemini_url)) is not None,
                ),
                InstructionKind.REPORT: ReportKind(self.reports),
            },
        )
        self._timetable = Timetable(self.instructions)
        self.missing = MissingModels(
            self.lookup, self.library.find_owned, self.roots.kinds, self.civitai, self.instructions
        )
        self._log: LogFile | None = None

    @classmethod
    def standalone(cls, *, comfyui: Path | None = None, home: Path | None = None) -> App:
        """The application without ComfyUI's help; beside a ComfyUI installation it shares that one's folders."""
        home = home or data_folder(comfyui)
        beside = comfyui and {"input": comfyui / "input", OUTPUT: comfyui / "output"}
        return cls(
            home,
            lambda settings: standalone_roots(settings.models, comfyui=comfyui, home=home),
            pictures=(lambda: beside) if beside else None,
        )

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""
        return self.store.current

    async def performance(self) -> PerformanceReport:
        """How well downloads get on; before this process has fetched anything, how well they got on last."""
        report = self.optimizer.report()
        kept = None if report.metrics.received else await asyncio.to_thread(self._kept.read)
        return kept or report

    def may_show(self, url: str) -> bool:
        """Whether images may come from ``url``: only the configured origins, and the site itself."""
        try:
            origin = str(URL(url).origin())
        except ValueError:
            return False
        return origin in {*self.settings.image_hosts, str(URL(self.settings.civitai_url).origin())}

    async def start(self, *, adopt: bool = True) -> None:
        """Opens the log and the database, and begins to run jobs. With ``adopt``, as a server does, also those that
        a kill left behind, and the upkeep of the library."""
        logs = self.home / "logs"
        await asyncio.to_thread(logs.mkdir, parents=True, exist_ok=True)
        self._log = LogFile(logs, self.credentials.secrets)
        # Built off the loop: left to the first answer of the site, it would hold the loop for some 15 ms.
        await asyncio.to_thread(ModelPage.model_rebuild)
        if adopt:
            await asyncio.to_thread(self.catalog.open)
        await self.database.open()
        await asyncio.to_thread(self.collector.start)
        await self.jobs.start(adopt=adopt)
        if adopt:
            self.upkeep.start()
            self._timetable.start()

    async def close(self) -> None:
        """Stops in the reverse order. What runs can be resumed."""
        await self._timetable.close()
        await self.instructions.close()
        await self.variation_runs.close()
        await self.upkeep.close()
        await self.jobs.close()
        await self.gemini.close()
        await self.civitai.close()
        await self.http.close()
        # What the others did as they closed is recorded too.
        await self.collector.close()
        await self.database.close()
        if self._log:
            self._log.close()
            self._log = None

    async def __aenter__(self) -> App:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _folders(self) -> list[Path]:
        """Every model folder once."""
        return list(dict.fromkeys(folder for kind in self.roots.kinds() for folder in self.roots.folders(kind)))

    def _base_url(self, service: str) -> str:
        return self.settings.gemini_url if service == "gemini" else self.settings.civitai_url
