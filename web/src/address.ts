// What an address says beside its path. It may be typed by anybody: what is not known is left out.

/** One of the words of an address, or nothing. */
export function pick<K extends string, V extends string>(
  search: Record<string, unknown>,
  name: K,
  words: readonly V[],
): { [k in K]?: V } {
  const word = words.find((w) => w === search[name]);
  return (word === undefined ? {} : { [name]: word }) as { [k in K]?: V };
}

/** The named parameters of an address that are texts. */
export function texts<K extends string>(
  search: Record<string, unknown>,
  names: readonly K[],
): { [P in K]?: string } {
  const out: { [P in K]?: string } = {};
  for (const name of names) {
    const v = search[name];
    // A value that reads as a number arrives as one.
    const text = typeof v === "number" ? String(v) : v;
    if (typeof text === "string" && text !== "") out[name] = text;
  }
  return out;
}

/** What of the board is shown, and which of its forms is open. */
export interface BoardSearch {
  view?: "board" | "ranked" | undefined;
  new?: "vision" | "objective" | "initiative" | undefined;
  objective?: string;
}

/** What of a team's page is shown. */
export interface TeamSearch {
  view?: string;
  /** the dialog for a new item is open */
  new?: string;
  /** only cards of whoever looks */
  mine?: string;
  /** of the list of items */
  state?: string;
  q?: string;
}

/** Which list of the delivery area is shown, and of what. */
export interface DeliverySearch {
  view?: string;
  component?: string;
  state?: string;
  team?: string;
}

/** What of a product's page is shown, and which of its forms is open. */
export interface ProductSearch {
  /** features of this state alone */
  state?: string;
  /** "feature" while one is being planned */
  new?: string;
  /** the feature that is being changed, or "product" */
  edit?: string;
}

/** What of a component's page is shown. */
export interface ComponentSearch {
  view?: string;
  /** environment of the dashboard */
  env?: string;
  /** seconds that the dashboard looks back */
  range?: string;
  /** workload whose log is open */
  log?: string;
}

/** Which units are shown, and which cohort of them is looked at. */
export interface UnitSearch {
  /** condition in CEL */
  where?: string;
  /** attribute by which the cohort is taken */
  rank?: string;
  /** how many it takes */
  take?: string;
  /** the dialog for a file is open */
  import?: string;
}

/** Which changes are listed. */
export interface ChangesSearch {
  /** open when not given */
  state?: string;
  team?: string;
  /** only those that whoever looks has opened */
  mine?: string;
}

/** What of a change's page is shown. */
export interface ChangeSearch {
  view?: string;
  /** the line of the diff that is meant: "engine.go:42" */
  at?: string;
}

/** Which files of a repository are shown. */
export interface FilesSearch {
  /** branch or commit; the trunk when not given */
  at?: string;
  /** directory or file */
  path?: string;
  /** the file is being written */
  edit?: string;
}
