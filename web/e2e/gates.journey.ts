import { expect, it } from "vitest";
import { bootAfterStory } from "./factory";
import { enter, everybody, headed, part, row, settled, stage } from "./walk";

const on = stage(bootAfterStory);

/** Forty drones, the better the higher their number; every second one is in Germany. */
const fleet = [
  "id,country,safety_score",
  ...Array.from({ length: 40 }, (_, i) => `drone-${i},${i % 2 ? "at" : "de"},${60 + i}`),
];

it("lets the platform say what is known of units, and shows whom a condition finds", async () => {
  const { page, wrongs } = await enter(on, "pat", "/units");
  await page.getByText("Nothing is known of any unit yet").waitFor();
  await everybody(page, "no units");

  await page.getByRole("button", { name: "Import units from a file" }).click();
  const dialog = page.getByRole("dialog", { name: "Import units" });
  const file = (lines: string[]) => ({
    name: "fleet.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(lines.join("\n")),
  });
  await dialog.getByLabel("File of units").setInputFiles(file([...fleet, "drone-3,de,1"]));
  await dialog.getByRole("alert").getByText("line 42").waitFor();
  await dialog.getByLabel("File of units").setInputFiles(file(fleet));
  await everybody(page, "a file of units");
  await dialog.getByRole("button", { name: "Record 40 units" }).click();
  await page.getByText("40 units are recorded.").waitFor();

  const cohort = part(page, "A cohort of them");
  const condition = page.getByLabel("Those of which this holds");
  await condition.fill("unit.country == ");
  await page.getByRole("alert").first().waitFor();
  await condition.fill('unit.country == "de"');
  await cohort.getByLabel("The highest by").selectOption("safety_score");
  await cohort.getByLabel("Take at most").fill("5");
  await cohort.getByText("90", { exact: true }).waitFor(); // the fifth of 98, 96, 94, 92, 90
  await cohort.getByLabel("For .factory/component.yaml").getByText("take: 5").waitFor();
  expect(new URL(page.url()).searchParams.get("rank")).toBe("safety_score"); // so that it can be sent to somebody
  await everybody(page, "a cohort");

  await page.getByRole("button", { name: "Forget units" }).click();
  const forget = page.getByRole("dialog", { name: /forget/i });
  await forget.getByRole("textbox").fill("drone-38");
  await forget.getByRole("button", { name: /forget/i }).click();
  await cohort.getByText("88", { exact: true }).waitFor();
  expect(wrongs).toEqual([]);
});

it("lets the board freeze production, and everybody see it", async () => {
  const { page, wrongs } = await enter(on, "mara", "/freezes");
  await page.getByText("Production is open").waitFor();
  await page.getByRole("button", { name: "Declare a freeze" }).click();
  const dialog = page.getByRole("dialog", { name: "Declare a freeze" });
  await dialog.getByRole("button", { name: "Declare it" }).click();
  await dialog.getByText("Say when it ends.").waitFor();
  await dialog.getByLabel("Name").fill("Race day");
  await dialog.getByLabel("Reason").fill("the race");
  await dialog.getByRole("button", { name: "For a week" }).click();
  await everybody(page, "a freeze being declared");
  await dialog.getByRole("button", { name: "Declare it" }).click();
  await page.getByText("“Race day” is in force.").waitFor();
  await everybody(page, "the freezes");

  const { page: evas } = await enter(on, "eva", "/delivery");
  await evas
    .getByRole("region", { name: "Freezes" })
    .getByText("“Race day”: the race", { exact: false })
    .waitFor();
  await settled(evas);
  await everybody(evas, "the deliveries in a freeze");
  await evas.goto("/freezes");
  await evas.getByRole("button", { name: "Declare a freeze" }).click();
  await evas.getByRole("dialog").getByText("board", { exact: false }).first().waitFor(); // who may

  await page.getByRole("button", { name: /^Lift/ }).click();
  const lift = page.getByRole("dialog", { name: "Lift “Race day”?" });
  await lift.getByRole("textbox", { name: "Reason" }).fill("rain");
  await lift.getByRole("button", { name: "Lift it" }).click();
  await page.getByText("Production is open").waitFor();
  await row(page, "Freezes that are over", "Race day").getByText("rain", { exact: false }).waitFor();
  await evas.goto("/delivery");
  await headed(evas, "Delivery");
  await settled(evas);
  expect(await evas.getByRole("region", { name: "Freezes" }).count()).toBe(0);
  expect(wrongs).toEqual([]);
});

it("tells a component what it needs to know, and nobody its secret again", async () => {
  const { page, wrongs } = await enter(on, "eva", "/components/engine-controller?view=variables");
  await page.getByText("No variables yet").waitFor();
  await everybody(page, "no variables");
  const set = async (name: string, value: string, secret: "yes" | "no", where: string) => {
    const dialog = page.getByRole("dialog", { name: "Set a variable" });
    await dialog.getByLabel("Name").fill(name);
    await dialog.getByLabel("Value").fill(value);
    await dialog.getByLabel("Is it a secret?").selectOption(secret);
    await dialog.getByLabel("In", { exact: true }).selectOption(where);
    await dialog.getByRole("button", { name: "Set it" }).click();
  };
  await page.getByRole("button", { name: "Set a variable" }).click();
  await set("port", "1", "no", "both");
  await page.getByText("Must be capital letters", { exact: false }).waitFor();
  await set("PORT", "1", "no", "both");
  await page.getByText("PORT is set by the platform", { exact: false }).waitFor(); // the factory's own word
  await set("GUST_LIMIT", "12", "no", "both");
  await row(page, "Variables of engine-controller", "GUST_LIMIT").getByText("12").first().waitFor();
  await page.getByRole("button", { name: "Set a variable" }).click();
  await set("PAYMENT_KEY", "key-of-4711", "yes", "production");
  await row(page, "Variables of engine-controller", "PAYMENT_KEY").getByText("not set").first().waitFor();
  await everybody(page, "variables");
  await page.reload();
  await row(page, "Variables of engine-controller", "PAYMENT_KEY").getByText("secret").waitFor();
  expect(await page.content()).not.toContain("4711");
  expect(await page.evaluate("JSON.stringify({ ...sessionStorage, ...localStorage })")).not.toContain("4711");

  // It comes into force with a rollout of what runs.
  await part(page, "Variables").waitFor();
  await page
    .getByRole("region", { name: "Not in force yet" })
    .getByRole("button", { name: "Roll it out" })
    .click();
  const roll = page.getByRole("dialog", { name: /with new variables\?$/ });
  await roll.getByRole("textbox", { name: "Reason" }).fill("a new key");
  await roll.getByRole("button", { name: "Roll it out" }).click();
  await page.waitForURL(/\/rollouts\//);
  await headed(page, /^engine-controller \d+$/);
  await page.goto("/components/engine-controller?view=variables");
  await page.getByRole("button", { name: "Remove GUST_LIMIT" }).click();
  const remove = page.getByRole("dialog", { name: "Remove GUST_LIMIT?" });
  await remove.getByRole("button", { name: "Remove it" }).click();
  await row(page, "Variables of engine-controller", "GUST_LIMIT").waitFor({ state: "detached" });
  expect(wrongs).toEqual([]);
});
