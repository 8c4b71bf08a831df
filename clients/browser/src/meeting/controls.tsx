// The bar of controls at the foot of a meeting.
import type { ComponentChildren, JSX } from "preact";
import { text } from "../i18n";
import { canShare } from "../media/capture";
import { command } from "../model/command";
import type { Session } from "../session/session";
import { Icon, type IconName } from "../ui/icons";
import { Menu, type MenuItem } from "../ui/menu";
import { toast } from "../ui/toast";
import { isDark, switchTheme } from "../ui/theme";
import { locale, switchLocale } from "../i18n";
import { keys } from "./shortcuts";

/** The panels at the side. */
export type Panel = "chat" | "people";

/** The dialogs of a meeting. */
export type DialogName = "shortcuts" | "details" | "devices" | "leave" | "invite";

type Props = {
  session: Session;
  isHost: boolean;
  panel: Panel | null;
  unread: number;
  waiting: number;
  onPanel: (panel: Panel) => void;
  onDialog: (dialog: DialogName) => void;
};

type ControlProps = {
  icon: IconName;
  label: string;
  words: string;
  name: string;
  on?: boolean;
  tone?: "off" | "warm" | "active";
  busy?: boolean;
  /** A number on the icon, and its words. */
  badge?: { count: number; words: string } | undefined;
  class?: string;
  act: () => void;
  expanded?: boolean;
};

function Control(props: ControlProps): JSX.Element {
  return (
    <button
      type="button"
      class={`control ${props.tone ?? ""} ${props.class ?? ""}`}
      data-control={props.name}
      aria-label={props.badge ? `${props.label} (${props.badge.words})` : props.label}
      title={props.label}
      aria-pressed={props.expanded === undefined ? props.on : undefined}
      aria-expanded={props.expanded}
      disabled={props.busy}
      onClick={props.act}
    >
      <span class="control-face">
        {props.busy ? <span class="spin" aria-hidden="true" /> : <Icon name={props.icon} />}
        {props.badge && (
          <span
            class="badge"
            aria-hidden="true"
            data-count={props.badge.count > 99 ? "99+" : props.badge.count}
          />
        )}
      </span>
      <span class="control-words" aria-hidden="true">
        {props.words}
      </span>
    </button>
  );
}

/** The controls. */
export function Controls(props: Props): JSX.Element {
  const { session, isHost, panel, onPanel, onDialog } = props;
  session.revision.value;
  const t = text.value.meeting;
  const { local, view } = session;
  const mine = view.people.get(session.me.value);
  const hand = (mine?.hand ?? 0) > 0;
  const mic = local.state.microphone.value;
  const camera = local.state.camera.value;
  const screen = local.state.screen.value;
  return (
    <footer>
      <div class="bar" role="toolbar" aria-label={t.controls}>
        <Group>
          <Control
            name="microphone"
            icon={mic === "on" ? "mic" : "micOff"}
            label={mic === "on" ? t.micOff : t.micOn}
            words={mic === "on" ? t.micOff : t.micOn}
            on={mic === "on"}
            tone={mic === "on" ? undefined : "off"}
            busy={mic === "starting"}
            act={() => void toggleMicrophone(session)}
          />
          <Control
            name="camera"
            icon={camera === "on" ? "camera" : "cameraOff"}
            label={camera === "on" ? t.cameraOff : t.cameraOn}
            words={t.camera}
            on={camera === "on"}
            tone={camera === "on" ? undefined : "off"}
            busy={camera === "starting"}
            act={() => void local.toggle("camera")}
          />
          {canShare() && (
            <Control
              name="share"
              icon={screen === "on" ? "shareOff" : "share"}
              label={screen === "on" ? t.stopShare : t.share}
              words={screen === "on" ? t.stopShort : t.shareShort}
              on={screen === "on"}
              tone={screen === "on" ? "active" : undefined}
              busy={screen === "starting"}
              act={() => void toggleScreen(session)}
            />
          )}
          <Control
            name="hand"
            icon="hand"
            label={hand ? t.lower : t.raise}
            words={hand ? t.lowerShort : t.hand}
            on={hand}
            tone={hand ? "warm" : undefined}
            act={() => void session.wish(hand ? command.lower() : command.raise())}
          />
        </Group>
        <Group>
          <Control
            name="chat"
            icon="chat"
            label={t.chat}
            words={t.chat}
            expanded={panel === "chat"}
            tone={panel === "chat" ? "active" : undefined}
            badge={
              props.unread > 0 ? { count: props.unread, words: t.unread(props.unread) } : undefined
            }
            act={() => onPanel("chat")}
          />
          <Control
            name="people"
            class="wide-only"
            icon="people"
            label={t.people}
            words={t.people}
            expanded={panel === "people"}
            tone={panel === "people" ? "active" : undefined}
            badge={
              props.waiting > 0
                ? { count: props.waiting, words: t.waitingCount(props.waiting) }
                : undefined
            }
            act={() => onPanel("people")}
          />
          <Menu
            class={`control ${props.waiting > 0 ? "has-waiting" : ""}`}
            label={t.more}
            items={moreItems(props)}
          >
            <span class="control-face">
              <Icon name="more" />
            </span>
            <span class="control-words" aria-hidden="true">
              {t.more}
            </span>
          </Menu>
        </Group>
        <Group>
          <button
            type="button"
            class="control leave"
            data-control="leave"
            aria-label={isHost ? `${t.leave} / ${t.end}` : t.leave}
            title={t.leave}
            onClick={() => (isHost ? onDialog("leave") : void session.leave())}
          >
            <span class="control-face">
              <Icon name="leave" />
            </span>
            <span class="control-words" aria-hidden="true">
              {t.leave}
            </span>
          </button>
        </Group>
      </div>
    </footer>
  );
}

function Group({ children }: { children: ComponentChildren }): JSX.Element {
  return <div class="bar-group">{children}</div>;
}

/** Screens are for the presenter; a host who is not takes the floor first. */
export async function toggleScreen(session: Session): Promise<void> {
  const { view, local } = session;
  const me = session.me.value;
  if (local.state.screen.value === "off" && view.presenter !== me) {
    if (view.people.get(me)?.role !== "host") {
      toast(text.value.errors.mayNotShare, true);
      return;
    }
    // Not awaited: the browser's chooser opens only while the click is fresh, and requests keep
    // their order.
    void session.wish(command.takePresenter());
  }
  await local.toggle("screen");
}

/** The microphone; nothing is asked of the device while a host has muted this person. */
export async function toggleMicrophone(session: Session): Promise<void> {
  await session.local.toggle("microphone");
}

function moreItems({ session, isHost, onDialog, onPanel }: Props): MenuItem[] {
  const t = text.value;
  const { view } = session;
  const items: MenuItem[] = [
    { icon: "people", label: t.meeting.people, act: () => onPanel("people"), keys: keys.people },
    { icon: "invite", label: t.meeting.invite, act: () => onDialog("invite") },
    { icon: "settings", label: t.meeting.devices, act: () => onDialog("devices") },
  ];
  if (document.fullscreenEnabled)
    items.push({ icon: "fullscreen", label: t.meeting.fullscreen, act: () => void fullscreen() });
  if (isHost) {
    items.push(
      null,
      view.locked
        ? {
            icon: "unlock",
            label: t.meeting.unlock,
            act: () => void session.wish(command.unlock()),
          }
        : { icon: "lock", label: t.meeting.lock, act: () => void session.wish(command.lock()) },
      view.recording
        ? {
            icon: "stop",
            label: t.meeting.stopRecording,
            act: () => void session.wish(command.stopRecording()),
          }
        : {
            icon: "record",
            label: t.meeting.startRecording,
            act: () => void session.wish(command.startRecording()),
          },
    );
  }
  items.push(
    null,
    {
      icon: isDark() ? "sun" : "moon",
      label: isDark() ? t.ui.toLight : t.ui.toDark,
      act: switchTheme,
    },
    { icon: "language", label: locale.value === "en" ? "简体中文" : "English", act: switchLocale },
    { icon: "help", label: t.meeting.shortcuts, act: () => onDialog("shortcuts"), keys: keys.help },
    { icon: "info", label: t.meeting.details, act: () => onDialog("details") },
  );
  return items;
}

async function fullscreen(): Promise<void> {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await document.documentElement.requestFullscreen();
  } catch {
    // The browser said no; the page stays as it is.
  }
}
