import { Modal } from "@mantine/core";
import { useMatches } from "@tanstack/react-router";
import { commandKey } from "~/lib/key";
import { InLink } from "~/ui/InLink";
import { Kbd } from "~/ui/Kbd";
import { aboutHref } from "./about";
import { areas } from "./areas";
import classes from "./Shortcuts.module.css";

const general: readonly { keys: readonly string[]; together?: boolean; what: string }[] = [
  { keys: [commandKey, "K"], together: true, what: "Go to or do anything" },
  { keys: ["/"], what: "The same, with one key" },
  { keys: ["?"], what: "These shortcuts" },
  { keys: ["["], what: "Narrow or widen the rail" },
  { keys: ["t", "t"], what: "Light or dark" },
  { keys: ["j"], what: "Next row of a table" },
  { keys: ["k"], what: "Row before" },
  { keys: ["Enter"], what: "Open the row" },
];

/** What the keyboard does, and where it stands what one does on this page. */
export function Shortcuts({ onClose }: { onClose: () => void }) {
  const route = useMatches({ select: (matches) => matches.at(-1)?.fullPath ?? "/" });
  return (
    <Modal
      opened
      onClose={onClose}
      title="Keyboard shortcuts"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className={classes.columns}>
        <section>
          <h2 className={classes.title}>Go to</h2>
          <dl className={classes.list}>
            {areas.map((a) => (
              <Line key={a.to} keys={["g", a.key]} what={a.name} />
            ))}
          </dl>
        </section>
        <section>
          <h2 className={classes.title}>Anywhere</h2>
          <dl className={classes.list}>
            {general.map((g) => (
              <Line key={g.what} {...g} />
            ))}
          </dl>
        </section>
      </div>
      <p className={classes.about}>
        <InLink href={aboutHref(route)} onClick={onClose}>
          What one does on this page
        </InLink>
      </p>
    </Modal>
  );
}

function Line({ keys, together, what }: { keys: readonly string[]; together?: boolean; what: string }) {
  return (
    <div className={classes.line}>
      <dt>{what}</dt>
      <dd>
        <Kbd keys={keys} together={together ?? false} />
      </dd>
    </div>
  );
}
