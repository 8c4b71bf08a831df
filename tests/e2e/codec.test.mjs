// A browser that has no decoder for the picture's codec: the publisher changes to one that both
// ends have, and everybody sees it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { host, joinByLegacyUrl, known, press, track } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";

/** Run in the decoding worker before its own code: a browser that reads only some codecs. */
function lame(reads) {
  const own = VideoDecoder.isConfigSupported.bind(VideoDecoder);
  const can = (codec) => reads.includes(codec.split(".")[0]);
  VideoDecoder.isConfigSupported = (config) => {
    return can(config.codec) ? own(config) : Promise.resolve({ supported: false, config });
  };
  const configure = VideoDecoder.prototype.configure;
  VideoDecoder.prototype.configure = function (config) {
    if (!can(config.codec)) throw new DOMException("no such decoder", "NotSupportedError");
    return configure.call(this, config);
  };
}

describe("the codec suits both ends", () => {
  let server;
  let browser;
  let chair;
  let plain;
  let id;
  let owner;

  before(async () => {
    server = await Server.start("codec");
    browser = await Browser.launch();
    chair = await browser.person("chair");
    id = await host(chair, server, { topic: "Codecs", password: PASSWORD });
    owner = (await known(chair)).people[0].name;
    await press(chair, "Share screen");
    plain = await browser.person("plain");
    await joinByLegacyUrl(plain, server.url, { id, name: "Paula", password: PASSWORD });
  });

  after(async () => {
    assert.deepEqual(browser.complaints, []);
    await browser?.close();
    await server?.remove();
  });

  /** A person whose browser reads only these codecs. */
  async function joins(name, reads) {
    const page = await browser.person(name);
    await page.context().route(/play\.worker.*\.js/, async (route) => {
      const answer = await route.fetch();
      const body = `(${lame})(${JSON.stringify(reads)});\n${await answer.text()}`;
      await route.fulfill({ response: answer, body });
    });
    await joinByLegacyUrl(page, server.url, { id, name, password: PASSWORD });
    return page;
  }

  const screen = (page) => track(page, { owner, kind: "screen" });
  const sees = (page, codec) => async () => {
    const found = await screen(page);
    return found?.codec.startsWith(codec) && found.drawnFrames > 3 && found;
  };

  test("it is the best one while everybody can decode it", async () => {
    await until("Paula sees VP9", sees(plain, "vp09"), 30_000);
  });

  test("it changes for somebody who cannot, for everybody, without a click", async () => {
    const lola = await joins("Lola", ["vp8", "avc1"]);
    await until("Lola sees VP8", sees(lola, "vp8"), 30_000);
    await until("Paula sees it too", sees(plain, "vp8"), 30_000);
    await lola.getByText(/cannot show this video/).waitFor({ state: "detached" });
    const { published } = await known(chair);
    assert.equal(published.filter((one) => one.kind === "screen").length, 1);
  });

  test("what is opened later suits from the start", async () => {
    await press(chair, "Turn on camera");
    const camera = await until("Paula sees the camera", async () => {
      const found = await track(plain, { owner, kind: "camera" });
      return found?.drawnFrames > 3 && found;
    }, 30_000);
    assert.equal(camera.codec, "vp8");
  });

  test("somebody whom nothing suits is told, and the others keep their picture", async () => {
    const nina = await joins("Nina", []);
    await nina.getByText(/cannot show this video/).first().waitFor();
    const before = (await screen(plain)).decodedFrames;
    await until("Paula goes on seeing", async () => (await screen(plain)).decodedFrames > before);
    assert.equal((await screen(plain)).codec, "vp8");
    await browser.shoot(nina, "codec-unsupported");
  });
});
