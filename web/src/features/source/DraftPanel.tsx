import { Button } from "@mantine/core";
import { useState } from "react";
import { Panel } from "~/ui/Panel";
import diff from "./Diff.module.css";
import { DiffBlock } from "./DiffBlock";
import { blocks } from "./diff";
import { between, type Draft, editsOf, kindOf } from "./draft";
import classes from "./Files.module.css";

interface Props {
  draft: Draft;
  onOpen: (path: string) => void;
  onUndo: (path: string) => void;
  onCommit: () => void;
}

const nothing = () => undefined;

/** What is edited and not committed, file by file, with what differs. */
export function DraftPanel({ draft, onOpen, onUndo, onCommit }: Props) {
  const [open, setOpen] = useState<string>();
  return (
    <Panel
      title="Not committed yet"
      note={editsOf(draft).length}
      actions={
        <Button size="compact-sm" variant="light" onClick={onCommit}>
          Commit
        </Button>
      }
    >
      <ul className={classes.edits}>
        {editsOf(draft).map(({ path, edit }) => {
          const f = between(path, edit.was, edit.content);
          return (
            <li key={path}>
              <code>{path}</code>
              <span className="num">
                {kindOf(edit)} <span className={diff.plus}>+{f.added}</span>{" "}
                <span className={diff.minus}>−{f.removed}</span>
              </span>
              <span>
                {f.hunks.length > 0 && (
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-expanded={open === path}
                    aria-label={open === path ? `Hide what differs in ${path}` : `What differs in ${path}`}
                    onClick={() => setOpen(open === path ? undefined : path)}
                  >
                    {open === path ? "Hide" : "What differs"}
                  </Button>
                )}
                <Button
                  size="compact-xs"
                  variant="subtle"
                  aria-label={`Open ${path}`}
                  onClick={() => onOpen(path)}
                >
                  Open
                </Button>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="gray"
                  aria-label={`Undo the edit of ${path}`}
                  onClick={() => onUndo(path)}
                >
                  Undo
                </Button>
              </span>
              {open === path && (
                <div className={classes.differs}>
                  <div className={diff.bare}>
                    {blocks(f).map((b) => (
                      <DiffBlock
                        key={b.key}
                        path={path}
                        block={b}
                        two={false}
                        at={undefined}
                        onAt={nothing}
                        onCopy={nothing}
                        talk={undefined}
                      />
                    ))}
                  </div>
                </div>
              )}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
