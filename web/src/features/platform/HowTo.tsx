import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask, type Schemas, send } from "~/api/ask";
import { useMe } from "~/api/me";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import type { Component } from "./components";
import classes from "./HowTo.module.css";

/** How to work on the component: clone, change, push; and what its path brings. */
export function HowTo({ component: c }: { component: Component }) {
  const path = useQuery(ask("/api/v1/paths/{name}", { path: { name: c.path } }));
  const me = useMe();
  const [token, setToken] = useState<Schemas["NewToken"]>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    setError(undefined);
    try {
      setToken(
        await send("post", "/api/v1/tokens", {}, { name: `git for ${c.name}`, scopes: ["git"], days: 30 }),
      );
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  const clone = c.cloneUrl.replace("://", `://${encodeURIComponent(me.login)}@`);
  return (
    <div className={classes.columns}>
      <Panel title="Work on it">
        <ol className={classes.steps}>
          <li>
            <h3>Clone it</h3>
            <Copyable text={`git clone ${clone}`} look="command" />
            <p>Git asks for a password: an API token with the scope git.</p>
            {token ? (
              <div className={classes.token}>
                <Copyable text={token.secret} />
                <span>
                  Copy it now, it is shown this once. It expires <Ago at={token.expires} />.
                </span>
              </div>
            ) : (
              <Button variant="default" size="xs" loading={busy} onClick={() => void make()}>
                Make a token for git
              </Button>
            )}
            {error !== undefined && <Problem error={error} look="line" />}
          </li>
          <li>
            <h3>Change it and say which item it is for</h3>
            <Copyable text={'git commit -a -m "Say what changed" --trailer "Item: ENG-1"'} look="command" />
            <p>
              The trailer ties the commit to its item, feature and key result, and moves the item's card. With{" "}
              <code>Lane: hotfix</code> it takes the shorter ramp, through the same gates.
            </p>
          </li>
          <li>
            <h3>Push it</h3>
            <Copyable text="git push" look="command" />
            <p>
              The pipeline tests, builds and signs it; staging proves it; then customers get it step by step,
              and evidence promotes it or takes it back.
            </p>
          </li>
          <li>
            <h3>Run its image elsewhere</h3>
            <Copyable text={`docker pull ${location.host}/${c.name}:1`} look="command" />
            <p>The registry speaks OCI; an API token with the scope registry signs in.</p>
          </li>
          <li>
            <h3>Take it along</h3>
            <Copyable text={`factory component export ${c.name}`} look="command" />
            <p>
              Or <a href={`/api/v1/components/${encodeURIComponent(c.name)}/export`}>download it</a>: the
              repository with all history, the steps that build it, a Dockerfile, a Compose file and
              Kubernetes manifests. Nothing of it needs the factory.
            </p>
          </li>
        </ol>
      </Panel>
      <Panel
        title={path.data?.title ?? c.path}
        note={`path ${c.path} ${path.data?.version ?? c.pathVersion}`}
      >
        {path.data ? (
          <>
            <p className={classes.about}>{path.data.description}</p>
            <dl className={classes.parts}>
              {path.data.provides.map((p) => (
                <div key={p.name}>
                  <dt>{p.name}</dt>
                  <dd>{p.text}</dd>
                </div>
              ))}
            </dl>
            <h3 className={classes.sub}>Files of the first commit</h3>
            <ul className={classes.files}>
              {path.data.files.map((f) => (
                <li key={f}>
                  <code>{f}</code>
                </li>
              ))}
            </ul>
          </>
        ) : path.error ? (
          <Problem error={path.error} retry={() => void path.refetch()} />
        ) : (
          <RowsSkeleton rows={6} />
        )}
      </Panel>
    </div>
  );
}
