import { useEffect, useMemo, useState } from "react";

/** What the palette was told so far, be it before its code and its field were there. */
export interface Heard {
  opened: boolean;
  /** it was opened before, so its code is worth having */
  wanted: boolean;
  typed: string;
  /** the command that the arrows went to; the first is meant without one */
  chosen?: string;
  /** Enter was pressed and waits for something to go to */
  entered: boolean;
}

export const nothing: Heard = { opened: false, wanted: false, typed: "", entered: false };

/** Each opening begins with an empty field. */
export function open(heard: Heard): Heard {
  return heard.opened ? heard : { opened: true, wanted: true, typed: "", entered: false };
}

/** What was typed stays until the next opening, so that the list does not change while it goes. */
export function close(heard: Heard): Heard {
  return { ...heard, opened: false, entered: false };
}

/** Another text means other commands: what was chosen or entered for the text before is void. */
export function write(heard: Heard, typed: string): Heard {
  return { opened: heard.opened, wanted: heard.wanted, typed, entered: false };
}

/** What a key does that is pressed while the palette is open and its field does not have the focus yet; undefined for keys that mean nothing to it. */
export function press(heard: Heard, key: string): Heard | undefined {
  if (key === "Enter") return { ...heard, entered: true };
  if (key === "Escape") return close(heard);
  if (key === "Backspace") return write(heard, heard.typed.slice(0, -1));
  if (key.length === 1) return write(heard, heard.typed + key);
  return undefined;
}

/** The field's id, by which a press is known to reach it by itself. */
export const fieldId = "palette-field";

/** Opens the palette by Ctrl+K (⌘K), and keeps for it what is pressed before it can hear. */
export function useHeard() {
  const [heard, setHeard] = useState(nothing);
  useEffect(() => {
    const toggle = (event: KeyboardEvent) => {
      if (!(event.metaKey || event.ctrlKey) || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      if (!event.repeat) setHeard((h) => (h.opened ? close(h) : open(h)));
    };
    addEventListener("keydown", toggle);
    return () => removeEventListener("keydown", toggle);
  }, []);

  const { opened } = heard;
  useEffect(() => {
    if (!opened) return;
    // In the capturing phase: nothing else that the page has may take the press for its own.
    const keep = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
      if (event.target instanceof Element && event.target.id === fieldId) return;
      if (!press(nothing, event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      setHeard((h) => press(h, event.key) ?? h);
    };
    addEventListener("keydown", keep, true);
    return () => removeEventListener("keydown", keep, true);
  }, [opened]);

  const tell = useMemo(
    () => ({
      open: () => setHeard(open),
      close: () => setHeard(close),
      write: (typed: string) => setHeard((h) => write(h, typed)),
      choose: (chosen: string | undefined) => setHeard((h) => ({ ...h, chosen })),
      enter: (entered: boolean) => setHeard((h) => ({ ...h, entered })),
    }),
    [],
  );
  return [heard, tell] as const;
}

/** How the palette is told what happens in it. */
export type Tell = ReturnType<typeof useHeard>[1];
