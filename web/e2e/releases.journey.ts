import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { bootAfterStory, type Person } from "./factory";
import { enter, everybody, headed, part, row, settled, signedIn, stage } from "./walk";

const on = stage(bootAfterStory);

const field = (page: Page) => page.getByLabel("Add a version");
const says = (page: Page, headline: string) =>
  part(page, "Do they go together?").getByRole("heading", { name: headline, exact: true }).waitFor();
const parts = (page: Page) => page.getByRole("list", { name: "Parts in their order" }).getByRole("listitem");

/** What is typed, and the version that Enter then means. */
async function pick(page: Page, typed: string, version: string): Promise<void> {
  await field(page).fill(typed);
  await page
    .getByRole("option", { selected: true })
    .filter({ hasText: new RegExp(`^${version}`) })
    .waitFor();
  await page.keyboard.press("Enter");
  await parts(page).filter({ hasText: version }).waitFor();
}

/** Does something through the API as somebody else. */
async function does(who: Person, path: string, data: object): Promise<void> {
  const { page } = await signedIn(on, who);
  const answer = await page.request.post(path, { data, headers: { origin: on.factory.url } });
  expect(answer.ok(), await answer.text()).toBe(true);
}

it("lets a member put two versions together: what the solver says, in which order, and why", async () => {
  const { page, wrongs } = await enter(on, "eva", "/releases");
  await row(page, "Releases", "engine-controller 6 and flight-planner 7")
    .filter({ hasText: "rolled back" })
    .waitFor();
  await everybody(page, "the releases");
  await page.getByRole("link", { name: "Compose a release" }).click();
  await headed(page, "New release");
  await page.getByText("Which versions shall go together?").waitFor();

  // By what was changed; it is of another team, and cannot go as things are.
  await pick(page, "load that the engine", "flight-planner 7");
  await says(page, "It cannot go as things are");
  const answer = part(page, "Do they go together?");
  await answer
    .getByText("but the only version of engine-controller that provides it, 6, is marked bad.", {
      exact: false,
    })
    .waitFor();
  await part(page, "Create it")
    .getByText("Flight-planner 7 belongs to team flight", { exact: false })
    .waitFor();

  // Somebody clears the mark: the page hears of it. Whoever was added to the team may release it.
  const { page: pats } = await signedIn(on, "pat");
  const { items } = (await (
    await pats.request.get("/api/v1/artifacts?component=engine-controller")
  ).json()) as { items: { version: string; digest: string }[] };
  const six = items.find((a) => a.version === "6")?.digest ?? "";
  await does("pat", `/api/v1/artifacts/${six}/clear`, { reason: "the sensor was broken, not the version" });
  await answer.getByText("flight-planner 7 requires load-report ^1, but nothing provides it.").waitFor();
  await does("finn", "/api/v1/teams/flight/members", { account: "eva" });
  await page.reload();
  await page.getByRole("button", { name: "Create the release" }).waitFor();

  await pick(page, "engine 6", "engine-controller 6");
  await says(page, "They go together, but not well in this order");
  await answer
    .getByText("flight-planner 7 requires load-report ^1: engine-controller 6 provides 1.0.0")
    .waitFor();
  await everybody(page, "a release that is being composed");
  const earlier = page.getByRole("button", { name: "engine-controller 6 goes earlier" });
  await earlier.focus();
  await page.keyboard.press("Shift+ArrowUp");
  await says(page, "They go together");
  expect(await parts(page).first().innerText()).toContain("engine-controller 6");
  await earlier.and(page.locator(":focus")).waitFor(); // it goes with its part

  await page.getByRole("button", { name: "Create the release" }).click();
  const reason = page.getByRole("textbox", { name: "Reason" });
  await reason.and(page.locator(":focus[aria-invalid=true]")).waitFor();
  await page.keyboard.type("the show on Friday needs both");
  await page.getByRole("button", { name: "Create the release" }).click();
  await settled(page, "engine-controller 6 and flight-planner 7");
  await page.getByText("the show on Friday needs both").first().waitFor();
  await part(page, "How it came to be").getByText("Eva Keller").waitFor();
  await page.getByRole("link", { name: "Releases", exact: true }).click();
  await row(page, "Releases", "engine-controller 6 and flight-planner 7")
    .filter({ hasText: "Eva Keller" })
    .waitFor();
  expect(wrongs).toEqual([]);
});

it("answers everybody, and tells who may not operate why not", async () => {
  const { page, wrongs } = await enter(
    on,
    "mara",
    "/releases/new?parts=flight-planner@7,engine-controller@2",
  );
  await says(page, "They do not go together");
  await part(page, "Create it")
    .getByText("needs one of the roles platform or member", { exact: false })
    .waitFor();
  expect(await page.getByRole("button", { name: "Create the release" }).count()).toBe(0);
  await everybody(page, "a release that is refused");
  await page.getByRole("button", { name: "Take flight-planner 7 out" }).press("Enter");
  await says(page, "It goes by itself");
  await page
    .getByRole("button", { name: "Take engine-controller 2 out" })
    .and(page.locator(":focus"))
    .waitFor();
  await page.keyboard.press("Enter");
  await field(page).and(page.locator(":focus")).waitFor();
  expect(new URL(page.url()).search).toBe("");
  expect(wrongs).toEqual([]);
});

it("refuses what production runs, what was never published, and one version alone", async () => {
  const { page, wrongs } = await enter(on, "pat", "/insight");
  await headed(page, "Insight");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("compose");
  await page.getByRole("option", { selected: true }).filter({ hasText: "Compose a release" }).waitFor();
  await page.keyboard.press("Enter");
  await headed(page, "New release");
  await field(page).fill("production"); // is no name: a version is found by what it is
  await page.getByText("No published version is called so.").waitFor();
  await field(page).fill("engine-controller 5");
  await page
    .getByRole("option", { disabled: true })
    .filter({ hasText: "engine-controller 5" })
    .getByText("production runs it already")
    .waitFor();
  await everybody(page, "versions to pick from");
  await field(page).fill("engine-controller 4");
  await page.getByRole("option", { disabled: true }).getByText("marked bad").waitFor();
  await pick(page, "engine-controller 3", "engine-controller 3");
  await says(page, "It goes by itself");
  await page.getByRole("button", { name: "Create the release" }).click();
  await page.getByText("A release has two parts or more.", { exact: true }).waitFor();
  await field(page).and(page.locator(":focus")).waitFor();
  await page.goto("/releases/new?parts=engine-controller@4,flight-planner@2"); // the first requires nothing, but is bad
  await says(page, "They do not go together");
  await parts(page).first().getByText("Marked bad", { exact: false }).waitFor();
  await page.goto("/releases/new?parts=engine-controller@3,flight-planner@99");
  await part(page, "Do they go together?")
    .getByText("No version 99 of flight-planner was published.")
    .waitFor();
  await parts(page).last().getByText("No such version was published.").waitFor();
  expect(wrongs).toEqual([]);
});

it("leads on from where there is no release", async () => {
  const { page, wrongs } = await enter(on, "ada", "/releases?state=failed&component=engine-controller");
  await page.getByText("No release is like this").waitFor();
  await everybody(page, "no release");
  await page.getByRole("link", { name: "Show all releases" }).click();
  await row(page, "Releases", "engine-controller 6 and flight-planner 7").last().click();
  await settled(page, "engine-controller 6 and flight-planner 7");
  await everybody(page, "a release that went back");
  await page.getByRole("link", { name: "Compose it again" }).click();
  await parts(page).nth(1).getByText("flight-planner 7").waitFor();
  await page.goto("/releases/0192");
  await page.getByRole("alert").getByRole("link", { name: "See all releases" }).click();
  await page.getByRole("table", { name: "Releases" }).waitFor();
  expect(wrongs).toEqual([]);
});

it("finds a version that is older than the newest that are told at once", async () => {
  const { page, wrongs } = await signedIn(on, "pat");
  // As in a factory with many more versions: of all, the two newest are told.
  await page.route(/\/api\/v1\/(rollouts|artifacts)\?limit=\d+$/, (route) =>
    route.continue({ url: route.request().url().replace(/\d+$/, "2") }),
  );
  await page.goto("/releases/new?parts=flight-planner@1");
  await parts(page).getByText("Begin flight-planner from the golden path", { exact: false }).waitFor();
  await field(page).fill("engine-controller 4");
  await page.getByRole("option", { disabled: true }).getByText("marked bad").waitFor();
  await pick(page, "engine-controller 2", "engine-controller 2");
  await says(page, "They go together");
  expect(wrongs).toEqual([]);
});
