/** The kind and the identifier of a subject: "rollout/0192…" is a rollout. */
export function split(subject: string): { kind: string; id: string } {
  const at = subject.indexOf("/");
  return at < 0 ? { kind: subject, id: "" } : { kind: subject.slice(0, at), id: subject.slice(at + 1) };
}

const pages: Record<string, (id: string) => string> = {
  vision: () => "/board",
  objective: (id) => `/board?objective=${id}`,
  "key-result": (id) => `/key-results/${id}`,
  initiative: (id) => `/initiatives/${id}`,
  product: (id) => `/products/${id}`,
  feature: (id) => `/features/${id}`,
  team: (id) => `/teams/${id}`,
  item: (id) => `/items/${id}`,
  component: (id) => `/components/${id}`,
  path: (id) => `/paths/${id}`,
  change: (id) => `/changes/${id}`,
  run: (id) => `/runs/${id}`,
  artifact: (id) => `/artifacts/${id}`,
  rollout: (id) => `/rollouts/${id}`,
  release: (id) => `/releases/${id}`,
  incident: (id) => `/incidents/${id}`,
  flag: (id) => `/components/${id.split("%3A", 1)[0] ?? id}?view=flags`,
  freeze: () => "/freezes",
  units: () => "/units",
  account: (id) => `/audit?actor=${id}`,
};

/**
 * The page of a subject. A commit has one when it is known whose repository it is in, else it leads to its thread; so
 * does whatever has no page of its own.
 */
export function hrefOf(subject: string, component?: string): string {
  const { kind, id } = split(subject);
  if (kind === "commit" && component) return commitHref(component, id);
  const page = pages[kind];
  return page ? page(encodeURIComponent(id)) : `/thread/${kind}/${encodeURIComponent(id)}`;
}

export function commitHref(component: string, sha: string): string {
  return `/components/${encodeURIComponent(component)}/commits/${sha}`;
}

/** The page of a change, whose identifier is the component's with a number. */
export function changeHref(id: string, search: Record<string, string> = {}): string {
  const more = new URLSearchParams(search).toString();
  return `/changes/${encodeURIComponent(id)}${more && `?${more}`}`;
}

/** The first digits of a commit or digest, enough to tell it apart. */
export function short(name: string): string {
  return name.replace(/^sha256:/, "").slice(0, 8);
}
