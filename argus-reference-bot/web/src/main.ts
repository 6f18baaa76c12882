/** The page: one state, drawn by the channel and the panel. */

import "./styles/page.css";
import "./styles/channel.css";
import "./styles/cards.css";
import "./styles/panel.css";
import { alerts, people, say, state, type Person } from "./api";
import { ChannelView, type Scene } from "./channel";
import { Composer } from "./composer";
import { h, icon } from "./dom";
import { Panel } from "./panel";
import { PeopleSwitch } from "./people";
import { EMPTY, listen, reduce, type Channel, type Connection } from "./stream";
import { startTheme } from "./theme";
import { Toast } from "./toast";

let channel: Channel = EMPTY;
let scene: Scene = { viewer: undefined, theme: "light", repeat: 1 };
let scheduled = false;

const toast = new Toast();
const view = new ChannelView(scene);
const panel = new Panel({ say: (text, failed) => toast.say(text, failed), onRepeat: setRepeat });
const composer = new Composer((text) => send(text));
const you = new PeopleSwitch((person) => setViewer(person));
const themeButton = startTheme((now) => {
  scene = { ...scene, theme: now };
  draw();
});
const title = h("h1", {}, "Argus");
const repeatMark = h("span", { class: "repeat-mark", hidden: true }, "Clicks × 5");
const connectionMark = h("span", { class: "connection", role: "status" });
const panelButton = h(
  "button",
  { type: "button", class: "rail-button", id: "panel-toggle", "aria-controls": "panel", onclick: togglePanel },
  icon("controls"),
  h("span", {}, "Demo"),
);

function setViewer(person: Person): void {
  scene = { ...scene, viewer: person };
  composer.speakAs(person.name);
  draw();
}

function setRepeat(repeat: number): void {
  scene = { ...scene, repeat };
  repeatMark.hidden = repeat === 1;
  draw();
}

async function send(text: string): Promise<void> {
  if (scene.viewer === undefined) return;
  try {
    await say(scene.viewer.id, text);
  } catch (error) {
    toast.say(error instanceof Error ? error.message : "The message was not sent.", true);
    throw error;
  }
}

/** Draws once for all events of a moment: a storm of alerts is one drawing per frame. */
function draw(): void {
  if (scheduled) return;
  scheduled = true;
  // A hidden tab gets no frames, so a timer draws there.
  const paint = (): void => {
    scheduled = false;
    view.show(channel, scene);
    panel.show(channel);
    title.textContent = channel.conversation.name || "Argus";
  };
  if (document.hidden) setTimeout(paint, 50);
  else requestAnimationFrame(paint);
}

function showConnection(connection: Connection): void {
  const words = { connecting: "Connecting…", live: "Live", lost: "Connection lost. Trying again…" };
  connectionMark.textContent = words[connection];
  connectionMark.dataset["state"] = connection;
}

function togglePanel(): void {
  const open = document.body.classList.toggle("panel-open");
  panelButton.setAttribute("aria-expanded", String(open));
}

function build(): void {
  const rail = h(
    "nav",
    { class: "rail", "aria-label": "Argus" },
    h("span", { class: "brand", "aria-hidden": "true" }, icon("shield")),
    h(
      "button",
      {
        type: "button",
        class: "rail-button current",
        "aria-current": "page",
        onclick: () => {
          if (document.body.classList.contains("panel-open") && narrow.matches) togglePanel();
          document.getElementById("composer")?.focus();
        },
      },
      icon("channel"),
      h("span", {}, "Channel"),
    ),
    panelButton,
    h("span", { class: "gap" }),
    themeButton,
  );
  const header = h(
    "header",
    { class: "header" },
    h("span", { class: "channel-mark", "aria-hidden": "true" }, icon("channel")),
    h("div", { class: "header-words" }, title, connectionMark),
    repeatMark,
    you.element,
  );
  const main = h("main", { class: "main" }, header, view.element, toast.element, composer.element);
  document.getElementById("app")?.append(rail, main, panel.element);
}

/** The small lists do not change, so they are asked for until they have come once. */
async function load<T>(ask: () => Promise<T>, show: (value: T) => void): Promise<void> {
  for (;;) {
    try {
      show(await ask());
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

const narrow = window.matchMedia("(max-width: 860px)");
if (!narrow.matches) document.body.classList.add("panel-open");
panelButton.setAttribute("aria-expanded", String(!narrow.matches));
build();
void load(people, (list) => you.offer(list));
void load(alerts, (list) => panel.offer(list));
listen({
  url: "/api/stream",
  resync: state,
  onEvent: (event) => {
    channel = reduce(channel, event);
    if (event.type === "status" && event.text !== "") toast.say(event.text);
    draw();
  },
  onConnection: showConnection,
});
