import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { openPage } from "../browser";
import { boot, bootAfterStory, bootAgent, type Person } from "../factory";
import {
  ground,
  keepNothing,
  makeComponents,
  makePath,
  newerPath,
  promiseLess,
  publish,
  runJob,
  sayGusts,
  until,
  type Voice,
  voice,
} from "../ground";
import { enter, headed, part, settled, stage } from "../walk";
import { take } from "./camera";

// Not a journey: nothing is asserted of what the pictures show, and `make test` does not take them.

const on = stage(bootAfterStory);

/** What one does on a page before its picture is taken. */
type Act = (page: Page) => Promise<unknown>;

/** The pictures that need no more than an address: name, whose page, where, and what is done there. */
type Shot = readonly [name: string, who: Person, at: string, act?: Act];

/** Whether a picture is taken: all are, unless some are named. */
const wanted = (name: string) => process.env.PICTURES?.split(",").includes(name) ?? true;

const dialog = (page: Page) => page.getByRole("dialog").waitFor();
const press = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole("button", { name }).first().click();
  await dialog(page);
};
const into = (area: string) => (page: Page) =>
  part(page, area).evaluate((at) => at.scrollIntoView({ block: "end" }));

it("takes each page of a company that the story and a second team filled", async () => {
  const pat = await voice(on, "pat");
  const eva = await voice(on, "eva");
  const mara = await voice(on, "mara");
  await secondTeam(eva);
  await makePath(pat);
  await makeComponents(eva, ground.components);
  await promiseLess(eva, "hangar-doors");
  await leaveBehind(eva, "tower-radio");
  await newerPath(pat);
  await publish(pat, "1.1.0");
  const change = await sayGusts(eva, "weather-relay");
  await talk(eva, pat, change);
  await variables(eva, "weather-relay");
  await gates(pat, mara);
  await runJob(eva, "weather-relay", "report");
  await runJob(eva, "weather-relay", "import");
  await upgrade(pat);
  await until("the change can be tried", async () => {
    const { preview } = await eva.get<{ preview: { state: string } }>(`/changes/${change}`);
    return preview.state === "running";
  });
  const at = await addresses(eva);

  const shots: readonly Shot[] = [
    ["floor", "eva", "/"],
    ["palette", "eva", "/", openPalette("engine")],
    ["shortcuts", "eva", "/", (page) => page.keyboard.press("?").then(() => dialog(page))],
    ["board", "mara", "/board"],
    ["board-ranked", "mara", "/board?view=ranked"],
    ["initiative", "mara", at.initiative],
    ["key-result", "mara", at.keyResult],
    ["products", "ada", "/products"],
    ["product", "ada", "/products/heavy-lift"],
    ["feature", "ada", at.feature],
    ["teams", "eva", "/teams"],
    ["team", "eva", "/teams/engine"],
    ["team-figures", "eva", "/teams/engine?view=figures"],
    ["team-members", "eva", `/teams/${ground.team}?view=members`],
    ["item", "eva", "/items/ENG-3"],
    ["platform", "pat", "/platform"],
    ["new-component", "eva", `/platform/new?team=${ground.team}&path=${ground.path}`],
    ["path", "pat", `/paths/${ground.path}`],
    ["path-versions", "pat", `/paths/${ground.path}?view=versions`],
    ["path-components", "pat", `/paths/${ground.path}?view=components`],
    ["path-upgrades", "pat", `/paths/${ground.path}?view=upgrades`],
    ["component", "eva", "/components/engine-controller"],
    ["component-dashboard", "eva", "/components/engine-controller", into("Dashboard")],
    ["component-changes", "eva", "/components/weather-relay?view=changes"],
    ["component-runs", "eva", "/components/weather-relay?view=runs"],
    ["component-workloads", "eva", "/components/weather-relay?view=workloads"],
    ["component-jobs", "eva", "/components/weather-relay?view=jobs"],
    ["component-flags", "finn", "/components/flight-planner?view=flags"],
    ["component-variables", "eva", "/components/weather-relay?view=variables"],
    ["component-resources", "eva", "/components/tower-radio?view=resources"],
    ["resource-delete", "eva", "/components/tower-radio?view=resources", press("Delete readings of staging")],
    ["component-path", "eva", "/components/hangar-doors?view=path"],
    ["component-howto", "eva", "/components/weather-relay?view=howto"],
    ["start-run", "eva", "/components/weather-relay?view=runs", press("Run the trunk")],
    ["file", "eva", "/components/weather-relay/files?path=handler.go"],
    ["commit", "eva", at.commit],
    ["changes", "eva", "/changes"],
    ["change", "eva", `/changes/${change}`],
    ["change-files", "pat", `/changes/${change}?view=files`],
    ["change-upgrade", "eva", at.upgrade],
    ["delivery", "eva", "/delivery"],
    ["delivery-releases", "eva", "/delivery?view=releases"],
    ["delivery-runs", "eva", "/delivery?view=runs"],
    ["delivery-incidents", "eva", "/delivery?view=incidents"],
    ["delivery-alerts", "eva", "/delivery?view=alerts"],
    ["run", "eva", at.run],
    ["rollout", "eva", at.rollout],
    ["release", "finn", at.release],
    ["new-release", "finn", "/releases/new"],
    ["incident", "eva", at.incident],
    ["artifact", "eva", at.artifact],
    ["flags", "finn", "/flags?view=all"],
    ["freezes", "mara", "/freezes"],
    ["units", "pat", '/units?where=unit.country+%3D%3D+"de"&rank=safety_score&take=5'],
    ["insight", "mara", "/insight"],
    ["cost", "mara", "/cost?days=7"],
    ["cost-component", "mara", "/cost?days=7&component=weather-relay"],
    ["cost-rates", "pat", "/cost?days=7&rates=set"],
    ["audit", "mara", "/audit"],
    ["audit-effects", "mara", "/audit?view=effects"],
    ["thread", "mara", at.thread],
    ["accounts", "pat", "/accounts"],
    ["tokens", "eva", "/tokens"],
    ["docs", "eva", "/docs"],
    ["docs-page", "eva", "/docs/how-to/ship-a-change"],
  ];
  const wrongs: string[] = [];
  for (const [name, who, where, act] of shots) {
    if (!wanted(name)) continue;
    const opened = await enter(on, who, where);
    try {
      await settled(opened.page);
      await act?.(opened.page);
      await take(opened.page, name);
    } catch (cause) {
      opened.wrongs.push(String(cause)); // the others are taken all the same
    }
    wrongs.push(...opened.wrongs.map((wrong) => `${name}: ${wrong}`));
    await opened.page.context().close();
  }
  expect(wrongs).toEqual([]);
});

it("takes the door of a factory that nobody has entered yet", async () => {
  const fresh = await boot();
  const { page } = await openPage(on.browser, fresh.url);
  await page.goto("/");
  await headed(page, /./);
  if (wanted("setup")) await take(page, "setup");
  await page.goto(`${on.factory.url}/sign-in`);
  await headed(page, /./);
  if (wanted("sign-in")) await take(page, "sign-in");
  await fresh.stop();
});

it("takes the machines that take runs", async () => {
  if (!wanted("agents")) return;
  const fresh = await boot("--agents", "127.0.0.1:0");
  const { page } = await openPage(on.browser, fresh.url);
  const post = async (at: string, data: unknown) => {
    const said = await page.request.post(`/api/v1${at}`, { data, headers: { origin: fresh.url } });
    return (await said.json()) as { door: string; token: string };
  };
  await post("/setup", { login: "pat", name: "Pat Lindqvist", password: "nobody signs in with this" });
  await post("/session", { login: "pat", password: "nobody signs in with this" });
  const { door, token } = await post("/agents", { name: "build-1" });
  await post("/agents", { name: "build-2" });
  const stop = await bootAgent(door, token);
  await page.goto("/agents");
  await page.getByText("connected", { exact: true }).waitFor();
  await take(page, "agents");
  await stop();
  await fresh.stop();
});

const openPalette = (words: string) => async (page: Page) => {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to or do" }).fill(words);
  await page.getByRole("option").first().waitFor();
};

async function secondTeam(eva: Voice): Promise<void> {
  await eva.post("/teams", {
    id: ground.team,
    key: "GND",
    name: "Ground station",
    mission: "Nobody rises into a gust, and nobody waits before a door",
  });
  for (const title of ["Tell gusts, not only the wind", "Open the doors before the drone is there"])
    await eva.post("/items", { team: ground.team, title });
}

/** A version that declares no database any more leaves it behind in staging. */
async function leaveBehind(eva: Voice, component: string): Promise<void> {
  await keepNothing(eva, component);
  await until("the database in staging is left behind", async () => {
    const { items } = await eva.get<{ items: { environment: string; state: string }[] }>(
      `/components/${component}/resources`,
    );
    return items.some((r) => r.environment === "staging" && r.state === "unused");
  });
}

async function talk(eva: Voice, pat: Voice, change: string): Promise<void> {
  const { head } = await eva.get<{ head: string }>(`/changes/${change}`);
  const asked = await pat.post<{ id: string }>(`/changes/${change}/comments`, {
    body: "Is that over ten minutes, or over the hour?",
    path: "handler.go",
    line: 32,
    side: "new",
    commit: head,
  });
  await eva.post(`/changes/${change}/comments`, {
    body: "Ten minutes, as it says above it.",
    replyTo: asked.id,
  });
  await pat.post(`/changes/${change}/reviews`, {
    verdict: "approve",
    commit: head,
    body: "Clear. `/gusts` is what pilots ask for.",
  });
}

async function variables(eva: Voice, component: string): Promise<void> {
  for (const [environment, limit] of [
    ["staging", "30"],
    ["production", "12"],
  ] as const)
    await eva.post(`/components/${component}/variables`, {
      environment,
      revision: 0,
      set: [
        { key: "GUST_LIMIT", value: limit, secret: false },
        { key: "RADIO_KEY", value: `key of ${environment}`, secret: true },
      ],
    });
}

async function gates(pat: Voice, mara: Voice): Promise<void> {
  const day = 86_400_000; // ms
  await mara.post("/freezes", {
    name: "Race weekend",
    reason: "40 drones fly before an audience",
    begins: new Date(Date.now() + 3 * day).toISOString(),
    ends: new Date(Date.now() + 5 * day).toISOString(),
  });
  await pat.post("/units", {
    units: Array.from({ length: 40 }, (_, i) => ({
      id: `drone-${i}`,
      attributes: { country: i % 2 ? "at" : "de", safety_score: 60 + i },
    })),
  });
}

async function upgrade(pat: Voice): Promise<void> {
  const { id } = await pat.post<{ id: string }>(`/paths/${ground.path}/upgrades`, {
    version: "1.1.0",
    cohorts: ["1", "100%"],
    first: ["weather-relay"],
  });
  await until("the upgrade is through", async () => {
    const { state } = await pat.get<{ state: string }>(`/upgrades/${id}`);
    return state === "done";
  });
}

/** Where the objects of the story are, whose addresses it does not choose. */
async function addresses(eva: Voice) {
  const first = async <T extends object>(list: string, fits: (one: T) => boolean): Promise<T> => {
    const { items } = await eva.get<{ items: T[] }>(list);
    const found = items.find(fits);
    if (!found) throw new Error(`${list} has not what the picture needs`);
    return found;
  };
  const bad = "Open the flaps with the load";
  const heavy = "Carry loads over 10 kg";
  const portfolio = await eva.get<{
    initiatives: { id: string }[];
    objectives: { keyResults: { id: string }[] }[];
  }>("/portfolio");
  const run = await first<{ id: string; title: string; commit: string }>(
    "/runs?component=engine-controller&limit=50",
    (r) => r.title === heavy,
  );
  const rollout = await first<{ id: string; title: string }>(
    "/rollouts?component=engine-controller&limit=50",
    (r) => r.title === bad,
  );
  const artifact = await first<{ digest: string; version: string }>(
    "/artifacts?component=engine-controller",
    (a) => a.version === "3",
  );
  const incident = await first<{ id: string; component: string }>(
    "/incidents",
    (i) => i.component === "engine-controller",
  );
  const release = await first<{ id: string }>("/releases", () => true);
  const feature = await first<{ id: string; title: string }>("/features?product=heavy-lift", () => true);
  const upgraded = await first<{ id: string; title: string }>("/components/hangar-doors/changes", (c) =>
    c.title.startsWith("Upgrade"),
  );
  return {
    initiative: `/initiatives/${portfolio.initiatives[0]?.id}`,
    keyResult: `/key-results/${portfolio.objectives[0]?.keyResults[0]?.id}`,
    feature: `/features/${feature.id}`,
    run: `/runs/${run.id}?step=test`,
    commit: `/components/engine-controller/commits/${run.commit}`,
    rollout: `/rollouts/${rollout.id}`,
    release: `/releases/${release.id}`,
    incident: `/incidents/${incident.id}`,
    artifact: `/artifacts/${artifact.digest}`,
    upgrade: `/changes/${upgraded.id}`,
    thread: `/thread/commit/${run.commit}`,
  };
}
