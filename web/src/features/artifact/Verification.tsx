import { IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { Details } from "~/object/Details";
import { CommitName } from "~/object/Names";
import { short } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { Panel } from "~/ui/Panel";
import classes from "./Artifact.module.css";
import type { Artifact } from "./artifact";

/** Whether the bytes, the bill and the provenance hold together, and by whose key. */
export function Verification({ artifact: a }: { artifact: Artifact }) {
  const v = a.verification;
  const Mark = v.verified ? IconShieldCheck : IconShieldX;
  return (
    <Panel title="Does its evidence hold?" note="checked now, as before each deployment">
      <div className={classes.verdict} data-good={v.verified || undefined}>
        <Mark size={30} stroke={1.6} aria-hidden />
        <div>
          <b>
            {v.verified
              ? "Yes: every byte and every signature was read again"
              : "No: it would not be deployed"}
          </b>
          <p>
            {v.verified
              ? "All bytes have their digests; the bill of materials and the provenance are about exactly these bytes and signed by the factory's key."
              : v.problem}
          </p>
        </div>
      </div>
      {v.verified && (
        <Details
          rows={[
            ["Built by", v.builder],
            ["From", v.source],
            ["Branch", v.ref?.replace(/^refs\/heads\//, "")],
            ["Commit", v.commit && <CommitName key="c" component={a.component} commit={v.commit} />],
            ["Pipeline file", v.pipeline && <Copyable key="p" text={v.pipeline} shown={short(v.pipeline)} />],
            ["Build ended", v.finished && <Ago key="f" at={v.finished} />],
            ["Key", v.key && <Copyable key="k" text={v.key} shown={short(v.key)} />],
          ]}
        />
      )}
    </Panel>
  );
}
