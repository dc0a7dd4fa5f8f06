/** The shapes of Lorakeeper's JSON, as the routes and the events give them. */

export type JobState =
  | "queued" | "resolving" | "downloading" | "verifying" | "scanning"
  | "paused" | "installed" | "owned" | "quarantined" | "failed" | "cancelled";

export interface Job {
  id: string;
  target: string;
  name: string | null;
  kind: string | null;
  state: JobState;
  received: number;
  total: number | null;
  rate: number;
  eta: number | null;
  error: string | null;
  path: string | null;
  sha256: string | null;
  model_id: number | null;
  version_id: number | null;
  file_id: number | null;
  library_id: number | null;
  created_at: string;
  updated_at: string;
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
