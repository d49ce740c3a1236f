import { IconPuzzle } from "@tabler/icons-react";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { signed } from "../product/Outcome";
import { changeUnit, type Feature, featureState, type KeyResult, outcome } from "../product/product";
import classes from "./Features.module.css";
import type { Detail } from "./initiative";

interface Props {
  initiative: Detail;
  keyResult: (id: string | undefined) => KeyResult | undefined;
}

/** What an initiative is split into: each feature with what it should and what it did change. */
export function Features({ initiative: i, keyResult }: Props) {
  const { building, planned, released } = i.features;
  return (
    <Panel
      title="Features"
      note={i.work.length > 0 && `${building} building, ${planned} planned, ${released} released`}
      flush
    >
      {i.work.length === 0 ? (
        <Empty
          icon={IconPuzzle}
          title="No product has taken it up yet"
          small
          start={{ label: "Open Products", href: "/products" }}
        >
          A product splits it into features; each says which key result it should move and by how much.
        </Empty>
      ) : (
        <ul className={classes.features}>
          {i.work.map((f) => (
            <Row key={f.id} feature={f} keyResult={keyResult(f.keyResult)} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Row({ feature: f, keyResult: k }: { feature: Feature; keyResult: KeyResult | undefined }) {
  const did = outcome(f, k);
  const all = f.items.ready + f.items.inWork + f.items.done;
  return (
    <li className={classes.row}>
      <Status {...featureState(f.state)} />
      <div className={classes.what}>
        <InLink href={`/features/${f.id}`} look="quiet" className={classes.name}>
          {f.title}
        </InLink>
        {f.hypothesis && <div className={classes.why}>{f.hypothesis}</div>}
        <div className={`num ${classes.quiet}`}>
          {all === 0 ? "no items yet" : `${f.items.done} of ${all} ${all === 1 ? "item" : "items"} done`}
        </div>
      </div>
      <div className={`num ${classes.did}`}>
        {did ? <b>{signed(did.estimate, did.unit)}</b> : <span className={classes.quiet}>not measured</span>}
        <span className={classes.quiet}>
          {f.predicted === undefined
            ? "nothing predicted"
            : `predicted ${signed(f.predicted, changeUnit(k?.unit))}`}
        </span>
      </div>
    </li>
  );
}
