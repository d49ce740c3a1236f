import { Button, Modal, NativeSelect, TextInput } from "@mantine/core";
import { IconDownload, IconListDetails, IconRocket, IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ask, fill, type Schemas, send } from "~/api/ask";
import { call } from "~/api/client";
import { format } from "~/lib/number";
import { Details } from "~/object/Details";
import { Loaded } from "~/object/Loaded";
import { CommitName, ComponentName, TeamName } from "~/object/Names";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { reasonInWords } from "~/object/reason";
import { short } from "~/object/subject";
import { useCrumbs } from "~/shell/crumbs";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { SearchField } from "~/ui/SearchField";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import classes from "./Artifact.module.css";
import { look, type Part, readBill } from "./sbom";

type Artifact = Schemas["ArtifactDetail"];

/** An image that the pipeline published: whether its evidence holds, what it is made of, and where it comes from. */
export function ArtifactPage() {
  const { digest } = useParams({ from: "/inside/artifacts/$digest" });
  const artifact = useQuery(ask("/api/v1/artifacts/{id}", { path: { id: digest }, kinds: ["rollout"] }));
  return (
    <Loaded
      query={artifact}
      kind="Artifact"
      title={short(digest)}
      outline={<Outline main={[180, 360]} aside={[240]} />}
    >
      {(a) => <ArtifactView artifact={a} />}
    </Loaded>
  );
}

function ArtifactView({ artifact: a }: { artifact: Artifact }) {
  const name = `${a.component} ${a.version}`;
  useCrumbs(
    useMemo(
      () => [
        { title: a.component, href: `/components/${a.component}?view=artifacts` },
        { title: `version ${a.version}`, href: `/artifacts/${a.digest}` },
      ],
      [a.component, a.version, a.digest],
    ),
  );
  const state = a.bad
    ? ({ state: "rolled-back", label: "marked bad" } as const)
    : a.verification.verified
      ? ({ state: "done", label: "verified" } as const)
      : ({ state: "failed", label: "not verified" } as const);
  return (
    <Page
      kind="Artifact"
      title={name}
      status={<Status look="pill" {...state} />}
      owner={<TeamName team={a.team} />}
      lead={
        <span>
          Published <Ago at={a.published} />, {format(a.size, "bytes")}.
        </span>
      }
      actions={<Levers artifact={a} />}
      thread={<ObjectThread kind="artifact" id={a.digest} component={a.component} />}
      aside={
        <>
          <Panel title="This image">
            <Details
              rows={[
                ["Component", <ComponentName key="c" component={a.component} />],
                ["Version", a.version],
                ["Digest", <Copyable key="d" text={a.digest} shown={short(a.digest)} />],
                ["Size", format(a.size, "bytes")],
                ["Commit", <CommitName key="s" component={a.component} commit={a.commit} />],
                [
                  "Run",
                  <InLink key="r" href={`/runs/${a.run}`} look="quiet">
                    run {a.version}
                  </InLink>,
                ],
              ]}
            />
            <div className={classes.pull}>
              <Copyable text={`docker pull ${location.host}/${a.repository}:${a.version}`} look="command" />
            </div>
          </Panel>
          <Provenance artifact={a} />
        </>
      }
      history={<ObjectHistory subject={`artifact/${a.digest}`} />}
    >
      {a.bad && (
        <div className={classes.bad} role="status">
          <Status state="rolled-back" label="Nothing applies it again until a person clears it" />
          {a.why && <p>{reasonInWords(a.why)}</p>}
        </div>
      )}
      <Verification artifact={a} />
      <Bill artifact={a} />
    </Page>
  );
}

function Verification({ artifact: a }: { artifact: Artifact }) {
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

const columns: readonly Column<Part>[] = [
  {
    id: "name",
    header: "Part",
    cell: (p) => <span title={p.purl || p.name}>{p.name}</span>,
    sort: (p) => p.name,
    width: "minmax(180px, 3.4fr)",
    small: "minmax(0, 2.4fr)",
  },
  {
    id: "version",
    header: "Version",
    cell: (p) => p.version,
    sort: (p) => p.version,
    width: "minmax(90px, 1.2fr)",
    small: "minmax(0, 1fr)",
  },
  { id: "type", header: "Kind", cell: (p) => p.type, sort: (p) => p.type, width: "52px", wide: true },
  { id: "licence", header: "Licence", cell: (p) => p.licences || "not stated", width: "76px", wide: true },
];

function Bill({ artifact: a }: { artifact: Artifact }) {
  const search = useSearch({ from: "/inside/artifacts/$digest" });
  const navigate = useNavigate({ from: "/artifacts/$digest" });
  const path = fill("/api/v1/artifacts/{id}/sbom", { id: a.digest });
  const bill = useQuery({
    queryKey: ["/api/v1/artifacts/{id}/sbom", a.digest],
    queryFn: async () => readBill(await call("GET", path)),
    staleTime: Number.POSITIVE_INFINITY, // a digest names its bytes for ever
  });
  const shown = look(bill.data?.parts ?? [], search.q ?? "");
  return (
    <Panel
      title="What it is made of"
      note={bill.data ? `${format(bill.data.parts.length, "count")} parts, ${bill.data.spec}` : undefined}
      flush
      actions={<Download href={path} name={`${a.component}-${a.version}.cdx.json`} />}
    >
      {(bill.data?.parts.length ?? 0) > 0 && (
        <div className={classes.filters}>
          <SearchField
            className={classes.search}
            placeholder="Name, version or licence"
            label="Search the parts"
            value={search.q ?? ""}
            onValue={(q) => void navigate({ search: q ? { q } : {}, replace: true, resetScroll: false })}
          />
        </div>
      )}
      <DataTable
        label="Parts"
        columns={columns}
        rows={bill.data ? shown : undefined}
        rowId={(p) => p.ref}
        pending={bill.isPending}
        error={bill.error}
        retry={() => void bill.refetch()}
        empty={
          <Empty
            icon={IconListDetails}
            title={search.q ? "No part is called so" : "It is made of nothing else"}
            small
          >
            {search.q
              ? "Try another word."
              : "The bill of materials lists no part beside the service itself."}
          </Empty>
        }
      />
    </Panel>
  );
}

function Provenance({ artifact: a }: { artifact: Artifact }) {
  const [open, setOpen] = useState(false);
  const path = fill("/api/v1/artifacts/{id}/provenance", { id: a.digest });
  const provenance = useQuery({
    queryKey: ["/api/v1/artifacts/{id}/provenance", a.digest],
    queryFn: () => call("GET", path),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: open,
  });
  return (
    <Panel
      title="Provenance"
      note="SLSA v1, signed"
      actions={<Download href={path} name={`${a.component}-${a.version}.provenance.json`} />}
    >
      <p className={classes.quiet}>
        Which commit, which pipeline file and which builder made it, in the words of the standard.
      </p>
      <Button variant="default" size="xs" onClick={() => setOpen((o) => !o)} aria-expanded={open}>
        {open ? "Hide it" : "Read it"}
      </Button>
      {open &&
        (provenance.error ? (
          <Problem error={provenance.error} retry={() => void provenance.refetch()} />
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by the keyboard
          <pre className={classes.json} tabIndex={0}>
            {provenance.data ? JSON.stringify(provenance.data, null, 2) : "Reading…"}
          </pre>
        ))}
    </Panel>
  );
}

function Download({ href, name }: { href: string; name: string }) {
  return (
    <Button
      component="a"
      href={href}
      download={name}
      size="compact-xs"
      variant="subtle"
      color="gray"
      leftSection={<IconDownload size={14} aria-hidden />}
    >
      Download
    </Button>
  );
}

function Levers({ artifact: a }: { artifact: Artifact }) {
  const queries = useQueryClient();
  const [clearing, setClearing] = useState(false);
  const [starting, setStarting] = useState(false);
  const live = useQuery(
    ask("/api/v1/environments", { query: { component: a.component }, kinds: ["rollout", "deployment"] }),
  );
  const running = live.data?.items.some((e) => e.environment === "production" && e.artifact === a.digest);
  return (
    <>
      {a.bad ? (
        <Button variant="default" onClick={() => setClearing(true)}>
          Clear it
        </Button>
      ) : (
        !running &&
        live.data && (
          <Button
            variant="default"
            leftSection={<IconRocket size={16} stroke={1.8} aria-hidden />}
            onClick={() => setStarting(true)}
          >
            Roll it out
          </Button>
        )
      )}
      <ReasonDialog
        opened={clearing}
        onClose={() => setClearing(false)}
        title={`Clear ${a.component} ${a.version}?`}
        will={[
          "lift the mark: this version may be rolled out again",
          "change nothing that runs; a rollout must still be started, and is decided by evidence as any other",
        ]}
        undo="It is marked again if another rollout of it is rolled back."
        action="Clear it"
        onConfirm={async (reason) => {
          await send("post", "/api/v1/artifacts/{id}/clear", { id: a.digest }, { reason });
          await queries.invalidateQueries({ queryKey: ["/api/v1/artifacts/{id}", a.digest] });
          void say(`Version ${a.version} may be rolled out again.`);
        }}
      />
      {starting && <Start artifact={a} onClose={() => setStarting(false)} />}
    </>
  );
}

function Start({ artifact: a, onClose }: { artifact: Artifact; onClose: () => void }) {
  const navigate = useNavigate();
  const [lane, setLane] = useState<"normal" | "hotfix">("normal");
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const missing = reason.trim().length < 3;
  const start = async () => {
    setAsked(true);
    if (missing || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      const made = await send(
        "post",
        "/api/v1/rollouts",
        {},
        { artifact: a.digest, lane, reason: reason.trim() },
      );
      void navigate({ to: "/rollouts/$id", params: { id: made.id } });
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Roll out ${a.component} ${a.version}?`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form
        className={classes.form}
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          void start();
        }}
      >
        <p className={classes.quiet}>
          It goes through the same gates as a new version: staging, then a few customers, then more, decided
          by evidence against what production runs now.
        </p>
        <NativeSelect
          label="Lane"
          description="The hotfix lane has a shorter ramp and the same gates."
          value={lane}
          onChange={(e) => setLane(e.currentTarget.value === "hotfix" ? "hotfix" : "normal")}
          data={["normal", "hotfix"]}
        />
        <TextInput
          label="Reason"
          description="Written into the journal beside your name."
          required
          data-autofocus
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
          error={asked && missing ? "Say in a few words why." : undefined}
        />
        {error !== undefined && <Problem error={error} look="line" />}
        <div className={classes.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Roll it out
          </Button>
        </div>
      </form>
    </Modal>
  );
}
