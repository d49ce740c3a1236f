/** Which sort of no it is; the same closed set as the server's (internal/base/errs), plus "offline" for no answer at all. */
export type ProblemKind =
  | "invalid"
  | "not-found"
  | "conflict"
  | "blocked"
  | "denied"
  | "unavailable"
  | "internal"
  | "unauthenticated"
  | "offline";

export interface Field {
  /** JSON path of the wrong part, without "body." */
  at: string;
  text: string;
}

/** A no of the API (RFC 9457) as an error: why, what to do next, and the identifier that finds it in the log. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  constructor(
    readonly kind: ProblemKind,
    readonly status: number,
    readonly title: string,
    /** why, on what evidence */
    readonly text: string,
    readonly next: string,
    readonly fields: readonly Field[],
    readonly id: string,
    /** evidence for machines; for a conflict the current state of the object */
    readonly evidence: unknown,
  ) {
    super(text || title);
  }
}

const kindOfStatus: Record<number, ProblemKind> = {
  400: "invalid",
  401: "unauthenticated",
  403: "denied",
  404: "not-found",
  409: "conflict",
  412: "conflict",
  422: "invalid",
  423: "blocked",
  424: "blocked",
  429: "unavailable",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

const titles: Record<ProblemKind, string> = {
  invalid: "This cannot be done as asked",
  "not-found": "There is nothing here",
  conflict: "Somebody changed it first",
  blocked: "Something stands in the way",
  denied: "You may not do this",
  unavailable: "It does not answer at the moment",
  internal: "The factory made a mistake",
  unauthenticated: "You are not signed in",
  offline: "The factory cannot be reached",
};

/** Reads an answer's body, whatever it is, into a problem. */
export function problemOf(status: number, body: unknown, id: string): ProblemError {
  const b = record(body) ?? {};
  const named = text(b.kind) ?? text(b.type)?.split(/[/:#]/).pop();
  // Whoever is not signed in is told "denied" with status 401; only the status says which of the two it is.
  const own =
    status === 401 ? "unauthenticated" : named && named in titles ? (named as ProblemKind) : undefined;
  const kind: ProblemKind = own ?? kindOfStatus[status] ?? (status >= 500 ? "internal" : "invalid");
  return new ProblemError(
    kind,
    status,
    titles[kind],
    text(b.detail) ?? text(b.title) ?? `The factory answered with status ${status} and gave no reason.`,
    text(b.next) ?? "",
    fieldsOf(b),
    text(b.instance) ?? text(b.id) ?? id,
    b.evidence ?? b.current ?? null,
  );
}

/** Any thrown value as a problem: what the API said, no answer, or a defect of this page. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) {
    return new ProblemError(
      "offline",
      0,
      titles.offline,
      "No answer came from the factory: it may be restarting, or the network is away.",
      "What you wrote is kept. Try again in a moment.",
      [],
      "",
      null,
    );
  }
  const why = error instanceof Error ? error.message : String(error);
  return new ProblemError(
    "internal",
    0,
    "This page made a mistake",
    why,
    "Load the page again.",
    [],
    "",
    null,
  );
}

/** The API's words for each wrong field, keyed as the form names it: "body.email" and "/email" are "email". */
export function fieldErrors(problem: ProblemError): Record<string, string> {
  const out: Record<string, string> = {};
  for (const f of problem.fields) out[f.at] ??= f.text;
  return out;
}

function fieldsOf(b: Record<string, unknown>): Field[] {
  const list = Array.isArray(b.fields) ? b.fields : Array.isArray(b.errors) ? b.errors : [];
  const fields: Field[] = [];
  for (const entry of list) {
    const e = record(entry);
    if (!e) continue;
    const at = text(e.at) ?? text(e.location) ?? text(e.pointer) ?? "";
    const words = text(e.text) ?? text(e.message) ?? text(e.detail);
    if (words) fields.push({ at: at.replace(/^(body\.|#?\/)/, "").replaceAll("/", "."), text: words });
  }
  return fields;
}

function record(v: unknown): Record<string, unknown> | undefined {
  return typeof v === "object" && v !== null && !Array.isArray(v)
    ? (v as Record<string, unknown>)
    : undefined;
}

function text(v: unknown): string | undefined {
  return typeof v === "string" && v !== "" ? v : undefined;
}
