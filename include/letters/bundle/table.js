// One table: search in all columns, sort by one, page by page. Rows come from the JSON beside it.

const PAGE = 10;

function simple(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

class Browser {
  constructor(box, data, title) {
    Object.assign(this, { box, data, title, from: 0, by: -1, up: true, found: data.rows });
    this.body = box.querySelector("tbody");
    box.querySelector("caption span").textContent = data.caption;
    this.heads();
    this.tools();
    this.show();
  }

  heads() {
    this.columns = [...this.box.querySelectorAll("thead th")];
    this.columns.forEach((head, number) => {
      const text = head.textContent;
      head.replaceChildren(button(text, () => this.sort(number), { class: "sort" }));
    });
  }

  tools() {
    const field = element("input", { type: "search", "aria-label": say("search", { table: this.title }) });
    field.placeholder = field.getAttribute("aria-label");
    field.dir = "auto";
    let waiting = 0;
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.search(field.value), 120);
    });
    const goes = [["first", () => 0], ["previous", () => this.from - PAGE], ["next", () => this.from + PAGE], ["last", () => Infinity]];
    this.buttons = goes.map(([key, to]) => button(words[key], () => this.go(to())));
    this.status = element("span", { role: "status" });
    const pages = element("div", { class: "pages", role: "group", "aria-label": say("pages", { table: this.title }) });
    pages.append(...this.buttons);
    const tools = element("div", { class: "tools" }, field, this.status);
    if (this.data.rows.length > PAGE) tools.append(pages);
    this.box.before(tools);
  }

  search(text) {
    this.index ??= this.data.rows.map((row) => simple(
      row.map((cell, n) => {
        const column = this.data.columns[n];
        return [...noteOf(cell, column).slice(1), textOf(cell), nameOf(row, column)].join(" ");
      }).join("\n"),
    ));
    const parts = simple(text).split(/\s+/).filter(Boolean);
    this.wanted = parts.length > 0;
    this.found = this.data.rows.filter((_, n) => parts.every((part) => this.index[n].includes(part)));
    this.arrange();
  }

  sort(column) {
    this.up = this.by === column ? !this.up : true;
    this.by = column;
    this.columns.forEach((head, n) => head.removeAttribute("aria-sort"));
    this.columns[column].setAttribute("aria-sort", this.up ? "ascending" : "descending");
    this.arrange();
  }

  arrange() {
    if (this.by >= 0) {
      const keyed = this.found.map((row) => [keyOf(row, this.by, this.data.columns[this.by]), row]);
      const sign = this.up ? 1 : -1;
      // What is not filled in stays at the end, whichever way.
      keyed.sort(([a], [b]) => (a === null || b === null ? order(a, b) : sign * order(a, b)));
      this.found = keyed.map(([, row]) => row);
    }
    this.go(0);
  }

  go(from) {
    const last = Math.max(0, Math.ceil(this.found.length / PAGE) - 1) * PAGE;
    this.from = Math.min(Math.max(from, 0), last);
    this.show();
    this.box.scrollTop = 0;
  }

  show() {
    const rows = this.found.slice(this.from, this.from + PAGE);
    this.body.replaceChildren(...rows.map((row) => {
      return element("tr", {}, ...row.map((_, n) => cellOf(row, n, this.data.columns[n])));
    }));
    const end = this.from + rows.length;
    const values = { from: whole.format(this.from + 1), to: whole.format(end), n: whole.format(this.found.length) };
    const none = this.data.part ? words.nothing_part : words.nothing;
    this.status.textContent = rows.length ? say(this.wanted ? "found" : "showing", values) : none;
    const [first, previous, next, last] = this.buttons;
    first.disabled = previous.disabled = this.from === 0;
    next.disabled = last.disabled = end >= this.found.length;
  }
}
