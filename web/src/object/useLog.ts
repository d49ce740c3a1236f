import { useEffect, useRef, useState } from "react";
import { readText } from "~/api/ask";
import { append, clean } from "./log";

export interface Log {
  lines: readonly string[];
  /** more may come */
  live: boolean;
  pending: boolean;
  error: unknown;
  retry: () => void;
}

/** Reads a log as it is written. `path` of null reads nothing; with `follow` the answer goes on until the step ends. */
export function useLog(path: string | null, follow: boolean): Log {
  const [lines, setLines] = useState<readonly string[]>([]);
  const [state, setState] = useState<"pending" | "live" | "over">("pending");
  const [error, setError] = useState<unknown>();
  const [turn, setTurn] = useState(0);
  const shown = useRef<string | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn reads the same log again
  useEffect(() => {
    if (shown.current !== path) setLines([]);
    shown.current = path;
    setError(undefined);
    if (path === null) {
      setState("over");
      return;
    }
    setState(follow ? "live" : "pending");
    const stop = new AbortController();
    let read: string[] = [];
    let open = "";
    let frame = 0;
    const show = () => {
      frame = 0;
      setLines(open === "" ? read : [...read, clean(open)]);
    };
    readText(follow ? `${path}?follow=1` : path, stop.signal, (text) => {
      ({ lines: read, open } = append(read, open, text));
      frame ||= requestAnimationFrame(show);
    })
      .then(() => {
        show();
        setState("over");
      })
      .catch((thrown: unknown) => {
        if (stop.signal.aborted) return;
        setError(thrown);
        setState("over");
      });
    return () => {
      stop.abort();
      cancelAnimationFrame(frame);
    };
  }, [path, follow, turn]);

  return {
    lines,
    live: state === "live",
    pending: state === "pending" && lines.length === 0,
    error,
    retry: () => setTurn((t) => t + 1),
  };
}
