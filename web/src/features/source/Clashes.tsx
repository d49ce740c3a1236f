import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import diff from "./Diff.module.css";
import { DiffBlock } from "./DiffBlock";
import { blocks } from "./diff";
import { between } from "./draft";
import classes from "./Files.module.css";

interface Props {
  branch: string;
  clashes: readonly { path: string; theirs: string | null; mine: string | null }[];
  onSettle: (path: string, content: string | null) => void;
  /** goes on to the commit once nothing clashes any more */
  onDone: () => void;
}

const nothing = () => undefined;

/** Files that somebody pushed while they were edited here: what is there beside what one wrote, to choose. */
export function Clashes({ branch, clashes, onSettle, onDone }: Props) {
  const wide = useMediaQuery("(min-width: 1100px)", false, { getInitialValueInEffect: false });
  const settle = (path: string, content: string | null) => {
    onSettle(path, content);
    if (clashes.length === 1) onDone();
  };
  return (
    <>
      {clashes.map((c) => {
        const f = between(c.path, c.theirs, c.mine);
        return (
          <section key={c.path} className={classes.clash} role="alert" aria-label={`Both sides of ${c.path}`}>
            <b>Somebody changed {c.path} first</b>
            <p>
              It was pushed to {branch} while you edited it, so nothing was committed. Where the two differ,
              lines with − are there now, and lines with + are what you wrote.
              {c.theirs === null && " There, it was deleted."}
              {c.mine === null && " You deleted it."}
            </p>
            <div className={diff.bare}>
              {blocks(f).map((b) => (
                <DiffBlock
                  key={b.key}
                  path={c.path}
                  block={b}
                  two={wide}
                  at={undefined}
                  onAt={nothing}
                  onCopy={nothing}
                  talk={undefined}
                />
              ))}
            </div>
            <div className={classes.choose}>
              <Button size="xs" variant="default" onClick={() => settle(c.path, c.theirs)}>
                Take what is there
              </Button>
              <Button size="xs" onClick={() => settle(c.path, c.mine)}>
                Write mine over it
              </Button>
            </div>
          </section>
        );
      })}
    </>
  );
}
