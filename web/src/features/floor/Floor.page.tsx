import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ask, type Schemas } from "~/api/ask";
import { useMe } from "~/api/me";
import { hrefOf } from "~/object/subject";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import classes from "./Floor.module.css";
import { FloorSkeleton } from "./FloorSkeleton";
import { hurt, isEmpty, mine, sentences } from "./floor";
import { Moves, Needs, Outcomes } from "./Lists";
import { Picture } from "./Picture";
import { Steps, useStarted } from "./Steps";

/** The home page: the value stream from the vision to the customers and back, as one picture. */
export function FloorPage() {
  const { data, error, refetch } = useQuery(ask("/api/v1/insight/floor", { kinds: ["*"] }));
  if (data) return <Floor floor={data} />;
  if (!error) return <FloorSkeleton />;
  return (
    <Page title="Floor">
      <Problem look="page" error={error} retry={() => void refetch()} />
    </Page>
  );
}

function Floor({ floor }: { floor: Schemas["Floor"] }) {
  const me = useMe();
  const navigate = useNavigate();
  const { needs } = useSearch({ from: "/inside/" });
  const vision = floor.stations[0]?.text ?? "";
  const started = useStarted(vision !== "");
  const empty = isEmpty(floor);
  return (
    <Page
      kind="Floor"
      title={vision || "From the vision to what customers do, and back"}
      status={empty ? undefined : <Hurt floor={floor} />}
      lead={
        empty
          ? "This factory is empty. Work will flow through it from left to right, and what it changed comes back to the vision."
          : sentences(floor).join(" ") ||
            "Work flows from left to right; what it changed comes back to the vision."
      }
    >
      <Picture floor={floor} />
      {started?.includes(false) && <Steps done={started} />}
      {!empty && (
        <div className={classes.lists}>
          <Needs
            own={mine(floor.attention, me)}
            all={floor.attention}
            everybody={needs === "all"}
            onEverybody={(all) =>
              void navigate({ to: "/", search: all ? { needs: "all" } : {}, replace: true })
            }
          />
          <Moves moves={floor.recent} />
          <Outcomes outcomes={floor.outcomes} />
        </div>
      )}
    </Page>
  );
}

function Hurt({ floor }: { floor: Schemas["Floor"] }) {
  const { count, worst } = hurt(floor);
  if (count === 0) return <Status state="done" look="pill" label="nothing is stuck" />;
  const pill = <Status state="held" look="pill" label={`${count} stuck`} />;
  return worst ? (
    <InLink
      href={hrefOf(worst.subject)}
      look="bare"
      aria-label={`${count} stuck; the longest: ${worst.title}`}
    >
      {pill}
    </InLink>
  ) : (
    pill
  );
}
