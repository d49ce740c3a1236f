import {
  type Icon,
  IconBulb,
  IconCards,
  IconCompass,
  IconGitCommit,
  IconPuzzle,
  IconRocket,
  IconSettingsAutomation,
  IconUsersGroup,
} from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { duration } from "~/lib/time";
import { hrefOf } from "~/object/subject";
import { Hint } from "~/ui/Hint";
import { InLink } from "~/ui/InLink";
import { Days } from "./Days";
import { Fresh } from "./Fresh";
import { noun, rooms, type StationId, shortAge } from "./floor";
import classes from "./Station.module.css";

// What is stuck opens in a dialog that the first visit need not wait for.
const Stuck = lazy(() => import("./Stuck").then((m) => ({ default: m.Stuck })));

const icons: Record<StationId, Icon> = {
  vision: IconCompass,
  initiatives: IconBulb,
  features: IconPuzzle,
  items: IconCards,
  changes: IconGitCommit,
  runs: IconSettingsAutomation,
  releases: IconRocket,
  customers: IconUsersGroup,
};

interface Props {
  station: Schemas["FloorStation"];
  /** nothing has ever been here nor anywhere else: say what will be */
  invite: boolean;
  /** something is stuck here or elsewhere: keep the place for it, so that the columns stay level */
  foot: boolean;
}

/** One place of the stream with its numbers: in work, the oldest, the week, what is stuck. */
export function Station({ station: s, invite, foot }: Props) {
  const Mark = icons[s.id];
  const room = rooms[s.id];
  const state = s.stuckCount > 0 ? "stuck" : s.inWork > 0 ? "busy" : "idle";
  return (
    <>
      <span className={classes.node} data-node data-state={state}>
        <Mark size={20} stroke={1.7} aria-hidden />
      </span>
      <Hint label={room.about}>
        <InLink href={room.href} look="bare" className={classes.name}>
          {s.title}
        </InLink>
      </Hint>
      {invite ? (
        <p className={classes.about}>{room.about}</p>
      ) : (
        <div className={classes.figures}>
          <Hint label={`${s.inWork} ${s.inWorkText}`}>
            <span className={classes.work}>
              <span className={`num ${classes.count}`} data-none={s.inWork === 0 || undefined}>
                <Fresh value={s.inWork}>{format(s.inWork, "count")}</Fresh>
              </span>
              <span className={classes.words}>{noun(room.work, s.inWork)}</span>
            </span>
          </Hint>
          <span className={`num ${classes.line}`}>
            {s.waiting > 0 && `${format(s.waiting, "count")} waiting`}
          </span>
          <span className={`num ${classes.line}`}>
            {s.oldest && s.oldestSeconds !== undefined && (
              <Hint label={`${s.oldestTitle || s.oldest}: ${duration(Math.round(s.oldestSeconds))}`}>
                <InLink href={hrefOf(s.oldest)} look="quiet">
                  oldest {shortAge(s.oldestSeconds)}
                </InLink>
              </Hint>
            )}
          </span>
          <span className={classes.week}>
            <Days days={s.days} label={`${s.week} ${s.weekText} in 7 days`} />
            <Hint label={`${s.week} ${s.weekText} in the last 7 days`}>
              <span className={`num ${classes.words}`}>
                <b>
                  <Fresh value={s.week}>{format(s.week, "count")}</Fresh>
                </b>{" "}
                {noun(room.finished, s.week)}
              </span>
            </Hint>
          </span>
          {foot && (
            <span className={classes.foot}>
              {s.stuckCount > 0 && (
                <Suspense fallback={`${s.stuckCount} stuck`}>
                  <Stuck station={s} />
                </Suspense>
              )}
            </span>
          )}
        </div>
      )}
    </>
  );
}
