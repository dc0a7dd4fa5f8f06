/** The shapes of Lorakeeper's JSON, as the routes and the events give them. */

export type JobState = "pending" | "processing" | "paused" | "completed" | "failed" | "cancelled";

export type ItemState =
  | "queued" | "resolving" | "downloading" | "verifying" | "scanning"
  | "paused" | "installed" | "owned" | "quarantined" | "failed" | "cancelled";

export type Priority = "high" | "normal" | "low";
export type Action = "pause" | "resume" | "cancel" | "retry";

/** One file of a job. */
export interface JobItem {
  id: string;
  job: string;
  target: string;
  position: number;
  name: string | null;
  kind: string | null;
  state: ItemState;
  received: number;
  total: number | null;
  rate: number;
  eta: number | null;
  error: string | null;
  path: string | null;
  part: string | null;
  sha256: string | null;
  model_id: number | null;
  version_id: number | null;
  file_id: number | null;
  library_id: number | null;
  host: string | null;
  base_model: string | null;
  creator: string | null;
  seconds: number;
  held: Record<string, number>;
  cause: string | null;
  created_at: string;
  updated_at: string;
}

/** A download of one file, which is `item` then, or of many. `total` is that of the `sized_files`. */
export interface Job {
  id: string;
  name: string;
  state: JobState;
  options: {
    batch_size: number;
    priority: Priority;
    strategy: "sequential" | "parallel" | "adaptive";
    priority_boost: number;
    concurrency: number | null;
    folder: string | null;
  };
  position: number;
  total_files: number;
  downloaded_files: number;
  failed_files: number;
  cancelled_files: number;
  sized_files: number;
  received: number;
  total: number | null;
  rate: number;
  eta: number | null;
  error: string | null;
  item: JobItem | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  updated_at: string;
}

/** How well downloads get on: bytes a second, percent, seconds. */
export interface PerformanceReport {
  condition: "excellent" | "good" | "fair" | "poor" | "unstable";
  metrics: {
    current: number;
    average: number;
    peak: number;
    received: number;
    cpu: number;
    memory: number;
    latency: number | null;
    errors: number;
    refused: number;
    error_rate: number;
    transfers: number;
  };
  configuration: { mode: "speed" | "efficiency" | "minimal" | "adaptive"; connections: number; chunk: number; patience: number };
  changes: { at: string; before: number; after: number; why: string }[];
  recommendations: string[];
}

/** A file that is held back. `folder` is where it was to go, "" where that isn't known. */
export interface QuarantineEntry {
  sha256: string;
  name: string;
  reason: string;
  source: string;
  size: number;
  quarantined_at: string;
  path: string;
  folder: string;
  version_id: number;
}

export interface SecurityReport {
  total: { scanned: number; safe: number; unverifiable: number; quarantined: number; released: number; deleted: number };
  held: number;
  entries: QuarantineEntry[];
}

/** Where a file that was held back lies now; `listed` where the library knows it already. */
export interface Released {
  sha256: string;
  name: string;
  path: string;
  owned: boolean;
  listed: boolean;
}

export type WordSource = "user" | "site" | "header";

/** A word belongs to the set `group` of its source, and to those of `also`. One that is `suggested` is a guess from the training. */
export interface Word {
  text: string;
  source: WordSource;
  group: number;
  also: number[];
  suggested: boolean;
}

/** Words that one source gave together; `place` is where the set stands among those of its source. */
export interface WordSet {
  source: WordSource;
  place: number;
  suggested: boolean;
  words: string[];
}

export interface Item {
  id: number;
  kind: string;
  name: string;
  file_name: string;
  title: string;
  version_name: string | null;
  base_model: string | null;
  sha256: string | null;
  size: number;
  state: "present" | "missing" | "broken" | "trashed";
  trigger_words: Word[];
  tags: string[];
  favourite: boolean;
  notes: string;
  preferred_strength: number | null;
  creator: string | null;
  model_id: number | null;
  version_id: number | null;
  nsfw_level: number;
  has_preview: boolean;
  has_motion: boolean;
  url: string | null;
  air: string | null;
  added_at: string;
  changed_at: string | null;
  last_used: string | null;
  uses: number;
  copies: number;
  rating: number | null;
  family: string | null;
  folder: string;
  site_tags: string[];
  network: string | null;
  rank: number | null;
  has_update: boolean;
  newest_version_id: number | null;
}

/** What the author allows. Null is what the site doesn't say; `commercial` has codes of the site's, such as `Image`, `Rent` or `Sell`. */
export interface Licence {
  commercial: string[] | null;
  no_credit: boolean | null;
  derivatives: boolean | null;
  other_licence: boolean | null;
}

/** A version that the site has of a model; `owned` is the library's id of a file of it that is here. */
export interface KnownVersion {
  id: number;
  name: string;
  base_model: string | null;
  published_at: string | null;
  size: number | null;
  owned: number | null;
}

/** What the file says of itself; what it doesn't say is left out. */
export interface Header {
  format?: string;
  component?: string | null;
  base_model?: string | null;
  architecture?: string | null;
  network?: string | null;
  rank?: number | null;
  alpha?: number | null;
  tensors?: number;
  parameters?: number;
  dtype?: string | null;
  title?: string | null;
  author?: string | null;
  description?: string | null;
  resolution?: string | null;
  images?: number;
  tags?: { tag: string; count: number }[];
  words?: string[];
  suggestions?: string[];
  embedded?: Record<string, string>;
  metadata?: Record<string, string>;
}

/** The site's answer about a version, as far as it is shown. */
export interface SiteVersion {
  name?: string;
  baseModel?: string;
  publishedAt?: string | null;
  trainedWords?: string[];
  stats?: { downloadCount?: number | null };
  model?: SiteModel | null;
}

export interface SiteModel {
  name?: string;
  type?: string;
  creator?: { username?: string } | null;
  tags?: string[];
  stats?: { downloadCount?: number | null; thumbsUpCount?: number | null };
}

/** What the user says; trigger words are sets, each comma-joined. */
export interface UserLayer {
  favourite: boolean;
  tags: string[];
  notes: string;
  trigger_words: string[];
  preferred_strength: number | null;
}

export interface Detail extends Item {
  path: string;
  description: string;
  licence: Licence | null;
  word_sets: WordSet[];
  versions: KnownVersion[];
  model: SiteModel | null;
  broken: string | null;
  header: Header | null;
  site: SiteVersion | null;
  user: UserLayer;
  hashes: Record<string, string>;
}

export type UserChanges = Partial<Pick<Item, "favourite" | "tags" | "notes" | "preferred_strength">> & {
  trigger_words?: string[];
};

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
  total?: number;
}

export interface Found {
  id: number;
  name: string;
  type: string;
  creator: string | null;
  nsfw: boolean;
  base_models: string[];
  downloads: number;
  rating?: number | null;
  image: string | null;
  /** A short video to show in the picture's place, while somebody looks. */
  motion: string | null;
  nsfw_level: number;
  tags: string[];
  /** The library's id of a file of any version that is here. */
  owned: number | null;
  /** Whether the newest version isn't here where another one is. */
  has_update: boolean;
  licence: Licence;
  versions: { id: number; name: string; base_model: string | null; trigger_words: string[]; size: number | null; owned: number | null }[];
}

export interface RemoteFile {
  id: number | null;
  name: string;
  size: number | null;
  sha256: string | null;
  format: string | null;
}

export interface Resolved {
  target: string;
  model: { id: number | null; name: string; type: string; creator: string | null; nsfw: boolean; tags: string[]; description: string; licence: Licence | null };
  nsfw_level: number;
  motion: string | null;
  version: { id: number; name: string; base_model: string | null; air: string | null; published_at: string | null };
  file: RemoteFile;
  files: RemoteFile[];
  versions: KnownVersion[];
  kind: string | null;
  kinds: string[];
  folder: string;
  owned: number | null;
  trigger_words: string[];
  image: string | null;
  page: string | null;
  warnings: string[];
}

export interface Credential {
  configured: boolean;
  source: "environment" | "file" | null;
  masked: string | null;
}

/** One property of a JSON schema. */
export interface SettingSchema {
  type?: string;
  description?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  default?: unknown;
  /** Not a field of the form. */
  hidden?: boolean;
}

/** What is known of a file that a graph names. `page` is its model's at the site, `url` where this very content can be downloaded. */
export interface KnownFile {
  id: number;
  kind: string;
  name: string;
  title: string;
  sha256: string | null;
  family: string | null;
  page: string | null;
  url: string | null;
  words: string[];
}

/** The LoRAs of one node, with what it remembers of each, and the file of the base model that reaches it. */
export interface LorasOnBase {
  node: string;
  base: string;
  loras: string[];
  contents: string[];
  prompts: string[];
}

export type InstructionKind = "download" | "metadata" | "scan" | "variations" | "report";
export type InstructionStatus = "draft" | "validated" | "approved" | "executed" | "failed" | "rejected";

/** Something to know before saying yes: one word for programs, and a sentence. */
export interface Remark {
  kind: string;
  text: string;
}

/** One thing of a plan. `number` is its line in the list that it came from. */
export interface PlanLine {
  number: number;
  text: string;
  outcome: "do" | "owned" | "refused";
  name: string | null;
  size: number | null;
  kind: string | null;
  folder: string | null;
  path: string | null;
  page: string | null;
  fingerprint: string | null;
  remarks: Remark[];
}

/** What carrying a plan out would do. `seconds` is null where no speed has been measured, `cost` (US dollars at most) where none is known. */
export interface Validation {
  at: string;
  took: number;
  lines: PlanLine[];
  files: number;
  bytes: number;
  unsized: number;
  owned: number;
  refused: number;
  rooms: { folder: string; free: number; needed: number; after: number }[];
  seconds: number | null;
  cost: number | null;
  remarks: Remark[];
}

/** A plan before its deed. */
export type Every = "once" | "day" | "week" | "month";

export interface Instruction {
  id: string;
  title: string;
  kind: InstructionKind;
  payload: Record<string, unknown>;
  notes: string[];
  every: Every;
  at: string;
  due: string | null;
  status: InstructionStatus;
  running: boolean;
  validation: Validation | null;
  result: Record<string, unknown> | null;
  error: string | null;
  created_at: string;
  changed_at: string;
}

/** What a `lorakeeper.instruction` event says: what has become of it, or how far it is. */
export interface InstructionNews {
  id: string;
  title?: string;
  kind?: InstructionKind;
  every?: Every;
  due?: string | null;
  status?: InstructionStatus;
  error?: string | null;
  result?: Record<string, unknown> | null;
  progress?: Record<string, unknown>;
}

/** A model that a workflow names. */
export interface WorkflowModel {
  name: string;
  kind: string | null;
  state: "here" | "found" | "unknown";
  path: string | null;
  target: string | null;
  by: "target" | "hash" | "name" | null;
  url: string | null;
  where: string;
  note: string;
}

export interface MissingReport {
  models: WorkflowModel[];
  instruction: Instruction | null;
}

/** What a reader can do about something: a view, with what the library's list is asked for, or the setting to look at. */
export interface Way {
  label: string;
  view: "library" | "discover" | "queue" | "settings" | "security";
  query: LibraryFilter;
  setting: string | null;
}

/** What the library's list may be asked for, as `GET library` takes it. */
export type LibraryFilter = Record<string, string | number | boolean | (string | number | boolean)[] | null>;

export interface Tile {
  label: string;
  value: string;
  change: string | null;
  good: boolean | null;
}

/** `lines` and `bars` have a value of each series for each of `x`, `rows` one series of bars that lie, `heat` a series a row. */
export interface Chart {
  kind: "lines" | "bars" | "rows" | "heat";
  title: string;
  unit: "count" | "bytes" | "seconds" | "rate" | "dollars" | "share";
  x: string[];
  series: { name: string; values: number[] }[];
  stacked: boolean;
  text: string;
}

/** `bar` is the length of a bar behind the row, 0 to 1. */
export interface TableRow {
  cells: string[];
  bar: number | null;
  action: Way | null;
}

export interface Table {
  title: string;
  columns: string[];
  rows: TableRow[];
}

export interface Section {
  name: "overview" | "downloads" | "usage" | "storage" | "variations" | "security" | "recommendations";
  title: string;
  sentences: string[];
  tiles: Tile[];
  charts: Chart[];
  tables: Table[];
  advice: { text: string; action: Way }[];
}

/** What is known of a period, and how it is shown. Only what the view reads of the summary itself. */
export interface Analytics {
  summary: {
    zone: string;
    period: { since: string; until: string };
    recorded_since: string | null;
    storage: { files: number };
  };
  sections: Section[];
}

/** The colours that a chart is drawn in, as `rgb()`. */
export interface Look {
  text: string;
  quiet: string;
  line: string;
  background: string;
  accent: string;
  font: string;
  dark: boolean;
}

/** By field its values, the most common first; "" is having none. */
export type Facets = Record<string, { value: string; count: number }[]>;

/** A search of the library that the user has given a name. */
export interface SavedFilter {
  name: string;
  query: LibraryFilter;
}

export interface ScanState {
  scanning: boolean;
  held_back: boolean;
  scan: {
    files: number;
    new: number;
    changed: number;
    moved: number;
    missing: number;
    broken: number;
    folders: number;
    seconds: number;
    findings: string[];
  } | null;
  reading: { files: number; files_done: number; bytes: number; bytes_done: number; rate: number; eta: number | null; paused: boolean };
}

/** What is wrong with a file, as the integrity check found it. */
export interface Verified {
  id: number;
  path: string;
  verdict: string;
  why: string | null;
}

export interface CheckState {
  checking: boolean;
  report: { checked: number; ok: number; size: number; problems: Verified[]; next_cursor: number | null } | null;
}

/** One action with the files it is for. */
export type ActionRequest =
  | { action: "favourite"; ids: number[]; value: boolean }
  | { action: "tag"; ids: number[]; add?: string[]; remove?: string[] }
  | { action: "note"; ids: number[]; text: string; mode?: "replace" | "append" }
  | { action: "words"; ids: number[]; trigger_words: string[] }
  | { action: "strength"; ids: number[]; value: number | null }
  | { action: "rename"; id: number; name: string }
  | { action: "move"; ids: number[]; kind: string; folder?: string; root?: string }
  | { action: "organise"; ids?: number[]; kind?: string; template: string }
  | { action: "trash"; ids: number[] }
  | { action: "restore"; ids: number[] }
  | { action: "purge"; ids: number[]; confirm: boolean }
  | { action: "forget"; ids: number[] }
  | { action: "link"; ids?: number[] };

/** One file's part of an action. */
export interface ActionStep {
  id: number | null;
  path: string;
  to: string | null;
  outcome: "change" | "same" | "refused" | "done" | "failed";
  why: string | null;
  beside: string[];
  size: number;
  copied: boolean;
}

export interface ActionPlan {
  action: string;
  summary: string;
  steps: ActionStep[];
  changes: number;
  refused: number;
  size: number;
  frees: number;
  undoable: boolean;
  needs_confirm: boolean;
}

export interface ActionDone {
  action_id: number | null;
  action: string;
  summary: string;
  state: string;
  steps: ActionStep[];
  done: number;
  failed: number;
  undoable: boolean;
}

/** A picture or a short video that a version is shown by. `image` is small, `full` is large, both addresses of ours; `original` is the site's. */
export interface Example {
  image: string | null;
  full: string;
  original: string;
  type: "image" | "video";
  width: number | null;
  height: number | null;
  nsfw_level: number;
  prompt: string | null;
  negative: string | null;
  /** Sampler, steps, seed and so on, as the site names them. */
  facts: Record<string, string>;
  /** Whether a workflow is known to be inside, or may be. */
  workflow: "yes" | "maybe" | "no";
}

/** What the scanner said of a file that was fetched, and what became of it. */
export interface Scan {
  id: number;
  sha256: string;
  name: string;
  source: string;
  format: string;
  verdict: string;
  findings: string[];
  site: string;
  became: string;
  why: string;
  scanned_at: string;
}

/** A report in the folder of reports. */
export interface KeptReport {
  name: string;
  size: number;
  made_at: string;
}

export interface VariationReport {
  requested: number;
  successful: number;
  rejected: number;
  failed: number;
  from_cache: number;
  attempts: number;
  tokens_in: number;
  tokens_out: number;
  estimated_cost: number | null;
  seconds: number;
  models: string[];
  rephrased: number;
  problems: string[];
  quality_changes: string[];
  stopped: string;
}

/** A run of variations. `dropped` where its pictures had to make room. */
export interface Run {
  id: string;
  title: string;
  state: "running" | "done" | "failed" | "stopped";
  error: string;
  prompt: string;
  model: string;
  count: number;
  created_at: string;
  dropped: boolean;
  report: VariationReport;
}

/** What is said of a picture of a run; scores are 0 to 1. */
export interface RunPicture {
  number: number;
  accepted: boolean;
  reasons: string[];
  scores: Record<string, number>;
  width: number;
  height: number;
  mime: string;
  model: string;
  from_cache: boolean;
}

export interface RunView extends Run {
  pictures: RunPicture[];
}

/** The first of `images` is what variations are measured against; each is a picture's bytes in base64, or the name of one here. */
export interface NewRun {
  title?: string;
  prompt?: string;
  count?: number;
  model?: string;
  fallback?: boolean;
  aspect_ratio?: string | null;
  size?: string | null;
  budget?: number | null;
  adaptive?: boolean;
  images?: ({ name: string } | { data: string })[];
}

/** Requests to send, and dollars, at least and at most. */
export interface RunEstimate {
  kept: number;
  fewest: number;
  most: number;
  least_cost: number | null;
  most_cost: number | null;
}

export interface ImageModels {
  items: {
    name: string;
    label: string;
    known: boolean;
    available: boolean | null;
    sizes: string[];
    aspect_ratios: string[];
    prices: Record<string, number>;
    references: number | null;
  }[];
  default: string;
  fallbacks: string[];
  problem: string;
}
