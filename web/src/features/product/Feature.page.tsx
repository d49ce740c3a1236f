import { Button } from "@mantine/core";
import { IconListCheck, IconPencil } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Schemas } from "~/api/ask";
import { askPages, rowsOf } from "~/api/ask";
import { FeatureFlags } from "~/features/flag/FeatureFlags";
import { format } from "~/lib/number";
import { Details } from "~/object/Details";
import { Loaded } from "~/object/Loaded";
import { TeamName } from "~/object/Names";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { itemState } from "~/object/states";
import { useCrumbs } from "~/shell/crumbs";
import { useKeys } from "~/shell/keys";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Interval } from "~/ui/Interval";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { FeatureForm } from "./FeatureForm";
import { ItemCounts } from "./FeatureList";
import { FeatureOutcome, Grade } from "./Outcome";
import classes from "./Product.module.css";
import {
  better,
  changeUnit,
  type Effect,
  type Feature,
  featureQuery,
  featureState,
  type KeyResult,
  keyResultOf,
  namesQuery,
  productQuery,
} from "./product";

type Item = Schemas["Item"];

const columns: readonly Column<Item>[] = [
  { id: "id", header: "Item", width: "64px", sort: (i) => i.id, cell: (i) => i.id },
  { id: "title", header: "Title", width: "minmax(0, 4fr)", sort: (i) => i.title, cell: (i) => i.title },
  {
    id: "state",
    header: "State",
    width: "92px",
    sort: (i) => i.state,
    cell: (i) => <Status {...itemState(i)} />,
  },
  {
    id: "team",
    header: "Team",
    wide: true,
    width: "76px",
    sort: (i) => i.team,
    cell: (i) => <TeamName team={i.team} />,
  },
  {
    id: "since",
    header: "Since",
    wide: true,
    align: "right",
    width: "90px",
    sort: (i) => i.since,
    cell: (i) => <Ago at={i.since} />,
  },
];

/** A feature: why it should move a key result, where it is and why, and what it did. */
export function FeaturePage() {
  const { id } = useParams({ from: "/inside/features/$id" });
  const feature = useQuery(featureQuery(id));
  return (
    <Loaded
      query={feature}
      kind="Feature"
      title="Feature"
      outline={<Outline main={[110, 240, 220]} aside={[230, 160]} />}
    >
      {(f) => <FeatureView feature={f} />}
    </Loaded>
  );
}

function FeatureView({ feature: f }: { feature: Feature }) {
  const { edit } = useSearch({ from: "/inside/features/$id" });
  const navigate = useNavigate({ from: "/features/$id" });
  const board = useQuery(namesQuery);
  const items = useInfiniteQuery(
    askPages("/api/v1/items", { query: { feature: f.id, limit: 200 }, kinds: ["item"] }),
  );
  const product = useQuery(productQuery(f.product));
  const productName = product.data?.name ?? f.product;
  const k = keyResultOf(board.data, f.keyResult);
  const initiative = board.data?.initiatives.find((i) => i.id === f.initiative);
  useCrumbs(
    useMemo(
      () => [
        { title: productName, href: `/products/${f.product}` },
        { title: f.title, href: `/features/${f.id}` },
      ],
      [productName, f.product, f.title, f.id],
    ),
  );
  useKeys(useMemo(() => ({ e: () => void navigate({ search: { edit: "feature" } }) }), [navigate]));
  return (
    <Page
      kind="Feature"
      title={f.title}
      status={<Status look="pill" {...featureState(f.state)} />}
      owner={f.by}
      actions={
        <Button
          variant="default"
          leftSection={<IconPencil size={16} stroke={1.8} aria-hidden />}
          onClick={() => void navigate({ search: { edit: "feature" } })}
          aria-keyshortcuts="e"
        >
          Change
        </Button>
      }
      thread={<ObjectThread kind="feature" id={f.id} />}
      aside={
        <>
          <Panel title="State">
            <p className={classes.why}>
              {f.because
                ? `${f.state.charAt(0).toUpperCase()}${f.state.slice(1)} because ${f.because}.`
                : "Planned: it begins to be built by itself when the first of its items is pulled."}
            </p>
            <Details rows={[["Since", <Ago key="s" at={f.since} />]]} />
            <ItemCounts items={f.items} />
          </Panel>
          <FeatureFlags feature={f.id} />
          <Panel title="Where it belongs">
            <Details
              rows={[
                [
                  "Product",
                  <InLink key="p" href={`/products/${f.product}`} look="quiet">
                    {productName}
                  </InLink>,
                ],
                ["Place", `${f.rank} in the product's order`],
                [
                  "Initiative",
                  <InLink key="i" href={`/initiatives/${f.initiative}`} look="quiet">
                    {initiative?.title ?? "its initiative"}
                  </InLink>,
                ],
                [
                  "Key result",
                  k ? (
                    <InLink key="k" href={`/key-results/${k.id}`} look="quiet">
                      {k.title}
                    </InLink>
                  ) : f.keyResult ? (
                    "of the portfolio"
                  ) : (
                    "none is named"
                  ),
                ],
                [
                  "Its value",
                  k?.value === undefined
                    ? null
                    : `${format(k.value, { unit: k.unit })}, target ${format(k.target, { unit: k.unit })}`,
                ],
                ["Proposed", <Ago key="c" at={f.created} />],
              ]}
            />
          </Panel>
        </>
      }
      history={<ObjectHistory subject={`feature/${f.id}`} />}
    >
      <Panel title="Benefit hypothesis">
        <p className={classes.hypothesis}>
          {f.hypothesis ?? "Nobody has said yet why customers should gain from it."}
        </p>
      </Panel>
      <Panel title="Predicted and measured" note={k?.title}>
        <FeatureOutcome feature={f} keyResult={k} />
      </Panel>
      {f.effects.length > 0 && (
        <Panel title="Its rollouts" note={`${f.effects.length}, each against the version before`}>
          <div className={classes.effects}>
            {f.effects.map((e) => (
              <RolloutEffect
                key={`${e.rollout} ${e.keyResult}`}
                effect={e}
                keyResult={keyResultOf(board.data, e.keyResult)}
              />
            ))}
          </div>
        </Panel>
      )}
      <Panel title="Items" flush>
        <DataTable
          label={`Items of ${f.title}`}
          columns={columns}
          rows={rowsOf(items.data)}
          rowId={(i) => i.id}
          href={(i) => `/items/${i.id}`}
          pending={items.isPending}
          error={items.data ? null : items.error}
          retry={() => void items.refetch()}
          empty={
            <Empty
              small
              icon={IconListCheck}
              title="No items yet"
              start={{ label: "To the teams", href: "/teams" }}
            >
              A team adds items to its board and names this feature in them.
            </Empty>
          }
        />
      </Panel>
      {edit && (
        <FeatureForm
          product={f.product}
          feature={f}
          onClose={() => void navigate({ search: {}, replace: true })}
        />
      )}
    </Page>
  );
}

const became: Record<Effect["kept"], { state: "running" | "done" | "rolled-back"; label: string }> = {
  running: { state: "running", label: "still running, does not count yet" },
  promoted: { state: "done", label: "promoted" },
  rolled_back: { state: "rolled-back", label: "rolled back, does not count" },
};

/** What one rollout did. */
function RolloutEffect({ effect: e, keyResult: k }: { effect: Effect; keyResult: KeyResult | undefined }) {
  const unit = changeUnit(k?.unit);
  const factor = typeof unit === "object" && "unit" in unit && unit.unit === "pp" ? 100 : 1;
  return (
    <div>
      <div className={classes.head}>
        <InLink href={`/rollouts/${e.rollout}`}>{e.component}</InLink>
        <Status {...became[e.kept]} />
        <span className={classes.quiet}>
          <Ago at={e.at} />
        </span>
        <Grade grade={e.grade} />
      </div>
      <Interval
        label={k?.title ?? `Outcome ${e.event}`}
        estimate={e.estimate * factor}
        low={e.low * factor}
        high={e.high * factor}
        better={better(k)}
        unit={factor === 100 ? unit : "points"}
        n={e.units}
      />
    </div>
  );
}
