// The only place that makes workers: their addresses pass one named Trusted Types policy.
import encodeUrl from "./encode.worker?worker&url";
import playUrl from "./play.worker?worker&url";
import mixerUrl from "./mixer.worklet?worker&url";
import tapUrl from "./tap.worklet?worker&url";

type Policy = { createScriptURL(url: string): unknown };
type Factory = {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): Policy;
};

const own = new Set([encodeUrl, playUrl]);

const rules = {
  createScriptURL(url: string): string {
    if (!own.has(url)) throw new TypeError("not a worker of this page");
    return url;
  },
};

const trusted = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy: Policy = trusted ? trusted.createPolicy("convoke-workers", rules) : rules;

function worker(url: string, name: string): Worker {
  return new Worker(policy.createScriptURL(url) as URL, { type: "module", name });
}

/** A worker that decodes everything this page receives. */
export const playWorker = (): Worker => worker(playUrl, "convoke-play");

/** A worker that encodes one track. */
export const encodeWorker = (): Worker => worker(encodeUrl, "convoke-encode");

/** Addresses of the audio worklets. */
export const worklets = { mixer: mixerUrl, tap: tapUrl };
