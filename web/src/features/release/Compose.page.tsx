import { Button, Textarea, TextInput } from "@mantine/core";
import { IconArrowRight, IconPackages } from "@tabler/icons-react";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { send } from "~/api/ask";
import { useCannot, useMe } from "~/api/me";
import { asProblem, fieldErrors, ProblemError } from "~/api/problem";
import { useCrumbs } from "~/shell/crumbs";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import classes from "./Compose.module.css";
import {
  check,
  named,
  notYours,
  partsIn,
  placed,
  type Rollout,
  read,
  spoken,
  will,
  withPart,
} from "./compose";
import { PartList } from "./PartList";
import { PartPicker } from "./PartPicker";
import { Together } from "./Together";
import { useAnswer, useVersions } from "./useCompose";

const draft = "factory-draft release";

/** Versions picked by a person that shall go together or not at all, with what the solver says of them at once. */
export function ComposePage() {
  const search = useSearch({ from: "/inside/releases/new" });
  const navigate = useNavigate({ from: "/releases/new" });
  useCrumbs(
    useMemo(
      () => [
        { title: "Releases", href: "/delivery?view=releases" },
        { title: "New release", href: "/releases/new" },
      ],
      [],
    ),
  );
  const parts = useMemo(() => partsIn(search.parts), [search.parts]);
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const from = useVersions(typed, parts);
  const answer = useAnswer(parts);
  const field = useRef<HTMLDivElement>(null);
  const point = () => field.current?.querySelector<HTMLElement>("input")?.focus();

  const set = useCallback(
    (next: readonly string[]) => {
      setWrong({});
      void navigate({
        search: next.length > 0 ? { parts: next.join(",") } : {},
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  const picked = from.versions.filter((v) => parts.includes(named(v)));
  return (
    <Page
      title="New release"
      lead="Versions of several components that reach customers together or not at all."
    >
      <div className={classes.columns}>
        <div className={classes.parts} ref={field}>
          <Panel title="Parts" note="in the order in which they go; back they go in reverse">
            <PartPicker
              from={from}
              typed={typed}
              onTyped={setTyped}
              parts={parts}
              error={wrong.parts}
              onPick={(part) => set(withPart(parts, part))}
            />
            {parts.length === 0 ? (
              <Empty icon={IconPackages} title="Which versions shall go together?" small>
                Those that require each other the factory puts together by itself, as soon as all are
                published. Here you choose: versions that require nothing of each other, or that went back
                once.
              </Empty>
            ) : (
              <PartList parts={parts} from={from} wrong={wrong} onChange={set} />
            )}
          </Panel>
        </div>
        <div className={classes.answer}>
          <Together parts={parts} answer={answer} onChange={set} />
        </div>
        <div className={classes.words}>
          <Create
            parts={parts}
            picked={picked}
            answer={answer}
            wrong={wrong}
            onWrong={(said) => {
              setWrong(said);
              if (said.parts) point();
            }}
          />
        </div>
      </div>
    </Page>
  );
}

interface CreateProps {
  parts: readonly string[];
  /** what is known of the parts */
  picked: readonly Rollout[];
  answer: ReturnType<typeof useAnswer>;
  wrong: Readonly<Record<string, string>>;
  onWrong: (said: Record<string, string>) => void;
}

/** Says what a release will do, asks why, and creates it; or says why this person may not. */
function Create({ parts, picked, answer, wrong, onWrong }: CreateProps) {
  const router = useRouter();
  const navigate = useNavigate();
  const me = useMe();
  const no = useCannot("operate");
  const [kept] = useState(readDraft);
  const [name, setName] = useState(kept.name);
  const [reason, setReason] = useState(kept.reason);
  const [problem, setProblem] = useState<ProblemError>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => sessionStorage.setItem(draft, JSON.stringify({ name, reason })), [name, reason]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was said was about the parts as they were
  useEffect(() => setProblem(undefined), [parts]);

  const others = notYours(me, picked);
  const denied =
    no ??
    (others &&
      new ProblemError("denied", 403, "You may not do this", others.text, others.next, [], "", undefined));
  if (denied)
    return (
      <Panel title="Create it">
        <Problem error={denied} look="line" />
      </Panel>
    );
  const { told } = answer;
  const reading = told && read(told.answer, told.parts);

  // Says what is wrong and goes to the first of it.
  const tell = (said: Record<string, string>) => {
    onWrong(said);
    const first = said.parts ? undefined : ["reason", "name"].find((at) => said[at]);
    if (first) form.current?.querySelector<HTMLElement>(`[name=${first}]`)?.focus();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    const said = check(parts, { reason, name }, answer.current ? reading : undefined);
    tell(said);
    setProblem(undefined);
    if (Object.keys(said).length > 0) return;
    setBusy(true);
    try {
      const title = name.trim();
      const made = await send(
        "post",
        "/api/v1/releases",
        {},
        { parts: [...parts], reason: reason.trim(), ...(title ? { name: title } : {}) },
      );
      sessionStorage.removeItem(draft);
      void navigate({ to: "/releases/$id", params: { id: made.id } });
    } catch (thrown) {
      const p = asProblem(thrown);
      const { here, elsewhere } = placed(fieldErrors(p), parts);
      tell(here);
      if (p.fields.length === 0 || elsewhere) setProblem(p);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Panel title="Create it">
      <form ref={form} className={classes.form} noValidate onSubmit={(e) => void submit(e)}>
        {reading?.ready && parts.length > 1 && (
          <div>
            <div className={classes.label}>This will</div>
            <ul className={classes.will}>
              {will(parts, told?.answer.waiting).map((line) => (
                <li key={line}>
                  <IconArrowRight size={15} stroke={1.8} aria-hidden />
                  <span>{line}</span>
                </li>
              ))}
            </ul>
          </div>
        )}
        <Textarea
          name="reason"
          label="Reason"
          description="Written into the journal beside your name."
          required
          autosize
          minRows={2}
          maxRows={6}
          value={reason}
          onChange={(e) => {
            setReason(e.currentTarget.value);
            if (wrong.reason) onWrong({});
          }}
          error={wrong.reason}
        />
        <TextInput
          name="name"
          label="Name"
          description="You can leave it out"
          placeholder={parts.length > 0 ? parts.map(spoken).join(" and ") : "named by its parts"}
          value={name}
          onChange={(e) => {
            setName(e.currentTarget.value);
            if (wrong.name) onWrong({});
          }}
          error={wrong.name}
        />
        {problem && (
          <Problem error={problem} look="line">
            {problem.kind === "blocked"
              ? "Read under “Do they go together?” what stands in the way, and change the parts."
              : undefined}
          </Problem>
        )}
        <div className={classes.foot}>
          <Button variant="default" onClick={() => router.history.back()}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Create the release
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function readDraft(): { name: string; reason: string } {
  try {
    const raw = JSON.parse(sessionStorage.getItem(draft) ?? "{}") as { name?: unknown; reason?: unknown };
    return { name: String(raw.name ?? ""), reason: String(raw.reason ?? "") };
  } catch {
    return { name: "", reason: "" };
  }
}
