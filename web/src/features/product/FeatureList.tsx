import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPencil } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { send } from "~/api/ask";
import { asProblem, type ProblemError } from "~/api/problem";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import classes from "./FeatureList.module.css";
import { FeatureOutcome } from "./Outcome";
import {
  type Feature,
  featureState,
  keyResultOf,
  moveBody,
  namesQuery,
  neighbour,
  productQuery,
  readFeature,
  type Way,
} from "./product";

interface Props {
  name: string;
  /** what is said when there are none */
  empty: string;
  product: string;
  /** in the product's order */
  features: readonly Feature[];
  onEdit: (id: string) => void;
}

/** A move that was not done. */
interface Refused {
  feature: Feature;
  past: Feature;
  way: Way;
  problem: ProblemError;
}

/** The features of one state in the product's order, which buttons and Alt with an arrow change. */
export function FeatureList({ name, empty, product, features, onEdit }: Props) {
  const queries = useQueryClient();
  const board = useQuery(namesQuery);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused>();
  const [said, setSaid] = useState("");

  const move = async (feature: Feature, past: Feature | undefined, way: Way) => {
    if (!past || busy) return;
    setBusy(true);
    setRefused(undefined);
    try {
      await send("put", "/api/v1/features/{id}", { id: feature.id }, moveBody(feature, past, way));
      setSaid(`${feature.title} is now ${way === "up" ? "before" : "behind"} ${past.title}`);
    } catch (thrown) {
      setRefused({ feature, past, way, problem: asProblem(thrown) });
    } finally {
      // The next move is in the order, and to the version, that this one left.
      await queries.invalidateQueries({ queryKey: productQuery(product).queryKey });
      setBusy(false);
    }
  };

  const press = (e: KeyboardEvent<HTMLLIElement>, f: Feature) => {
    if (e.metaKey || e.ctrlKey) return;
    if (e.altKey && (e.key === "ArrowUp" || e.key === "ArrowDown")) {
      e.preventDefault();
      const way = e.key === "ArrowUp" ? "up" : "down";
      void move(f, neighbour(features, f.id, way), way);
      return;
    }
    if (e.altKey || e.target !== e.currentTarget) return;
    if (e.key === "j" || e.key === "k") {
      const all = [...document.querySelectorAll<HTMLElement>("[data-feature]")];
      all[all.indexOf(e.currentTarget) + (e.key === "j" ? 1 : -1)]?.focus();
    } else if (e.key === "e") onEdit(f.id);
    else if (e.key === "Enter") e.currentTarget.querySelector<HTMLElement>("a")?.click();
    else return;
    e.preventDefault();
  };

  const at = (f: Feature) => features.findIndex((x) => x.id === f.id);
  return (
    <Panel title={name} note={String(features.length)} flush>
      <p className="hidden-but-read" role="status">
        {said}
      </p>
      {refused && (
        <NotMoved
          refused={refused}
          onLeave={() => setRefused(undefined)}
          onAnyway={(current) => void move(current, refused.past, refused.way)}
        />
      )}
      {features.length === 0 ? (
        <p className={classes.none}>{empty}</p>
      ) : (
        <ol className={classes.list}>
          {features.map((f) => {
            const k = keyResultOf(board.data, f.keyResult);
            const { state, label } = featureState(f.state);
            return (
              <li
                key={f.id}
                className={classes.row}
                data-feature={f.id}
                // biome-ignore lint/a11y/noNoninteractiveTabindex: the row takes the keys that order it
                tabIndex={0}
                aria-label={`${f.title}, ${f.state}, ${at(f) + 1} of ${features.length}`}
                aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown e Enter"
                onKeyDown={(e) => press(e, f)}
              >
                <div className={classes.words}>
                  <div className={classes.head}>
                    <InLink href={`/features/${f.id}`} look="quiet" className={classes.title}>
                      {f.title}
                    </InLink>
                    <Status state={state} label={label} />
                    <span className={classes.quiet}>
                      <Ago at={f.since} />
                    </span>
                  </div>
                  {f.hypothesis ? (
                    <p className={classes.hypothesis}>{f.hypothesis}</p>
                  ) : (
                    <p className={classes.quiet}>No benefit hypothesis yet.</p>
                  )}
                  <p className={classes.quiet}>
                    {f.keyResult ? `Should move: ${k?.title ?? "a key result"}` : "Names no key result."}
                  </p>
                  <ItemCounts items={f.items} />
                </div>
                <FeatureOutcome feature={f} keyResult={k} />
                <div className={classes.acts}>
                  <Act
                    label={`Move ${f.title} up`}
                    off={at(f) === 0 || busy}
                    onClick={() => void move(f, neighbour(features, f.id, "up"), "up")}
                  >
                    <IconArrowUp size={16} stroke={1.8} />
                  </Act>
                  <Act
                    label={`Move ${f.title} down`}
                    off={at(f) === features.length - 1 || busy}
                    onClick={() => void move(f, neighbour(features, f.id, "down"), "down")}
                  >
                    <IconArrowDown size={16} stroke={1.8} />
                  </Act>
                  <Act label={`Change ${f.title}`} onClick={() => onEdit(f.id)}>
                    <IconPencil size={16} stroke={1.8} />
                  </Act>
                </div>
              </li>
            );
          })}
        </ol>
      )}
    </Panel>
  );
}

function Act(props: { label: string; off?: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon aria-label={props.label} disabled={props.off ?? false} onClick={props.onClick}>
        {props.children}
      </ActionIcon>
    </Tooltip>
  );
}

/** How many items of a feature are where. */
export function ItemCounts({ items }: { items: Feature["items"] }) {
  const all = items.ready + items.inWork + items.done;
  if (all === 0) return <p className={classes.quiet}>No items yet.</p>;
  return (
    <p className={`num ${classes.quiet}`}>
      Items: {items.done} of {all} done · {items.inWork} in work · {items.ready} ready
    </p>
  );
}

/** Why a move was not done; of a conflict both sides. */
function NotMoved(props: { refused: Refused; onLeave: () => void; onAnyway: (current: Feature) => void }) {
  const { feature, past, way, problem } = props.refused;
  const current = problem.kind === "conflict" ? readFeature(problem.evidence) : undefined;
  if (!current) return <Problem error={problem} look="line" />;
  return (
    <section className={classes.conflict} role="alert">
      <b>Somebody changed it first</b>
      <p>{problem.text}</p>
      <dl className={classes.sides}>
        <dt>Now in the factory</dt>
        <dd>
          {current.title}, at place {current.rank}
          {current.hypothesis !== feature.hypothesis && `: ${current.hypothesis || "no hypothesis"}`}
        </dd>
        <dt>What you asked for</dt>
        <dd>
          {feature.title} {way === "up" ? "before" : "behind"} {past.title}
        </dd>
      </dl>
      <div className={classes.choose}>
        <Button size="xs" variant="default" onClick={props.onLeave}>
          Leave it as it is
        </Button>
        <Button size="xs" onClick={() => props.onAnyway(current)}>
          Move it, keep the change
        </Button>
      </div>
    </section>
  );
}
