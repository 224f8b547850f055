/** The web application in real Chromium, against the real demonstration, which is started once for all of it. */
import { afterAll, beforeAll, describe } from "vitest";
import { startDemo } from "../support/demo.ts";
import { asking } from "./ask.ts";
import { CHROMIUM, type Given, launch } from "./browser.ts";
import { deskPagesHold, pagesHold } from "./pages.ts";
import { proving } from "./prove.ts";
import { stealing } from "./steal.ts";
import { walking } from "./walk.ts";

describe.skipIf(CHROMIUM === null)("in Chromium (skipped where it is not installed)", () => {
  let started: Given | undefined;
  const given = (): Given => {
    if (started === undefined) throw new Error("expected the demonstration to run");
    return started;
  };
  beforeAll(async () => {
    const [demo, browser] = await Promise.all([startDemo(), launch()]);
    started = { demo, browser };
  });
  afterAll(async () => {
    await started?.browser.close();
    await started?.demo.stop();
  });

  describe("every page", () => pagesHold(given));
  describe("paths that people walk", () => walking(given));
  describe("the seal", () => proving(given));
  describe("asking and approving", () => asking(given));
  describe("every page of a desk", () => deskPagesHold(given));
  describe("pages changed to steal", () => stealing(given));
});
