import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { IconCheck, IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import { ask, send } from "~/api/ask";
import { useMe } from "~/api/me";
import { asProblem, fieldErrors, type ProblemError } from "~/api/problem";
import { inputLabel, ownInputs } from "~/features/path/path";
import { useCrumbs } from "~/shell/crumbs";
import { Copyable } from "~/ui/Copyable";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { CardsSkeleton } from "~/ui/Skeletons";
import classes from "./NewComponent.module.css";
import { checkName } from "./newComponent";

const draft = "factory-draft new component";

/** Three fields, and everything that one gets for them. */
export function NewComponentPage() {
  const search = useSearch({ from: "/inside/platform/new" });
  const navigate = useNavigate();
  const router = useRouter();
  const me = useMe();
  useCrumbs(useMemo(() => [{ title: "New component", href: "/platform/new" }], []));
  const teams = useQuery(ask("/api/v1/teams", { query: { limit: 500 }, kinds: ["team"] }));
  const paths = useQuery(ask("/api/v1/paths", { kinds: ["path"] }));
  const [name, setName] = useState(() => sessionStorage.getItem(draft) ?? "");
  const [team, setTeam] = useState(search.team ?? "");
  const [about, setAbout] = useState("");
  const [answers, setAnswers] = useState<Record<string, string>>({});
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<ProblemError>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => sessionStorage.setItem(draft, name), [name]);

  const all = (paths.data?.items ?? []).filter((p) => p.version !== "");
  const path = all.find((p) => p.name === search.path) ?? all[0];
  const own = ownInputs(path);
  // Whoever belongs to a team most likely builds for it.
  const owner = team || me.teams[0] || teams.data?.items[0]?.id || "";

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const said = checkName(name);
    setWrong(said ? { name: said } : {});
    if (said) {
      form.current?.querySelector<HTMLElement>('[name="name"]')?.focus();
      return;
    }
    if (!path || busy) return;
    setBusy(true);
    setProblem(undefined);
    // What was answered for another path is left out.
    const given = Object.fromEntries(
      own.flatMap((i) => (answers[i.name] ? [[i.name, answers[i.name] as string]] : [])),
    );
    try {
      const made = await send(
        "post",
        "/api/v1/components",
        {},
        {
          name: name.trim(),
          team: owner,
          path: path.name,
          ...(about.trim() ? { description: about.trim() } : {}),
          ...(Object.keys(given).length > 0 ? { answers: given } : {}),
        },
      );
      sessionStorage.removeItem(draft);
      void navigate({ to: "/components/$name", params: { name: made.name }, search: {} });
    } catch (thrown) {
      const p = asProblem(thrown);
      const here = fieldErrors(p);
      setWrong(here);
      if (
        p.fields.length === 0 ||
        Object.keys(here).some(
          (at) => !["name", "team", "description", ...own.map((i) => `answers.${i.name}`)].includes(at),
        )
      )
        setProblem(p);
    } finally {
      setBusy(false);
    }
  };

  if (teams.data && teams.data.items.length === 0) {
    return (
      <Page title="New component">
        <Empty
          icon={IconStack2}
          title="A team comes first"
          start={{ label: "Found a team", href: "/teams?new=1" }}
        >
          A component belongs to the team that builds and runs it.
        </Empty>
      </Page>
    );
  }
  return (
    <Page
      title="New component"
      lead="A name, a team and a golden path. Everything else comes from the path, and the first version goes live by itself."
    >
      <div className={classes.columns}>
        <Panel>
          <form ref={form} onSubmit={(e) => void submit(e)} noValidate className={classes.form}>
            <TextInput
              name="name"
              label="Name"
              description="In addresses and images, for ever: lower-case letters, digits and dashes"
              placeholder="engine-controller"
              value={name}
              onChange={(e) => {
                setName(e.currentTarget.value);
                setWrong(({ name: _, ...rest }) => rest);
              }}
              error={wrong.name}
              autoFocus
              autoCapitalize="none"
              spellCheck={false}
            />
            <NativeSelect
              name="team"
              label="Team"
              description="Builds it and runs it"
              value={owner}
              onChange={(e) => setTeam(e.currentTarget.value)}
              error={wrong.team}
            >
              {(teams.data?.items ?? []).map((t) => (
                <option key={t.id} value={t.id}>
                  {t.name}
                </option>
              ))}
            </NativeSelect>
            {all.length > 1 && (
              <NativeSelect
                name="path"
                label="Golden path"
                description="What it begins as; beside it stands what one gets"
                value={path?.name ?? ""}
                onChange={(e) =>
                  void navigate({
                    to: "/platform/new",
                    search: { ...search, path: e.currentTarget.value },
                    replace: true,
                  })
                }
              >
                {all.map((p) => (
                  <option key={p.name} value={p.name}>
                    {p.title}
                  </option>
                ))}
              </NativeSelect>
            )}
            <Textarea
              name="description"
              label="What it is for"
              description="In a sentence; you can leave it out"
              placeholder="Starts, throttles and stops the motors"
              value={about}
              onChange={(e) => setAbout(e.currentTarget.value)}
              error={wrong.description}
              autosize
              minRows={2}
              maxRows={4}
            />
            {own.map((i) => {
              const common = {
                key: i.name,
                name: `answers.${i.name}`,
                label: inputLabel(i.name),
                description: i.text,
                required: i.required,
                error: wrong[`answers.${i.name}`],
              };
              const set = (value: string) => setAnswers((a) => ({ ...a, [i.name]: value }));
              const { key, ...field } = common;
              return i.type === "choice" || i.type === "boolean" ? (
                <NativeSelect
                  key={key}
                  {...field}
                  value={answers[i.name] ?? i.default ?? (i.type === "boolean" ? "false" : "")}
                  onChange={(e) => set(e.currentTarget.value)}
                >
                  {i.type === "choice" && !i.default && <option value="">choose one</option>}
                  {(i.type === "boolean" ? ["false", "true"] : (i.choices ?? [])).map((o) => (
                    <option key={o} value={o}>
                      {i.type === "boolean" ? (o === "true" ? "yes" : "no") : o}
                    </option>
                  ))}
                </NativeSelect>
              ) : (
                <TextInput
                  key={key}
                  {...field}
                  value={answers[i.name] ?? ""}
                  placeholder={i.default ?? ""}
                  onChange={(e) => set(e.currentTarget.value)}
                />
              );
            })}
            {problem && <Problem error={problem} look="line" />}
            <div className={classes.foot}>
              <Button variant="default" onClick={() => router.history.back()}>
                Cancel
              </Button>
              <Button type="submit" loading={busy} disabled={!path || owner === ""}>
                Create it
              </Button>
            </div>
          </form>
        </Panel>
        <Panel
          title="What you get"
          note={path ? `${path.title}, path ${path.name} ${path.version}` : undefined}
        >
          {path ? (
            <>
              <p className={classes.about}>{path.description}</p>
              <ul className={classes.parts}>
                {path.provides.map((p) => (
                  <li key={p.name}>
                    <IconCheck size={17} stroke={2} aria-hidden />
                    <span>
                      <b>{p.name}</b> {p.text}
                    </span>
                  </li>
                ))}
              </ul>
              {name.trim() !== "" && !checkName(name) && (
                <p className={classes.address}>
                  It will answer at <code>{name.trim()}.localhost</code>, with{" "}
                  <code>{name.trim()}.staging.localhost</code> before it.
                </p>
              )}
            </>
          ) : paths.error ? (
            <Problem error={paths.error} retry={() => void paths.refetch()} />
          ) : (
            <CardsSkeleton cards={2} height={90} />
          )}
        </Panel>
        <Panel title="Is it somewhere already?">
          <p className={classes.about}>
            A repository is taken in with its history. What it is written in is found out, and a change adds
            what the golden path gives and it lacks; nothing of it is built before you merge that.
          </p>
          <Copyable text={`factory component adopt GIT-URL --team ${owner || "TEAM"}`} look="command" />
        </Panel>
      </div>
    </Page>
  );
}
