import { type KeyboardEvent, useMemo, useRef } from "react";
import classes from "./Files.module.css";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** A plain editor: lines with their numbers, Tab indents, the page scrolls. */
export function Editor({ label, value, onChange }: Props) {
  const lines = useMemo(() => value.split("\n").length, [value]);
  const numbers = useMemo(() => Array.from({ length: lines }, (_, i) => i + 1).join("\n"), [lines]);
  const leaving = useRef(false); // Escape lets the next Tab go on to what is behind the field
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") leaving.current = true;
    else if (event.key === "Tab" && !leaving.current && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      const { selectionStart, selectionEnd } = event.currentTarget;
      if (!event.shiftKey) insert(event.currentTarget, "\t");
      else if (selectionStart === selectionEnd && value[selectionStart - 1] === "\t")
        document.execCommand("delete");
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.nativeEvent.isComposing) {
      const before = value.slice(0, event.currentTarget.selectionStart);
      const [indent] = /^[ \t]*/.exec(before.slice(before.lastIndexOf("\n") + 1)) ?? [""];
      if (indent) {
        event.preventDefault();
        insert(event.currentTarget, `\n${indent}`);
      }
    } else if (event.key !== "Shift") leaving.current = false;
  };
  return (
    <div className={classes.editor}>
      <pre className={classes.numbers} aria-hidden>
        {numbers}
      </pre>
      <textarea
        className={classes.area}
        aria-label={label}
        value={value}
        rows={Math.max(lines, 12)}
        wrap="off"
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        onChange={(e) => onChange(e.currentTarget.value)}
        onKeyDown={press}
      />
    </div>
  );
}

// As if it were typed, so that the browser can undo it.
function insert(area: HTMLTextAreaElement, text: string): void {
  area.focus();
  document.execCommand("insertText", false, text);
}
