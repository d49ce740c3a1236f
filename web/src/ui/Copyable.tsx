import { CopyButton, UnstyledButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { Fragment } from "react";
import { Hint } from "~/ui/Hint";
import classes from "./Copyable.module.css";

interface Props {
  text: string;
  /** what is shown where it is shorter than what is copied */
  shown?: string;
  /** "id" for identifiers within text, "command" for a line to run */
  look?: "id" | "command";
}

/** A text that one click copies. */
export function Copyable({ text, shown = text, look = "id" }: Props) {
  return (
    <CopyButton value={text} timeout={1500}>
      {({ copied, copy }) => (
        <Hint label={copied ? "Copied" : `Copy ${look === "command" ? "the command" : text}`}>
          <UnstyledButton
            className={classes.copyable}
            data-look={look}
            onClick={copy}
            aria-label={`Copy ${shown}`}
          >
            <span className={classes.text}>{look === "command" ? words(shown) : shown}</span>
            <span className={classes.icon} aria-hidden>
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} stroke={1.7} />}
            </span>
            <span className="hidden-but-read" role="status">
              {copied ? "Copied" : ""}
            </span>
          </UnstyledButton>
        </Hint>
      )}
    </CopyButton>
  );
}

// A command breaks between its words only, never within a flag.
function words(command: string) {
  return command.split(" ").map((word, i) => (
    <Fragment key={`${word}${i.toString()}`}>
      {i > 0 && " "}
      <span className={classes.word}>{word}</span>
    </Fragment>
  ));
}
