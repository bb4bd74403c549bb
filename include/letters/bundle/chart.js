// A measured number over time: drag, buttons or keys choose a part, which is drawn again from its intervals.

const MOST_POINTS = 400;
const FEWEST_INTERVALS = 8;
const TOP = 22;
const HEIGHT = 180;

class Zoom {
  constructor(figure, data) {
    this.data = data;
    this.all = intervals(data);
    this.svg = figure.querySelector("svg");
    this.start = this.all[0].at;
    this.end = this.all[this.all.length - 1].at + data.width;
    [this.from, this.to] = [this.start, this.end];
    this.status = element("p", { class: "soft", role: "status" });
    const keys = { zoom_in: () => this.zoom(0.5), zoom_out: () => this.zoom(2), earlier: () => this.move(-0.5), later: () => this.move(0.5), whole: () => this.choose(this.start, this.end) };
    const tools = element("div", { class: "pages", role: "group", "aria-label": words.zoom });
    this.buttons = Object.fromEntries(Object.entries(keys).map(([key, act]) => [key, button(words[key], act)]));
    tools.append(...Object.values(this.buttons));
    this.svg.parentElement.after(tools, this.status);
    figure.querySelector(".hint").hidden = false;
    this.svg.setAttribute("tabindex", "0");
    this.svg.addEventListener("keydown", (event) => {
      const act = { "+": "zoom_in", "=": "zoom_in", "-": "zoom_out", ArrowLeft: "earlier", ArrowRight: "later", Home: "whole" }[event.key];
      if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        keys[act]();
      }
    });
    this.drag();
    this.ready();
  }

  drag() {
    let began = null;
    const place = (event) => {
      const box = this.svg.getBoundingClientRect();
      return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    };
    const mark = drawn("rect", { class: "chosen", y: TOP, height: HEIGHT });
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.button !== 0) return;
      began = place(event);
      this.svg.setPointerCapture(event.pointerId);
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (began === null) return;
      const [left, right] = [began, place(event)].sort((a, b) => a - b);
      mark.setAttribute("x", `${left * 100}%`);
      mark.setAttribute("width", `${(right - left) * 100}%`);
      this.svg.append(mark);
    });
    const ended = (event) => {
      if (began === null) return;
      const [left, right] = [began, place(event)].sort((a, b) => a - b);
      began = null;
      mark.remove();
      if (event.type === "pointerup" && right - left > 0.01) {
        const span = this.to - this.from;
        this.choose(this.from + left * span, this.from + right * span);
      }
    };
    this.svg.addEventListener("pointerup", ended);
    this.svg.addEventListener("pointercancel", ended);
  }

  zoom(factor) {
    const [middle, half] = [(this.from + this.to) / 2, ((this.to - this.from) * factor) / 2];
    this.choose(middle - half, middle + half);
  }

  move(share) {
    const step = (this.to - this.from) * share;
    this.choose(this.from + step, this.to + step);
  }

  choose(from, to) {
    const span = Math.min(Math.max(to - from, this.data.width * FEWEST_INTERVALS), this.end - this.start);
    this.from = Math.min(Math.max((from + to - span) / 2, this.start), this.end - span);
    this.to = this.from + span;
    this.draw();
    this.ready();
  }

  ready() {
    const { zoom_in, zoom_out, earlier, later, whole: all } = this.buttons;
    zoom_in.disabled = this.to - this.from <= this.data.width * FEWEST_INTERVALS;
    zoom_out.disabled = all.disabled = this.from <= this.start && this.to >= this.end;
    earlier.disabled = this.from <= this.start;
    later.disabled = this.to >= this.end;
  }

  draw() {
    const inside = this.all.filter((p) => p.at + this.data.width > this.from && p.at < this.to);
    const span = this.to - this.from;
    const wide = Math.max(1, Math.ceil(span / this.data.width / MOST_POINTS)) * this.data.width;
    const groups = Map.groupBy ? Map.groupBy(inside, (p) => Math.floor(p.at / wide)) : grouped(inside, wide);
    const points = [...groups].map(([number, parts]) => ({ x: (((number + 0.5) * wide - this.from) / span) * 1000, ...joined(parts) }));
    this.svg.replaceChildren(...(points.length ? this.lines(points, (4000 * wide) / span) : []), ...this.ends());
    const values = { from: this.said(this.from), to: this.said(this.to), unit: this.data.unit };
    if (points.length) {
      const { rows, low, mean, high } = joined(points.map((p) => p));
      Object.assign(values, { n: whole.format(rows), low: measured.format(low), mean: measured.format(mean), high: measured.format(high) });
    }
    this.status.textContent = say(points.length ? "measured" : "measured_none", values);
  }

  lines(points, gap) {
    const ticks = scale(Math.min(...points.map((p) => p.low)), Math.max(...points.map((p) => p.high)));
    const [low, high] = [ticks[0], ticks[ticks.length - 1]];
    const y = (value) => (100 - ((value - low) * 100) / (high - low)).toFixed(1);
    const runs = [];
    points.forEach((p, n) => {
      if (n === 0 || p.x - points[n - 1].x > gap) runs.push([]);
      runs[runs.length - 1].push(p);
    });
    const path = (run, key) => run.map((p) => `${p.x.toFixed(1)} ${y(p[key])}`).join("L");
    const mean = runs.map((run) => `M${path(run, "mean")}h0`).join("");
    const band = runs.map((run) => `M${path(run, "high")}L${path([...run].reverse(), "low")}z`).join("");
    const plot = drawn("svg", { class: "plot", y: TOP, width: "100%", height: HEIGHT, viewBox: "0 0 1000 100", preserveAspectRatio: "none" },
      drawn("path", { class: "band", d: band }), drawn("path", { class: "mean", d: mean }));
    const at = (value) => TOP + HEIGHT * (1 - (value - low) / (high - low));
    const grid = ticks.map((value) => drawn("line", { x1: 0, x2: "100%", y1: at(value), y2: at(value) }));
    const texts = ticks.map((value) => drawn("text", { x: 2, y: at(value) - 4 }, measured.format(value)));
    return [...grid, plot, ...texts];
  }

  ends() {
    const at = TOP + HEIGHT + 20;
    return [
      drawn("text", { x: "0%", y: at, "text-anchor": "start" }, this.said(this.from)),
      drawn("text", { x: "100%", y: at, "text-anchor": "end" }, this.said(this.to)),
    ];
  }

  said(seconds) {
    const text = moment(seconds * 1000, this.data.zone);
    // The hour says nothing beside months.
    return this.to - this.from > 14 * 86400 ? text.replace(/, \d\d:\d\d$/, "") : text;
  }
}
