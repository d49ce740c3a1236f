import { expect, it } from "vitest";
import { bootAfterStory } from "./factory";
import { enter, everybody, part, settled, stage } from "./walk";

const on = stage(bootAfterStory);

const vision = "Grow our share of the drone market";
const keyResult = "Share of missions over 10 kg that succeed";

it("answers the board what its money changed, by which proof, and what was known when it decided", async () => {
  const { page, wrongs } = await enter(on, "mara", "/");
  await settled(page, vision);
  await page.getByText(/: \d+(\.\d+)? %, the target of 60 % is reached\./).waitFor();
  await everybody(page, "the Floor");
  await page
    .getByRole("region", { name: "The value stream" })
    .getByRole("link", { name: "Initiatives", exact: true })
    .click();

  await settled(page, "Board");
  const result = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: keyResult }) });
  await result.getByText("reached").waitFor();
  await result.getByText("0 % → 60 %").waitFor();
  const card = page
    .getByRole("region", { name: "Implementing" })
    .getByRole("article", { name: /Heavy-lift drone/ });
  await card.filter({ hasText: /\+\d+(\.\d+)? pp.*grade A/ }).waitFor();

  await everybody(page, "the Board");
  await page.getByText("Ranked", { exact: true }).click();
  const ranked = page.getByRole("table", { name: "Initiatives scored in 2026-Q4" });
  const first = ranked.getByRole("row").nth(1);
  await first.filter({ hasText: /^1\s*Heavy-lift drone\s*5\.2/ }).waitFor();
  await everybody(page, "the ranked list");
  await page.getByRole("link", { name: "Heavy-lift drone" }).click();

  await settled(page, "Heavy-lift drone");
  const effect = part(page, "Predicted and measured");
  await effect.getByText("+60 pp").first().waitFor();
  await effect.getByText("grade A").first().waitFor();
  await effect
    .getByRole("img", { name: /^Change of the key result: \+.* pp, interval \+.* to \+.* pp\./ })
    .waitFor();
  const persevere = part(page, "Decisions").getByRole("listitem").filter({ hasText: "persevere" });
  await persevere.getByText("evidence intact").waitFor();
  await persevere.getByText("What was known then").click();
  await persevere.getByText(/^Share of missions over 10 kg that succeed: \d.* %, target 60 %$/).waitFor();
  await persevere.getByText("1 of 3, WSJF 5.2").waitFor();
  await page.reload(); // what was opened stands in the address
  await persevere.getByText("1 of 3, WSJF 5.2").waitFor();
  await settled(page, "Heavy-lift drone");
  await everybody(page, "an initiative");

  await page
    .getByRole("navigation", { name: "Thread" })
    .getByRole("link", { name: /^Effect on/ })
    .waitFor();
  expect(wrongs).toEqual([]);
});

it("takes a proposal from the idea to a rank, and shows both sides when two change it at once", async () => {
  const { page, wrongs } = await enter(on, "mara", "/board");
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Propose" }).click();
  await dialog.getByRole("button", { name: "Propose" }).click();
  await dialog.getByText("Give it a title.").waitFor();
  await dialog.getByLabel("Title").fill("Fleets that charge themselves");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Propose" }).click();
  await dialog.getByText("What you wrote before is still here.").waitFor();
  await dialog.getByLabel("Objective it serves").selectOption("Carry heavy loads");
  await dialog.getByLabel("Epic owner").fill("Mara Holt");
  await dialog.getByRole("button", { name: "Propose" }).click();

  await settled(page, "Fleets that charge themselves");
  await part(page, "Rank").getByText("It has no scores yet").waitFor();
  await page.getByRole("button", { name: "Change", exact: true }).click();
  for (const [label, text] of [
    ["For", "operators of many drones"],
    ["who", "wait for batteries"],
    ["the", "self-charging fleet"],
    ["is a", "ground station"],
    ["that", "charges without hands"],
    ["Unlike", "swapping batteries"],
    ["our solution", "needs nobody on site"],
    ["Scored together with", "2026-Q4"],
  ] as const)
    await dialog.getByLabel(label, { exact: true }).fill(text);
  await dialog.getByLabel("Key result it should move").selectOption(keyResult);
  await dialog.getByLabel("Predicted change of it").fill("5");
  await dialog.getByLabel("User and business value").selectOption("8");
  await dialog.getByLabel("Time criticality").selectOption("5");
  await dialog.getByLabel("Risk reduction, opportunity").selectOption("5");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByText("Score this too: a rank needs all four.").waitFor();
  await dialog.getByLabel("Job size").selectOption("5");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  await part(page, "Hypothesis").getByText("charges without hands").waitFor();
  await part(page, "Rank").getByText("2 of 4 in 2026-Q4").waitFor();

  const other = await enter(on, "mara", new URL(page.url()).pathname);
  const theirs = other.page.getByRole("dialog");
  await page.getByRole("button", { name: "Change", exact: true }).click();
  await other.page.getByRole("button", { name: "Change", exact: true }).click();
  await theirs.getByLabel("Epic owner").fill("Ada Brandt");
  await theirs.getByLabel("Title").fill("Fleets that charge alone");
  await theirs.getByRole("button", { name: "Save" }).click();
  await theirs.waitFor({ state: "hidden" });
  await page.getByRole("heading", { name: "Fleets that charge alone", level: 1 }).waitFor(); // under the open form
  await dialog.getByLabel("Title").fill("Fleets that charge by themselves");
  await dialog.getByRole("button", { name: "Save" }).click();
  const conflict = dialog.getByRole("alert");
  await conflict.getByText("Somebody changed it first").waitFor();
  await conflict.getByText("Fleets that charge alone", { exact: true }).waitFor();
  await conflict.getByText("Fleets that charge by themselves", { exact: true }).waitFor();
  await conflict.getByText("not changed by you, stays").waitFor();
  await everybody(page, "both sides of a conflict");
  await conflict.getByRole("button", { name: "Write mine over it" }).click();
  await dialog.waitFor({ state: "hidden" });
  await settled(other.page, "Fleets that charge by themselves");
  await other.page.getByText("Owner Ada Brandt").waitFor();
  expect([...wrongs, ...other.wrongs]).toEqual([]);
});

it("refuses a step that its gate does not allow, and says what is missing", async () => {
  const { page } = await enter(on, "mara", "/board");
  await page.getByRole("button", { name: "Move Night flights" }).click();
  await page.getByRole("menuitem", { name: "Ready" }).click();
  const no = page.getByRole("dialog", { name: "Night flights cannot go to ready yet" });
  await no.getByRole("alert").waitFor();
  await no.getByRole("button", { name: "Close", exact: true }).last().click();
  await page.getByRole("article", { name: "Night flights, funnel" }).focus();
  await page.keyboard.press("Shift+ArrowRight");
  await page.getByRole("article", { name: "Night flights, reviewing" }).waitFor();
});

it("ties a new feature to the key result that it should move", async () => {
  const { page, wrongs } = await enter(on, "ada", "/products/heavy-lift");
  await settled(page, "Heavy lift");
  await everybody(page, "a product");
  await page.keyboard.press("n");
  const dialog = page.getByRole("dialog", { name: "New feature" });
  await dialog.getByLabel("Title").fill("Longer rotor blades");
  await dialog.getByLabel("Benefit hypothesis").fill("More lift from the same engine");
  await dialog.getByRole("button", { name: "Plan feature" }).click();
  await dialog.getByText("Choose the initiative that it belongs to.").waitFor();
  await dialog.getByLabel("Initiative").selectOption("Heavy-lift drone");
  await dialog.getByLabel("Key result it should move").selectOption(`${keyResult} (Carry heavy loads)`);
  await dialog.getByLabel("Predicted change").fill("5");
  await dialog.getByRole("button", { name: "Plan feature" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("link", { name: "Longer rotor blades" }).click();
  await settled(page, "Longer rotor blades");
  await part(page, "Predicted and measured").getByText("+5 pp").waitFor();
  await part(page, "Where it belongs").getByRole("link", { name: keyResult }).waitFor();
  await everybody(page, "a feature");
  await page.getByRole("navigation", { name: "Thread" }).getByRole("link", { name: vision }).waitFor();
  expect(wrongs).toEqual([]);
});

it("tells who may not fund work why, before anything is written", async () => {
  const { page } = await enter(on, "ada", "/board");
  await page.getByRole("button", { name: "Add an objective" }).click();
  const dialog = page.getByRole("dialog", { name: "Add an objective" });
  await dialog.getByText("needs the role board; you have product").waitFor();
  await dialog.getByText("ask the platform team for the role").waitFor();
  await dialog.getByRole("button", { name: "Understood" }).click();
  await page.getByRole("button", { name: "Move Self-service booking" }).click();
  await page.getByRole("menuitem", { name: "Reviewing" }).click();
  await page.getByRole("dialog").getByText("needs the role board; you have product").waitFor();
});

it("shows what a key result is measured by, who bets on it, and the products, to everybody", async () => {
  const { page, wrongs } = await enter(on, "mara", "/board");
  await page.getByRole("link", { name: keyResult }).click();
  await settled(page, keyResult);
  await part(page, "Who bets on moving it")
    .getByText(/^predicted \+60 pp, measured \+\d.* pp \(grade A\)$/)
    .waitFor();
  await part(page, "History").getByText(`defined the key result: ${keyResult}`).waitFor();
  await everybody(page, "a key result");
  await page.getByRole("link", { name: "Products" }).click();
  await settled(page, "Products");
  await everybody(page, "the products");
  expect(wrongs).toEqual([]);
});
