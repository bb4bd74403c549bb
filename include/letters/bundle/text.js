// Words, numbers and moments in the language of the page. Nothing from the data becomes markup:
// everything is put in place as text.

const words = JSON.parse(document.getElementById("words").textContent);
const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language);
const measured = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const SHOWN = 160; // characters of a cell before "more"

function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function drawn(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function button(text, action, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", action);
  return made;
}

const clocks = new Map();

function clock(zone) {
  if (!clocks.has(zone)) {
    clocks.set(zone, new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    }));
  }
  return clocks.get(zone);
}

// A moment (milliseconds) as the page writes it elsewhere; with seconds only where asked.
function moment(instant, zone, seconds = false) {
  const part = Object.fromEntries(clock(zone).formatToParts(instant).map((p) => [p.type, p.value]));
  const time = `${part.hour}:${part.minute}` + (seconds ? `:${part.second}` : "");
  const values = { day: Number(part.day), month: words.months[part.month - 1], year: part.year, time };
  return say("local_time", values);
}

// The local time of an instant of the data; nothing where it is none (`infinity`).
function localTime(text) {
  const instant = /^\d{4}-/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(instant) ? "" : moment(instant, words.zone, true);
}

// A date of the data; nothing where it is none.
function calendarDay(text) {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  return day ? say("day", { day: Number(day), month: words.months[month - 1], year: Number(year) }) : "";
}

const plurals = new Intl.PluralRules(language);

// How long something took, from days to whole seconds; nothing where it is no such duration.
function lasting(text) {
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?$/.exec(text);
  const parts = ["days", "hours", "minutes", "seconds"].map((unit, n) => [unit, Number(found?.[n + 1] ?? 0)]);
  return parts.filter(([, number]) => number).map(([unit, number]) => {
    const forms = words.lasted[unit];
    return (forms[plurals.select(number)] ?? forms.other).replace("{n}", whole.format(number));
  }).join(words.lasted.and);
}

// The items of a list of texts and numbers as they are written; nothing for any other document.
function itemsOf(text) {
  try {
    const items = JSON.parse(text);
    if (!Array.isArray(items) || items.some((item) => !["string", "number"].includes(typeof item))) return null;
    return items.every((item) => typeof item === "number") ? text.slice(1, -1).split(",").map((n) => n.trim()).filter(Boolean) : items.map(String);
  } catch {
    return null;
  }
}

// A decimal number of the data with the signs of the language; any other text unchanged.
function written(number) {
  const [, start, part] = /^(-?\d+)\.(\d+)$/.exec(number) ?? [];
  return part ? start.replace(/\B(?=(\d{3})+$)/g, words.thousands) + words.decimal + part : number;
}

function joinedItems(items) {
  const shown = items.map(written);
  return shown.join(shown.some((item) => item.includes(",")) ? "; " : ", ");
}

function shortened(text, length) {
  // Half a sign would be no sign.
  const end = /[\ud800-\udbff]/.test(text[length - 1]) ? length - 1 : length;
  return text.slice(0, end) + "…";
}
