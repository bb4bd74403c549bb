// One cell: what it says, how it is shown, and by what it is sorted.

const collator = new Intl.Collator(language, { numeric: true, sensitivity: "base" });

// A cell of the data is null, a text, or a list of one text that goes on in the file.
function textOf(cell) {
  return cell === null ? "" : Array.isArray(cell) ? cell[0] : cell;
}

function noteOf(cell, [style, codes]) {
  if (cell === null) return ["none", "", words.null];
  const text = textOf(cell);
  if (text === "") return ["none", "", words.empty];
  if (style === "masked" && (text.includes(`[${words.mask}]`) || text.includes(`[${words.mask} `))) return ["masked", text, words.masked_cell];
  if (style === "redacted" && text === `[${words.mask}]`) return ["masked", text, words.masked_cell];
  const number = style === "number" ? written(text) : text;
  if (Object.hasOwn(codes, text)) return Array.isArray(codes[text]) ? ["", number, codes[text][0]] : ["coded", codes[text], text];
  const local = style === "time" ? localTime(text) : style === "date" ? calendarDay(text) : "";
  if (local) return ["time", local, "", text];
  const lasted = style === "duration" ? lasting(text) : "";
  if (lasted) return ["coded", lasted, text];
  const items = style === "list" && !Array.isArray(cell) ? itemsOf(text) : null;
  if (items) return items.length ? ["", joinedItems(items), ""] : ["none", "", words.empty];
  return [style === "number" ? "number" : "", number, ""];
}

// What the row is called to which a cell points, or nothing: `named` has it by the values of some columns.
function nameOf(row, [, , named]) {
  if (!named || named.by.some((n) => row[n] === null || Array.isArray(row[n]))) return "";
  const key = named.by.map((n) => row[n]).join("\u001f");
  return Object.hasOwn(named.of, key) ? named.of[key] : "";
}

function cellOf(row, number, column) {
  const cell = row[number];
  const name = nameOf(row, column);
  if (name) {
    const link = element("a", { href: `#${column[2].to}` }, element("bdi", {}, name));
    return element("td", {}, link, " ", element("small", {}, textOf(cell)));
  }
  const [found, text, note, exact] = noteOf(cell, column);
  const style = column[2] && found === "number" ? "" : found;
  const made = element("td", { ...(style && { class: style }), ...(exact && { title: exact }) });
  if (text.length > SHOWN || Array.isArray(cell)) {
    const more = element("details", { class: "long" }, element("summary", {}, element("bdi", {}, shortened(text, SHOWN))));
    more.append(element("bdi", {}, text));
    if (Array.isArray(cell)) more.append("… ", element("small", {}, words.cut));
    made.append(more);
    return made;
  }
  if (note) made.append(...(text ? [element("bdi", {}, text), " "] : []), element("small", {}, note));
  else {
    made.dir = "auto";
    made.append(text);
  }
  return made;
}

function keyOf(row, number, column) {
  const [cell, [style]] = [row[number], column];
  const name = nameOf(row, column);
  if (name) return name;
  const text = textOf(cell);
  if (cell === null || text === "") return null;
  const key = style === "time" ? Date.parse(text) : style === "number" ? Number(text) : text;
  return typeof key === "number" && Number.isNaN(key) ? null : key;
}

function order(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  return typeof one === "number" && typeof other === "number" ? one - other : collator.compare(one, other);
}
