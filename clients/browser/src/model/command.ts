// The wishes a participant can send, spelt as the model reads them.
import type { Kind, To } from "./view";

export const command = {
  leave: () => ({ roster: { leave: {} } }),
  admit: (who: number) => ({ roster: { admit: { who } } }),
  deny: (who: number) => ({ roster: { deny: { who } } }),
  remove: (who: number) => ({ roster: { remove: { who } } }),
  end: () => ({ lifecycle: { end: {} } }),
  givePresenter: (to: number) => ({ floor: { give: { to } } }),
  takePresenter: () => ({ floor: { take: {} } }),
  releasePresenter: () => ({ floor: { release: {} } }),
  takeControl: () => ({ control: { take: {} } }),
  releaseControl: () => ({ control: { release: {} } }),
  say: (to: To, text: string) => ({ chat: { say: { to, text } } }),
  silence: (who: number) => ({ chat: { silence: { who } } }),
  unsilence: (who: number) => ({ chat: { unsilence: { who } } }),
  open: (kind: Kind, codec: string, width: number, height: number) => ({
    track: { open: { kind, codec, width, height } },
  }),
  close: (track: number) => ({ track: { close: { track } } }),
  pause: (track: number) => ({ track: { pause: { track } } }),
  resume: (track: number) => ({ track: { resume: { track } } }),
  mute: (who: number) => ({ track: { mute: { who } } }),
  unmute: (who: number) => ({ track: { unmute: { who } } }),
  raise: () => ({ hand: { raise: {} } }),
  lower: () => ({ hand: { lower: {} } }),
  lowerOf: (who: number) => ({ hand: { lower_of: { who } } }),
  lock: () => ({ lock: { lock: {} } }),
  unlock: () => ({ lock: { unlock: {} } }),
  startRecording: () => ({ recording: { start: {} } }),
  stopRecording: () => ({ recording: { stop: {} } }),
} as const;
