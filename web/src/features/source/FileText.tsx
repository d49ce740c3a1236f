import { useMemo } from "react";
import classes from "./Files.module.css";

const tall = 200; // lines in a block

/** A file to read, with line numbers. Only the blocks near the window are drawn. */
export function FileText({ text }: { text: string }) {
  const blocks = useMemo(() => {
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    const cut: { first: number; text: string; count: number }[] = [];
    for (let at = 0; at < lines.length; at += tall) {
      const some = lines.slice(at, at + tall);
      cut.push({ first: at + 1, text: some.join("\n"), count: some.length });
    }
    return cut;
  }, [text]);
  if (blocks.length === 0) return <p className={classes.none}>The file is empty.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by itself, also for the keyboard
    <section className={classes.read} tabIndex={0} aria-label="Text of the file">
      {blocks.map((b) => (
        <div
          key={b.first}
          className={classes.stretch}
          style={{ containIntrinsicBlockSize: `auto ${b.count * 20}px` }}
        >
          <pre className={classes.numbers} aria-hidden>
            {Array.from({ length: b.count }, (_, i) => b.first + i).join("\n")}
          </pre>
          <pre className={classes.lines}>{b.text}</pre>
        </div>
      ))}
    </section>
  );
}
