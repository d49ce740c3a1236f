import { type QueryClient, type QueryKey, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useSyncExternalStore } from "react";

/** A fact of the journal as the stream tells it. Fields that this page does not read are left out. */
export interface Fact {
  seq: number;
  /** RFC 3339 */
  at: string;
  /** what happened, led by the noun that it happened to: "rollout.promoted" */
  kind: string;
  /** what it happened to: "rollout/0192…" */
  subject: string;
}

export type LiveState = "connecting" | "live" | "lost";

const address = "/api/v1/facts/stream";
const gather = 250; // ms; a burst of facts makes one round of questions

/**
 * The connection to the stream of facts. The browser takes a broken connection up again by itself and says where it
 * ended (Last-Event-ID); a refused one is opened anew. After each loss every query is asked again, which is always right.
 */
export class LiveFeed {
  private source: EventSource | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private state: LiveState = "connecting";
  private attempts = 0;
  private readonly watchers = new Set<() => void>();
  private readonly hearers = new Set<(fact: Fact) => void>();
  private readonly returns = new Set<() => void>();

  /** Connects until the returned function is called. */
  run(): () => void {
    this.open();
    return () => {
      clearTimeout(this.retry);
      this.source?.close();
      this.source = undefined;
      this.set("connecting");
    };
  }

  /** Calls back for each fact. */
  hear(hearer: (fact: Fact) => void): () => void {
    this.hearers.add(hearer);
    return () => this.hearers.delete(hearer);
  }

  /** Calls back when the connection is there again after a loss. */
  onReturn(back: () => void): () => void {
    this.returns.add(back);
    return () => this.returns.delete(back);
  }

  readonly watch = (changed: () => void): (() => void) => {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  };

  readonly current = (): LiveState => this.state;

  private open(): void {
    const source = new EventSource(address);
    this.source = source;
    source.onopen = () => {
      const lost = this.state === "lost";
      this.attempts = 0;
      this.set("live");
      if (lost) for (const back of this.returns) back();
    };
    source.onerror = () => {
      this.set("lost");
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again
      const wait = Math.min(15_000, 500 * 2 ** this.attempts++);
      this.retry = setTimeout(() => this.open(), wait);
    };
    source.onmessage = (event: MessageEvent<string>) => {
      const fact = readFact(event.data);
      if (fact) for (const hearer of this.hearers) hearer(fact);
    };
  }

  private set(state: LiveState): void {
    if (state === this.state) return;
    this.state = state;
    for (const changed of this.watchers) changed();
  }
}

/** Reads one message of the stream; undefined when it is none of ours. */
export function readFact(data: string): Fact | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof raw !== "object" || raw === null) return undefined;
  const { seq, at, kind, subject } = raw as Record<string, unknown>;
  if (typeof seq !== "number" || typeof kind !== "string") return undefined;
  return {
    seq,
    kind,
    at: typeof at === "string" ? at : "",
    subject: typeof subject === "string" ? subject : "",
  };
}

/** What a query says about itself in `meta.kinds`: the nouns whose facts may change its answer ("*" for all). */
export interface QueryMeta extends Record<string, unknown> {
  kinds?: readonly string[];
}

/** True when the fact may have changed the query's answer: it is about one of its nouns, or its subject is in the key. */
export function touches(key: QueryKey, kinds: readonly string[] | undefined, fact: Fact): boolean {
  const noun = fact.kind.split(".", 1)[0] ?? "";
  if (kinds?.includes("*") || kinds?.includes(noun)) return true;
  const id = fact.subject.slice(fact.subject.lastIndexOf("/") + 1);
  return id !== "" && JSON.stringify(key).includes(`"${id}"`);
}

/** Asks again, after a short gathering, whatever the facts touched. Returns the function that ends it. */
export function follow(feed: LiveFeed, queries: QueryClient): () => void {
  let waiting: Fact[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    const facts = waiting;
    waiting = [];
    timer = undefined;
    void queries.invalidateQueries({
      predicate: (q) => facts.some((f) => touches(q.queryKey, (q.meta as QueryMeta | undefined)?.kinds, f)),
    });
  };
  const deaf = feed.hear((fact) => {
    waiting.push(fact);
    timer ??= setTimeout(flush, gather);
  });
  const alone = feed.onReturn(() => void queries.invalidateQueries());
  return () => {
    deaf();
    alone();
    clearTimeout(timer);
  };
}

export const LiveContext = createContext<LiveFeed>(new LiveFeed());

export function useLiveState(): LiveState {
  const feed = useContext(LiveContext);
  return useSyncExternalStore(feed.watch, feed.current);
}

/** Hears each fact while the component is on screen; `hearer` must be stable (useCallback). */
export function useFacts(hearer: (fact: Fact) => void): void {
  const feed = useContext(LiveContext);
  useEffect(() => feed.hear(hearer), [feed, hearer]);
}

/** Connects while mounted and keeps the queries fresh. Used once, by the shell. */
export function useLiveFeed(): void {
  const feed = useContext(LiveContext);
  const queries = useQueryClient();
  useEffect(() => {
    const quiet = follow(feed, queries);
    const close = feed.run();
    return () => {
      quiet();
      close();
    };
  }, [feed, queries]);
}
