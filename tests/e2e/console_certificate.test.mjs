// The certificate that the server shows, as the console tells of it: by TLS, and soon at its end.
import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { check, LOOKS } from "./harness/axe.mjs";
import { Admin } from "./harness/admin.mjs";
import { Browser } from "./harness/browser.mjs";
import { run, Server } from "./harness/server.mjs";

// Nobody vouches for the certificate of this test.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";

describe("a certificate that ends soon", () => {
  let server;
  let browser;
  let admin;
  let file;

  before(async () => {
    server = await Server.start("console-certificate", "[sign_in]\nfailures_burst = 1000\n");
    admin = await Admin.of(server);
    await server.stop();
    file = join(server.folder, "chain.pem");
    const key = join(server.folder, "key.pem");
    const words = [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "5", "-subj", "/CN=meet.example.org/O=Example", "-keyout", key, "-out", file],
      ...["-addext", "subjectAltName=DNS:localhost,DNS:meet.example.org,IP:127.0.0.1"],
    ];
    const made = await run("openssl", words).catch((e) => ({ code: -1, stderr: e.message }));
    assert.equal(made.code, 0, `openssl is needed (apt-get install openssl): ${made.stderr}`);
    await appendFile(server.config, `[tls]\ncertificate = "${file}"\nkey = "${key}"\n`);
    await server.up();
    browser = await Browser.launch();
  });

  after(async () => {
    assert.deepEqual(browser?.complaints, []);
    await browser?.close();
    await server?.remove();
  });

  for (const [look, options] of Object.entries(LOOKS)) {
    test(`is told of on the overview and on the server's page: ${look}`, async () => {
      const page = await browser.person(look, { ...options, ignoreHTTPSErrors: true });
      await page.goto(`https://localhost:${server.port}/console`);
      const form = page.locator("main form");
      await form.locator("[autocomplete=username]").fill(admin.email);
      await form.locator("input[type=password]").fill(admin.password);
      await form.locator("[type=submit]").click();
      const alarm = page.locator(".notice.warm a");
      await alarm.waitFor();
      if (look.startsWith("en"))
        await page.getByText("The certificate of this server ends in 5 days").waitFor();
      await check(page, `console-certificate-overview-${look}`);
      await browser.shoot(page, `console-certificate-overview-${look}`);
      await alarm.click();
      const part = page.locator("section[aria-labelledby=certificate-title]");
      await part.getByText("localhost, meet.example.org, 127.0.0.1").waitFor();
      await part.getByText(file).waitFor();
      const printed = await run("openssl", [
        ...["x509", "-in", file, "-noout", "-fingerprint", "-sha256"],
      ]);
      const print = printed.stdout.split("=")[1].trim().replaceAll(":", "").toLowerCase();
      await part.getByText(print).waitFor();
      await part.locator("summary").click();
      await part.getByText("[tls]").waitFor();
      await part.scrollIntoViewIfNeeded();
      await check(page, `console-certificate-${look}`);
      await browser.shoot(page, `console-certificate-${look}`);
      await page.context().close();
    });
  }
});
