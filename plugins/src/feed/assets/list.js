// Public lists: times of the viewer's zone, what goes on now, finding. Everything is text.
"use strict";

(() => {
  const root = document.documentElement;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  // Dates in the page's language, as the viewer's own country writes them.
  const main = (tag) => tag.split("-")[0];
  const locale = navigator.languages.find((tag) => main(tag) === main(root.lang)) ?? root.lang;
  const part = (options) => new Intl.DateTimeFormat(locale, options);
  const whole = part({
    weekday: "short",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const tile = {
    month: part({ month: "short" }),
    day: new Intl.DateTimeFormat("en", { day: "numeric" }),
    weekday: part({ weekday: "short" }),
  };

  /** Beginning and end of a time, the end only where it is told. */
  const span = (time) => {
    const begins = new Date(time.dateTime);
    const minutes = Number(time.dataset.minutes);
    return { begins, ends: minutes > 0 ? new Date(begins.getTime() + minutes * 60_000) : null };
  };

  const localise = (meeting) => {
    for (const time of meeting.querySelectorAll("time")) {
      const { begins, ends } = span(time);
      if (Number.isNaN(begins.getTime())) continue;
      time.title = time.textContent;
      time.textContent = ends ? whole.formatRange(begins, ends) : whole.format(begins);
    }
    const first = meeting.querySelector(".when time");
    if (!first) return;
    const { begins } = span(first);
    for (const [name, format] of Object.entries(tile)) {
      const shown = meeting.querySelector(`.tile .${name}`);
      if (shown) shown.textContent = format.format(begins);
    }
  };

  const now = () => {
    for (const meeting of document.querySelectorAll(".meeting")) {
      const first = meeting.querySelector(".when time");
      const live = meeting.querySelector(".live");
      if (!first || !live) continue;
      const { begins, ends } = span(first);
      live.hidden = !(ends && begins <= Date.now() && Date.now() < ends);
    }
  };

  const meetings = [...document.querySelectorAll(".meeting")];
  /** Many are done in steps, so that the page answers meanwhile. */
  const step = (from) => {
    meetings.slice(from, from + 200).forEach(localise);
    if (from + 200 < meetings.length) setTimeout(step, 0, from + 200);
    else {
      now();
      root.dataset.ready = "true";
    }
  };
  step(0);
  setInterval(now, 30_000);

  const told = document.getElementById("zone");
  if (told && document.querySelector("time")) {
    told.querySelector("b").textContent = zone;
    told.hidden = false;
  }

  const find = document.getElementById("find");
  if (find) {
    find.hidden = false;
    const input = find.querySelector("input");
    const nothing = document.getElementById("nothing");
    input.addEventListener("input", () => {
      const words = input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const meeting of meetings) {
        const text = meeting.textContent.toLocaleLowerCase();
        meeting.hidden = !words.every((word) => text.includes(word));
        if (!meeting.hidden) found += 1;
      }
      nothing.hidden = found > 0;
    });
  }

  // A frame on somebody's page may stay open for days: it asks again now and then, which costs
  // nothing while the list is the same.
  const again = 10 * 60_000 + Math.random() * 5 * 60_000;
  setTimeout(() => {
    if (document.activeElement?.tagName !== "INPUT") location.reload();
  }, again);
})();
