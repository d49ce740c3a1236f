import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { bootAfterStory } from "./factory";
import { enter, headed, late, part, row, stage } from "./walk";

const on = stage(bootAfterStory);

const bad = "Open the flaps with the load"; // the change that the story's evidence took back
const heavy = "Carry loads over 10 kg"; // the one that moved the key result

it("leads from a component to the run of a change, its steps, a line of its log, and back there by its address", async () => {
  const { page, wrongs } = await enter(on, "eva", "/platform");
  await row(page, "Components", "engine-controller").click();
  await headed(page, "engine-controller");
  const views = page.getByRole("navigation", { name: "Views of engine-controller" });
  await views.getByRole("link", { name: "Delivery" }).click();
  await views.getByRole("link", { name: "Runs" }).click();
  await row(page, "Runs", bad).click();
  await headed(page, "engine-controller run 4");
  for (const step of ["test", "build", "publish"])
    await page.getByRole("button", { name: new RegExp(`${step} ?done`) }).waitFor();

  await page.getByRole("button", { name: /publish ?done/ }).click();
  await page.getByLabel("Search in the log of publish").fill("provenance");
  await page.getByText("1 of 1", { exact: true }).waitFor();
  await page
    .getByRole("link", { name: /^Line \d+$/, includeHidden: false })
    .last()
    .click();
  await page.waitForURL(/step=publish.*q=provenance.*#L\d+$/);
  const address = page.url();
  await page.goto("/delivery");
  await page.goto(address);
  const line = page.getByRole("region", { name: "Log of publish" }).locator("[aria-current=location]");
  await line.waitFor();
  expect(address.endsWith(`#L${await line.innerText()}`)).toBe(true);
  expect(wrongs).toEqual([]);
});

it("says in one paragraph why a rollout was taken back, on which counts, and lets nobody pull a lever without a reason", async () => {
  const { page, wrongs } = await enter(on, "eva", "/delivery");
  await row(page, "Rollouts", bad).click();
  await headed(page, "engine-controller 4");
  const story = part(page, "Rolled back by the evidence");
  await story
    .getByText(/^Units that met a server error: \d+ of the \d+ units .* at most 1 % of rollouts/)
    .waitFor();
  for (const [version, says] of [
    ["Old version", /version 3\s*100 % of units now.*Failed here\s*0/],
    ["New version", /version 4\s*0 % of units now.*Failed here\s*[1-9]/],
  ] as const)
    await page.getByRole("region", { name: version }).filter({ hasText: says }).waitFor();
  await page.getByRole("img", { name: /^Evidence over time\..*Harm: .* rolls back at 100 to 1/ }).waitFor();
  await page.getByRole("button", { name: "Replay the verdict" }).click();
  await page.getByText("identical", { exact: true }).waitFor();

  // It is over: the page has no lever left, and who asks the API all the same is told why not.
  await page.getByRole("button", { name: "Fix forward" }).waitFor();
  expect(await page.getByRole("button", { name: /^(Hold|Resume|Roll back)$/ }).count()).toBe(0);
  const id = new URL(page.url()).pathname.split("/").pop();
  const no = await page.request.post(`/api/v1/rollouts/${id}/roll-back`, { data: { reason: "once more" } });
  expect(no.status()).toBe(423);
  expect(((await no.json()) as { detail: string }).detail).toMatch(/rolled back/);

  await page.getByRole("link", { name: "its artifact's page" }).click();
  await page.getByRole("button", { name: "Clear it" }).click();
  const dialog = page.getByRole("dialog", { name: "Clear engine-controller 4?" });
  await dialog.getByRole("button", { name: "Clear it" }).click();
  await dialog.getByText("Say in a few words why.").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("marked bad", { exact: true }).waitFor();
  expect(wrongs).toEqual([]);
});

it("holds a rollout, lets it go on and takes it back, each with a reason that the history keeps", async () => {
  const { page, wrongs } = await enter(on, "eva", "/components/engine-controller?view=artifacts");
  await row(page, "Artifacts", /^3/).click();
  await page.getByRole("button", { name: "Roll it out" }).click();
  await page.getByLabel("Reason").fill("to compare it with the version of today");
  await page.getByRole("dialog").getByRole("button", { name: "Roll it out" }).click();
  await page.waitForURL(/\/rollouts\//);

  const pull = async (lever: string, reason: string) => {
    await page.getByRole("button", { name: lever, exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("This will").waitFor();
    await dialog.getByRole("button", { name: lever, exact: true }).click();
    await dialog.getByText("Say in a few words why.").waitFor();
    await dialog.getByLabel("Reason").fill(reason);
    await dialog.getByRole("button", { name: lever, exact: true }).click();
    await dialog.waitFor({ state: "detached" });
  };
  await pull("Hold", "the pilots are at lunch");
  await part(page, "A person holds it").getByText("the pilots are at lunch", { exact: false }).waitFor();
  await pull("Resume", "they are back");
  await page.getByRole("heading", { name: "Nothing is decided yet" }).waitFor();
  await pull("Roll back", "it was only a comparison");
  await part(page, "Rolled back by Eva Keller")
    .getByText("It was only a comparison.", { exact: false })
    .waitFor();
  const history = part(page, "History");
  for (const reason of ["the pilots are at lunch", "they are back", "it was only a comparison"])
    await history.getByText(reason, { exact: false }).first().waitFor();

  // What everybody uses goes back too, to an earlier version that is not marked bad.
  await page.goto("/delivery");
  await row(page, "Rollouts", "Know a flap angle for every load").click();
  await headed(page, "engine-controller 5");
  await page.getByRole("button", { name: "Roll back", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Take engine-controller 5 back?" });
  const goal = dialog.getByLabel("Go back to");
  await goal.selectOption("1");
  const versions = await goal.locator("option").allInnerTexts();
  expect(versions.map((v) => v.split(",")[0])).toEqual(["version 2", "version 1"]);
  await dialog.getByText("start version 1 beside it", { exact: false }).waitFor();
  await dialog.getByLabel("Reason").fill("pilots report odd sounds");
  await dialog.getByRole("button", { name: "Roll back" }).click();
  await part(page, "Taken back to version 1 by Eva Keller")
    .getByText("Pilots report odd sounds.", { exact: false })
    .waitFor();
  expect(wrongs).toEqual([]);
});

it("shows of an incident the deciding numbers, whose it is and how it ended, and resolves one that a person reported", async () => {
  const { page, wrongs } = await enter(on, "eva", "/incidents");
  await row(page, "Incidents", "engine-controller 4 was rolled back").click();
  await headed(page, "engine-controller 4 was rolled back");
  await page.getByText(/^resolved after \d/).waitFor();
  await part(page, "The deciding numbers")
    .getByText(/^Evidence of harm [\d\u2009]+ to 1$/)
    .waitFor();
  const about = part(page, "What it is about");
  await about.getByRole("link", { name: "ENG-3" }).waitFor();
  await about
    .getByRole("link", { name: /^[0-9a-f]{8}$/ })
    .first()
    .waitFor();
  await page.locator("article > header").getByRole("link", { name: "engine", exact: true }).waitFor();
  await part(page, "Times").getByRole("link", { name: "engine-controller 5 was promoted" }).waitFor();

  const list = await late(page, /\/api\/v1\/components\?/);
  await page.goto("/delivery");
  await page.getByRole("button", { name: "Report an incident" }).click(); // before it is known of what
  list();
  const form = page.getByRole("dialog", { name: "Report an incident" });
  await form.getByLabel("What do customers see").fill("Missions in the north wait");
  await form.getByLabel("Component").selectOption("engine-controller");
  await form.getByLabel("Environment").selectOption("staging"); // where no other is open, of which it would become part
  await form.getByRole("button", { name: "Open the incident" }).click();
  await headed(page, "Missions in the north wait");
  await page.getByLabel("Note").fill("The mast in the north was off.");
  await page.getByRole("button", { name: "Add the note" }).click();
  await part(page, "Timeline").getByText("The mast in the north was off.", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Resolve" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("the mast is on again");
  await dialog.getByRole("button", { name: "Resolve" }).click();
  await page.getByText(/^resolved after/).waitFor();
  expect(wrongs).toEqual([]);
});

it("walks one thread from a commit up to the vision and down to its effect, without a gap", async () => {
  const { page, wrongs } = await enter(on, "eva", "/components/engine-controller?view=commits");
  await row(page, "Commits", heavy).click();
  await headed(page, heavy);
  const strip = page.getByRole("navigation", { name: "Thread", exact: true });
  await strip.getByText("Grow our share", { exact: false }).waitFor();
  const sha = new URL(page.url()).pathname.split("/").pop();
  await page.goto(`/thread/commit/${sha}`);
  await page.getByText("whole, from the vision to the effect").waitFor();
  const path = page.getByRole("list", { name: "From the vision to the effect" });
  const kinds = (await path.locator("> li").allInnerTexts()).map((t) => t.split(/[\n·]/, 1)[0]?.trim());
  expect(kinds).toEqual([
    "Vision",
    "Objective",
    "Key result",
    "Initiative",
    "Feature",
    "Item",
    "Commit",
    "Run",
    "Artifact",
    "Rollout",
    "Effect",
  ]);
  expect(await path.getByText("Nothing here.").count()).toBe(0);
  await path.getByRole("link", { name: "Thread of Heavy-lift drone" }).click();
  await headed(page, "Heavy-lift drone");
  await path
    .getByRole("link", { name: /Open the flaps/ })
    .first()
    .waitFor();
  expect(wrongs).toEqual([]);
});

it("shows what an artifact is made of and that its signature holds, and hands out the bill", async () => {
  const { page, wrongs } = await enter(on, "eva", "/components/engine-controller?view=artifacts");
  await row(page, "Artifacts", /^5/).click();
  await headed(page, "engine-controller 5");
  const holds = part(page, "Does its evidence hold?");
  await holds.getByText("Yes: every byte and every signature was read again").waitFor();
  const bill = part(page, "What it is made of");
  await bill.getByText(/^\d+ parts, CycloneDX 1\.\d$/).waitFor();
  await bill.getByLabel("Search the parts").fill("probuf");
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowLeft");
  await page.keyboard.type("to"); // in the middle: the caret stays while the address follows
  await row(page, "Parts", "google.golang.org/protobuf").waitFor();
  await page.getByRole("table", { name: "Parts" }).getByRole("row").nth(2).waitFor({ state: "detached" }); // its head and the one
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    bill.getByRole("link", { name: "Download" }).click(),
  ]);
  expect(file.suggestedFilename()).toBe("engine-controller-5.cdx.json");
  const sbom = JSON.parse(await readFile(await file.path(), "utf8")) as {
    bomFormat: string;
    components: unknown[];
  };
  expect(sbom.bomFormat).toBe("CycloneDX");
  await bill.getByText(`${sbom.components.length} parts`, { exact: false }).waitFor();
  await part(page, "Provenance").getByRole("button", { name: "Read it" }).click();
  await part(page, "Provenance").getByText("digital-factory/factory/pipeline/v1", { exact: false }).waitFor();
  expect(wrongs).toEqual([]);
});

it("creates a component from the golden path and shows each step until it is live in production", async () => {
  const { page, wrongs } = await enter(on, "eva", "/platform");
  await page.getByRole("link", { name: "New component" }).click();
  await page.getByRole("button", { name: "Create it" }).click();
  await page.getByLabel("Name").and(page.locator("[aria-invalid=true]")).waitFor();
  await page.getByLabel("Name").fill("flap-controller");
  await page.getByLabel("Team", { exact: true }).selectOption("engine");
  await page.getByLabel("What it is for").fill("Opens and closes the flaps");
  await page.getByText("flap-controller.staging.localhost").waitFor();
  await page.getByRole("button", { name: "Create it" }).click();
  await headed(page, "flap-controller");
  await page.getByRole("heading", { name: /^(On its way to|Live in) production$/ }).waitFor();
  const live = part(page, "Live in production");
  await live.getByText(/from the first word, no step by hand$/).waitFor({ timeout: 90_000 });
  for (const [lane, host] of [
    ["Staging", "flap-controller.staging.localhost"],
    ["Production", "flap-controller.localhost"],
  ] as const) {
    const runs = part(page, "What runs where").getByRole("region", { name: lane });
    await runs.getByRole("link", { name: new RegExp(`^${host}`) }).waitFor();
    await runs.getByText("version 1", { exact: true }).waitFor();
  }
  await live.getByRole("link", { name: "First run: test, build, SBOM, image, signature" }).click();
  await headed(page, "flap-controller run 1");
  expect(wrongs).toEqual([]);
}, 120_000);
