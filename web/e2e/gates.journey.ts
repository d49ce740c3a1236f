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
