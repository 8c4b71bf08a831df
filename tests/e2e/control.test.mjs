// Somebody works on a shared screen by remote control, both played by loadgen; the host looks on
// in a browser, sees who it is, and ends it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { act, host, known } from "./harness/room.mjs";
import { LOADGEN, Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";
const SCENARIO = `
join = "ticket"
seconds = 60
[roles.customer]
screen = { rate = 10, size = [2048, 8000] }
[roles.supporter]
remote_input = { rate = [30, 60] }
`;

describe("remote control", () => {
  let server;
  let browser;
  let chair;
  let load;
  /** The track of each message of media that came over the host's line. */
  const media = [];

  before(async () => {
    server = await Server.start("control");
    browser = await Browser.launch();
    chair = await browser.person("chair");
    chair.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => {
        if (Buffer.isBuffer(payload) && payload[0] === 0x10) media.push(payload.readUInt32LE(4));
      });
    });
    const id = await host(chair, server, { topic: "Support", password: PASSWORD });
    const ticket = async (name) => {
      const answer = await fetch(`${server.url}/api/v1/join`, {
        method: "POST",
        headers: { "content-type": "application/json", origin: server.url },
        body: JSON.stringify({ id, name, password: PASSWORD }),
      });
      assert.equal(answer.status, 200);
      return (await answer.json()).ticket;
    };
    const [scenario, tickets] = ["toml", "tickets"].map((end) => join(server.folder, end));
    await writeFile(scenario, SCENARIO);
    const people = `customer ${await ticket("Mia")}\nsupporter ${await ticket("Noah")}\n`;
    await writeFile(tickets, people);
    const words = ["run", "--server", server.url, "--scenario", scenario, "--tickets", tickets];
    load = spawn(LOADGEN, words, { stdio: "ignore" });
  });

  after(async () => {
    load?.kill();
    await browser?.close();
    await server?.remove();
  });

  /** The kinds of what is shared. */
  async function shared() {
    return (await known(chair)).tracks.map(({ kind }) => kind).sort();
  }

  test("everybody sees who controls the screen", async () => {
    await until("both are there", async () => (await known(chair)).people.length === 3);
    await act(chair, "Mia", "Make presenter");
    await chair.getByText("Noah controls the shared screen.").waitFor();
    assert.deepEqual(await shared(), ["microphone", "remote_input", "screen"]);
    await browser.shoot(chair, "remote-control");
  });

  test("what is done by remote control does not come to the others' pages", async () => {
    const { tracks } = await known(chair);
    const id = (wanted) => tracks.find(({ kind }) => kind === wanted).id;
    const came = (wanted) => media.filter((track) => track === id(wanted)).length;
    await until("a second of pictures came", () => came("screen") > 10);
    assert.equal(came("remote_input"), 0);
  });

  test("the host takes the control back", async () => {
    await chair.getByRole("button", { name: "Take control back" }).click();
    await chair.getByText("Noah controls the shared screen.").waitFor({ state: "detached" });
    assert.deepEqual(await shared(), ["microphone", "screen"], "the screen is still shared");
  });
});
