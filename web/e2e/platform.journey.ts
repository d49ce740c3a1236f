import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { accessibility } from "./browser";
import { bootAfterStory } from "./factory";
import {
  commit,
  ground,
  keepNothing,
  makeComponents,
  makePath,
  newerPath,
  patience,
  promiseLess,
  sayGusts,
  until,
  type Voice,
  voice,
} from "./ground";
import { enter, everybody, headed, part, row, settled, stage } from "./walk";

const on = stage(bootAfterStory);

const obedient = "weather-relay"; // takes what its path brings
const headstrong = "hangar-doors"; // changed the line that its path changes, too
const soon = { timeout: patience };

let eva: Voice;

beforeAll(async () => {
  const pat = await voice(on, "pat");
  eva = await voice(on, "eva");
  await eva.post("/teams", { id: ground.team, key: "GND", name: "Ground station" });
  await makePath(pat);
  await makeComponents(eva, [obedient, headstrong]);
  await promiseLess(eva, headstrong);
  await newerPath(pat);
}, patience);

async function confirm(page: Page, action: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  expect(await accessibility(page)).toEqual([]);
  await dialog.getByRole("button", { name: action, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

it(
  "deletes a database that no version uses any more, by its full name and nothing less",
  async () => {
    const { page, wrongs } = await enter(on, "eva", `/components/${obedient}?view=resources`);
    const held = (environment: string) =>
      row(page, `Resources of ${obedient}`, new RegExp(`^readings${environment}`));
    await held("staging").getByText("in use").waitFor();
    expect(
      await held("staging")
        .getByRole("button", { name: /^Delete/ })
        .count(),
    ).toBe(0);
    const [dump] = await Promise.all([
      page.waitForEvent("download"),
      held("production").getByRole("link", { name: "Dump readings of production" }).click(),
    ]);
    expect(dump.suggestedFilename()).toBe(`${obedient}-production-readings.sql`);

    await keepNothing(eva, obedient);
    await held("staging").getByText("unused").waitFor(soon);
    await held("production").getByText("in use").waitFor();
    await everybody(page, "resources");
    await page.getByRole("button", { name: "Delete readings of staging" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete readings of staging?" });
    await dialog.getByText("All data in this database will be gone for ever", { exact: false }).waitFor();
    await dialog.getByLabel(/^Write/).fill("readings");
    await dialog.getByRole("button", { name: "Delete it for ever" }).click();
    await dialog.getByText(`Write ${obedient}/staging/readings.`).waitFor();
    await everybody(page, "deleting a database");
    await dialog.getByLabel(/^Write/).fill(`${obedient}/staging/readings`);
    await confirm(page, "Delete it for ever");
    await held("staging").waitFor({ state: "detached" });
    await held("production").getByText("in use").waitFor();
    expect(wrongs).toEqual([]);
  },
  patience,
);

it(
  "publishes a version of a golden path, brings it to its components, and shows what a team must settle",
  async () => {
    const { page, wrongs } = await enter(on, "pat", "/platform");
    await page.getByRole("link", { name: "Ground service", exact: true }).click();
    await headed(page, "Ground service");
    await part(page, "What a component gets").getByText("PostgreSQL", { exact: false }).waitFor();
    await part(page, "What it asks for").getByText("north, south", { exact: false }).waitFor();
    await settled(page);
    await everybody(page, "a golden path");

    const views = page.getByRole("navigation", { name: `Views of ${ground.path}` });
    await views.getByRole("link", { name: "Versions" }).click();
    const versions = (says: RegExp) => row(page, `Versions of ${ground.path}`, says);
    await versions(/^1\.0\.0.*offered.*Pat Lund/).waitFor();
    await page.getByRole("button", { name: "Publish a version" }).click();
    await confirm(page, "Publish");
    await versions(/^1\.1\.0.*offered/).waitFor(soon); // it is told without asking
    await everybody(page, "versions of a golden path");

    await page.getByRole("button", { name: "Upgrade 2 components" }).click();
    const dialog = page.getByRole("dialog", { name: `Bring ${ground.path} 1.1.0 to 2 components` });
    await dialog.getByLabel("Cohorts").fill("1, 100%");
    await dialog.getByLabel("First").fill(obedient);
    await confirm(page, "Start the upgrade");
    await views.getByRole("link", { name: "Upgrades" }).click();
    const upgraded = (says: RegExp) => row(page, "Components of the upgrade", says);
    await upgraded(new RegExp(`^${obedient}1merged`)).waitFor(soon);
    await upgraded(new RegExp(`^${headstrong}2conflict`)).waitFor(soon);
    await page.getByText("1 merged, 1 in conflict").waitFor(soon);
    const settle = part(page, "What teams must settle");
    await settle.getByText("availability: 98").waitFor();
    await settle.getByText("availability: 99.9").waitFor();
    await everybody(page, "an upgrade");
    expect(wrongs).toEqual([]);

    const team = await enter(on, "eva", `/components/${headstrong}?view=path`);
    await team.page.getByText("1.1.0 waits").waitFor();
    await row(team.page, `Files of ${headstrong} against its path`, ".factory/component.yaml")
      .filter({ hasText: /changed by the team.*changed/ })
      .waitFor();
    await everybody(team.page, "how a component stands to its path");
    await part(team.page, "What teams must settle").getByRole("link", { name: headstrong }).click();
    await headed(team.page, "Upgrade golden path ground-service from 1.0.0 to 1.1.0");
    await part(team.page, "What it still needs")
      .getByText("both changed .factory/component.yaml", { exact: false })
      .waitFor();
    expect(team.wrongs).toEqual([]);
  },
  patience,
);

it(
  "opens what a change does before it is merged, and finds it gone after",
  async () => {
    const change = await sayGusts(eva, obedient);
    const { page, wrongs } = await enter(on, "eva", `/changes/${encodeURIComponent(change)}`);
    const preview = part(page, "Preview");
    await preview.getByText("running", { exact: true }).waitFor(soon);
    const link = preview.getByRole("link", { name: "Try it" });
    const url = (await link.getAttribute("href")) ?? "";
    const [tried] = await Promise.all([page.waitForEvent("popup"), link.click()]);
    await tried.getByText(`${obedient} of team ${ground.team}`).waitFor();
    await tried.goto(`${url}gusts`);
    await tried.getByText("gusts up to 11.4 m/s").waitFor();

    await page.getByRole("button", { name: /^Merge/ }).click();
    const lever = page.getByRole("dialog").getByRole("button", { name: /^Merge/ });
    await lever.click();
    await lever.waitFor({ state: "detached" });
    await part(page, "It is in the trunk").waitFor(soon);
    await preview.getByText("the change was merged", { exact: false }).waitFor(soon);
    expect(await link.count()).toBe(0);
    expect((await tried.goto(`${url}gusts`))?.status()).toBe(404);
    expect(wrongs).toEqual([]);
  },
  patience,
);

it("says what a team and a component cost, at rates that the platform team sets", async () => {
  const { page, wrongs } = await enter(on, "mara", "/insight");
  await page.getByRole("link", { name: "What it costs" }).click();
  await settled(page, "Cost");
  await row(page, "Cost by team", /^engine/).waitFor();
  await row(page, "Cost by component", "flight-planner").waitFor();
  await page.getByText(/^Unattributed:/).waitFor();
  await everybody(page, "the cost");
  await page.getByRole("combobox", { name: "Component" }).click();
  await page.getByRole("option", { name: "engine-controller" }).click();
  await row(page, "Uses of engine-controller", /^Builds/).waitFor();
  await page.getByRole("button", { name: "Rates" }).click();
  await page.getByRole("dialog").getByText("setting what a unit costs", { exact: false }).waitFor(); // who may
  expect(wrongs).toEqual([]);

  const pat = await enter(on, "pat", "/cost?component=engine-controller");
  await settled(pat.page, "Cost");
  await pat.page.getByText("which nobody has set yet", { exact: false }).waitFor();
  await pat.page.getByRole("button", { name: "Rates" }).click();
  const dialog = pat.page.getByRole("dialog", { name: "What a unit costs" });
  await dialog.getByLabel("Currency").fill("euro");
  await dialog.getByRole("button", { name: "Set the rates" }).click();
  await dialog.getByText("Write three capital letters").waitFor();
  await dialog.getByLabel("Currency").fill("USD");
  await dialog.getByLabel("A minute of a build").fill("60");
  await confirm(pat.page, "Set the rates");
  await row(pat.page, "Uses of engine-controller", /^Builds.*US\$\d/).waitFor();
  await page.keyboard.press("Escape");
  await row(page, "Uses of engine-controller", /^Builds.*US\$\d/).waitFor(); // told without asking
  expect(pat.wrongs).toEqual([]);
});

it(
  "runs the trunk by hand with what its pipeline file asks for, checked field by field",
  async () => {
    await commit(eva, obedient, "Ask before the mast is moved", {
      ".factory/pipeline.yaml": (text) =>
        `inputs:
  region: {type: choice, choices: [north, south], default: north, text: Where the mast stands}
  dry: {type: boolean, default: true, text: Only say what would be done}
  count: {type: number, default: 3}
  reason: {}
${text.replace(
  /^steps:$/m,
  `steps:
  - name: say
    if: run.event == "manual" && !inputs.dry && inputs.count == 4
    run: echo "moved $INPUT_COUNT in the $INPUT_REGION, $INPUT_REASON"`,
)}`,
    });
    await until("the pipeline file asks", async () => {
      const asked = await eva.get<{ items: object[] }>(`/components/${obedient}/inputs`);
      return asked.items.length === 4;
    });
    const { page, wrongs } = await enter(on, "eva", `/components/${obedient}?view=runs`);
    await page.getByRole("button", { name: "Run the trunk" }).click();
    const dialog = page.getByRole("dialog", { name: `Run the trunk of ${obedient}?` });
    const dry = dialog.getByRole("checkbox", { name: "Dry" });
    await dialog.getByText("Only say what would be done").waitFor();
    expect(await dry.isChecked()).toBe(true);
    expect(await dialog.getByLabel("Region").inputValue()).toBe("north");
    expect(await dialog.getByLabel("Count").inputValue()).toBe("3");
    await dialog.getByLabel("Region").selectOption("south");
    await dry.focus();
    await page.keyboard.press("Space");
    await dialog.getByLabel("Count").fill("many");
    await dialog.getByRole("button", { name: "Run it" }).click();
    await dialog.getByText("Write a number.").waitFor();
    await dialog.getByText("Write something.").waitFor();
    await dialog.getByLabel("Count").fill("4");
    await dialog.getByLabel("Reason").fill("x".repeat(1001));
    await dialog.getByRole("button", { name: "Run it" }).click();
    await dialog.getByText("must have at most 1000 characters; got 1001").waitFor();
    await everybody(page, "what a run by hand asks for");
    await dialog.getByLabel("Reason").fill('"; exit 1; $(id)');
    await dialog.getByLabel("Only these steps, and what they need").fill("say");
    await confirm(page, "Run it");
    const given = part(page, "Inputs");
    await given.getByText("south", { exact: true }).waitFor(soon);
    await given.getByText('"; exit 1; $(id)', { exact: true }).waitFor();
    await page.getByText('moved 4 in the south, "; exit 1; $(id)').waitFor(soon);
    await everybody(page, "a run with inputs");
    expect(wrongs).toEqual([]);
  },
  patience,
);
