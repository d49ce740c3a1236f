import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { exact } from "~/lib/time";
import { Details } from "~/object/Details";
import { say } from "~/object/facts";
import { hrefOf } from "~/object/subject";
import { Copyable } from "~/ui/Copyable";
import { InLink } from "~/ui/InLink";
import { Problem } from "~/ui/Problem";
import { Side } from "~/ui/Side";
import classes from "./Audit.module.css";
import { type AuditSearch, ends, type Fact, factQuery, hrefWith } from "./audit";

interface Props {
  search: AuditSearch;
  rows: readonly Fact[] | undefined;
  onClose: () => void;
}

/** One fact whole: what it says, its payload, its hash and the hash of the one before. */
export function FactDrawer({ search, rows, onClose }: Props) {
  const seq = Number(search.fact);
  const opened = search.fact !== undefined && Number.isSafeInteger(seq) && seq >= 0;
  const row = rows?.find((f) => f.seq === seq);
  const asked = useQuery({ ...factQuery(seq), enabled: opened && row === undefined });
  const found = asked.data?.items[0];
  const fact = row ?? (found?.seq === seq ? found : undefined);
  return (
    <Side opened={opened} onClose={onClose} title={`Fact ${search.fact ?? ""}`}>
      {fact ? (
        <Told fact={fact} search={search} />
      ) : asked.error ? (
        <Problem error={asked.error} retry={() => void asked.refetch()} />
      ) : asked.data ? (
        <p>The journal has no fact at place {seq}. It ends before.</p>
      ) : (
        <Skeleton height={320} />
      )}
    </Side>
  );
}

function Told({ fact: f, search }: { fact: Fact; search: AuditSearch }) {
  const { what, why } = say(f);
  return (
    <>
      <p className={classes.said}>
        <b>{f.actorName}</b> {what}
      </p>
      {why && <p className={classes.why}>{why}</p>}
      <Details
        rows={[
          [
            "Kind",
            <InLink key="k" href={hrefWith({}, { kind: f.kind })}>
              {f.kind}
            </InLink>,
          ],
          ["When", exact(f.at)],
          [
            "About",
            <InLink key="s" href={hrefOf(f.subject)}>
              {f.subject}
            </InLink>,
          ],
          [
            "All about it",
            <InLink key="a" href={hrefWith({}, { subject: f.subject })}>
              its facts
            </InLink>,
          ],
          [
            "Who",
            <InLink key="w" href={hrefWith({}, { actor: f.actor })}>
              {f.actor}
            </InLink>,
          ],
          ["Hash", <Copyable key="h" text={f.hash} shown={ends(f.hash)} />],
          ["Hash before", f.prev && <Copyable key="p" text={f.prev} shown={ends(f.prev)} />],
        ]}
      />
      <h3 className={classes.sub}>Payload</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keys */}
      <pre className={classes.payload} tabIndex={0}>
        {JSON.stringify(f.data, null, 2)}
      </pre>
      <div className={classes.around}>
        <InLink href={hrefWith(search, { fact: String(f.seq - 1) })}>The fact before</InLink>
        <InLink href={hrefWith(search, { fact: String(f.seq + 1) })}>The fact after</InLink>
      </div>
    </>
  );
}
