import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call, request } from "./client";
import type { components, paths } from "./schema";

/** The API's types by name, as api/openapi.json has them. */
export type Schemas = components["schemas"];

type Method = "get" | "post" | "put" | "delete";
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Answer<O> = O extends { responses: { 200: { content: { "application/json": infer A } } } } ? A : null;
type Body<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;
type InPath<O> = O extends { parameters: { path: infer V } } ? V : Record<never, string>;
type InQuery<O> = O extends { parameters: { query?: infer Q } }
  ? Exclude<Q, undefined>
  : Record<never, string>;

type Asked = {
  [P in keyof paths]: Answer<Operation<P, "get">> extends null ? never : P;
}[keyof paths];
type With<M extends Method> = {
  [P in keyof paths]: Operation<P, M> extends never ? never : P;
}[keyof paths];

interface How<P extends keyof paths> {
  path?: InPath<Operation<P, "get">>;
  query?: InQuery<Operation<P, "get">>;
  /** nouns whose facts change the answer; facts about an identifier in the path do so anyway */
  kinds?: readonly string[];
}

/** The path with its values, each escaped. */
export function fill(template: string, values: object = {}): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((values as Record<string, unknown>)[name] ?? "")),
  );
}

type Query = Record<string, string | string[]>;

// A list becomes a parameter that is given several times.
function search(query: object = {}): Query {
  return Object.fromEntries(
    Object.entries(query)
      .filter(([, v]) => v !== undefined && v !== "")
      .map(([name, v]) => [name, Array.isArray(v) ? v.map(String) : String(v)]),
  );
}

function address(path: string, query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, v]) => [v].flat().map((one) => [name, one]));
  const text = new URLSearchParams(pairs).toString();
  return text === "" ? path : `${path}?${text}`;
}

// Identifiers stand in the key as they are, so that a fact about one finds its questions (see live.ts).
function keyOf(template: string, values: object | undefined, query: Query): unknown[] {
  return [template, ...Object.values(values ?? {}), query];
}

/** Options of a question to a path of the API: ask("/api/v1/rollouts/{id}", { path: { id }, kinds: ["rollout"] }). */
export function ask<P extends Asked>(path: P, how: How<P> = {}) {
  const query = search(how.query as object | undefined);
  const to = address(fill(path, how.path as object | undefined), query);
  return queryOptions({
    queryKey: keyOf(path, how.path as object | undefined, query),
    queryFn: async () => (await call("GET", to)) as Answer<Operation<P, "get">>,
    meta: how.kinds ? { kinds: how.kinds } : {},
  });
}

type Listed<P extends keyof paths> = Answer<Operation<P, "get">> extends { items: (infer T)[] } ? T : never;

/** The same for a list that is read page by page; `rowsOf` joins what was read. */
export function askPages<P extends Asked>(path: P, how: How<P> = {}) {
  const query = search(how.query as object | undefined);
  const to = fill(path, how.path as object | undefined);
  return infiniteQueryOptions({
    queryKey: ["pages", ...keyOf(path, how.path as object | undefined, query)],
    queryFn: async ({ pageParam }) =>
      (await call("GET", address(to, { ...query, ...(pageParam ? { after: pageParam } : {}) }))) as {
        items: Listed<P>[];
        next?: string;
      },
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    meta: how.kinds ? { kinds: how.kinds } : {},
  });
}

/** All rows of the pages read so far; undefined before the first. */
export function rowsOf<T>(data: { pages: { items: T[] }[] } | undefined): T[] | undefined {
  return data?.pages.flatMap((p) => p.items);
}

/** Does something: send("post", "/api/v1/rollouts/{id}/hold", { id }, { reason }). A no is thrown as a ProblemError. */
export async function send<M extends "post" | "put" | "delete", P extends With<M>>(
  method: M,
  path: P,
  values: InPath<Operation<P, M>>,
  ...body: Body<Operation<P, M>> extends undefined ? [] : [Body<Operation<P, M>>]
): Promise<Answer<Operation<P, M>>> {
  return (await call(method.toUpperCase(), fill(path, values as object), body[0])) as Answer<Operation<P, M>>;
}

/** Reads a text as it comes, piece by piece, until it ends or the signal stops it. */
export async function readText(
  path: string,
  signal: AbortSignal,
  piece: (text: string) => void,
): Promise<void> {
  const answer = await request(new Request(new URL(path, location.origin), { signal }));
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    piece(value);
  }
}
