// A video conference and what its host may do: mute, pass the floor, pause chat, record.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { moving } from "./harness/pictures.mjs";
import { act, end, host, joinByLegacyUrl, known, press, say, track } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { pause, until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";

describe("the host of a video conference", () => {
  let server;
  let browser;
  let chair;
  let ann;
  let id;

  before(async () => {
    server = await Server.start("roles");
    browser = await Browser.launch();
    chair = await browser.person("chair");
    id = await host(chair, server, { topic: "Faces", password: PASSWORD, video: true });
    ann = await browser.person("ann");
    await joinByLegacyUrl(ann, server.url, { id, name: "Ann", password: PASSWORD });
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  test("cameras are on from the start, large, and fill the stage", async () => {
    const theirs = { owner: "Ann", kind: "camera" };
    const camera = await until("Ann's camera is decoded", async () => {
      const found = await track(chair, theirs);
      return found?.drawnFrames > 5 && found;
    }, 30_000);
    assert.equal(camera.width, 1280, JSON.stringify(camera));
    await until("two faces move on the stage", async () => (await moving(chair)) >= 2);
    await browser.shoot(chair, "video-conference");
  });

  test("a muted attendee is told, is not heard, and cannot unmute", async () => {
    const theirs = { owner: "Ann", kind: "microphone" };
    const energy = async () => (await track(chair, theirs)).audioEnergy;
    const silent = async () => {
      const heard = await energy();
      await pause(1500);
      return (await energy()) === heard;
    };
    await until("Ann is heard", async () => (await energy()) > 0, 30_000);
    await act(chair, "Ann", "Mute");
    await ann.getByText("A host muted you.").waitFor();
    await until("her microphone is off", async () => (await track(chair, theirs)).paused);
    await until("nothing of her is heard", silent);
    await press(ann, "Unmute");
    await ann.getByText(/A host has muted you\. Raise your hand/).waitFor();
    assert.ok((await track(chair, theirs)).paused);
    await act(chair, "Ann", "Allow to speak");
    await ann.getByText("You may speak again.").waitFor();
    const before = await energy();
    await press(ann, "Unmute");
    await until("she is heard again", async () => (await energy()) > before);
  });

  test("the floor is given and taken back, and the screen follows it", async () => {
    await press(ann, "Share screen");
    await ann.getByText(/Only the presenter can share the screen/).waitFor();
    await act(chair, "Ann", "Make presenter");
    await ann.getByText("You are the presenter now.").waitFor();
    await press(ann, "Share screen");
    const screen = { owner: "Ann", kind: "screen" };
    await until("the host sees her screen", async () => {
      return (await track(chair, screen))?.drawnFrames > 3;
    }, 30_000);
    await act(chair, "Ann", "Take presenter back");
    await ann.getByText("You are no longer the presenter.").waitFor();
    await until("her screen is gone", async () => !(await track(chair, screen)));
    await until("she stopped sending", async () => {
      return !(await known(ann)).published.some((one) => one.kind === "screen");
    });
    const { presenter, who } = await known(chair);
    assert.equal(presenter, who);
  });

  test("chat is paused for one person and given back", async () => {
    await act(chair, "Ann", "Pause chat for this person");
    await ann.getByText("A host has paused chat for you.").waitFor();
    await say(ann, "unheard");
    await ann.getByText(/Not sent/).waitFor();
    await act(chair, "Ann", "Allow to write again");
    await until("she may write", async () => {
      return (await known(ann)).people.every((person) => !person.silenced);
    });
    await say(ann, "heard");
    await until("it arrives", async () => (await known(chair)).chat.at(-1)?.text === "heard");
    assert.ok(!(await known(chair)).chat.some((line) => line.text === "unheard"));
  });

  test("a raised hand is lowered by the host", async () => {
    await press(ann, "Raise hand");
    await until("it is up", async () => (await known(chair)).people.some((one) => one.hand));
    await act(chair, "Ann", "Lower hand");
    await until("it is down", async () => !(await known(ann)).people.some((one) => one.hand));
  });

  test("recording is turned off and on, and everybody sees it", async () => {
    const tag = ann.locator(".tag.rec");
    for (const [words, on] of [["Turn recording off", false], ["Turn recording on", true]]) {
      await press(chair, "More");
      await chair.getByRole("menuitem", { name: words }).click();
      await until(`recording is ${on}`, async () => (await known(ann)).recording === on);
      await tag.waitFor({ state: on ? "visible" : "hidden" });
    }
  });

  test("every word of the host is a fact in the log", async () => {
    assert.deepEqual(browser.complaints, []);
    await end(chair);
    await server.stop();
    assert.equal((await server.audit("verify")).code, 0);
    const shown = await server.audit("show", id, "--json");
    const said = shown.stdout.split("\n").filter(Boolean).flatMap((row) => {
      const [[topic, event]] = Object.entries(JSON.parse(row).event ?? { none: {} });
      return [`${topic}.${typeof event === "string" ? event : Object.keys(event)[0]}`];
    });
    const wanted = [
      "track.muted",
      "track.unmuted",
      "floor.presenter_changed",
      "chat.silenced",
      "chat.unsilenced",
      "hand.lowered",
      "recording.stopped",
      "recording.started",
    ];
    assert.deepEqual(wanted.filter((name) => !said.includes(name)), []);
  });
});
