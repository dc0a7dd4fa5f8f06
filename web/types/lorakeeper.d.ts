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

export interface Word {
  text: string;
  source: "user" | "site" | "header";
  group: number;
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
  state: "present" | "missing" | "broken";
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
  url: string | null;
  air: string | null;
  added_at: string;
}

export interface Detail extends Item {
  path: string;
  header: Record<string, unknown> | null;
  site: Record<string, unknown> | null;
  user: Record<string, unknown>;
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
  versions: { id: number; name: string; base_model: string | null; trigger_words: string[]; size: number | null }[];
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
  model: { id: number | null; name: string; type: string; creator: string | null; nsfw: boolean };
  version: { id: number; name: string; base_model: string | null; air: string | null; published_at: string | null };
  file: RemoteFile;
  files: RemoteFile[];
  versions: { id: number; name: string; base_model: string | null }[];
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
