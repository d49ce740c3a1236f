import { Button, SegmentedControl } from "@mantine/core";
import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { format } from "~/lib/number";
import { useKeys } from "~/shell/keys";
import { Kbd } from "~/ui/Kbd";
import { Panel } from "~/ui/Panel";
import { say } from "~/ui/say";
import classes from "./Diff.module.css";
import { DiffFileView } from "./DiffFileView";
import { byDirectory, type Diff, type DiffFile, folded, type Place, placeText, shownLines } from "./diff";
import { FileTree } from "./FileTree";
import type { Talk } from "./talk";

interface Props {
  diff: Diff;
  /** the place that the address names */
  at: Place | undefined;
  /** names a place in the address, or none */
  onAt: (place: Place | undefined) => void;
  /** what is said about its lines, where that can be */
  talk?: Talk;
}

const atOnce = 1500; // lines that are made at once; of a longer diff only those near the window

const none: ReadonlySet<string> = new Set();

/** What differs, file by file, with a tree of the files beside it. */
export function DiffView({ diff, at, onAt, talk }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const wide = useMediaQuery("(min-width: 1100px)", false, { getInitialValueInEffect: false });
  const [look, setLook] = useLocalStorage<"one" | "two">({ key: "factory-diff", defaultValue: "one" });
  // What was folded or unfolded by hand, against how it began.
  const [turned, setTurned] = useState<ReadonlySet<string>>(none);
  const [here, setHere] = useState<string>();
  const isFolded = isFoldedNow(turned);
  const turn = useEvent((f: DiffFile) => {
    if (at?.path === f.path) onAt(undefined); // which holds it open
    if (at?.path === f.path && isFolded(f)) return;
    const next = new Set(turned);
    if (!next.delete(f.path)) next.add(f.path);
    setTurned(next);
  });

  const go = (to: Element | null | undefined) => {
    if (!(to instanceof HTMLElement)) return;
    to.scrollIntoView({ block: "start" });
    to.focus({ preventScroll: true });
    setHere(to.closest<HTMLElement>("[data-file]")?.dataset.file);
  };
  // The next or last of these behind or before what has the focus, else in the window.
  const step = (selector: string, by: 1 | -1) => {
    const all = [...(root.current?.querySelectorAll<HTMLElement>(selector) ?? [])];
    const from = document.activeElement?.closest("[data-file]") ? document.activeElement : undefined;
    const edge = 120; // px from the top, under the bars that stay
    const before = (el: HTMLElement) =>
      from
        ? Boolean(el.compareDocumentPosition(from) & Node.DOCUMENT_POSITION_FOLLOWING) && el !== from
        : el.getBoundingClientRect().top < edge - 1;
    const after = (el: HTMLElement) =>
      from
        ? Boolean(el.compareDocumentPosition(from) & Node.DOCUMENT_POSITION_PRECEDING) && el !== from
        : el.getBoundingClientRect().top > edge;
    go(by > 0 ? all.find(after) : all.filter(before).at(-1));
  };
  const file = (by: 1 | -1) => {
    const all = [...(root.current?.querySelectorAll<HTMLElement>("[data-file]") ?? [])];
    const now = all.findIndex((el) => el.contains(document.activeElement));
    go(all[now < 0 ? 0 : Math.min(Math.max(now + by, 0), all.length - 1)]?.querySelector("[data-head]"));
  };
  const copy = useEvent(async (place: Place) => {
    const url = new URL(location.href);
    url.searchParams.set("at", placeText(place));
    try {
      await navigator.clipboard.writeText(url.href);
      void say(`The link to line ${place.line} of ${place.path} is copied.`);
    } catch {
      void say("The browser does not let the page copy it; the link stands in the address bar.");
    }
  });
  const name = useEvent(onAt);
  useKeys({
    j: () => file(1),
    k: () => file(-1),
    n: () => step("[data-hunk]", 1),
    p: () => step("[data-hunk]", -1),
    ...(at && talk ? { c: () => talk.begin(at) } : {}),
    ...(at ? { y: () => void copy(at) } : {}),
  });

  const jump = (path: string) => {
    const f = [...(root.current?.querySelectorAll<HTMLElement>("[data-file]") ?? [])];
    go(f.find((el) => el.dataset.file === path)?.querySelector("[data-head]"));
  };
  const long = useMemo(() => diff.files.reduce((sum, f) => sum + shownLines(f), 0) > atOnce, [diff.files]);
  const groups = useMemo(() => byDirectory(diff.files), [diff.files]);
  const all = diff.files.every(isFolded);
  if (diff.files.length === 0)
    return (
      <Panel title="Files">
        <p className={classes.none}>No file differs.</p>
      </Panel>
    );
  return (
    <div className={classes.diff} ref={root}>
      <FileTree groups={groups} here={here ?? at?.path} onGo={jump} />
      <div className={classes.files}>
        <div className={classes.tools}>
          <span className={`num ${classes.sum}`}>
            {format(diff.total, "count")} {diff.total === 1 ? "file" : "files"},{" "}
            <span className={classes.plus}>+{format(diff.added, "count")}</span>{" "}
            <span className={classes.minus}>−{format(diff.removed, "count")}</span> lines
          </span>
          <span className={classes.keys}>
            <Kbd keys={["j", "k"]} together /> files, <Kbd keys={["n", "p"]} together /> hunks
          </span>
          <span className={classes.levers}>
            {wide && (
              <SegmentedControl
                size="xs"
                aria-label="How the lines stand"
                value={look}
                onChange={(v) => setLook(v as "one" | "two")}
                data={[
                  { value: "one", label: "One column" },
                  { value: "two", label: "Side by side" },
                ]}
              />
            )}
            <Button
              size="compact-sm"
              variant="default"
              onClick={() =>
                setTurned(new Set(diff.files.filter((f) => folded(f) === all).map((f) => f.path)))
              }
            >
              {all ? "Unfold all" : "Fold all"}
            </Button>
          </span>
        </div>
        {groups
          .flatMap((g) => g.files)
          .map((f) => (
            <DiffFileView
              key={f.path}
              file={f}
              folded={at?.path !== f.path && isFolded(f)}
              two={wide && look === "two"}
              lazy={long}
              at={at?.path === f.path ? at : undefined}
              onTurn={turn}
              onAt={name}
              onCopy={copy}
              talk={talk}
            />
          ))}
        {diff.leftOut.length > 0 && (
          <ul className={classes.leftOut}>
            {diff.leftOut.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

function isFoldedNow(turned: ReadonlySet<string>) {
  return (f: DiffFile) => folded(f) !== turned.has(f.path);
}

/** A function that stays the same and does what it last was, so that what takes it is not drawn again. */
function useEvent<A extends unknown[], R>(does: (...args: A) => R): (...args: A) => R {
  const last = useRef(does);
  useLayoutEffect(() => {
    last.current = does;
  });
  return useCallback((...args: A) => last.current(...args), []);
}
