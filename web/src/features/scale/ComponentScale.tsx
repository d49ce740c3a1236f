import { Button } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { useCannot } from "~/api/me";
import { Ago } from "~/ui/Ago";
import { ConfirmDialog } from "~/ui/ConfirmDialog";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import { say } from "~/ui/say";
import classes from "./ComponentScale.module.css";
import { SetScale } from "./SetScale";
import { held, isSet, type Scaled, scaleQuery } from "./scale";

const titles: Record<Scaled["environment"], string> = { staging: "Staging", production: "Production" };

/** How many processes serve in each environment, what each may use, and whose word that is. */
export function ComponentScale({ component }: { component: string }) {
  const scale = useQuery(scaleQuery(component));
  const [setting, setSetting] = useState<Scaled>();
  const [leaving, setLeaving] = useState<Scaled>();
  const list = scale.data?.items;
  const nothing = list?.every((e) => !e.says && !isSet(e));
  return (
    <Panel title="Scale" flush>
      {scale.error && !list ? (
        <Problem error={scale.error} retry={() => void scale.refetch()} />
      ) : !list ? (
        <RowsSkeleton rows={3} />
      ) : nothing ? (
        <Empty icon={IconStack2} title="Nothing runs yet" small>
          A version runs as one process of up to 2 processors and 512 MiB of memory, unless its repository
          says service.replicas. Once it runs, more processes and other limits are set here, for staging and
          production apart, without a new version.
        </Empty>
      ) : (
        <div className={classes.lanes}>
          {list.map((e) => (
            <Lane key={e.environment} at={e} onSet={() => setSetting(e)} onLeave={() => setLeaving(e)} />
          ))}
        </div>
      )}
      {setting && <SetScale component={component} at={setting} onClose={() => setSetting(undefined)} />}
      {leaving && <Leave component={component} at={leaving} onClose={() => setLeaving(undefined)} />}
    </Panel>
  );
}

function Lane({ at: e, onSet, onLeave }: { at: Scaled; onSet: () => void; onLeave: () => void }) {
  const no = useCannot("operate");
  const title = titles[e.environment];
  return (
    <section className={classes.lane} aria-label={`Scale in ${e.environment}`}>
      <header className={classes.head}>
        <h3 className={classes.name}>{title}</h3>
        {!no && (
          <span className={classes.acts}>
            {isSet(e) && (
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                aria-label={`Reset to what the version says, in ${e.environment}`}
                onClick={onLeave}
              >
                Reset to what the version says
              </Button>
            )}
            <Button size="compact-xs" variant="default" aria-label={`Scale ${e.environment}`} onClick={onSet}>
              Scale
            </Button>
          </span>
        )}
      </header>
      <dl className={classes.held}>
        {held(e).map((h) => (
          <div key={h.name}>
            <dt>{h.name}</dt>
            <dd>
              <b className="num">{h.value}</b> <span data-set={h.set || undefined}>{h.by}</span>
            </dd>
          </div>
        ))}
      </dl>
      <p className={classes.who}>
        {e.changed ? (
          <>
            {isSet(e) ? "Set" : "Left to the version"} by {e.changed_by}, <Ago at={e.changed} />
          </>
        ) : (
          "Nothing was ever set here: it is as the version says."
        )}
      </p>
    </section>
  );
}

/** Leaves everything to the version again. */
function Leave({ component, at, onClose }: { component: string; at: Scaled; onClose: () => void }) {
  const queries = useQueryClient();
  const before = held(at).filter((h) => h.set);
  const after = at.says ? held({ ...at, set: {}, holds: at.says }) : held({ ...at, set: {}, holds: {} });
  return (
    <ConfirmDialog
      needs="operate"
      title={`Reset the scale of ${at.environment}?`}
      will={before.map((h) => {
        const then = after.find((a) => a.name === h.name)?.value;
        return `${h.name}: ${h.value}, which was set, becomes ${then}${at.says ? `, as version ${at.says.release} says` : ""}`;
      })}
      undo="It comes into force at once, without a failed request, and can be set again."
      action="Reset it"
      onClose={onClose}
      onConfirm={async () => {
        try {
          await send(
            "put",
            "/api/v1/components/{component}/scale/{environment}",
            { component, environment: at.environment },
            { version: at.version },
          );
        } finally {
          await queries.invalidateQueries({ queryKey: scaleQuery(component).queryKey });
        }
        void say(`The scale of ${component} in ${at.environment} is as the version says.`);
      }}
    />
  );
}
