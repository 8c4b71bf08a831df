// Before going in: how one looks and sounds, with which devices, and whether they start on or off.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { text } from "../i18n";
import { devices, openCamera, openMicrophone, release } from "../media/capture";
import { Avatar, Button, hue } from "../ui/controls";
import { Frame } from "../ui/frame";
import { recall, remember } from "../ui/memory";
import { showMeetingId } from "../model/id";
import { Mirror } from "./tile";
import { serverName } from "../ui/brand";

/** What the person chose. */
export type Choice = {
  camera: MediaStream | null;
  microphone: MediaStream | null;
  cameraId: string | null;
  microphoneId: string | null;
};

type Props = {
  meeting: string;
  topic: string | undefined;
  name: string;
  host: boolean;
  /** Cameras first: the camera starts on. */
  video: boolean;
  /** The ticket was used meanwhile, so that it does not go stale. */
  connected: boolean;
  onJoin: (choice: Choice) => void;
};

/** The preview. */
export function Preview({
  meeting,
  topic,
  name,
  host,
  video,
  connected,
  onJoin,
}: Props): JSX.Element {
  const t = text.value.preview;
  const camera = useDevice("camera", video);
  const microphone = useDevice("microphone", true);
  const joined = useRef(false);
  useEffect(() => {
    document.title = `${topic ?? t.title} · ${serverName()}`;
  }, []);
  useEffect(
    () => () => {
      if (joined.current) return;
      release(camera.held.current);
      release(microphone.held.current);
    },
    [],
  );
  // Joining waits for a camera or microphone that is just being opened: who pressed before it was
  // ready must not come in without it. A second press goes in at once.
  const [wanted, setWanted] = useState(false);
  const opening = camera.opening || microphone.opening;
  useEffect(() => {
    if (wanted && !opening) enter();
  }, [wanted, opening]);
  const enter = () => {
    if (joined.current) return;
    joined.current = true;
    onJoin({
      camera: camera.stream,
      microphone: microphone.stream,
      cameraId: camera.id,
      microphoneId: microphone.id,
    });
  };
  return (
    <Frame>
      <div class="preview">
        <div class="preview-picture">
          {camera.stream ? (
            <Mirror stream={camera.stream} />
          ) : (
            <div class={`preview-off ${hue(1)}`}>
              <Avatar name={name || "?"} number={1} big />
              <p class="muted">{camera.failed ? t.noCamera : t.cameraOff}</p>
            </div>
          )}
          <div class="preview-bar">
            <Button
              size="big"
              kind={microphone.stream ? "plain" : "danger"}
              icon={microphone.stream ? "mic" : "micOff"}
              label={microphone.stream ? t.turnOffMic : t.turnOnMic}
              aria-pressed={microphone.stream !== null}
              data-control="preview-microphone"
              onClick={microphone.toggle}
            />
            <Button
              size="big"
              kind={camera.stream ? "plain" : "danger"}
              icon={camera.stream ? "camera" : "cameraOff"}
              label={camera.stream ? t.turnOffCamera : t.turnOnCamera}
              aria-pressed={camera.stream !== null}
              data-control="preview-camera"
              onClick={camera.toggle}
            />
          </div>
        </div>
        <div class="stack preview-side">
          <div class="stack tight">
            <p class="muted mono small">{showMeetingId(meeting)}</p>
            <h1>{topic ?? t.title}</h1>
            <p class="muted">{connected ? t.leadConnected : t.lead}</p>
          </div>
          <Choose kind="camera" label={t.camera} device={camera} />
          <Choose kind="microphone" label={t.microphone} device={microphone} />
          {microphone.stream ? (
            <Meter stream={microphone.stream} />
          ) : (
            <p class="small muted">{microphone.failed ? t.noMicrophone : "\u00a0"}</p>
          )}
          <Button
            kind="primary"
            size="big"
            full
            data-control="join"
            onClick={() => (wanted ? enter() : setWanted(true))}
          >
            {wanted && opening ? t.goAtOnce : host ? t.goHost : t.go}
          </Button>
          {wanted && opening ? (
            <p class="small muted centred" role="status">
              {t.opening}
            </p>
          ) : (
            name && <p class="small muted centred">{t.as(name)}</p>
          )}
        </div>
      </div>
    </Frame>
  );
}

type Device = {
  stream: MediaStream | null;
  held: { current: MediaStream | null };
  id: string | null;
  failed: boolean;
  /** Asked of the browser, which has not answered yet. */
  opening: boolean;
  toggle: () => void;
  choose: (id: string) => void;
};

function useDevice(kind: "camera" | "microphone", startsOn: boolean): Device {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [id, setId] = useState<string | null>(recall(kind));
  const [failed, setFailed] = useState(false);
  // What this person did last time comes first.
  const last = recall(`${kind}.on`);
  const opens = last === "1" || (startsOn && last !== "0");
  const [opening, setOpening] = useState(opens);
  const held = useRef<MediaStream | null>(null);
  const turn = useRef(0);
  const put = (next: MediaStream | null) => {
    if (held.current !== next) release(held.current);
    held.current = next;
    setStream(next);
  };
  const open = async (deviceId: string | null) => {
    const mine = ++turn.current;
    setOpening(true);
    try {
      const got =
        kind === "camera" ? await openCamera(deviceId, true) : await openMicrophone(deviceId);
      if (mine !== turn.current) return release(got);
      setFailed(false);
      put(got);
      remember(`${kind}.on`, "1");
    } catch {
      if (mine !== turn.current) return;
      setFailed(true);
      put(null);
    }
    setOpening(false);
  };
  useEffect(() => {
    if (opens) void open(id);
    return () => {
      turn.current += 1;
    };
  }, []);
  return {
    stream,
    held,
    id,
    failed,
    opening,
    toggle: () => {
      if (held.current) {
        turn.current += 1;
        put(null);
        remember(`${kind}.on`, "0");
      } else {
        void open(id);
      }
    },
    choose: (next) => {
      setId(next);
      remember(kind, next);
      if (held.current) void open(next);
    },
  };
}

function Choose({
  kind,
  label,
  device,
}: {
  kind: "camera" | "microphone";
  label: string;
  device: Device;
}): JSX.Element | null {
  const [list, setList] = useState<MediaDeviceInfo[]>([]);
  useEffect(() => {
    const look = () => void devices(kind === "camera" ? "videoinput" : "audioinput").then(setList);
    look();
    navigator.mediaDevices?.addEventListener("devicechange", look);
    return () => navigator.mediaDevices?.removeEventListener("devicechange", look);
  }, [device.stream]);
  if (list.length < 1) return null;
  return <DeviceSelect label={label} list={list} value={device.id} onChoose={device.choose} />;
}

/** A list of devices to choose from. */
export function DeviceSelect(props: {
  label: string;
  list: MediaDeviceInfo[];
  value: string | null;
  onChoose: (id: string) => void;
}): JSX.Element {
  const t = text.value.preview;
  return (
    <label class="field">
      <span class="label">{props.label}</span>
      <select
        class="select"
        value={props.value ?? props.list[0]?.deviceId ?? ""}
        onChange={(e) => props.onChoose(e.currentTarget.value)}
      >
        {props.list.map((device, i) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || t.device(i + 1)}
          </option>
        ))}
      </select>
    </label>
  );
}

const bars = 24;

function Meter({ stream }: { stream: MediaStream }): JSX.Element {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    const source = context.createMediaStreamSource(stream);
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      const decibels = 10 * Math.log10(sum / samples.length + 1e-7);
      setLevel(Math.max(0, Math.min(1, (decibels + 55) / 50)));
    }, 90);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [stream]);
  const lit = Math.round(level * bars);
  return (
    <div
      class="meter"
      role="meter"
      aria-label={text.value.preview.level}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(level * 100)}
    >
      {Array.from({ length: bars }, (_, i) => (
        <i key={i} class={i < lit ? "lit" : ""} />
      ))}
    </div>
  );
}
