import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { accessibility, openPage } from "./browser";
import { bootAfterStory } from "./factory";
import { enter, everybody, headed, part, row, settled, signedIn, stage } from "./walk";

const on = stage(bootAfterStory);

it("shows the five figures with what each rests on, and leads from one to the rollout behind it", async () => {
  const { page, wrongs } = await enter(on, "mara", "/insight");
  const five = [
    "Deployment frequency",
    "Change lead time",
    "Change fail rate",
    "Failed deployment recovery time",
    "Deployment rework rate",
  ];
  for (const name of five) {
    const card = page.getByRole("region", { name, exact: true });
    await card.waitFor();
    // A figure with its interval, or that there are too few for one; always n.
    expect(await card.innerText(), name).toMatch(
      /95 % interval ([\d.]+.* to|from) [\d.]+|Too few: \d+ of at least \d+/,
    );
    expect(await card.innerText(), name).toMatch(/n = \d+/);
  }
  const fails = page.getByRole("region", { name: "Change fail rate", exact: true });
  await fails.getByRole("button", { name: /^\d+ events behind it$/ }).click();
  const events = page.getByRole("dialog", { name: "Change fail rate" });
  await events
    .getByRole("listitem")
    .filter({ hasText: "counts" })
    .filter({ hasText: "engine-controller" })
    .getByRole("link")
    .first()
    .click();
  await headed(page, /^engine-controller [46]$/);
  await page.getByRole("heading", { name: "Rolled back by the evidence" }).waitFor();
  await page.goBack(); // the address kept what was open
  await events.getByRole("button", { name: "Close" }).click();
  await events.waitFor({ state: "detached" });
  await page.getByRole("combobox", { name: "Component" }).click();
  await page.getByRole("option", { name: "engine-controller" }).click();
  await page.waitForURL(/component=engine-controller/);
  expect(wrongs).toEqual([]);
});

it("invites an auditor, who proves the chain, narrows the journal, takes it home whole and changes nothing", async () => {
  const pat = await enter(on, "pat", "/");
  await pat.page.getByRole("button", { name: "PL: Pat Lund" }).click();
  await pat.page.getByRole("menuitem", { name: "People and roles" }).click();
  await headed(pat.page, "People");
  await pat.page.getByRole("button", { name: "Invite somebody" }).click();
  await pat.page.getByLabel("Name", { exact: true }).fill("Olga Berg");
  await pat.page.getByLabel("Login", { exact: true }).fill("olga");
  const password = await pat.page.getByLabel("Password", { exact: true }).inputValue();
  await pat.page.getByLabel("Member", { exact: true }).uncheck();
  await pat.page.getByLabel("Auditor", { exact: true }).check();
  await pat.page.getByRole("button", { name: "Make the account" }).click();
  const done = pat.page.getByRole("dialog", { name: "Olga Berg can sign in" });
  await done.getByText(password).waitFor();
  await done.getByRole("button", { name: "Done" }).click();
  await row(pat.page, "Accounts", "Olga Berg").getByText("auditor").waitFor();

  const { page, wrongs } = await openPage(on.browser, on.factory.url);
  await page.goto("/audit");
  await page.getByLabel("Login").fill("olga");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await headed(page, "Audit");
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await page.getByText("unbroken", { exact: true }).waitFor();
  const proof = await part(page, "The chain of facts").innerText();
  const facts = Number(/([\d\u2009]+) facts, every hash recomputed/.exec(proof)?.[1]?.replace("\u2009", ""));
  expect(facts).toBeGreaterThan(100);
  expect(proof).toMatch(/Head\s*[0-9a-f]{64}/);

  // Whole: from the first fact to the last, each with the hash of the one before.
  const all = await exported(page, "Export all facts as JSON");
  expect(all.complete).toBe(true);
  expect(all.items.map((f) => f.seq)).toEqual(all.items.map((_, i) => i + 1));
  expect(all.items.length).toBeGreaterThanOrEqual(facts);
  expect(all.items.every((f, i) => i === 0 || f.prev === all.items[i - 1]?.hash)).toBe(true);
  expect(proof).toContain(all.items[facts - 1]?.hash);

  await page.getByLabel("Kind").selectOption("rollout.decided");
  await page.waitForURL(/kind=rollout.decided/);
  const decided = await exported(page, "Export all of these as JSON");
  expect(new Set(decided.items.map((f) => f.kind))).toEqual(new Set(["rollout.decided"]));
  const those = all.items.filter((f) => f.kind === "rollout.decided");
  expect(decided.items.map((f) => f.seq)).toEqual(those.map((f) => f.seq));
  await page.getByText(`${those.length} shown, all of them`).waitFor();
  await row(page, "Facts", "roll back")
    .getByText("Units that met a server error", { exact: false })
    .first()
    .click();
  const fact = page.getByRole("dialog", { name: /^Fact \d+$/ });
  await fact.getByText('"verdict": "roll_back"', { exact: false }).waitFor();
  await fact.getByRole("button", { name: "Close" }).click();

  await page.goto("/accounts");
  await row(page, "Accounts", "Olga Berg").waitFor();
  expect(await page.getByRole("button", { name: /^(Invite|Change (?!your password))/ }).count()).toBe(0);
  expect([...wrongs, ...pat.wrongs]).toEqual([]);
});

interface Exported {
  complete: boolean;
  items: { seq: number; kind: string; hash: string; prev: string }[];
}

async function exported(page: Page, button: string): Promise<Exported> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  return JSON.parse(await readFile(await file.path(), "utf8")) as Exported;
}

it("makes a token that is shown once, acts with it, and revokes it", async () => {
  const { page, wrongs } = await enter(on, "eva", "/tokens");
  await page.getByRole("button", { name: "Make a token" }).first().click();
  await page.getByLabel("What it is for").fill("my laptop");
  await page.getByLabel("git", { exact: true }).uncheck();
  await page.getByLabel("read", { exact: true }).check();
  await page.getByRole("button", { name: "Make the token" }).click();
  const secret = await page
    .getByRole("dialog")
    .getByRole("button", { name: /^Copy f/ })
    .innerText();
  await page.getByRole("button", { name: "Done" }).click();
  const me = () =>
    fetch(`${on.factory.url}/api/v1/me`, { headers: { authorization: `Bearer ${secret.trim()}` } });
  expect(((await (await me()).json()) as { login: string }).login).toBe("eva");
  await page.getByRole("button", { name: "Revoke my laptop" }).click();
  await page.getByRole("button", { name: "Revoke it" }).click();
  await page.getByRole("button", { name: "Revoke my laptop" }).waitFor({ state: "detached" });
  expect((await me()).status).toBe(401);
  expect(wrongs).toEqual([]);
});

it("says of what is not there what it looked for, and leads on", async () => {
  const { page, wrongs } = await signedIn(on, "eva");
  for (const [address, why, next, to] of [
    ["/runs/0192", "There is no run 0192.", "See all runs", "Delivery"],
    ["/rollouts/0192", "There is no rollout 0192.", "See all rollouts", "Delivery"],
    ["/incidents/0192", 'There is no incident "0192".', "See all incidents", "Delivery"],
    ["/components/nobody", 'No component "nobody".', "See all components", "Platform"],
  ] as const) {
    await page.goto(address);
    const no = page.getByRole("alert");
    await no.getByText("There is nothing here").waitFor();
    await no.getByText(why).waitFor();
    expect(await accessibility(page), address).toEqual([]);
    await no.getByRole("link", { name: next }).click();
    await headed(page, to);
  }
  expect(wrongs).toEqual([]);
});

/** Every page of these areas, by its address; what has an identifier is asked of the factory. */
async function addresses(page: Page): Promise<[name: string, address: string][]> {
  const list = async (path: string) =>
    ((await (await page.request.get(`/api/v1/${path}`)).json()) as { items: Record<string, string>[] }).items;
  const [rollouts, runs, incidents, artifacts, commits] = await Promise.all(
    ["rollouts", "runs", "incidents", "artifacts", "components/engine-controller/commits"].map(list),
  );
  const component = "/components/engine-controller";
  return [
    ["platform", "/platform"],
    ["new component", "/platform/new"],
    ["component", component],
    ["its artifacts", `${component}?view=artifacts`],
    ["its workloads", `${component}?view=workloads`],
    ["how to", `${component}?view=howto`],
    ["delivery", "/delivery"],
    ["incidents", "/delivery?view=incidents"],
    ["alerts", "/delivery?view=alerts"],
    ["run", `/runs/${runs?.[1]?.id}`],
    ["rollout, taken back", `/rollouts/${rollouts?.[1]?.id}`],
    ["rollout, the first", `/rollouts/${rollouts?.[4]?.id}`],
    ["artifact", `/artifacts/${artifacts?.[1]?.digest}`],
    ["commit", `${component}/commits/${commits?.[0]?.commit}`],
    ["incident", `/incidents/${incidents?.[0]?.id}`],
    ["insight", "/insight"],
    ["audit", "/audit?verify=now"],
    ["effects", "/audit?view=effects"],
    ["thread", `/thread/commit/${commits?.[1]?.commit}`],
    ["people", "/accounts"],
    ["tokens", "/tokens"],
    ["nowhere", "/no/such/page"],
  ];
}

it("shows each page in light and in dark so that everybody can use it, and whole on a phone", async () => {
  const { page, wrongs } = await signedIn(on, "pat");
  for (const [name, address] of await addresses(page)) {
    await page.goto(address);
    await settled(page);
    await everybody(page, name);
  }
  expect(wrongs).toEqual([]);
}, 180_000);

it("says of a list that holds nothing why, and leads back to all of it", async () => {
  const { page, wrongs } = await enter(on, "pat", "/audit?subject=item/NONE-1");
  await page.getByText("No fact is like this").waitFor();
  await page.getByRole("button", { name: "Show all facts" }).click();
  await row(page, "Facts", "path.published")
    .or(row(page, "Facts", "workload.ready"))
    .first()
    .waitFor();
  expect(wrongs).toEqual([]);
});
